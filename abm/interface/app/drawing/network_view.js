// A place as a map-like network: three canvases over one another, of which the middle one is drawn by the card.

import { Camera } from "./camera.js";
import { CanvasPainter } from "./canvas_painter.js";
import { focusOf } from "./focus.js";
import { element, followTheme, monthInWords, prefersStillness, saveMenu } from "./frame.js";
import { Gestures, ZOOM_STEP } from "./gestures.js";
import { HoverCard } from "./hover_card.js";
import { hasClosures, legendOf } from "./legend.js";
import { networkSvg, paintGround, paintTop } from "./network_layers.js";
import { colourScale, endsOfScale, THEME } from "./palette.js";
import { isSame, pointOf } from "./picking.js";
import { readMonth, readPlace } from "./place_data.js";
import { tieChoice } from "./tie_choice.js";
import { WebglPainter } from "./webgl_painter.js";
import { sentenceOf, summaryOf } from "./words.js";

const EASE_MILLISECONDS = 260;
const IDLE_MILLISECONDS = 140;
const HINT =
  "Plus and minus zoom, 0 shows all, arrow keys move. Tab goes to the next organisation, Enter selects it, Escape goes back.";

class NetworkPicture {
  constructor(model, el) {
    this.model = model;
    this.camera = new Camera();
    this.key = Math.random().toString(36).slice(2);
    Object.assign(this, {
      place: null, values: null, painter: null, hovered: null, cursor: null, focus: null, shownTies: [],
      shownKey: "", drawn: 0, isMoving: false, wantsFrame: false, needs: 0, ended: [],
    });
    this.build(el);
    this.listen();
    this.ended.push(followTheme(model, this.root, () => this.restyle()));
    this.restyle();
    this.load();
  }

  // ---- What is on the page

  build(el) {
    this.ground = element("canvas", { "aria-hidden": "true" });
    this.marks = element("canvas", { "aria-hidden": "true" });
    this.top = element("canvas", { "aria-hidden": "true" });
    this.stage = element("div", {
      class: "abm-stage", tabindex: "0", role: "application", "aria-roledescription": "network map", "aria-description": HINT,
    });
    this.stage.append(this.ground, this.marks, this.top);
    this.card = new HoverCard();
    const button = (label, path, action) => {
      const made = element("button", { type: "button", "aria-label": label, title: label, onclick: action });
      made.innerHTML = `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="${path}" fill="none" stroke="currentColor" stroke-width="1.8"/></svg>`;
      return made;
    };
    this.buttons = element(
      "div",
      { class: "abm-buttons", role: "group", "aria-label": "View" },
      button("Zoom in", "M8 3v10M3 8h10", () => this.zoomBy(ZOOM_STEP)),
      button("Zoom out", "M3 8h10", () => this.zoomBy(1 / ZOOM_STEP)),
      button("Show all", "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10", () => this.fit()),
      saveMenu(() => this.picture(), () => this.pictureTitle()),
    );
    this.live = element("div", { class: "abm-hidden", "aria-live": "polite" });
    this.legend = element("div", { class: "abm-legend" });
    this.root = element(
      "div",
      { class: "abm-view abm-network", "data-drawn": "0" },
      element("div", { class: "abm-frame" }, this.stage, this.buttons, this.card.root),
      this.legend,
      this.live,
    );
    el.append(this.root);
    this.preparePainter();
  }

  preparePainter() {
    try {
      this.painter = new WebglPainter(this.marks);
    } catch {
      const plain = element("canvas", { "aria-hidden": "true" });
      this.marks.replaceWith(plain);
      this.marks = plain;
      this.painter = new CanvasPainter(plain);
    }
    this.root.dataset.renderer = this.painter.name;
    this.marks.addEventListener("webglcontextlost", (event) => event.preventDefault());
    this.marks.addEventListener("webglcontextrestored", () => {
      this.painter = new WebglPainter(this.marks);
      if (this.place) this.painter.setPlace(this.place);
      this.shownKey = "";
      this.redraw();
    });
  }

