// Measures by month as lines with bands, a panel each; the month is a slider that all panels share.

import { bandPath, CORNER, leverMarks, lineLabels, lookOf, pathOf, shortened, widthOf, yearAxis } from "./chart_marks.js";
import { bytesOf, element, followTheme, monthInWords, saveMenu, svgElement } from "./frame.js";
import { FONT, THEME } from "./palette.js";
import { axisEnds, roundTicks, unitInWords, writer } from "./scales.js";
import { escapeXml } from "./svg_context.js";

const EDGE = { left: 46, right: 14, top: 28, bottom: 26 };
const MARK_ROOM = 14;
const LABEL_ROOM = { least: 60, most: 240, part: 0.36 };
const NARROWEST = 290;
// How much larger titles are than labels.
const TITLE_GROWTH = 13.5 / 11.5;
const GAP = 14;

class SeriesPicture {
  constructor(model, el) {
    this.model = model;
    this.ended = [];
    this.domains = new Map();
    this.drawn = 0;
    this.grid = element("div", { class: "abm-panels" });
    this.note = element("div", { class: "abm-note" });
    this.card = element("div", { class: "abm-card", hidden: "" });
    this.save = element("div", { class: "abm-corner" }, saveMenu(() => this.picture(), () => this.titleNow()));
    this.root = element("div", { class: "abm-view abm-series", "data-drawn": "0" }, this.grid, this.note, this.card, this.save);
    el.append(this.root);
    const on = (names, action) => {
      for (const name of names) model.on(`change:${name}`, action);
      this.ended.push(() => names.forEach((name) => model.off(`change:${name}`, action)));
    };
    on(["panels", "months"], () => {
      this.domains.clear();
      this.redraw();
    });
    on(["values", "marks", "band_label", "title", "columns", "height", "start"], () => this.redraw());
    on(["month"], () => this.showMonth());
    this.ended.push(followTheme(model, this.root, () => this.redraw()));
    const follow = ({ detail }) => this.model.get("has_clock") && this.model.set("month", detail.month);
    document.addEventListener("abm-month", follow);
    this.ended.push(() => document.removeEventListener("abm-month", follow));
    const resizing = new ResizeObserver(() => this.redraw());
    resizing.observe(this.root);
    this.ended.push(() => resizing.disconnect());
    this.redraw();
  }

  redraw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  // The series of every panel; null while panels, months and values do not fit one another.
  read() {
    const panels = this.model.get("panels") ?? [];
    const length = this.model.get("months") + 1;
    const buffer = bytesOf(this.model.get("values"));
    const rows = panels.reduce((sum, { lines }) => sum + lines.reduce((all, { band }) => all + (band ? 3 : 1), 0), 0);
    if (!buffer || buffer.byteLength !== 4 * length * rows) return null;
    const all = new Float32Array(buffer);
    let row = 0;
    const next = () => all.subarray(length * row, length * ++row);
    return panels.map((panel) => ({
      ...panel,
      lines: panel.lines.map((line) => ({
        ...line, values: next(), lows: line.band ? next() : null, highs: line.band ? next() : null,
      })),
    }));
  }

  draw() {
    const began = performance.now();
    const panels = this.read();
    const wide = this.grid.clientWidth;
    if (!panels || !wide) return;
    this.theme = THEME[this.root.dataset.theme ?? "light"];
    this.data = panels;
    const most = Math.max(Math.floor((wide + GAP) / (NARROWEST + GAP)), 1);
    const columns = Math.min(this.model.get("columns") || most, most, Math.max(panels.length, 1));
    this.width = Math.floor((wide - GAP * (columns - 1)) / columns);
    this.columns = columns;
    this.grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    while (this.grid.children.length > panels.length) this.grid.lastChild.remove();
    while (this.grid.children.length < panels.length) this.grid.append(this.newPanel());
    panels.forEach((panel, index) => this.drawPanel(panel, this.grid.children[index], index));
    const bands = panels.some(({ lines }) => lines.some(({ band }) => band));
    const label = this.model.get("band_label");
    this.note.textContent = bands && label ? `Shaded: ${label}.` : "";
    this.showMonth();
    this.drawn += 1;
    Object.assign(this.root.dataset, {
      drawn: this.drawn, panels: panels.length, milliseconds: (performance.now() - began).toFixed(1),
    });
  }

