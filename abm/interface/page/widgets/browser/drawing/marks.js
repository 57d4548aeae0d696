// How organisations, ties and places look, drawn on anything with the methods of a canvas.

import { IS_CLOSED, IS_ENGAGED, KIND } from "./place_data.js";
import { BETWEEN_PLACES } from "./focus.js";
import { colourAt } from "./palette.js";

// Ties from which on they are drawn as thin lines, and not while the picture moves.
export const MANY_TIES = 20_000;
export const FAINT = 0.16;
// Strengths of ties from the back to the front.
export const PASSES = [0, BETWEEN_PLACES, 1, 2];
const ENGAGED_GAP = 2;
const ENGAGED_WIDTH = 2;

// Corners of the marker of each kind, at radius 1; practices are circles.
const HALF = 0.9;
export const CORNERS = {
  [KIND.acute]: [[-HALF, -HALF], [HALF, -HALF], [HALF, HALF], [-HALF, HALF]],
  [KIND.community]: [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]],
  [KIND.commissioner]: [[0, -1.2], [1.14, 0.8], [-1.14, 0.8]],
  [KIND.localAuthority]: [0, 1, 2, 3, 4, 5].map((turn) => [
    1.08 * Math.cos((turn * Math.PI) / 3),
    1.08 * Math.sin((turn * Math.PI) / 3),
  ]),
};

export function markerPath(context, kind, x, y, radius) {
  context.beginPath();
  const corners = CORNERS[kind];
  if (!corners) {
    context.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  corners.forEach(([dx, dy], index) => {
    if (index) context.lineTo(x + dx * radius, y + dy * radius);
    else context.moveTo(x + dx * radius, y + dy * radius);
  });
  context.closePath();
}

export function tieWidth(value) {
  return value === 255 ? 0 : 0.5 + (1.9 * value) / 254;
}

export function tieAlpha(value, strength, theme) {
  if (value === 255) return 0;
  if (strength === 0) return 0.05;
  const level = theme.tieFloor + (0.75 - theme.tieFloor) * (value / 254);
  if (strength === BETWEEN_PLACES) return 0.3 * level;
  return strength === 2 ? 0.95 : level;
}

export function drawTies(context, scene, rows) {
  const { place, values, camera, table, theme, tieStrength } = scene;
  for (const pass of PASSES) {
    for (const tie of rows) {
      if (tieStrength[tie] !== pass || values.tieTrust[tie] === 255) continue;
      const [a, b] = [place.ends[2 * tie], place.ends[2 * tie + 1]];
      context.globalAlpha = tieAlpha(values.tieTrust[tie], pass, theme) * scene.detail;
      context.strokeStyle = colourAt(table, values.tieTrust[tie]);
      context.lineWidth = tieWidth(values.tieTrust[tie]) + (pass === 2 ? 1 : 0);
      context.beginPath();
      context.moveTo(...camera.toScreen(place.position[2 * a], place.position[2 * a + 1]));
      context.lineTo(...camera.toScreen(place.position[2 * b], place.position[2 * b + 1]));
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}

export function drawOrganisations(context, scene) {
  const { place, values, camera, table, theme, strength } = scene;
  for (const row of scene.inSight) {
    const [x, y] = camera.toScreen(place.position[2 * row], place.position[2 * row + 1]);
    const radius = camera.markerRadius(place.radius[row]);
    const isClosed = values.flags[row] & IS_CLOSED;
    context.globalAlpha = scene.detail * (strength[row] === 0 ? FAINT : 1);
    markerPath(context, place.kind[row], x, y, isClosed ? radius * 0.6 : radius);
    context.fillStyle = isClosed ? theme.ground : colourAt(table, values.trust[row]);
    context.strokeStyle = isClosed ? theme.quiet : theme.edge;
    context.lineWidth = radius < 3 ? 0.4 : 1;
    context.fill();
    context.stroke();
    if (values.flags[row] & IS_ENGAGED && !isClosed) {
      const rim = engagedRim(radius);
      context.beginPath();
      context.arc(x, y, radius + rim.gap + rim.width / 2, 0, 2 * Math.PI);
      context.strokeStyle = theme.care;
      context.lineWidth = rim.width;
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}

// The ring of an engaged practice, narrower round small markers.
export function engagedRim(radius) {
  const scale = Math.min(1, radius / 5);
  return { gap: ENGAGED_GAP * scale, width: ENGAGED_WIDTH * scale };
}

export function drawPairs(context, scene) {
  const { place, values, camera, table, theme } = scene;
  // From near they stand for the ties that are not drawn one by one.
  const fade = 1 - 0.7 * scene.detail;
  place.pairs.forEach(({ from, to, ties }, pair) => {
    const value = values.pairTrust[pair];
    if (value === 255) return;
    const strength = scene.placeStrength ? Math.min(scene.placeStrength[from], scene.placeStrength[to]) : 1;
    context.globalAlpha = fade * tieAlpha(value, strength, theme) * 0.8;
    context.strokeStyle = colourAt(table, value);
    context.lineWidth = Math.min(0.5 + 0.35 * Math.sqrt(ties), 7);
    context.beginPath();
    context.moveTo(...camera.toScreen(place.placeCentre[2 * from], place.placeCentre[2 * from + 1]));
    context.lineTo(...camera.toScreen(place.placeCentre[2 * to], place.placeCentre[2 * to + 1]));
    context.stroke();
  });
  context.globalAlpha = 1;
}
