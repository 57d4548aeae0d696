// Names where they hide least, headings over places, and rings round what is picked.

import { percent } from "./frame.js";
import { markerPath } from "./marks.js";
import { FONT } from "./palette.js";
import { KIND } from "./place_data.js";
import { discRadius } from "./territory.js";

const SIZE = 12;
const HEADING = 13.5;
const LEGAL_FORM = /( University)?( Teaching)?( Healthcare)? NHS( Foundation)? Trust$|^The | University Hospitals?$/g;
const MOST_LABELS = 60;
const MOST_DISC_LABELS = 14;
const NAMED_DISC = 17;

function shortName(name) {
  return name.replace(LEGAL_FORM, "") || name;
}

function overlap(a, b) {
  const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return wide > 0 && high > 0 ? wide * high : 0;
}

function outsideOf(box, { width, height }) {
  return (
    Math.max(4 - box.left, 0) + Math.max(box.right - width + 4, 0) +
    Math.max(4 - box.top, 0) + Math.max(box.bottom - height + 4, 0)
  );
}

// Where a text of some width may stand round a mark: right, left, above, below, and the corners to the right.
function spots(x, y, reach, wide) {
  const gap = reach + 5;
  return [
    [x + gap, y + SIZE * 0.35],
    [x - gap - wide, y + SIZE * 0.35],
    [x - wide / 2, y - gap],
    [x - wide / 2, y + gap + SIZE * 0.8],
    [x + gap * 0.75, y - gap * 0.75],
    [x + gap * 0.75, y + gap * 0.75 + SIZE * 0.7],
  ];
}

function boxAt(left, base, wide, size) {
  return { left, right: left + wide, top: base - size * 0.85, bottom: base + size * 0.25 };
}

