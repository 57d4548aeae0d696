import { button, h, icon, listening, monthName } from "./dom.js";

const SPEEDS = [2, 6, 12, 24];
const PATIENCE = 1500;

// Play, step and jump through the months of a run. The browser keeps time; it waits until a month has been drawn.
function render({ model, el }) {
  let timer = null;
  let sentAt = 0;
  let month = model.get("month");
  let speed = 6;

  const play = h("button", { type: "button", class: "lab-primary lab-play", onclick: () => (timer ? pause() : start()) });
  const range = h("input", {
    type: "range", min: 0, step: 1, class: "lab-range", "aria-label": "Month", oninput: () => { const wanted = Number(range.value); pause(); go(wanted); },
  });
  const marks = h("div", { class: "lab-range-marks", "aria-hidden": "true" });
  const date = h("output", { class: "lab-date" });
  const count = h("span", { class: "lab-date-count" });
  const pace = h("select", { "aria-label": "Speed", onchange: () => { speed = Number(pace.value); if (timer) { pause(); start(); } } },
    SPEEDS.map((each) => h("option", { value: each, selected: each === speed }, `${each} months/s`)));
  const jump = h("input", {
    type: "month", "aria-label": "Jump to month", class: "lab-jump",
    onchange: () => {
      const [year, number] = jump.value.split("-").map(Number);
      const [firstYear, firstNumber] = model.get("start").split("-").map(Number);
      if (year) { pause(); go((year - firstYear) * 12 + number - firstNumber + 1); }
    },
  });
  const live = h("span", { class: "lab-hidden-text", role: "status" });
  el.replaceChildren(
    h("section", { class: "lab-timeline", "aria-label": "Time" },
      h("div", { class: "lab-buttons" },
        button("Back to the start", { class: "lab-quiet lab-iconic", onclick: () => { pause(); go(0); } }, "first", true),
        button("A month back", { class: "lab-quiet lab-iconic", onclick: () => { pause(); go(month - 1); } }, "back", true),
        play,
        button("A month on", { class: "lab-quiet lab-iconic", onclick: () => { pause(); go(month + 1); } }, "next", true),
        button("To the end", { class: "lab-quiet lab-iconic", onclick: () => { pause(); go(model.get("months")); } }, "last", true)),
      h("div", { class: "lab-track" }, range, marks),
      h("div", { class: "lab-when" }, date, count),
      h("div", { class: "lab-pace" }, pace, jump),
      live),
  );

  function go(wanted) {
    const next = Math.min(Math.max(wanted, 0), model.get("months"));
    if (next === month) return;
    month = next;
    sentAt = performance.now();
    model.set("month", month);
    model.save_changes();
    tell();
    show();
  }
  // All else on the page that shows a month goes with this clock.
  function tell() {
    document.dispatchEvent(new CustomEvent("abm-month", { detail: { month } }));
  }
  function jumpTo({ detail }) {
    pause();
    go(detail.month);
  }
  function start() {
    if (month >= model.get("months")) go(0);
    timer = setInterval(() => {
      // A slow server or a slow picture slows the clock; nothing piles up.
      if (model.get("shown") !== month && performance.now() - sentAt < PATIENCE) return;
      if (month >= model.get("months")) pause();
      else go(month + 1);
    }, 1000 / speed);
    show();
  }
  function pause() {
    clearInterval(timer);
    timer = null;
    live.textContent = `${monthName(model.get("start"), month)}, month ${month} of ${model.get("months")}`;
    show();
  }
  function show() {
    const months = model.get("months");
    const start = model.get("start");
    range.max = months;
    range.value = month;
    const name = monthName(start, month);
    range.setAttribute("aria-valuetext", `${name}, month ${month} of ${months}`);
    range.style.setProperty("--done", `${months ? (100 * month) / months : 0}%`);
    date.textContent = month ? name : `Before ${name}`;
    count.textContent = `month ${month} of ${months}`;
    play.replaceChildren(icon(timer ? "pause" : "play"), h("span", {}, timer ? "Pause" : "Play"));
    play.setAttribute("aria-pressed", String(Boolean(timer)));
    if (document.activeElement !== jump) {
      const [year, number] = start.split("-").map(Number);
      const at = year * 12 + number - 1 + Math.max(month - 1, 0);
      jump.value = `${Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, "0")}`;
    }
  }
  function update() {
    // While playing, what comes back is older than what is shown here.
    if (!timer) month = model.get("month");
    month = Math.min(month, model.get("months"));
    const months = Math.max(model.get("months"), 1);
    marks.replaceChildren(...model.get("marks").map((mark) =>
      h("span", { class: "lab-range-mark", style: `left:${(100 * (mark.month - 1)) / months}%`, title: mark.label })));
    tell();
    show();
  }
  const stop = listening(model, ["month", "months", "start", "marks"], update);
  document.addEventListener("abm-go", jumpTo);
  update();
  return () => { clearInterval(timer); document.removeEventListener("abm-go", jumpTo); stop(); };
}

export default { render };
