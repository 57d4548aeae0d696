import { h, listening, shownNumber } from "./dom.js";

// What a picture shows, as a table that is filled when it is opened.
function render({ model, el }) {
  const table = h("table", { class: "lab-table" });
  const region = h("div", { class: "lab-scroll", tabindex: "0", role: "region" }, table);
  const details = h("details", { class: "lab-more", ontoggle: () => {
    if (details.open !== model.get("is_open")) { model.set("is_open", details.open); model.save_changes(); }
  } }, h("summary", {}, "As a table"), region);
  el.replaceChildren(details);
  function update() {
    const rows = model.get("rows");
    region.setAttribute("aria-label", model.get("caption"));
    if (!details.open && !rows.length) return;
    const isNumber = (index) => rows.some((row) => typeof row[index] === "number");
    table.replaceChildren(
      h("caption", { class: "lab-caption" }, model.get("caption")),
      h("thead", {}, h("tr", {}, model.get("heads").map((head, index) => h("th", { scope: "col", class: isNumber(index) ? "lab-number" : null }, head)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, index) => {
        const text = typeof cell === "number" ? (Number.isInteger(cell) ? cell.toLocaleString("en-GB") : shownNumber(cell)) : cell ?? "–";
        return index ? h("td", { class: isNumber(index) ? "lab-number" : null }, text) : h("th", { scope: "row" }, text);
      })))));
  }
  const stop = listening(model, ["rows", "heads", "caption"], update);
  update();
  return stop;
}

export default { render };
