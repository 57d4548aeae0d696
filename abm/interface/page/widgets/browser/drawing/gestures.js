// What fingers, mouse and keyboard do with the network.

import { isSame, neighbour, pick, stops } from "./picking.js";

const CLICK_PIXELS = 4;
const STEP_PIXELS = 60;
export const ZOOM_STEP = 1.35;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Gestures {
  constructor(picture) {
    this.picture = picture;
    this.pointers = new Map();
    const { stage } = picture;
    stage.addEventListener("pointerdown", (event) => this.press(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    stage.addEventListener("pointerup", (event) => this.lift(event));
    stage.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
    stage.addEventListener("pointerleave", () => picture.hover(null));
    stage.addEventListener("dblclick", (event) => this.enter(event));
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("keydown", (event) => this.pressKey(event));
    stage.addEventListener("blur", () => picture.setCursor(null));
  }

  at(event) {
    const box = this.picture.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  press(event) {
    if (event.button) return;
    this.picture.journey.halt();
    this.picture.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.at(event));
    this.pressed = { at: this.at(event), hasMoved: this.pointers.size > 1 };
  }

  move(event) {
    const now = this.at(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch" && this.picture.scene) this.picture.hover(pick(this.picture.scene, ...now, this.picture.shownTies), now);
      return;
    }
    if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
      const apart = Math.hypot(before[0] - other[0], before[1] - other[1]) || 1;
      this.picture.camera.zoomAt(Math.hypot(now[0] - other[0], now[1] - other[1]) / apart, ...middle);
      this.picture.camera.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    } else {
      const far = Math.hypot(now[0] - this.pressed.at[0], now[1] - this.pressed.at[1]);
      if (!this.pressed.hasMoved && far < CLICK_PIXELS) return;
      this.picture.camera.pan(now[0] - before[0], now[1] - before[1]);
    }
    this.pressed.hasMoved = true;
    this.picture.stage.classList.add("abm-dragging");
    this.pointers.set(event.pointerId, now);
    this.picture.hover(null);
    this.picture.journey.moved();
  }

  lift(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    this.picture.stage.classList.remove("abm-dragging");
    if (this.pressed.hasMoved || !this.picture.scene) return;
    const found = pick(this.picture.scene, ...this.at(event), this.picture.shownTies);
    this.picture.select(found && isSame(found, this.picture.selected) ? null : found);
    if (event.pointerType === "touch") this.picture.hover(found, this.at(event));
  }

  enter(event) {
    const [x, y] = this.at(event);
    const found = this.picture.scene && pick(this.picture.scene, x, y, this.picture.shownTies);
    if (found?.kind === "place" && this.picture.scene.detail < 1) {
      this.picture.select(found);
      this.picture.journey.goToPlace(this.picture.place, found.row);
      return;
    }
    this.picture.camera.zoomAt(ZOOM_STEP * ZOOM_STEP, x, y);
    this.picture.journey.moved();
  }

  wheel(event) {
    event.preventDefault();
    this.picture.journey.halt();
    const pixels = event.deltaMode === 1 ? event.deltaY * 20 : event.deltaY;
    this.picture.camera.zoomAt(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0016)), ...this.at(event));
    this.picture.hover(null);
    this.picture.journey.moved();
  }

  pressKey(event) {
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || !this.picture.scene) return;
    const isHandled = () => {
      if (key === "+" || key === "=") this.picture.journey.zoomBy(ZOOM_STEP);
      else if (key === "-" || key === "_") this.picture.journey.zoomBy(1 / ZOOM_STEP);
      else if (key === "0") this.picture.journey.fit();
      else if (key in ARROWS) this.arrow(ARROWS[key], event.shiftKey);
      else if (key === "Tab") return this.tab(event.shiftKey);
      else if (key === "Enter" || key === " ") this.activate(key === "Enter");
      else if (key === "Escape") return this.goBack();
      else return false;
      return true;
    };
    if (isHandled()) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  arrow([dx, dy], isPan) {
    const next = this.picture.cursor && !isPan ? neighbour(this.picture.scene, this.picture.cursor, [dx, dy]) : null;
    if (next) this.picture.setCursor(next);
    else {
      this.picture.camera.pan(-dx * STEP_PIXELS, -dy * STEP_PIXELS);
      this.picture.journey.moved();
    }
  }

  // Go from stop to stop; past the last one, and after Escape, the focus leaves the picture as usual.
  tab(isBack) {
    if (this.picture.hasEscaped) return false;
    const all = stops(this.picture.scene);
    const now = this.picture.cursor ? all.findIndex(({ target }) => isSame(target, this.picture.cursor)) : -1;
    const next = this.picture.cursor ? now + (isBack ? -1 : 1) : isBack ? -1 : 0;
    if (!all[next]) return false;
    this.picture.setCursor(all[next].target);
    return true;
  }

  activate(mayEnter) {
    if (!this.picture.cursor) return;
    const isAgain = isSame(this.picture.cursor, this.picture.selected);
    if (isAgain && mayEnter && this.picture.cursor.kind === "place" && this.picture.scene.detail < 1) this.picture.journey.goToPlace(this.picture.place, this.picture.cursor.row);
    else this.picture.select(isAgain ? null : this.picture.cursor);
  }

  goBack() {
    if (this.picture.cursor) this.picture.setCursor(null);
    else if (this.picture.selected) this.picture.select(null);
    else return false;
    this.picture.hasEscaped = true;
    return true;
  }
}
