// How the camera moves: at once by hand, in an eased way by buttons, and together with the other pictures of a group.

import { prefersStillness } from "./frame.js";

const EASE_MILLISECONDS = 260;
const IDLE_MILLISECONDS = 140;

export class Journey {
  // `group()` names the pictures that move together, `redraw()` draws where the camera is now.
  constructor(camera, group, redraw) {
    Object.assign(this, { camera, group, redraw, isMoving: false });
    this.join = ({ detail }) => {
      if (!this.group() || detail.group !== this.group() || detail.from === this) return;
      this.camera.go(detail.isFitted ? this.camera.fitted : detail);
      this.moved(false);
    };
    document.addEventListener("abm-view", this.join);
  }

  moved(isOwn = true) {
    this.isMoving = true;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.isMoving = false;
      this.redraw();
    }, IDLE_MILLISECONDS);
    this.redraw();
    const group = this.group();
    if (!isOwn || !group) return;
    const { x, y, zoom, isFitted } = this.camera;
    document.dispatchEvent(new CustomEvent("abm-view", { detail: { group, from: this, x, y, zoom, isFitted } }));
  }

  halt() {
    cancelAnimationFrame(this.easing);
  }

  easeTo(goal) {
    this.halt();
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

  goToPlace({ placeCentre, placeRadius }, number) {
    this.easeTo(this.camera.around(placeCentre[2 * number], placeCentre[2 * number + 1], placeRadius[number] * 1.15));
  }

  release() {
    this.halt();
    clearTimeout(this.settling);
    document.removeEventListener("abm-view", this.join);
  }
}
