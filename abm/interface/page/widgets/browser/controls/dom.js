// Build elements in few words: h("button", {class: "quiet", onclick: f}, "Play").
export function h(tag, attributes = {}, ...children) {
  const inSvg = tag.startsWith("svg:");
  const element = inSvg
    ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4))
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && !inSvg && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

// Lines of 24 by 24, drawn by stroke.
const PATHS = {
  play: "M7 5l12 7-12 7z",
  pause: "M8 5v14M16 5v14",
  next: "M6 5l9 7-9 7zM18 5v14",
  back: "M18 5l-9 7 9 7zM6 5v14",
  first: "M4 12a8 8 0 1 0 2.5-5.8M4 4v4.5h4.5",
  last: "M4 6l7 6-7 6zM12 6l7 6-7 6z",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4.2 4.2 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4.2 4.2 0 0 0 6 6l1-1",
  down: "M12 4v11M7 11l5 5 5-5M5 20h14",
  up: "M12 17V6M7 10l5-5 5 5M5 20h14",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  dice: "M5 5h14v14H5zM9 9h.01M15 15h.01M15 9h.01M9 15h.01",
  undo: "M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4l3 2",
  tick: "M5 13l4 4L19 7",
};

export function icon(name) {
  return h(
    "svg:svg",
    { class: "lab-icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    h("svg:path", { d: PATHS[name] }),
  );
}

// A button whose name is always there for screen readers, and in sight unless it is an icon alone.
export function button(name, attributes = {}, picture = null, isIconOnly = false) {
  return h(
    "button",
    { type: "button", title: isIconOnly ? name : null, "aria-label": isIconOnly ? name : null, ...attributes },
    picture ? icon(picture) : null,
    isIconOnly ? null : h("span", {}, name),
  );
}

export function shownNumber(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (Math.abs(value) >= 1000) return Math.round(Number(value)).toLocaleString("en-GB");
  const text = Number(value).toPrecision(3);
  return text.includes("e") ? Number(value).toString() : String(Number(text));
}

// A measured value: shares in per cent, all else with three digits.
export function shownMeasure(value, isShare) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return isShare ? `${Math.round(100 * value)}%` : shownNumber(value);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// The calendar month that completes a month of the run.
export function monthName(start, month) {
  const [year, number] = start.split("-").map(Number);
  const count = number - 1 + Math.max(month - 1, 0);
  return `${MONTHS[count % 12]} ${year + Math.floor(count / 12)}`;
}

// Go with the month of the page's clock, without a word from the server.
export function followingClock(model) {
  const follow = ({ detail }) => model.set("month", detail.month);
  document.addEventListener("abm-month", follow);
  return () => document.removeEventListener("abm-month", follow);
}

// Listen to traits until the view goes.
export function listening(model, names, update) {
  for (const name of names) model.on(`change:${name}`, update);
  return () => {
    for (const name of names) model.off(`change:${name}`, update);
  };
}