  newPanel() {
    const slider = element("div", { class: "abm-slider", role: "slider", tabindex: "0", "aria-orientation": "horizontal" });
    const panel = element("figure", { class: "abm-panel" }, svgElement("svg", { "aria-hidden": "true" }), slider);
    const index = () => [...this.grid.children].indexOf(panel);
    slider.addEventListener("keydown", (event) => this.step(event));
    slider.addEventListener("pointerdown", (event) => {
      slider.setPointerCapture(event.pointerId);
      this.isDragging = true;
      this.jump(this.monthAt(event, panel));
    });
    slider.addEventListener("pointermove", (event) => {
      const month = this.monthAt(event, panel);
      if (this.isDragging) this.jump(month);
      this.hover(index(), month, event);
    });
    const end = () => {
      this.isDragging = false;
    };
    slider.addEventListener("pointerup", end);
    slider.addEventListener("pointercancel", end);
    slider.addEventListener("pointerleave", () => this.hover(null));
    return panel;
  }

  frameOf(panel) {
    const height = this.model.get("height");
    const isLabelled = panel.lines.length > 1;
    // Panels over one another share their margins, so that a month stands in one line through all.
    const sharing = (this.columns > 1 ? [panel] : this.data).filter(({ lines }) => lines.length > 1);
    const widths = sharing.flatMap(({ lines }) => lines.map(({ label, role }) => widthOf(label, role !== "counterfactual")));
    const wanted = Math.max(0, ...widths) + 9;
    const right = sharing.length ? Math.min(Math.max(wanted, LABEL_ROOM.least), LABEL_ROOM.most, this.width * LABEL_ROOM.part) : EDGE.right;
    const top = EDGE.top + ((this.model.get("marks") ?? []).length ? MARK_ROOM : 0);
    const plot = { left: EDGE.left, right: this.width - right, top, bottom: height - EDGE.bottom, isLabelled };
    const months = this.model.get("months");
    return { ...plot, height, months, width: this.width, x: (month) => plot.left + ((plot.right - plot.left) * month) / Math.max(months, 1) };
  }

  // The axis only grows while the same measures are shown, so that it stands still in play.
  domainOf(panel, index) {
    let [low, high] = [Infinity, -Infinity];
    for (const { values, lows, highs } of panel.lines) {
      for (const list of [values, lows, highs]) {
        if (!list) continue;
        for (const value of list) {
          if (!Number.isFinite(value)) continue;
          if (value < low) low = value;
          if (value > high) high = value;
        }
      }
    }
    if (panel.difference && Number.isFinite(low)) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
    // What differs one way only, but for a hair, needs no room on the other side.
    const hair = 0.01 * (high - low);
    const bounds = panel.difference ? { low: low >= -hair ? 0 : null, high: high <= hair ? 0 : null } : panel;
    const found = axisEnds(low, high, bounds);
    const key = `${index}:${panel.name}`;
    const known = this.domains.get(key);
    const ends = known ? [Math.min(known[0], found[0]), Math.max(known[1], found[1])] : found;
    if (Number.isFinite(low)) this.domains.set(key, ends);
    return ends;
  }

