import { h, listening, shownNumber } from "./dom.js";

// The measure in view as one large number, and all measures as a table to choose from.
function render({ model, el }) {
  const label = h("h2", { class: "abm-readout-label" });
  const value = h("span", { class: "abm-readout-value" });
  const unit = h("span", { class: "abm-readout-unit" });
  const apart = h("p", { class: "abm-readout-apart" });
  const odds = h("p", { class: "abm-readout-odds" });
  const body = h("tbody");
  const table = h("table", { class: "abm-table" },
    h("caption", { class: "abm-hidden-text" }, "Measures of the month in view"),
    h("thead", {}, h("tr", {}, ["Measure", "Now", "Reference", "Difference"].map((text, index) =>
      h("th", { scope: "col", class: index ? "abm-number" : null }, text)))), body);
  const more = h("details", { class: "abm-more" }, h("summary", {}, "All measures"), h("div", { class: "abm-scroll", tabindex: "0", role: "region", "aria-label": "All measures" }, table));
  el.replaceChildren(h("section", { class: "abm-readout", "aria-label": "The measure in view" },
    label, h("p", { class: "abm-readout-line" }, value, unit), apart, odds, more));
  function update() {
    const rows = model.get("rows");
    const chosen = rows.find((row) => row.name === model.get("measure")) || rows[0];
    if (!chosen) return;
    label.textContent = chosen.label;
    label.title = chosen.definition;
    value.textContent = shownNumber(chosen.value);
    unit.textContent = chosen.unit;
    const difference = chosen.value - chosen.reference;
    const sign = difference > 0 ? "+" : difference < 0 ? "−" : "±";
    apart.textContent = `${sign}${shownNumber(Math.abs(difference))} against ${model.get("reference")} with the same accidents`;
    odds.textContent = model.get("odds");
    body.replaceChildren(...rows.map((row) => {
      const apartRow = row.value - row.reference;
      return h("tr", { class: row.name === chosen.name ? "abm-chosen" : null },
        h("th", { scope: "row" }, h("button", {
          type: "button", class: "abm-plain", title: row.definition, "aria-pressed": String(row.name === chosen.name),
          onclick: () => model.send({ kind: "measure", measure: row.name }),
        }, row.label)),
        h("td", { class: "abm-number" }, shownNumber(row.value)),
        h("td", { class: "abm-number" }, shownNumber(row.reference)),
        h("td", { class: "abm-number" }, `${apartRow > 0 ? "+" : apartRow < 0 ? "−" : ""}${shownNumber(Math.abs(apartRow))}`));
    }));
  }
  const stop = listening(model, ["rows", "measure", "reference", "odds"], update);
  update();
  return stop;
}

export default { render };
