import { followingClock, h, listening } from "./dom.js";

// What happened: the run in words, each line leading to its month and to those whom it is about.
function render({ model, el }) {
  const list = h("ol", { class: "lab-story" });
  const live = h("div", { class: "lab-hidden-text", role: "status" });
  const empty = h("p", { class: "lab-hint" }, "Nothing yet. Play, or move to a later month.");
  const all = h("label", { class: "lab-check" },
    h("input", { type: "checkbox", onchange: (event) => { showsAll = event.target.checked; update(); } }), "Show what is to come");
  let showsAll = false;
  let saidAt = 0;
  el.replaceChildren(
    h("section", { class: "lab-card lab-happened", "aria-label": "What happened" },
      h("div", { class: "lab-card-head" }, h("h2", {}, "What happened"), all), empty, list, live));

  let known = null;
  let rows = [];
  function update() {
    const entries = model.get("entries");
    const month = model.get("month");
    if (entries !== known) {
      known = entries;
      rows = entries.map((entry) =>
        h("li", { class: `lab-entry lab-${entry.kind}` },
          h("button", { type: "button", onclick: () => model.send({ kind: "entry", number: entry.number }) },
            h("span", { class: "lab-entry-when" }, entry.when), h("span", {}, entry.text))));
      list.replaceChildren(...rows.slice().reverse());
    }
    let latest = null;
    let count = 0;
    entries.forEach((entry, index) => {
      const isPast = entry.month <= month;
      rows[index].hidden = !isPast && !showsAll;
      rows[index].classList.toggle("lab-future", !isPast);
      rows[index].classList.toggle("lab-now", entry.month === month);
      if (isPast) latest = entry;
      if (!rows[index].hidden) count += 1;
    });
    empty.hidden = count > 0;
    // Screen readers hear the latest line, at most every three seconds.
    if (latest && latest.month === month && performance.now() - saidAt > 3000) {
      saidAt = performance.now();
      live.textContent = `${latest.when}: ${latest.text}`;
    }
  }
  const stop = listening(model, ["entries", "month"], update);
  const rest = followingClock(model);
  update();
  return () => { rest(); stop(); };
}

export default { render };
