import { h, listening } from "./dom.js";

// The address follows the page, so that a reload, a bookmark or a copied link shows the same; history stays short.
function render({ model, el }) {
  el.replaceChildren(h("span", { class: "lab-hidden" }));
  function update() {
    const query = model.get("query");
    if (query && location.search !== `?${query}`) history.replaceState(history.state, "", `${location.pathname}?${query}`);
  }
  const stop = listening(model, ["query"], update);
  update();
  return stop;
}

export default { render };