  drawPanel(panel, figure, index) {
    const { theme } = this;
    const frame = this.frameOf(panel);
    const [low, high] = this.domainOf(panel, index);
    frame.y = (value) => frame.bottom - ((frame.bottom - frame.top) * (value - low)) / (high - low);
    panel.frame = frame;
    panel.write = writer(panel.unit, panel.difference, high - low);
    const text = (x, y, words, colour, more = {}) =>
      svgElement("text", { x: x.toFixed(1), y: y.toFixed(1), fill: colour, "font-size": 11.5, ...more }, words);
    const rule = (x1, y1, x2, y2, colour, more = {}) =>
      svgElement("line", { x1: x1.toFixed(1), y1: y1.toFixed(1), x2: x2.toFixed(1), y2: y2.toFixed(1), stroke: colour, ...more });
    const marks = [];
    const unit = unitInWords(panel.unit, panel.difference);
    const room = this.width - (index < this.columns ? CORNER : 0);
    const title = text(0, 14, shortened(panel.label, true, room / TITLE_GROWTH), theme.ink, { "font-size": 13.5, "font-weight": 600 });
    title.append(svgElement("title", {}, panel.label));
    const wide = TITLE_GROWTH * (widthOf(panel.label, true) + widthOf(unit, false));
    if (unit.toLowerCase() !== panel.label.toLowerCase() && wide < room) {
      title.append(svgElement("tspan", { dx: 7, fill: theme.quiet, "font-size": 11.5, "font-weight": 400 }, unit));
    }
    marks.push(title);
    for (const tick of roundTicks(low, high, 4)) {
      const y = frame.y(tick);
      const isZero = panel.difference && Math.abs(tick) < 1e-9;
      marks.push(rule(frame.left, y, frame.right, y, isZero ? theme.shore : theme.line, { "stroke-width": isZero ? 1.4 : 1 }));
      marks.push(text(frame.left - 7, y + 4, panel.write(tick), theme.quiet, { "text-anchor": "end" }));
    }
    marks.push(...yearAxis(frame, theme, text, rule));
    marks.push(...leverMarks(this.model.get("marks") ?? [], (month) => this.words(month), frame, theme, text, rule, index === 0));
    const xs = Float64Array.from({ length: frame.months + 1 }, (_, month) => frame.x(month));
    const onScreen = (list) => Array.from(list, (value) => frame.y(value));
    for (const line of panel.lines) {
      if (!line.lows) continue;
      const path = bandPath(xs, onScreen(line.lows), onScreen(line.highs), panel.step);
      marks.push(svgElement("path", { d: path, fill: lookOf(line, theme).colour, "fill-opacity": theme.band }));
    }
    // The run in focus lies on top.
    for (const line of panel.lines.slice().sort((a, b) => (a.role === "focus") - (b.role === "focus"))) {
      const look = lookOf(line, theme);
      marks.push(
        svgElement("path", {
          d: pathOf(xs, onScreen(line.values), panel.step), fill: "none", stroke: look.colour,
          "stroke-width": look.width, "stroke-dasharray": look.dash || null, "stroke-linejoin": "round",
        }),
      );
    }
    marks.push(...lineLabels(panel, frame, theme, text));
    const over = svgElement("g", { class: "abm-cursor" });
    const svg = figure.querySelector("svg");
    svg.replaceChildren(...marks, over);
    for (const [name, value] of Object.entries({ width: this.width, height: frame.height, viewBox: `0 0 ${this.width} ${frame.height}`, "font-family": FONT })) {
      svg.setAttribute(name, value);
    }
    const slider = figure.querySelector(".abm-slider");
    Object.assign(slider.style, {
      left: `${frame.left - 6}px`, width: `${frame.right - frame.left + 12}px`,
      top: `${frame.top - 6}px`, height: `${frame.bottom - frame.top + 12}px`,
    });
    slider.setAttribute("aria-label", `${panel.label}, month`);
    slider.setAttribute("aria-valuemin", 0);
    slider.setAttribute("aria-valuemax", frame.months);
  }

  // ---- The month

  showMonth() {
    const month = this.model.get("month");
    if (!this.data) return;
    this.data.forEach((panel, index) => {
      const figure = this.grid.children[index];
      if (!figure || !panel.frame) return;
      this.drawCursor(panel, figure.querySelector(".abm-cursor"), month);
      const slider = figure.querySelector(".abm-slider");
      slider.setAttribute("aria-valuenow", Math.max(month, 0));
      slider.setAttribute("aria-valuetext", this.monthText(panel, Math.max(month, 0)));
    });
    this.root.dataset.month = month;
  }

  words(month) {
    return monthInWords(month, this.model.get("start"));
  }

  monthText(panel, month) {
    const values = panel.lines.map(({ label, values }) => `${label} ${panel.write(values[month])}`);
    return `${this.words(month)}: ${values.join(", ")}`;
  }

  drawCursor(panel, group, month) {
    group.replaceChildren();
    const { frame } = panel;
    const { theme } = this;
    const line = (at, colour, width) => {
      const x = frame.x(at).toFixed(1);
      group.append(svgElement("line", { x1: x, x2: x, y1: frame.top - 2, y2: frame.bottom, stroke: colour, "stroke-width": width }));
      for (const each of panel.lines) {
        const value = each.values[at];
        if (!Number.isFinite(value)) continue;
        group.append(svgElement("circle", { cx: x, cy: frame.y(value).toFixed(1), r: 3.6, fill: lookOf(each, theme).colour, stroke: theme.ground, "stroke-width": 1.5 }));
      }
    };
    if (this.hovered !== undefined && this.hovered !== null && this.hovered !== month) line(this.hovered, theme.shore, 1);
    if (month >= 0 && month <= frame.months) line(month, theme.ink, 1.3);
  }