  listen() {
    const on = (names, action) => {
      for (const name of names) this.model.on(`change:${name}`, action);
      this.ended.push(() => names.forEach((name) => this.model.off(`change:${name}`, action)));
    };
    // Several traits may arrive one by one, so that names and structure may not fit for a moment.
    on(["names", "structure"], () => this.load());
    on(["values"], () => this.loadMonth());
    on(["selected"], () => this.showSelected());
    on(["highlighted", "highlighted_places"], () => this.refocus());
    on(["height", "has_legend", "title"], () => this.restyle());
    on(["ties"], () => this.redraw());
    on(["start"], () => this.values && this.describe());
    on(["scale"], () => {
      this.colour();
      if (this.values) this.legend.replaceChildren(...legendOf(this));
      this.redraw();
    });
    this.gestures = new Gestures(this);
    const together = ({ detail }) => {
      if (!this.model.get("group") || detail.group !== this.model.get("group") || detail.from === this.key) return;
      this.camera.go(detail.isFitted ? this.camera.fitted : detail);
      this.moved(false);
    };
    document.addEventListener("abm-view", together);
    this.ended.push(() => document.removeEventListener("abm-view", together));
    const resizing = new ResizeObserver(() => this.resize());
    resizing.observe(this.stage);
    this.ended.push(() => resizing.disconnect());
  }

  restyle() {
    this.stage.style.height = `${this.model.get("height")}px`;
    this.legend.hidden = !this.model.get("has_legend");
    this.theme = THEME[this.root.dataset.theme ?? "light"];
    this.colour();
    this.redraw();
  }

  colour() {
    if (!this.values) return;
    this.ends = endsOfScale(this.values.isDifference, this.model.get("scale"));
    this.table = colourScale(this.values.isDifference, this.theme, this.ends);
  }

  load() {
    const place = readPlace(this.model.get("structure"), this.model.get("names"));
    if (!place) return;
    this.place = place;
    this.hovered = this.cursor = null;
    this.shownKey = "";
    this.painter.setPlace(place);
    this.camera.isFitted = true;
    this.resize();
    this.loadMonth();
  }

  loadMonth() {
    const values = readMonth(this.model.get("values"), this.place);
    if (!values) return;
    this.received = performance.now();
    const before = this.values;
    this.values = values;
    this.colour();
    const looksOther =
      !before || this.legendOf !== this.place || before.isDifference !== values.isDifference ||
      !before.networks.length !== !values.networks.length ||
      hasClosures(before) !== hasClosures(values);
    if (looksOther) {
      this.legend.replaceChildren(...legendOf(this));
      this.legendOf = this.place;
    }
    this.describe();
    this.refocus();
    if (this.hovered) this.showCard();
  }

  describe() {
    clearTimeout(this.describing);
    const write = () => this.stage.setAttribute("aria-label", summaryOf({ place: this.place, values: this.values, start: this.model.get("start") }));
    if (this.stage.hasAttribute("aria-label")) this.describing = setTimeout(write, 400);
    else write();
  }

  refocus() {
    if (!this.place) return;
    const { model } = this;
    this.focusKey = JSON.stringify([this.selected, model.get("highlighted"), model.get("highlighted_places")]);
    if (this.focusKey === this.focusedBy && this.focusedIn === this.place) {
      this.redraw();
      return;
    }
    this.focusedBy = this.focusKey;
    this.focusedIn = this.place;
    this.focus = focusOf(this.place, this.selected, model.get("highlighted") ?? [], model.get("highlighted_places") ?? []);
    this.redraw();
  }

