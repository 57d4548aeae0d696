// Ties and organisations on a plain canvas, for browsers without WebGL2.

import { drawOrganisations, drawTies } from "./marks.js";

export class CanvasPainter {
  constructor(canvas) {
    this.context = canvas.getContext("2d");
    this.name = "canvas";
    this.shown = [];
  }

  setPlace() {
    this.shown = null;
  }

  setTies(place, rows) {
    this.shown = rows;
  }

  setValues() {}

  draw(scene) {
    const { context } = this;
    context.setTransform(scene.ratio, 0, 0, scene.ratio, 0, 0);
    context.clearRect(0, 0, scene.camera.width, scene.camera.height);
    if (scene.tieFade > 0) drawTies(context, scene, this.shown);
    if (scene.detail > 0) drawOrganisations(context, scene);
  }

  finish() {
    this.context.getImageData(0, 0, 1, 1);
  }

  release() {}
}
