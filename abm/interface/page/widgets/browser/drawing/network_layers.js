// The layers of the network's picture, on the screen and in a file.

import { drawLabels, drawRings } from "./labels.js";
import { endsInWords } from "./legend.js";
import { drawOrganisations, drawPairs, drawTies } from "./marks.js";
import { FONT, gradientParts } from "./palette.js";
import { SvgContext } from "./svg_context.js";
import { drawDiscs, drawNetworks, drawTerritories } from "./territory.js";

const FOOTER = 44;
const BAR = { left: 116, parts: 64, wide: 3, high: 10 };

export function paintGround(context, scene, hasTies) {
  if (scene.detail > 0) drawTerritories(context, scene);
  if (scene.place.places > 1 && hasTies) drawPairs(context, scene);
  if (scene.detail > 0) drawNetworks(context, scene);
}

export function paintTop(context, scene) {
  drawDiscs(context, scene);
  drawRings(context, scene);
  drawLabels(context, scene);
}

// The picture as SVG, with the scale of its colours and a title beneath.
export function networkSvg(scene, shownTies, hasTies, ends, title) {
  const { camera, theme, values } = scene;
  const context = new SvgContext(camera.width, camera.height + FOOTER, theme.ground, FONT);
  paintGround(context, scene, hasTies);
  if (scene.tieFade > 0) drawTies(context, scene, shownTies);
  if (scene.detail > 0) drawOrganisations(context, scene);
  paintTop(context, scene);
  const y = camera.height + 14;
  for (const [part, colour] of gradientParts(values.isDifference, BAR.parts).entries()) {
    const x = BAR.left + part * BAR.wide;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + BAR.wide, y);
    context.lineTo(x + BAR.wide, y + BAR.high);
    context.lineTo(x, y + BAR.high);
    context.closePath();
    context.fillStyle = colour;
    context.fill();
  }
  const [low, high] = endsInWords(values.isDifference, ends);
  context.font = `12px ${FONT}`;
  context.fillStyle = theme.ink;
  context.textAlign = "right";
  context.fillText(low, BAR.left - 6, y + 9);
  context.fillText(title, camera.width - 12, y + 9);
  context.textAlign = "start";
  context.fillText(high, BAR.left + BAR.parts * BAR.wide + 6, y + 9);
  return { svg: context.text(title), width: camera.width, height: camera.height + FOOTER };
}
