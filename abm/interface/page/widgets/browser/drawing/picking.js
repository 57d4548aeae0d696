// What is at a point of the screen, and where the keyboard goes next.

import { BETWEEN_PLACES } from "./focus.js";
import { discRadius } from "./territory.js";

const NEAR_ORGANISATION = 5;
const NEAR_TIE = 5;
const BAND = 40;

function onScreen({ place, camera }, row) {
  return camera.toScreen(place.position[2 * row], place.position[2 * row + 1]);
}

function middleOf({ place, camera }, number) {
  return camera.toScreen(place.placeCentre[2 * number], place.placeCentre[2 * number + 1]);
}

export function pointOf(scene, target) {
  const { place } = scene;
  if (target.kind === "organisation") {
    return scene.detail > 0 ? onScreen(scene, target.row) : middleOf(scene, place.home[target.row]);
  }
  if (target.kind === "place") return middleOf(scene, target.row);
  const [a, b] = [onScreen(scene, place.ends[2 * target.row]), onScreen(scene, place.ends[2 * target.row + 1])];
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

export function pick(scene, x, y, shownTies) {
  const { place, camera } = scene;
  if (scene.detail > 0.5) {
    let best = null;
    for (const row of scene.inSight) {
      const [ox, oy] = onScreen(scene, row);
      const gap = Math.hypot(ox - x, oy - y) - camera.markerRadius(place.radius[row]);
      if (gap <= NEAR_ORGANISATION && (!best || gap < best.gap)) best = { gap, row };
    }
    if (best) return { kind: "organisation", row: best.row };
    const tie = nearestTie(scene, x, y, shownTies);
    if (tie !== null) return { kind: "tie", row: tie };
  }
  if (place.places === 1) return null;
  for (let number = 0; number < place.places; number += 1) {
    const [cx, cy] = middleOf(scene, number);
    const reach = scene.detail > 0.5 ? place.placeRadius[number] * camera.zoom : discRadius(scene, number) + 3;
    if (Math.hypot(cx - x, cy - y) <= reach) return { kind: "place", row: number };
  }
  return null;
}

function nearestTie(scene, x, y, shownTies) {
  const { place, values, tieStrength } = scene;
  let best = [NEAR_TIE, null];
  for (const tie of shownTies) {
    if (values.tieTrust[tie] === 255 || tieStrength[tie] % BETWEEN_PLACES === 0) continue;
    const [ax, ay] = onScreen(scene, place.ends[2 * tie]);
    const [bx, by] = onScreen(scene, place.ends[2 * tie + 1]);
    const [dx, dy] = [bx - ax, by - ay];
    const along = Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1), 0), 1);
    const gap = Math.hypot(ax + along * dx - x, ay + along * dy - y);
    if (gap < best[0]) best = [gap, tie];
  }
  return best[1];
}

// Everything in sight that the keyboard can reach, in reading order.
export function stops(scene) {
  const { place, camera } = scene;
  let targets;
  if (scene.detail > 0.5) {
    targets = scene.inSight.map((row) => ({ kind: "organisation", row }));
  } else {
    targets = Array.from({ length: place.places }, (_, row) => ({ kind: "place", row }));
  }
  return targets
    .map((target) => ({ target, at: pointOf(scene, target) }))
    .filter(({ at: [x, y] }) => x >= 0 && y >= 0 && x <= camera.width && y <= camera.height)
    .sort((a, b) => Math.floor(a.at[1] / BAND) - Math.floor(b.at[1] / BAND) || a.at[0] - b.at[0]);
}

export function isSame(a, b) {
  return (!a && !b) || Boolean(a && b && a.kind === b.kind && a.row === b.row);
}

// The nearest stop in a direction: what lies off to the side counts double.
export function neighbour(scene, from, [dx, dy]) {
  const [x, y] = pointOf(scene, from);
  let best = [Infinity, null];
  for (const { target, at } of stops(scene)) {
    const along = (at[0] - x) * dx + (at[1] - y) * dy;
    const aside = Math.abs((at[0] - x) * dy) + Math.abs((at[1] - y) * dx);
    if (along <= 1 || isSame(target, from)) continue;
    const cost = along + 2 * aside;
    if (cost < best[0]) best = [cost, target];
  }
  return best[1];
}
