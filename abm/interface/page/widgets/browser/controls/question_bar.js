import { button, h, listening } from "./dom.js";

// What is asked: scenario, place, reference, years, and the accidents of fate.
function render({ model, el }) {
  const selects = {};
  function select(name, label) {
    const box = h("select", { onchange: () => model.send({ kind: "ask", field: name, value: box.value }) });
    selects[name] = box;
    return h("label", { class: "lab-field" }, h("span", {}, label), box);
  }
  function number(name, label, attributes) {
    const box = h("input", {
      type: "number", inputmode: "numeric", ...attributes,
      onchange: () => { if (box.reportValidity()) model.send({ kind: "ask", field: name, value: Number(box.value) }); },
    });
    selects[name] = box;
    return h("label", { class: "lab-field lab-short" }, h("span", {}, label), box);
  }
  const about = h("p", { class: "lab-about" });
  el.replaceChildren(
    h("section", { class: "lab-question", "aria-label": "The question" },
      h("div", { class: "lab-fields" },
        Object.entries(model.get("options")).map(([name]) => select(name, model.get("labels")[name])),
        number("years", "Years", { min: 1, max: model.get("most_years"), step: 1 }),
        number("seed", "Seed", { min: 0, max: 2 ** 32, step: 1 }),
        number("replicate", "Replicate", { min: 0, max: 9999, step: 1 }),
        button("Other accidents of fate", {
          class: "lab-quiet", onclick: () => model.send({ kind: "ask", field: "replicate", value: Number(selects.replicate.value) + 1 }),
        }, "dice", true)),
      about),
  );
  function update() {
    const values = model.get("values");
    const options = model.get("options");
    for (const [name, box] of Object.entries(selects)) {
      if (options[name]) {
        const wanted = JSON.stringify(options[name]);
        if (box.dataset.options !== wanted) {
          box.dataset.options = wanted;
          box.replaceChildren(...options[name].map(([value, label]) => h("option", { value }, label)));
        }
      }
      box.value = String(values[name]);
    }
    about.textContent = model.get("about");
  }
  const stop = listening(model, ["values", "options", "about"], update);
  update();
  return stop;
}

export default { render };
