import { h, listening, shownMeasure } from "./dom.js";

// How likely integrated care emerges under every policy, and how the measure ends, with intervals.
function render({ model, el }) {
  const head = h("h2", {}, "How it ends");
  const note = h("p", { class: "lab-hint" });
  const body = h("div", { class: "lab-odds" });
  const table = h("div", { class: "lab-scroll", tabindex: "0", role: "region", "aria-label": "How it ends, as a table" });
  el.replaceChildren(h("section", { class: "lab-card", "aria-label": "How it ends" }, head, note, body, table));
  function percent(value) { return `${Math.round(100 * value)}%`; }
  function signed(value, isShare) {
    if (value === null || value === undefined) return "–";
    const text = shownMeasure(Math.abs(value), isShare);
    return `${value > 0 ? "+" : value < 0 ? "−" : ""}${isShare ? text.replace("%", "") : text}`;
  }
  function update() {
    const rows = model.get("rows");
    const isShare = model.get("is_share");
    const known = rows.some((row) => row.share !== undefined);
    note.textContent = known
      ? `After ${model.get("years")} years, over ${model.get("size")} pairs of runs that met the same accidents; intervals of 95%.`
      : "The replicates are on their way.";
    body.replaceChildren(...(known ? rows.map((row) =>
      h("div", { class: "lab-odd" },
        h("div", { class: "lab-odd-label" }, h("i", { class: `lab-key lab-key-${row.number}`, "aria-hidden": "true" }), row.label),
        h("div", { class: "lab-odd-value" }, percent(row.share)),
        h("div", { class: "lab-odd-bar", "aria-hidden": "true" },
          h("span", { class: "lab-odd-interval", style: `left:${100 * row.low}%;right:${100 * (1 - row.high)}%` }),
          h("span", { class: `lab-odd-point lab-key-${row.number}`, style: `left:${100 * row.share}%` })),
        h("div", { class: "lab-hint" }, `integrated care emerges; ${percent(row.low)} to ${percent(row.high)}`))) : []));
    table.replaceChildren(...(known ? [h("table", { class: "lab-table" },
      h("caption", { class: "lab-caption" }, `${model.get("measure")} at the end`),
      h("thead", {}, h("tr", {}, ["Policy", "Mean", `Difference${isShare ? ", points" : ""}`, "95% interval"].map((text, index) =>
        h("th", { scope: "col", class: index ? "lab-number" : null }, text)))),
      h("tbody", {}, rows.map((row) => h("tr", {},
        h("th", { scope: "row" }, row.label),
        h("td", { class: "lab-number" }, shownMeasure(row.mean, isShare)),
        h("td", { class: "lab-number" }, row.number ? signed(row.difference, isShare) : "reference"),
        h("td", { class: "lab-number" }, row.number ? `${signed(row.from, isShare)} to ${signed(row.to, isShare)}` : "")))))] : []));
  }
  const stop = listening(model, ["rows", "measure", "is_share", "size", "years"], update);
  update();
  return stop;
}

export default { render };
