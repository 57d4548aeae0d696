// A measure over two levers: a grid of buttons a panel, coloured by value, with a line where a threshold is crossed.

import { bytesOf, element, followTheme, saveMenu } from "./frame.js";
import { colourAt, colourScale, FONT, gradient, gradientParts, inkOn, THEME, toByte } from "./palette.js";
import { axisEnds, unitInWords, writer } from "./scales.js";
import { escapeXml } from "./svg_context.js";

const NARROWEST = 250;
const GAP = 18;
const ROOM_FOR_NUMBER = { wide: 30, high: 19 };
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function brief(value) {
  return Number(value.toPrecision(4)).toString().replace("-", "−");
}

class SurfacePicture {
  constructor(model, el) {
    this.model = model;
    this.ended = [];
    this.drawn = 0;
    this.cursor = { panel: 0, x: 0, y: 0 };
    this.panels = element("div", { class: "abm-surfaces" });
    this.scale = element("div", { class: "abm-legend" });
    this.save = element("div", { class: "abm-corner" }, saveMenu(() => this.picture(), () => this.titleNow()));
    this.root = element("div", { class: "abm-view abm-surface", "data-drawn": "0" }, this.panels, this.scale, this.save);
    el.append(this.root);
    const on = (names, action) => {
      for (const name of names) model.on(`change:${name}`, action);
      this.ended.push(() => names.forEach((name) => model.off(`change:${name}`, action)));
    };
    on(["x", "y", "panels", "measure", "values", "threshold", "title"], () => this.redraw());
    on(["picked"], () => this.showPicked());
    this.ended.push(followTheme(model, this.root, () => this.redraw()));
    const resizing = new ResizeObserver(() => {
      if (this.root.clientWidth !== this.wide) this.redraw();
    });
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

  read() {
    const [x, y, labels] = ["x", "y", "panels"].map((name) => this.model.get(name));
    const buffer = bytesOf(this.model.get("values"));
    if (!buffer || !x?.values || !y?.values) return null;
    if (buffer.byteLength !== 4 * x.values.length * y.values.length * labels.length) return null;
    const measure = this.model.get("measure");
    const values = new Float32Array(buffer);
    const known = values.filter(Number.isFinite);
    const [low, high] = known.length ? [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))] : [NaN, NaN];
    const ends = axisEnds(low, high, measure);
    return { x, y, labels, measure, values, ends, write: writer(measure.unit, false, ends[1] - ends[0]), missing: values.length - known.length };
  }

  valueAt({ x, y, values }, panel, column, row) {
    return values[(panel * y.values.length + row) * x.values.length + column];
  }

  byteOf({ ends: [low, high] }, value) {
    return toByte((value - low) / (high - low));
  }

  draw() {
    const data = this.read();
    this.wide = this.root.clientWidth;
    if (!data || !this.wide) return;
    this.theme = THEME[this.root.dataset.theme ?? "light"];
    this.table = colourScale(false, this.theme, [0, 1]);
    const inner = this.wide - 28;
    const most = Math.max(Math.floor((inner + GAP) / (NARROWEST + GAP)), 1);
    const columns = Math.min(most, data.labels.length);
    const width = (inner - GAP * (columns - 1)) / columns;
    data.columns = columns;
    data.cellWide = Math.max((width - 64) / data.x.values.length, 6);
    data.cellHigh = Math.min(Math.max(data.cellWide * 0.8, 16), 40);
    data.width = width;
    const hadFocus = this.panels.contains(document.activeElement);
    this.data = data;
    this.panels.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.panels.replaceChildren(...data.labels.map((_, panel) => this.panel(panel)));
    this.scale.replaceChildren(this.legend());
    this.showPicked();
    if (hadFocus) this.cellAt(this.cursor)?.focus();
    this.drawn += 1;
    Object.assign(this.root.dataset, { drawn: this.drawn, cells: data.values.length, missing: data.missing });
  }

  panel(number) {
    const { data } = this;
    const { x, y } = data;
    const grid = element("div", { class: "abm-grid", role: "grid", "aria-label": `${data.measure.label}, ${data.labels[number]}` });
    grid.style.gridTemplateColumns = `44px repeat(${x.values.length}, minmax(0, 1fr))`;
    const tick = (text, look) => element("span", { class: `abm-tick ${look}`, "aria-hidden": "true" }, text);
    const everyX = Math.ceil(34 / data.cellWide);
    for (let row = y.values.length - 1; row >= 0; row -= 1) {
      const line = element("div", { class: "abm-row", role: "row" }, tick(brief(y.values[row]), "abm-left"));
      for (let column = 0; column < x.values.length; column += 1) line.append(this.cell(number, column, row));
      grid.append(line);
    }
    const bottom = element("div", { class: "abm-row", "aria-hidden": "true" }, tick("", ""));
    x.values.forEach((value, column) => bottom.append(tick(column % everyX ? "" : brief(value), "abm-under")));
    return element(
      "figure",
      { class: "abm-heat" },
      element("figcaption", {}, data.labels[number]),
      element("div", { class: "abm-axis" }, `↑ ${y.label}`),
      grid,
      bottom.childElementCount ? this.wrapped(bottom, grid.style.gridTemplateColumns) : "",
      element("div", { class: "abm-axis abm-right" }, `${x.label} →`),
    );
  }

  wrapped(bottom, columns) {
    const holder = element("div", { class: "abm-grid" }, bottom);
    holder.style.gridTemplateColumns = columns;
    return holder;
  }

  cell(panel, column, row) {
    const { data, table } = this;
    const value = this.valueAt(data, panel, column, row);
    const byte = this.byteOf(data, value);
    const isKnown = Number.isFinite(value);
    const hasRoom = data.cellWide >= ROOM_FOR_NUMBER.wide && data.cellHigh >= ROOM_FOR_NUMBER.high;
    const said = isKnown ? data.write(value) : "not computed yet";
    const label = `${data.x.label} ${brief(data.x.values[column])}, ${data.y.label} ${brief(data.y.values[row])}, ${data.labels[panel]}: ${data.measure.label} ${said}`;
    const made = element(
      "button",
      {
        type: "button", class: `abm-cell${isKnown ? "" : " abm-unknown"}${this.edges(panel, column, row)}`, role: "gridcell",
        tabindex: "-1", "aria-label": label, title: label, "data-cell": `${panel} ${column} ${row}`,
        onclick: () => this.pick({ panel, x: column, y: row }),
        onkeydown: (event) => this.step(event, { panel, x: column, y: row }),
        onfocus: () => this.moveTo({ panel, x: column, y: row }),
      },
      hasRoom && isKnown ? said : "",
    );
    made.style.height = `${data.cellHigh}px`;
    if (isKnown) {
      made.style.background = colourAt(table, byte);
      made.style.color = inkOn(table, byte);
    }
    return made;
  }

  // Where this cell reaches the threshold and the neighbour does not, or the other way round.
  edges(panel, column, row) {
    const { data } = this;
    const threshold = this.model.get("threshold");
    if (threshold === null || threshold === undefined) return "";
    const isAbove = this.valueAt(data, panel, column, row) >= threshold;
    const differs = (dx, dy) => {
      const [x, y] = [column + dx, row + dy];
      if (x < 0 || y < 0 || x >= data.x.values.length || y >= data.y.values.length) return false;
      const other = this.valueAt(data, panel, x, y);
      return Number.isFinite(other) && other >= threshold !== isAbove;
    };
    return `${differs(1, 0) ? " abm-edge-right" : ""}${differs(0, 1) ? " abm-edge-top" : ""}`;
  }

  legend() {
    const { data } = this;
    const bar = element("span", { class: "abm-bar" });
    bar.style.background = gradient(false);
    const [low, high] = data.ends.map((value) => data.write(value));
    const parts = [element("span", {}, `${data.measure.label}, ${unitInWords(data.measure.unit)}: ${low}`), bar, element("span", {}, high)];
    const threshold = this.model.get("threshold");
    if (threshold !== null && threshold !== undefined) parts.push(element("span", { class: "abm-kind" }, `thick line at ${data.write(threshold)}`));
    if (data.missing) parts.push(element("span", { class: "abm-kind", role: "status" }, `${data.missing} of ${data.values.length} still to come`));
    return element("span", { class: "abm-scale" }, ...parts);
  }

  cellAt({ panel, x, y }) {
    return this.panels.querySelector(`[data-cell="${panel} ${x} ${y}"]`);
  }

  moveTo(place) {
    this.cellAt(this.cursor)?.setAttribute("tabindex", "-1");
    this.cursor = place;
    this.cellAt(place)?.setAttribute("tabindex", "0");
  }

  step(event, { panel, x, y }) {
    const { data } = this;
    const move = MOVES[event.key];
    let goal = null;
    if (move) goal = { panel, x: x + move[0], y: y + move[1] };
    else if (event.key === "Home") goal = { panel, x: 0, y };
    else if (event.key === "End") goal = { panel, x: data.x.values.length - 1, y };
    else if (event.key === "PageUp") goal = { panel: panel - 1, x, y };
    else if (event.key === "PageDown") goal = { panel: panel + 1, x, y };
    if (!goal) return;
    event.preventDefault();
    this.cellAt(goal)?.focus();
  }

  pick(place) {
    this.model.set("picked", place);
    this.model.save_changes();
    this.showPicked();
  }

  showPicked() {
    if (!this.data) return;
    const picked = this.model.get("picked");
    for (const cell of this.panels.querySelectorAll("[aria-selected='true']")) cell.removeAttribute("aria-selected");
    const cell = picked?.panel === undefined ? null : this.cellAt(picked);
    if (cell) cell.setAttribute("aria-selected", "true");
    this.moveTo(cell ? picked : this.cellAt(this.cursor) ? this.cursor : { panel: 0, x: 0, y: 0 });
  }

  // ---- Saving

  titleNow() {
    return this.model.get("title") || `${this.data?.measure.label ?? "Measure"} by levers`;
  }

  picture() {
    const { data, table, theme } = this;
    const [nx, ny] = [data.x.values.length, data.y.values.length];
    const [pad, left, head, foot] = [16, 44, 46, 40];
    const [wide, high] = [Math.max(data.cellWide, 14), Math.max(data.cellHigh, 14)];
    const across = left + nx * wide + 20;
    const down = head + ny * high + foot;
    const rows = Math.ceil(data.labels.length / data.columns);
    const [width, height] = [data.columns * across + 2 * pad, rows * down + 2 * pad + 60];
    const text = (x, y, words, more = "") => `<text x="${x}" y="${y}" font-size="11.5" fill="${theme.ink}" ${more}>${escapeXml(words)}</text>`;
    const parts = [text(pad, pad + 12, this.titleNow(), 'font-size="15" font-weight="600"').replace('font-size="11.5" ', "")];
    data.labels.forEach((label, panel) => {
      const x0 = pad + (panel % data.columns) * across;
      const y0 = pad + 20 + Math.floor(panel / data.columns) * down;
      parts.push(text(x0 + left, y0 + 16, label, 'font-weight="600"'), text(x0, y0 + 36, `↑ ${data.y.label}`));
      for (let row = 0; row < ny; row += 1) {
        const y = y0 + head + (ny - 1 - row) * high;
        parts.push(text(x0 + left - 6, y + high / 2 + 4, brief(data.y.values[row]), 'text-anchor="end"'));
        for (let column = 0; column < nx; column += 1) {
          const value = this.valueAt(data, panel, column, row);
          const byte = this.byteOf(data, value);
          const x = x0 + left + column * wide;
          parts.push(`<rect x="${x}" y="${y}" width="${wide}" height="${high}" fill="${colourAt(table, byte)}" stroke="${theme.ground}" stroke-width="0.5"/>`);
          if (wide >= ROOM_FOR_NUMBER.wide && Number.isFinite(value)) {
            parts.push(text(x + wide / 2, y + high / 2 + 4, data.write(value), 'text-anchor="middle"').replace(theme.ink, inkOn(table, byte)));
          }
          const edges = this.edges(panel, column, row);
          const line = (d) => parts.push(`<path d="${d}" stroke="${theme.ink}" stroke-width="2.5"/>`);
          if (edges.includes("right")) line(`M${x + wide} ${y}v${high}`);
          if (edges.includes("top")) line(`M${x} ${y}h${wide}`);
        }
      }
      const every = Math.ceil(34 / wide);
      data.x.values.forEach((value, column) => {
        if (column % every === 0) parts.push(text(x0 + left + (column + 0.5) * wide, y0 + head + ny * high + 15, brief(value), 'text-anchor="middle"'));
      });
      parts.push(text(x0 + left + nx * wide, y0 + head + ny * high + 32, `${data.x.label} →`, 'text-anchor="end"'));
    });
    const base = height - pad - 4;
    const [low, most] = data.ends.map((value) => data.write(value));
    gradientParts(false, 64).forEach((colour, i) => parts.push(`<rect x="${pad + left + 3 * i}" y="${base - 10}" width="3.2" height="10" fill="${colour}"/>`));
    parts.push(text(pad + left - 6, base, low, 'text-anchor="end"'), text(pad + left + 200, base, `${most}  ${data.measure.label}`));
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escapeXml(FONT)}" role="img"><title>${escapeXml(this.titleNow())}</title><rect width="100%" height="100%" fill="${theme.ground}"/>${parts.join("")}</svg>`;
    return { svg, width, height };
  }

  release() {
    for (const end of this.ended) end();
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }
}

export default {
  render({ model, el }) {
    const picture = new SurfacePicture(model, el);
    return () => picture.release();
  },
};
