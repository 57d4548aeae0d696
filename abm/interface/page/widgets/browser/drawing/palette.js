// Colours: cividis for shares, blue to brown for differences, and what else a light or a dark page needs.

const CIVIDIS = [
  "#00224e", "#002e6a", "#1a386f", "#32436d", "#434e6c", "#535a6d", "#61656f", "#6f7073", "#7d7c78",
  "#8c8878", "#9b9476", "#aba072", "#bcae6c", "#cdbb63", "#dec958", "#f0d846", "#fee838",
];
const BLUE_TO_BROWN = ["#0b3c7d", "#3f78b5", "#93b9da", "#dedede", "#dcae78", "#b06a1f", "#6e3a05"];

export const FONT = 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

export const MISSING_VALUE = 255;
const FINEST_VALUE = 254;

export const THEME = {
  light: {
    ground: "#ffffff", land: "#eef2f5", shore: "#aeb9c2", ink: "#1b242c", quiet: "#56626d", line: "#dde3e8",
    care: "#00796b", careTint: "#00796b", network: "#8e3a9d", networkTint: "#f1e3f4", focus: "#0b57d0",
    missing: "#b9c2ca", edge: "#1b242c", halo: "#ffffff", tieFloor: 0.3, tieInk: 0.18,
    lines: ["#0b3c7d", "#b8450f", "#00695c", "#7b2d8e", "#5d5200"], other: "#5f6b76", band: 0.16,
  },
  dark: {
    ground: "#151b22", land: "#202933", shore: "#5a6875", ink: "#eaeff4", quiet: "#a9b5c0", line: "#333f4b",
    care: "#4fd1bd", careTint: "#4fd1bd", network: "#dba6ea", networkTint: "#37283d", focus: "#8ab4f8",
    missing: "#5a6773", edge: "#f2f5f8", halo: "#151b22", tieFloor: 0.34, tieInk: 0.12,
    lines: ["#8fbcf5", "#ffab73", "#6fd6c6", "#dba6ea", "#dccb5a"], other: "#a3afba", band: 0.24,
  },
};

export function themeName(wanted) {
  if (wanted === "light" || wanted === "dark") return wanted;
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function hexToRgb(hex) {
  return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
}

function colourTable(anchors, [low, high]) {
  const table = new Uint8Array(256 * 4).fill(255);
  const points = anchors.map(hexToRgb);
  for (let value = 0; value <= FINEST_VALUE; value += 1) {
    const share = Math.min(Math.max((value / FINEST_VALUE - low) / (high - low), 0), 1);
    const place = share * (points.length - 1);
    const from = Math.min(Math.floor(place), points.length - 2);
    for (let part = 0; part < 3; part += 1) {
      const mixed = points[from][part] + (place - from) * (points[from + 1][part] - points[from][part]);
      table[4 * value + part] = Math.round(mixed);
    }
  }
  return table;
}

// The values at the ends of the colours: trust between organisations is seldom near 0 or 1.
export function endsOfScale(isDifference, wanted) {
  if (wanted && wanted.length === 2) return wanted;
  return isDifference ? [-0.3, 0.3] : [0.2, 0.65];
}

// A table of 256 RGBA colours by byte value; the last is that of a missing value.
export function colourScale(isDifference, theme, ends) {
  const shares = isDifference ? ends.map((value) => (value + 1) / 2) : ends;
  const table = colourTable(isDifference ? BLUE_TO_BROWN : CIVIDIS, shares);
  table.set(hexToRgb(theme.missing), 4 * MISSING_VALUE);
  return table;
}

export function colourAt(table, value) {
  return `rgb(${table[4 * value]},${table[4 * value + 1]},${table[4 * value + 2]})`;
}

export function shareColour(table, share) {
  return colourAt(table, Number.isFinite(share) ? Math.round(share * FINEST_VALUE) : MISSING_VALUE);
}

// Black or white, whichever reads better on a colour of the table.
export function inkOn(table, value) {
  const [r, g, b] = [0, 1, 2].map((part) => {
    const level = table[4 * value + part] / 255;
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

export function gradient(isDifference) {
  return `linear-gradient(to right, ${(isDifference ? BLUE_TO_BROWN : CIVIDIS).join(", ")})`;
}

export function gradientParts(isDifference, count) {
  const table = colourTable(isDifference ? BLUE_TO_BROWN : CIVIDIS, [0, 1]);
  return Array.from({ length: count }, (_, i) => colourAt(table, Math.round((i * FINEST_VALUE) / (count - 1))));
}

export function readShare(value, isDifference) {
  if (value === MISSING_VALUE) return NaN;
  return isDifference ? (2 * value) / FINEST_VALUE - 1 : value / FINEST_VALUE;
}

export function toByte(share) {
  return Number.isFinite(share) ? Math.round(Math.min(Math.max(share, 0), 1) * FINEST_VALUE) : MISSING_VALUE;
}
