// What shapes, colours, rings and cords mean, under the picture.

import { decimal, element, svgElement } from "./frame.js";
import { CORNERS } from "./marks.js";
import { gradient } from "./palette.js";
import { IS_CLOSED, KIND } from "./place_data.js";

const ORDER = [KIND.acute, KIND.community, KIND.commissioner, KIND.practice, KIND.localAuthority];

function sign(...shapes) {
  return svgElement("svg", { viewBox: "-9 -9 18 18", width: 18, height: 18, "aria-hidden": "true" }, ...shapes);
}

function entry(picture, text) {
  return element("span", { class: "abm-entry" }, picture, text);
}

function kindSign(kind) {
  const look = { class: "abm-marker" };
  if (!CORNERS[kind]) return sign(svgElement("circle", { r: 6, ...look }));
  const points = CORNERS[kind].map(([x, y]) => `${6.2 * x},${6.2 * y}`).join(" ");
  return sign(svgElement("polygon", { points, ...look }));
}

export function endsInWords(isDifference, [low, high]) {
  const [first, last] = [low, high].map((value) => decimal(value, isDifference));
  return isDifference
    ? [`Trust ${first}`, `${last}, difference`]
    : [low > 0 ? `Trust up to ${first}` : `Trust ${first}`, high < 1 ? `${last} and above` : last];
}

export function hasClosures({ flags }) {
  return flags.some((flag) => flag & IS_CLOSED);
}

export function legendOf({ place, values, ends }) {
  const [low, high] = endsInWords(values.isDifference, ends);
  const bar = element("span", { class: "abm-bar" });
  bar.style.background = gradient(values.isDifference);
  const scale = element("span", { class: "abm-scale" }, element("span", {}, low), bar, element("span", {}, high));
  const present = new Set(place.kind);
  const entries = ORDER.filter((kind) => present.has(kind)).map((kind) =>
    entry(kindSign(kind), place.names.kinds[kind]),
  );
  entries.push(
    entry(
      sign(svgElement("circle", { r: 3.6, class: "abm-marker" }), svgElement("circle", { r: 7, class: "abm-care" })),
      "Engaged",
    ),
    entry(
      sign(
        svgElement("circle", { r: 7, class: "abm-shore" }),
        svgElement("path", { d: "M0-7A7 7 0 0 1 7 0", class: "abm-care abm-thick" }),
      ),
      "Share of people in integrated care",
    ),
    entry(sign(svgElement("circle", { r: 5, class: "abm-shore" }), svgElement("circle", { r: 8, class: "abm-board" })), "Joint board"),
  );
  if (values.networks.length) {
    entries.push(entry(sign(svgElement("path", { d: "M-6 3L0-3L6 2", class: "abm-cord" })), "Network of practices"));
  }
  if (hasClosures(values)) entries.push(entry(sign(svgElement("circle", { r: 3.6, class: "abm-closed" })), "Closed practice"));
  return [scale, ...entries];
}
