// A place as a map-like network: three canvases over one another, of which the middle one is drawn by the card.

import { Camera } from "./camera.js";
import { CanvasPainter } from "./canvas_painter.js";
import { focusOf } from "./focus.js";
import { element, followTheme, monthInWords } from "./frame.js";
import { Gestures, ZOOM_STEP } from "./gestures.js";
import { Journey } from "./journey.js";
import { hasClosures, legendOf } from "./legend.js";
import { networkSvg, paintGround, paintTop } from "./network_layers.js";
import { colourScale, endsOfScale, THEME } from "./palette.js";
import { isSame, pointOf } from "./picking.js";
import { isSameMonth, monthOf, readMonth, readPlace } from "./place_data.js";
import { placesInSight, sceneOf } from "./scene.js";
import { stageOf } from "./stage.js";
import { tieChoice } from "./tie_choice.js";
import { WebglPainter } from "./webgl_painter.js";
import { sentenceOf, summaryOf } from "./words.js";

class NetworkPicture {
  constructor(model, el) {
    this.model = model;
    this.camera = new Camera();
    Object.assign(this, {
      place: null, values: null, painter: null, hovered: null, cursor: null, focus: null, shownTies: [],
      shownKey: "", drawn: 0, wantsFrame: false, needs: 0, ended: [],
    });
    Object.assign(this, stageOf({
      zoomIn: () => this.journey.zoomBy(ZOOM_STEP), zoomOut: () => this.journey.zoomBy(1 / ZOOM_STEP), showAll: () => this.journey.fit(),
      picture: () => this.picture(), title: () => this.pictureTitle(),
    }));
    el.append(this.root);
    this.journey = new Journey(this.camera, () => this.model.get("group"), () => this.redraw());
    this.ended.push(() => this.journey.release());
    this.preparePainter();
    this.listen();
    this.ended.push(followTheme(model, this.root, () => this.restyle()));
    this.restyle();
    this.load();
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
    // The month after the one in view is there already, so that a step need not wait for the server.
    const follow = ({ detail }) => {
      const upcoming = this.model.get("upcoming");
      if (this.model.get("has_clock") && monthOf(upcoming) === detail.month) this.showMonth(upcoming);
    };
    document.addEventListener("abm-month", follow);
    this.ended.push(() => document.removeEventListener("abm-month", follow));
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
    this.packed = null;
    this.painter.setPlace(place);
    this.camera.isFitted = true;
    this.resize();
    this.loadMonth();
  }

  loadMonth() {
    this.showMonth(this.model.get("values"));
  }

  showMonth(packed) {
    if (isSameMonth(packed, this.packed)) return;
    const values = readMonth(packed, this.place);
    if (!values) return;
    this.packed = packed;
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

  chooseTies(detail) {
    const { key, rows } = tieChoice({
      place: this.place, focus: this.focus, wanted: this.model.get("ties"), isNear: detail > 0, isMoving: this.journey.isMoving,
      places: placesInSight(this.place, this.camera), focusKey: this.focusKey, shownKey: this.shownKey,
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
    const scene = sceneOf(this);
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
      places: scene.detail < 1 ? place.places : scene.placesInSight.length,
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
    this.journey.goToPlace(place, number);
  }

  // ---- Saving

  pictureTitle() {
    const title = this.model.get("title");
    return title || `${this.place?.names.label ?? "Network"}, ${monthInWords(this.values?.month ?? 0, this.model.get("start"))}`;
  }

  picture() {
    const scene = { ...sceneOf(this), hovered: null, cursor: null, covered: [] };
    return networkSvg(scene, this.shownTies, this.model.get("ties") !== "none", this.ends, this.pictureTitle());
  }

  release() {
    for (const end of this.ended) end();
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
