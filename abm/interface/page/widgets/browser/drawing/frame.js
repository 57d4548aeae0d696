// What every widget has: elements, a theme that follows, numbers in words, and pictures saved to files.

import { themeName } from "./palette.js";

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

const SVG_SPACE = "http://www.w3.org/2000/svg";

export function svgElement(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG_SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Calls `redraw` when the theme changes, by trait or by the reader's system; returns what ends that.
export function followTheme(model, root, redraw) {
  const media = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    root.dataset.theme = themeName(model.get("theme"));
    redraw();
  };
  root.dataset.theme = themeName(model.get("theme"));
  media.addEventListener("change", apply);
  model.on("change:theme", apply);
  return () => {
    media.removeEventListener("change", apply);
    model.off("change:theme", apply);
  };
}

export function prefersStillness() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

export function bytesOf(view) {
  if (!view || !view.byteLength) return null;
  return new Uint8Array(view.buffer, view.byteOffset ?? 0, view.byteLength).slice().buffer;
}

export function inWords(number) {
  return Math.round(number).toLocaleString("en-GB");
}

export function percent(share) {
  return Number.isFinite(share) ? `${Math.round(share * 100)}%` : "none";
}

export function decimal(value, isDifference = false, digits = 2) {
  if (!Number.isFinite(value)) return "none";
  const text = Math.abs(value).toFixed(digits);
  const isZero = Number(text) === 0;
  if (!isDifference) return value < 0 && !isZero ? `−${text}` : text;
  return isZero ? text : `${value < 0 ? "−" : "+"}${text}`;
}

const CALENDAR = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// The month just completed: by the calendar where a run starts in a known month, such as "2014-04".
export function monthInWords(month, start = "") {
  const [, first, number] = start.match(/^(\d{4})-(\d{2})$/) ?? [];
  if (first && month > 0) {
    const count = Number(number) - 1 + month - 1;
    return `${CALENDAR[count % 12]} ${Number(first) + Math.floor(count / 12)}`;
  }
  const year = Math.floor(month / 12);
  const rest = month % 12;
  if (month === 0) return "start";
  return rest === 0 ? `end of year ${year}` : `year ${year + 1}, month ${rest}`;
}

function fileName(title, ending) {
  const plain = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  return `${plain || "picture"}.${ending}`;
}

function saveBlob(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

async function pngOf(svg, width, height) {
  const scale = 2;
  const image = new Image();
  const loaded = new Promise((resolve, reject) => {
    image.onload = resolve;
    image.onerror = () => reject(new Error("the picture could not be drawn as PNG"));
  });
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await loaded;
  const canvas = element("canvas", { width: width * scale, height: height * scale });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

// A menu that saves what `picture()` returns, {svg, width, height}, under the name that `title()` gives.
export function saveMenu(picture, title) {
  const save = async (ending) => {
    const { svg, width, height } = picture();
    const blob = ending === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await pngOf(svg, width, height);
    saveBlob(blob, fileName(title(), ending));
    menu.open = false;
    summary.focus();
  };
  const summary = element("summary", { "aria-label": "Save the picture", title: "Save the picture" });
  summary.innerHTML =
    '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M8 1.5v8M4.8 6.6 8 9.8l3.2-3.2M2.5 12.5v2h11v-2" fill="none" stroke="currentColor" stroke-width="1.6"/></svg>';
  const menu = element(
    "details",
    { class: "abm-save" },
    summary,
    element(
      "div",
      {},
      element("button", { type: "button", onclick: () => save("svg") }, "Save as SVG"),
      element("button", { type: "button", onclick: () => save("png") }, "Save as PNG"),
    ),
  );
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    summary.focus();
    event.stopPropagation();
  });
  menu.addEventListener("focusout", (event) => {
    if (menu.open && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  return menu;
}
