// What the network's widget is made of: three canvases over one another, buttons, card, legend and a voice.

import { element, saveMenu } from "./frame.js";
import { HoverCard } from "./hover_card.js";

const HINT =
  "Plus and minus zoom, 0 shows all, arrow keys move. Tab goes to the next organisation, Enter selects it, Escape goes back.";
const SIGNS = {
  zoomIn: ["Zoom in", "M8 3v10M3 8h10"],
  zoomOut: ["Zoom out", "M3 8h10"],
  showAll: ["Show all", "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10"],
};

// `actions` has what the buttons do, and gives the picture to save and its title.
export function stageOf(actions) {
  const [ground, marks, top] = [0, 1, 2].map(() => element("canvas", { "aria-hidden": "true" }));
  const stage = element(
    "div",
    { class: "abm-stage", tabindex: "0", role: "application", "aria-roledescription": "network map", "aria-description": HINT },
    ground, marks, top,
  );
  const card = new HoverCard();
  const button = ([name, [label, path]]) => {
    const made = element("button", { type: "button", "aria-label": label, title: label, onclick: actions[name] });
    made.innerHTML = `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="${path}" fill="none" stroke="currentColor" stroke-width="1.8"/></svg>`;
    return made;
  };
  const buttons = element(
    "div",
    { class: "abm-buttons", role: "group", "aria-label": "View" },
    ...Object.entries(SIGNS).map(button),
    saveMenu(actions.picture, actions.title),
  );
  const live = element("div", { class: "abm-hidden", "aria-live": "polite" });
  const legend = element("div", { class: "abm-legend" });
  const frame = element("div", { class: "abm-frame" }, stage, buttons, card.root);
  const root = element("div", { class: "abm-view abm-network", "data-drawn": "0" }, frame, legend, live);
  return { root, stage, ground, marks, top, card, live, legend };
}