  resize() {
    const { width, height } = this.stage.getBoundingClientRect();
    if (!width || !height) return;
    this.ratio = Math.min(window.devicePixelRatio || 1, 2);
    for (const canvas of [this.ground, this.marks, this.top]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    this.camera.resize(width, height, this.place);
    this.redraw();
  }

  // ---- Drawing

  // Draw all again in the next frame, or only what lies over the marks.
  redraw(isTopOnly = false) {
    this.needs = Math.max(this.needs, isTopOnly ? 1 : 2);
    if (this.wantsFrame) return;
    this.wantsFrame = true;
    requestAnimationFrame(() => {
      this.wantsFrame = false;
      this.draw();
    });
  }

  sceneNow() {
    const { place, values, camera, theme, table, focus, model } = this;
    const detail = camera.detail(place);
    const targets = [this.selected, this.hovered, this.cursor].filter(Boolean);
    const rowsOf = (kind) => targets.filter((target) => target.kind === kind).map(({ row }) => row);
    const highlighted = (model.get("highlighted") ?? []).filter((row) => row < place.organisations);
    const highlightedPlaces = (model.get("highlighted_places") ?? []).filter((row) => row < place.places);
    const pointed = new Set([...rowsOf("organisation"), ...highlighted.slice(0, 12)]);
    for (const tie of rowsOf("tie")) pointed.add(place.ends[2 * tie]).add(place.ends[2 * tie + 1]);
    return {
      place, values, camera, theme, table, detail, ratio: this.ratio, isMoving: this.isMoving, ...focus,
      ...this.inSight(detail),
      tieFade: this.model.get("ties") === "all" ? Math.max(detail, 0.15) : detail,
      hovered: this.hovered, cursor: this.cursor, selected: this.selected,
      highlighted, highlightedPlaces, pointed,
      pointedPlaces: new Set([...rowsOf("place"), ...highlightedPlaces.slice(0, 12)]),
      // The buttons' corner: no name goes there.
      covered: [{ left: camera.width - 48, right: camera.width, top: 0, bottom: 156 }],
    };
  }

  placesInSight() {
    const { place, camera } = this;
    const found = [];
    for (let number = 0; number < place.places; number += 1) {
      if (camera.sees(place.placeCentre[2 * number], place.placeCentre[2 * number + 1], place.placeRadius[number])) {
        found.push(number);
      }
    }
    return found;
  }

  inSight(detail) {
    const { place, camera } = this;
    const placesInSight = detail > 0 ? this.placesInSight() : [];
    const inSight = placesInSight.flatMap((number) =>
      place.membersOf[number].filter((row) =>
        camera.sees(place.position[2 * row], place.position[2 * row + 1], place.radius[row] + 6 / camera.zoom),
      ),
    );
    return { placesInSight, inSight };
  }

  chooseTies(detail) {
    const { key, rows } = tieChoice({
      place: this.place, focus: this.focus, wanted: this.model.get("ties"), isNear: detail > 0, isMoving: this.isMoving,
      places: this.placesInSight(), focusKey: this.focusKey, shownKey: this.shownKey,
    });
    this.setTies(key, rows);
  }

  setTies(key, rows) {
    if (key === this.shownKey && this.painter.shown) return;
    this.shownKey = key;
    this.shownTies = rows();
    this.painter.setTies(this.place, this.shownTies);
  }

  draw() {
    const { place, values, camera, painter } = this;
    if (!place || !values || !this.focus || !this.ratio) return;
    if (values.trust.length !== place.organisations || values.tieTrust.length !== place.ties) return;
    const isWhole = this.needs > 1;
    this.needs = 0;
    this.chooseTies(camera.detail(place));
    const scene = this.sceneNow();
    if (isWhole) {
      painter.setValues(scene);
      paintGround(this.contextOf(this.ground), scene, this.model.get("ties") !== "none");
      painter.draw(scene);
    }
    paintTop(this.contextOf(this.top), scene);
    if (this.root.hasAttribute("data-measure")) this.finish();
    this.scene = scene;
    this.drawn += 1;
    Object.assign(this.root.dataset, {
      drawn: this.drawn, month: values.month, detail: scene.detail.toFixed(2), zoom: camera.zoom.toFixed(4),
      organisations: scene.detail > 0 ? scene.inSight.length : 0, ties: scene.tieFade > 0 ? this.shownTies.length : 0,
      places: scene.detail < 1 ? place.places : this.placesInSight().length,
      pairs: place.pairs.length, milliseconds: (performance.now() - (this.received ?? 0)).toFixed(1),
    });
  }

  // Wait until all pixels are there, for measurements.
  finish() {
    this.painter.finish();
    for (const canvas of [this.ground, this.top]) canvas.getContext("2d").getImageData(0, 0, 1, 1);
  }

  contextOf(canvas) {
    const context = canvas.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.camera.width, this.camera.height);
    return context;
  }

  // ---- Moving about

