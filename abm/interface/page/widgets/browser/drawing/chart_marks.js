// The parts of a panel: lines, bands, the axis of years, levers that changed, and labels where lines end.

import { svgElement } from "./frame.js";
import { FONT } from "./palette.js";

// Room of the button that saves.
export const CORNER = 44;
const LINE_HEIGHT = 14;
const DASHES = ["", "8 4", "2 3", "10 3 2 3", "5 2"];
const YEAR_STEPS = [1, 2, 5, 10, 20, 50];

export function lookOf({ role, number }, theme) {
  if (role === "focus") return { colour: theme.lines[0], dash: "", width: 2.4 };
  if (role === "counterfactual") return { colour: theme.other, dash: "6 4", width: 2 };
  return { colour: theme.lines[number % theme.lines.length], dash: DASHES[number % DASHES.length], width: 2.2 };
}

export function pathOf(xs, ys, isStep) {
  let path = "";
  let isPen = false;
  let before = 0;
  for (let i = 0; i < xs.length; i += 1) {
    if (!Number.isFinite(ys[i])) {
      isPen = false;
      continue;
    }
    const [x, y] = [xs[i].toFixed(1), ys[i].toFixed(1)];
    if (!isPen) path += `M${x} ${y}`;
    else path += isStep && ys[i] !== before ? `H${x}V${y}` : isStep ? `H${x}` : `L${x} ${y}`;
    before = ys[i];
    isPen = true;
  }
  return path;
}

export function bandPath(xs, lows, highs, isStep) {
  const known = [];
  for (let i = 0; i < xs.length; i += 1) if (Number.isFinite(lows[i]) && Number.isFinite(highs[i])) known.push(i);
  if (known.length < 2) return "";
  const pick = (list) => known.map((i) => list[i]);
  const there = pathOf(pick(xs), pick(highs), isStep);
  const points = known.map((i) => [xs[i], lows[i]]).reverse();
  let back = "";
  points.forEach(([x, y], i) => {
    if (isStep && i > 0) back += `V${y.toFixed(1)}`;
    back += `L${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return `${there}${back}Z`;
}

const ruler = document.createElement("canvas").getContext("2d");

export function widthOf(words, isBold) {
  ruler.font = `${isBold ? "600 " : ""}11.5px ${FONT}`;
  return ruler.measureText(words).width;
}

export function shortened(words, isBold, room) {
  if (widthOf(words, isBold) <= room) return words;
  let kept = words;
  while (kept.length > 3 && widthOf(`${kept}…`, isBold) > room) kept = kept.slice(0, -1).trimEnd();
  return `${kept}…`;
}

export function yearAxis(frame, theme, text, rule) {
  const all = frame.months / 12;
  const room = Math.max((frame.right - frame.left) / 34, 2);
  const step = YEAR_STEPS.find((wide) => all / wide <= room) ?? 100;
  const marks = [
    rule(frame.left, frame.bottom, frame.right, frame.bottom, theme.shore),
    text(frame.left - 10, frame.bottom + 17, "Year", theme.quiet, { "text-anchor": "end" }),
  ];
  for (let year = 0; year <= all; year += step) {
    const x = frame.x(year * 12);
    marks.push(rule(x, frame.bottom, x, frame.bottom + 4, theme.shore));
    marks.push(text(x, frame.bottom + 17, String(year), theme.quiet, { "text-anchor": "middle" }));
  }
  return marks;
}

export function leverMarks(levers, inWords, frame, theme, text, rule, isNamed) {
  const marks = [];
  const known = levers.filter(({ month }) => month >= 0 && month <= frame.months);
  const sorted = known.sort((a, b) => a.month - b.month);
  for (const [index, { month, label }] of sorted.entries()) {
    const x = frame.x(month);
    marks.push(rule(x, frame.top - 3, x, frame.bottom, theme.quiet, { "stroke-dasharray": "2 3" }));
    const sign = svgElement("path", { d: `M${x - 4} ${frame.top - 9}h8l-4 6z`, fill: theme.quiet });
    sign.append(svgElement("title", {}, `${label}, ${inWords(month)}`));
    marks.push(sign);
    if (!isNamed) continue;
    const next = sorted[index + 1];
    const room = (next ? frame.x(next.month) - 6 : frame.width - CORNER) - x - 7;
    if (room < 24) continue;
    marks.push(text(x + 7, frame.top - 4, shortened(label, false, room), theme.quiet, { "font-size": 11 }));
  }
  return marks;
}

// Labels stand where lines end, moved apart; several lines that end in one spot keep their order.
export function lineLabels(panel, frame, theme, text) {
  if (!frame.isLabelled) return [];
  const ends = [];
  for (const line of panel.lines) {
    let last = line.values.length - 1;
    while (last >= 0 && !Number.isFinite(line.values[last])) last -= 1;
    if (last < 0) continue;
    ends.push({ line, x: frame.x(last), y: frame.y(line.values[last]), from: frame.y(line.values[last]) });
  }
  ends.sort((a, b) => a.y - b.y);
  for (let round = 0; round < 40; round += 1) {
    for (let i = 1; i < ends.length; i += 1) {
      const short = LINE_HEIGHT - (ends[i].y - ends[i - 1].y);
      if (short <= 0) continue;
      ends[i - 1].y -= short / 2;
      ends[i].y += short / 2;
    }
    for (const end of ends) end.y = Math.min(Math.max(end.y, frame.top + 2), frame.bottom - 2);
  }
  return ends.map(({ line, x, y }) => {
    const words = shortened(line.label, line.role !== "counterfactual", frame.width - frame.right - 8);
    const made = text(x + 7, y + 4, words, lookOf(line, theme).colour, {
      "font-weight": line.role === "counterfactual" ? 400 : 600, "paint-order": "stroke",
      stroke: theme.ground, "stroke-width": 3, "stroke-linejoin": "round",
    });
    made.append(svgElement("title", {}, line.label));
    return made;
  });
}