  monthAt(event, panel) {
    const { frame } = this.data[[...this.grid.children].indexOf(panel)];
    const x = event.clientX - panel.getBoundingClientRect().left;
    const share = (x - frame.left) / Math.max(frame.right - frame.left, 1);
    return Math.round(Math.min(Math.max(share, 0), 1) * frame.months);
  }

  jump(month) {
    if (month === this.model.get("month")) return;
    if (this.model.get("has_clock")) {
      document.dispatchEvent(new CustomEvent("abm-go", { detail: { month } }));
      return;
    }
    this.model.set("month", month);
    this.model.save_changes();
    this.showMonth();
  }

  step(event) {
    const months = this.model.get("months");
    const now = Math.max(this.model.get("month"), 0);
    const goal = {
      ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1,
      PageDown: now - 12, PageUp: now + 12, Home: 0, End: months,
    }[event.key];
    if (goal === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.jump(Math.min(Math.max(goal, 0), months));
  }

  hover(index, month, event) {
    this.hovered = index === null ? null : month;
    this.card.hidden = index === null;
    this.showMonth();
    if (index === null) return;
    const panel = this.data[index];
    const list = element("dl");
    for (const line of panel.lines) {
      const look = lookOf(line, this.theme);
      const sign = svgElement("svg", { width: 20, height: 8, "aria-hidden": "true" },
        svgElement("line", { x1: 0, x2: 20, y1: 4, y2: 4, stroke: look.colour, "stroke-width": 2.4, "stroke-dasharray": look.dash || null }));
      const band = line.lows && Number.isFinite(line.lows[month]) ? ` [${panel.write(line.lows[month])}, ${panel.write(line.highs[month])}]` : "";
      list.append(element("dt", {}, sign, ` ${line.label}`), element("dd", {}, `${panel.write(line.values[month])}${band}`));
    }
    const marks = (this.model.get("marks") ?? []).filter((mark) => mark.month === month);
    this.card.replaceChildren(
      element("strong", {}, panel.label), element("span", { class: "abm-kind" }, this.words(month)), list,
      ...marks.map(({ label }) => element("span", { class: "abm-kind" }, label)),
    );
    const box = this.root.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const left = x + 16 + this.card.offsetWidth > box.width ? Math.max(x - this.card.offsetWidth - 16, 2) : x + 16;
    this.card.style.transform = `translate(${Math.round(left)}px, ${Math.round(Math.max(y - this.card.offsetHeight - 12, -EDGE.top))}px)`;
  }

  // ---- Saving

  titleNow() {
    return this.model.get("title") || (this.data ?? []).map(({ label }) => label).join(", ") || "Chart";
  }

  picture() {
    const height = this.model.get("height");
    const rows = Math.ceil(this.data.length / this.columns);
    const pad = 16;
    const head = this.model.get("title") ? 26 : 0;
    const foot = this.note.textContent ? 22 : 0;
    const width = this.columns * this.width + (this.columns - 1) * GAP + 2 * pad;
    const all = rows * (height + GAP) + 2 * pad + head + foot;
    const serial = new XMLSerializer();
    const panels = [...this.grid.children].map((figure, index) => {
      const copy = figure.querySelector("svg").cloneNode(true);
      copy.removeAttribute("aria-hidden");
      copy.setAttribute("x", pad + (index % this.columns) * (this.width + GAP));
      copy.setAttribute("y", pad + head + Math.floor(index / this.columns) * (height + GAP));
      return serial.serializeToString(copy);
    });
    const title = escapeXml(this.titleNow());
    const svg = [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${all}" viewBox="0 0 ${width} ${all}" font-family="${escapeXml(FONT)}" role="img">`,
      `<title>${title}</title><rect width="100%" height="100%" fill="${this.theme.ground}"/>`,
      head ? `<text x="${pad}" y="${pad + 12}" font-size="15" font-weight="600" fill="${this.theme.ink}">${title}</text>` : "",
      ...panels,
      foot ? `<text x="${pad}" y="${all - pad}" font-size="12" fill="${this.theme.quiet}">${escapeXml(this.note.textContent)}</text>` : "",
      "</svg>",
    ].join("\n");
    return { svg, width, height: all };
  }

  release() {
    for (const end of this.ended) end();
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }
}

export default {
  render({ model, el }) {
    const picture = new SeriesPicture(model, el);
    return () => picture.release();
  },
};