function write(context, theme, text, x, y, colour) {
  context.lineJoin = "round";
  context.lineWidth = 3.5;
  context.strokeStyle = theme.halo;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

// Write each wanted label, {x, y, reach, text, isNeeded, isBold}, unless it would cover another.
function placeLabels(context, scene, wanted, taken, marks) {
  for (const { x, y, reach, text, isNeeded, isBold } of wanted) {
    context.font = `${isBold ? "600 " : ""}${SIZE}px ${FONT}`;
    const wide = context.measureText(text).width;
    let best = null;
    for (const [left, base] of spots(x, y, reach, wide)) {
      const box = boxAt(left, base, wide, SIZE);
      const covers = taken.reduce((sum, other) => sum + overlap(box, other), 0);
      const hides = marks.reduce((sum, other) => sum + overlap(box, other), 0);
      const cost = 20 * covers + hides + 100 * outsideOf(box, scene.camera);
      if (!best || cost < best.cost) best = { cost, covers, box, left, base };
    }
    if (best.covers > 0 && !isNeeded) continue;
    taken.push(best.box);
    write(context, scene.theme, text, best.left, best.base, scene.theme.ink);
  }
}

export function drawLabels(context, scene) {
  const { place, camera, theme, strength } = scene;
  const taken = [...(scene.covered ?? [])];
  context.textAlign = "start";
  if (scene.detail >= 0.6) {
    context.globalAlpha = scene.detail;
    drawHeadings(context, scene, taken);
    const marks = scene.inSight.map((row) => {
      const [x, y] = camera.toScreen(place.position[2 * row], place.position[2 * row + 1]);
      const reach = camera.markerRadius(place.radius[row]);
      return { row, x, y, reach, left: x - reach, right: x + reach, top: y - reach, bottom: y + reach };
    });
    const wanted = marks
      .filter(({ row, reach }) => scene.pointed.has(row) || (strength[row] > 0 && deservesName(place, row, reach)))
      .sort((a, b) => rank(scene, a) - rank(scene, b))
      .slice(0, MOST_LABELS)
      .map(({ row, x, y, reach }) => ({
        x, y, reach: reach + 1, text: shortName(place.names.organisations[row]),
        isNeeded: scene.pointed.has(row), isBold: scene.pointed.has(row),
      }));
    placeLabels(context, scene, wanted, taken, marks);
  } else {
    context.globalAlpha = 1;
    drawDiscNames(context, scene, taken);
  }
  context.globalAlpha = 1;
  context.fillStyle = theme.ink;
}

function deservesName(place, row, reach) {
  return place.kind[row] === KIND.practice ? reach > 15 : reach > 5.5;
}

function rank(scene, { row }) {
  const order = { [KIND.acute]: 1, [KIND.commissioner]: 2, [KIND.community]: 3, [KIND.localAuthority]: 4 };
  return scene.pointed.has(row) ? 0 : (order[scene.place.kind[row]] ?? 5);
}

function drawHeadings(context, scene, taken) {
  const { place, values, camera, theme } = scene;
  for (let number = 0; number < place.places; number += 1) {
    const [cx, cy] = [place.placeCentre[2 * number], place.placeCentre[2 * number + 1]];
    if (!camera.sees(cx, cy, place.placeRadius[number])) continue;
    const share = values.implementation[number] / 254;
    const facts = [];
    if (values.board[number]) facts.push("joint board");
    if (share > 0.005) facts.push(`${percent(share)} integrated`);
    else if (place.places === 1) facts.push("no integrated care yet");
    const name = place.names.places[number];
    const more = facts.map((fact) => ` · ${fact}`).join("");
    context.font = `600 ${HEADING}px ${FONT}`;
    const nameWide = context.measureText(name).width;
    context.font = `${SIZE}px ${FONT}`;
    const wide = nameWide + context.measureText(more).width;
    const [x, top] = camera.toScreen(cx, topOf(place, number, cy));
    const isAbout = Math.hypot(cx - camera.x, cy - camera.y) < place.placeRadius[number];
    const isSeen = x > 0 && x < camera.width && top > 0 && top < camera.height;
    if (!isSeen && !isAbout && place.places > 1) continue;
    const left = Math.min(Math.max(x - wide / 2, 10), Math.max(camera.width - wide - 10, 10));
    const base = Math.max(top - 13, 20);
    const box = boxAt(left, base, wide, HEADING);
    if (place.places > 1 && taken.some((other) => overlap(box, other) > 0)) continue;
    taken.push(box);
    context.font = `600 ${HEADING}px ${FONT}`;
    write(context, theme, name, left, base, theme.ink);
    context.font = `${SIZE}px ${FONT}`;
    write(context, theme, more, left + nameWide, base, theme.quiet);
  }
}

function topOf(place, number, cy) {
  return place.outline.length ? place.bounds.top : cy - place.placeRadius[number];
}

function drawDiscNames(context, scene, taken) {
  const { place, camera } = scene;
  const inSight = [];
  for (let number = 0; number < place.places; number += 1) {
    const [cx, cy] = [place.placeCentre[2 * number], place.placeCentre[2 * number + 1]];
    if (!camera.sees(cx, cy, 0)) continue;
    const [x, y] = camera.toScreen(cx, cy);
    const reach = discRadius(scene, number) + 5;
    inSight.push({ number, x, y, reach, left: x - reach, right: x + reach, top: y - reach, bottom: y + reach });
  }
  const isPointed = ({ number }) => scene.pointedPlaces.has(number);
  const wanted = inSight
    .filter((found) => isPointed(found) || (found.reach >= NAMED_DISC && scene.placeStrength?.[found.number] !== 0))
    .sort((a, b) => isPointed(b) - isPointed(a) || place.population[b.number] - place.population[a.number])
    .slice(0, Math.max(MOST_DISC_LABELS, scene.pointedPlaces.size))
    .map((found) => ({
      ...found, text: place.names.places[found.number], isNeeded: isPointed(found), isBold: isPointed(found),
    }));
  placeLabels(context, scene, wanted, taken, inSight);
}

// Rings: what is selected, pointed out, under the pointer, or at the keyboard's cursor.
export function drawRings(context, scene) {
  const { place, camera, theme } = scene;
  const ring = (target, colour, width, grow, dash = []) => {
    context.setLineDash(dash);
    context.strokeStyle = colour;
    context.lineWidth = width;
    if (target.kind === "organisation" && scene.detail > 0) {
      const [x, y] = camera.toScreen(place.position[2 * target.row], place.position[2 * target.row + 1]);
      markerPath(context, place.kind[target.row], x, y, camera.markerRadius(place.radius[target.row]) + grow);
      context.stroke();
    } else if (target.kind === "place" || target.kind === "organisation") {
      const number = target.kind === "place" ? target.row : place.home[target.row];
      const [x, y] = camera.toScreen(place.placeCentre[2 * number], place.placeCentre[2 * number + 1]);
      const afar = discRadius(scene, number) + 4;
      const near = place.placeRadius[number] * camera.zoom + 8;
      if (place.outline.length) return;
      context.beginPath();
      context.arc(x, y, (scene.detail > 0.5 ? near : afar) + grow, 0, 2 * Math.PI);
      context.stroke();
    } else if (target.kind === "tie") {
      const [a, b] = [place.ends[2 * target.row], place.ends[2 * target.row + 1]];
      context.beginPath();
      context.moveTo(...camera.toScreen(place.position[2 * a], place.position[2 * a + 1]));
      context.lineTo(...camera.toScreen(place.position[2 * b], place.position[2 * b + 1]));
      context.stroke();
    }
    context.setLineDash([]);
  };
  for (const row of scene.highlighted) ring({ kind: "organisation", row }, theme.ink, 2, 4);
  for (const row of scene.highlightedPlaces) ring({ kind: "place", row }, theme.ink, 2, 3);
  if (scene.hovered) ring(scene.hovered, theme.ink, scene.hovered.kind === "tie" ? 2.2 : 1.6, 3);
  if (scene.selected) ring(scene.selected, theme.focus, scene.selected.kind === "tie" ? 3.2 : 3, 5);
  if (scene.cursor) ring(scene.cursor, theme.focus, 2.2, 9, [5, 3]);
}