  moved(isOwn = true) {
    this.isMoving = true;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.isMoving = false;
      this.redraw();
    }, IDLE_MILLISECONDS);
    this.redraw();
    const group = this.model.get("group");
    if (!isOwn || !group) return;
    const { x, y, zoom, isFitted } = this.camera;
    document.dispatchEvent(new CustomEvent("abm-view", { detail: { group, from: this.key, x, y, zoom, isFitted } }));
  }

  easeTo(goal) {
    cancelAnimationFrame(this.easing);
    const { camera } = this;
    if (prefersStillness()) {
      camera.go(goal);
      this.moved();
      return;
    }
    const start = { x: camera.x, y: camera.y, zoom: camera.zoom };
    const began = performance.now();
    const step = (now) => {
      const part = Math.min((now - began) / EASE_MILLISECONDS, 1);
      const eased = part < 1 ? 1 - (1 - part) ** 3 : 1;
      const zoom = start.zoom * (goal.zoom / start.zoom) ** eased;
      // The middle goes with the zoom, so that what is come nearer to does not swerve.
      const way = goal.zoom === start.zoom ? eased : (1 / zoom - 1 / start.zoom) / (1 / goal.zoom - 1 / start.zoom);
      camera.go(part < 1 ? { x: start.x + way * (goal.x - start.x), y: start.y + way * (goal.y - start.y), zoom } : goal);
      this.moved();
      if (part < 1) this.easing = requestAnimationFrame(step);
    };
    this.easing = requestAnimationFrame(step);
  }

  zoomBy(factor) {
    const { camera } = this;
    this.easeTo({ x: camera.x, y: camera.y, zoom: camera.bounded(camera.zoom * factor) });
  }

  fit() {
    this.easeTo(this.camera.fitted);
  }

  goToPlace(number) {
    const { place, camera } = this;
    this.easeTo(camera.around(place.placeCentre[2 * number], place.placeCentre[2 * number + 1], place.placeRadius[number] * 1.15));
  }

  // ---- Picking

  // An empty record is what a host sends for nothing.
  get selected() {
    const target = this.model.get("selected");
    return target?.kind ? target : null;
  }

  setCursor(target) {
    this.hasEscaped = false;
    this.cursor = target;
    if (target && this.scene) {
      this.live.textContent = sentenceOf(this.scene, target);
      this.hovered = target;
      this.showCard(pointOf(this.scene, target));
    } else {
      this.hover(null);
    }
    this.redraw(true);
  }

  hover(target, at) {
    if (isSame(target, this.hovered)) {
      if (target && at && this.scene) this.card.put(this.scene, at);
      return;
    }
    this.hovered = target;
    this.stage.classList.toggle("abm-pointing", Boolean(target));
    this.showCard(at);
    this.redraw(true);
  }

  showCard(at) {
    if (this.hovered && this.scene) this.card.show({ ...this.scene, values: this.values }, this.hovered, at);
    else this.card.hide();
  }

  select(target) {
    this.isOwnChange = true;
    this.model.set("selected", target);
    this.model.save_changes();
    this.isOwnChange = false;
    this.live.textContent = target && this.scene ? `Selected: ${sentenceOf(this.scene, target)}` : "Nothing selected.";
    this.refocus();
  }

  // A selection from outside may lie out of sight, or be seen only from nearer.
  showSelected() {
    this.refocus();
    const target = this.selected;
    if (this.isOwnChange || !target || !this.scene || !this.place) return;
    const [x, y] = pointOf(this.scene, target);
    const isOut = x < 0 || y < 0 || x > this.camera.width || y > this.camera.height;
    const isAfar = target.kind !== "place" && this.scene.detail < 0.5;
    if (!isOut && !isAfar) return;
    const { place } = this;
    const number = { organisation: place.home[target.row], tie: place.tiePlace[target.row], place: target.row }[target.kind];
    this.goToPlace(number);
  }

  // ---- Saving

  pictureTitle() {
    const title = this.model.get("title");
    return title || `${this.place?.names.label ?? "Network"}, ${monthInWords(this.values?.month ?? 0, this.model.get("start"))}`;
  }

  picture() {
    const scene = { ...this.sceneNow(), hovered: null, cursor: null, covered: [] };
    return networkSvg(scene, this.shownTies, this.model.get("ties") !== "none", this.ends, this.pictureTitle());
  }

  release() {
    for (const end of this.ended) end();
    cancelAnimationFrame(this.easing);
    clearTimeout(this.settling);
    clearTimeout(this.describing);
    this.painter.release();
    this.root.remove();
  }
}

export default {
  render({ model, el }) {
    const picture = new NetworkPicture(model, el);
    return () => picture.release();
  },
};
