// Axes: round numbers, units, and how values are written.

import { decimal } from "./frame.js";

const ROUND_STEPS = [1, 2, 2.5, 5, 10];

export function isShare(unit) {
  return /^share/.test(unit ?? "");
}

export function roundStep(span, count) {
  const rough = span / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  return ROUND_STEPS.find((step) => step * power >= rough - 1e-12) * power;
}

export function roundTicks(low, high, count) {
  const step = roundStep(high - low || 1, count);
  const ticks = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n += 1) ticks.push(n * step);
  return ticks;
}

// The ends of an axis: a measure's own bounds where values fill a good part of them, else round numbers about them.
export function axisEnds(low, high, bounds) {
  if (!Number.isFinite(low)) return [bounds.low ?? 0, bounds.high ?? 1];
  const [least, most] = [bounds.low, bounds.high];
  const hasBounds = least !== null && most !== null && least !== undefined && most !== undefined;
  if (hasBounds && high - low > 0.3 * (most - least)) return [Math.min(least, low), Math.max(most, high)];
  const span = Math.max(high - low, hasBounds ? 0.05 * (most - least) : 0.02 * Math.max(Math.abs(high), 1e-6));
  const step = roundStep(span * 1.15, 4);
  let from = Math.floor((low - 0.04 * span) / step) * step;
  let to = Math.ceil((high + 0.04 * span) / step) * step;
  if (least !== null && least !== undefined) from = Math.max(from, least);
  if (most !== null && most !== undefined) to = Math.min(to, most);
  return to > from ? [from, to] : [from, from + step];
}

// How values of an axis are written: shares as per cent, others with as many digits as tell ticks apart.
export function writer(unit, isDifference, span) {
  if (isShare(unit)) {
    const digits = span < 0.004 ? 2 : span < 0.04 ? 1 : 0;
    return (value) => (Number.isFinite(value) ? `${decimal(value * 100, isDifference, digits)}${isDifference ? "" : "%"}` : "none");
  }
  const digits = Math.min(Math.max(Math.floor(-Math.log10(span || 1) + 1e-9) + 2, 0), 4);
  return (value) => decimal(value, isDifference, digits);
}

export function unitInWords(unit, isDifference) {
  if (isShare(unit)) return unit.replace(/^share/, isDifference ? "percentage points" : "per cent");
  return unit;
}
