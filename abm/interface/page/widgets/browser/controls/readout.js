import { h, listening, shownMeasure } from "./dom.js";

// The measure in view as one large number, and all measures as a table to choose from.
function render({ model, el }) {
  const label = h("h2", { class: "lab-readout-label" });
  const value = h("span", { class: "lab-readout-value" });
  const unit = h("span", { class: "lab-readout-unit" });
  const apart = h("p", { class: "lab-readout-apart" });
  const odds = h("p", { class: "lab-readout-odds" });
  const body = h("tbody");
  const table = h("table", { class: "lab-table" },
    h("caption", { class: "lab-hidden-text" }, "Measures of the month in view"),
    h("thead", {}, h("tr", {}, ["Measure", "Now", "Reference", "Difference"].map((text, index) =>
      h("th", { scope: "col", class: index ? "lab-number" : null }, text)))), body);
  const more = h("details", { class: "lab-more", open: model.get("is_open"), ontoggle: () => {
    if (more.open !== model.get("is_open")) { model.set("is_open", more.open); model.save_changes(); }
  } }, h("summary", {}, "All measures"), h("div", { class: "lab-scroll", tabindex: "0", role: "region", "aria-label": "All measures" }, table));
  el.replaceChildren(h("section", { class: "lab-readout", "aria-label": "The measure in view" },
    label, h("p", { class: "lab-readout-line" }, value, unit), apart, odds, more));
  function update() {
    const rows = model.get("rows");
    const chosen = rows.find((row) => row.name === model.get("measure")) || rows[0];
    if (!chosen) return;
    label.textContent = chosen.label;
    label.title = chosen.definition;
    value.textContent = shownMeasure(chosen.value, chosen.is_share);
    unit.textContent = chosen.is_share ? chosen.unit.replace(/^share ?/, "") : chosen.unit;
    const difference = chosen.value === null ? null : chosen.value - chosen.reference;
    const sign = difference > 0 ? "+" : difference < 0 ? "−" : "±";
    apart.textContent = `${sign}${shownMeasure(Math.abs(difference), chosen.is_share).replace("%", " points")} against ${model.get("reference")} with the same accidents`;
    odds.textContent = model.get("odds");
    body.replaceChildren(...rows.map((row) => {
      const apartRow = row.value - row.reference;
      return h("tr", { class: row.name === chosen.name ? "lab-chosen" : null },
        h("th", { scope: "row" }, h("button", {
          type: "button", class: "lab-plain", title: row.definition, "aria-pressed": String(row.name === chosen.name),
          onclick: () => model.send({ kind: "measure", measure: row.name }),
        }, row.label)),
        h("td", { class: "lab-number" }, shownMeasure(row.value, row.is_share)),
        h("td", { class: "lab-number" }, shownMeasure(row.reference, row.is_share)),
        h("td", { class: "lab-number" }, `${apartRow > 0 ? "+" : apartRow < 0 ? "−" : ""}${shownMeasure(Math.abs(apartRow), row.is_share)}`));
    }));
  }
  const stop = listening(model, ["rows", "measure", "reference", "odds"], update);
  update();
  return stop;
}

export default { render };
