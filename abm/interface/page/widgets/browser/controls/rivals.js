import { button, h, listening } from "./dom.js";

const HEADS = ["Reference", "against", "and (optional)"];

// Choose the policies that meet the same accidents, and follow the replicates as they arrive.
function render({ model, el }) {
  const boxes = HEADS.map((head, position) => {
    const box = h("select", { onchange: () => model.send({ kind: "policy", position, name: box.value }) });
    return box;
  });
  const measure = h("select", { onchange: () => model.send({ kind: "measure", measure: measure.value }) });
  const size = h("select", { onchange: () => model.send({ kind: "size", size: Number(size.value) }) });
  const bar = h("progress", { class: "lab-progress", "aria-label": "Replicates simulated" });
  const count = h("span", { class: "lab-hint", role: "status" });
  const stop = button("Stop", { class: "lab-quiet lab-small", onclick: () => model.send({ kind: "stop" }) });
  const more = button("Go on", { class: "lab-quiet lab-small", onclick: () => model.send({ kind: "size", size: model.get("size") }) });
  el.replaceChildren(
    h("section", { class: "lab-question", "aria-label": "Policies to compare" },
      h("div", { class: "lab-fields" },
        boxes.map((box, position) => h("label", { class: "lab-field" },
          h("span", {}, h("i", { class: `lab-key lab-key-${position}`, "aria-hidden": "true" }), HEADS[position]), box)),
        h("label", { class: "lab-field" }, h("span", {}, "Measure"), measure),
        h("label", { class: "lab-field" }, h("span", {}, "Pairs of runs"), size)),
      h("div", { class: "lab-running" }, bar, count, stop, more)),
  );
  function options(box, pairs, value) {
    const wanted = JSON.stringify(pairs);
    if (box.dataset.options !== wanted) {
      box.dataset.options = wanted;
      box.replaceChildren(...pairs.map(([name, label]) => h("option", { value: name }, String(label))));
    }
    box.value = value;
  }
  function update() {
    const names = model.get("names");
    const choices = model.get("choices");
    boxes.forEach((box, position) => {
      options(box, position > 1 ? [["", "nothing else"], ...choices] : choices, names[position] || "");
    });
    options(measure, model.get("measures"), model.get("measure"));
    options(size, model.get("sizes").map((each) => [each, each]), String(model.get("size")));
    const isRunning = model.get("is_running");
    bar.max = model.get("size");
    bar.value = model.get("done");
    bar.hidden = !isRunning;
    stop.hidden = !isRunning;
    more.hidden = isRunning || model.get("done") >= model.get("size");
    count.textContent = isRunning ? `${model.get("done")} of ${model.get("size")} pairs` : `${model.get("done")} pairs of runs`;
  }
  const end = listening(model, ["names", "choices", "measures", "measure", "sizes", "size", "done", "is_running"], update);
  update();
  return end;
}

export default { render };
