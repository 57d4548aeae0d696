import { button, h, listening } from "./dom.js";

// Choose what a landscape shows, follow its simulation, and open what was picked in Explore.
function render({ model, el }) {
  const fields = h("div", { class: "lab-fields" });
  const bar = h("progress", { class: "lab-progress", "aria-label": "Landscape simulated" });
  const count = h("span", { class: "lab-hint", role: "status" });
  const start = button("Simulate the landscape", { class: "lab-primary", onclick: () => model.send({ kind: "start" }) }, "play");
  const stop = button("Stop", { class: "lab-quiet", onclick: () => model.send({ kind: "stop" }) });
  const about = h("p", { class: "lab-about" });
  el.replaceChildren(h("section", { class: "lab-question", "aria-label": "What the landscape shows" },
    fields, h("div", { class: "lab-running" }, start, stop, bar, count), about));
  let drawn = "";
  function update() {
    const choices = model.get("choices");
    const wanted = JSON.stringify(choices);
    if (wanted !== drawn) {
      drawn = wanted;
      fields.replaceChildren(...choices.map((choice) => {
        const box = h("select", { onchange: () => model.send({ kind: "choose", field: choice.field, value: box.value }) },
          choice.options.map(([value, label]) => h("option", { value, selected: value === choice.value }, label)));
        return h("label", { class: "lab-field" }, h("span", {}, choice.label), box);
      }));
    }
    const isRunning = model.get("is_running");
    const total = model.get("total");
    bar.max = Math.max(total, 1);
    bar.value = model.get("done");
    bar.hidden = !isRunning;
    stop.hidden = !isRunning;
    start.hidden = isRunning || !model.get("can_start");
    count.textContent = isRunning ? `${model.get("done")} of ${total} rows` : "";
    about.textContent = model.get("about");
  }
  const end = listening(model, ["choices", "is_running", "done", "total", "can_start", "about"], update);
  update();
  return end;
}

export default { render };
