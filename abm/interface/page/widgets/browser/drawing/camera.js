// Where the reader looks: the middle of the picture in the place's pixels, and how much larger than those.

const CLOSEST = 8;
const FARTHEST = 0.6;
const MARGIN = { side: 18, top: 34, bottom: 18 };
// Markers grow more slowly than distances, so that coming nearer parts them.
const GROWTH = 0.6;
export const SMALLEST_MARKER = 1.6;
// Pixels of a place's disc at which its organisations begin to show, and at which they show in full.
const DETAIL = { from: 34, to: 62 };

export class Camera {
  constructor() {
    this.x = 0;
    this.y = 0;
    this.zoom = 1;
    this.width = 1;
    this.height = 1;
    this.fitted = { x: 0, y: 0, zoom: 1 };
    this.isFitted = true;
  }

  resize(width, height, place) {
    this.width = Math.max(width, 1);
    this.height = Math.max(height, 1);
    if (place) this.measure(place);
  }

  measure({ bounds }) {
    const wide = Math.max(bounds.right - bounds.left, 1);
    const high = Math.max(bounds.bottom - bounds.top, 1);
    const zoom = Math.min(
      Math.max(this.width - 2 * MARGIN.side, 20) / wide,
      Math.max(this.height - MARGIN.top - MARGIN.bottom, 20) / high,
      1.6,
    );
    this.fitted = {
      x: (bounds.left + bounds.right) / 2,
      y: (bounds.top + bounds.bottom) / 2 - (MARGIN.top - MARGIN.bottom) / 2 / zoom,
      zoom,
    };
    if (this.isFitted) this.go(this.fitted);
  }

  go({ x, y, zoom }) {
    this.zoom = this.bounded(zoom);
    this.x = x;
    this.y = y;
    const { fitted } = this;
    this.isFitted = x === fitted.x && y === fitted.y && this.zoom === fitted.zoom;
  }

  bounded(zoom) {
    return Math.min(Math.max(zoom, this.fitted.zoom * FARTHEST), Math.max(CLOSEST, this.fitted.zoom));
  }

  toScreen(x, y) {
    return [(x - this.x) * this.zoom + this.width / 2, (y - this.y) * this.zoom + this.height / 2];
  }

  toPlace(x, y) {
    return [(x - this.width / 2) / this.zoom + this.x, (y - this.height / 2) / this.zoom + this.y];
  }

  // Zoom so that what is at (x, y) on the screen stays there.
  zoomAt(factor, x, y) {
    const [ax, ay] = this.toPlace(x, y);
    const zoom = this.bounded(this.zoom * factor);
    this.go({
      x: ax - (x - this.width / 2) / zoom,
      y: ay - (y - this.height / 2) / zoom,
      zoom,
    });
  }

  pan(dx, dy) {
    this.go({ x: this.x - dx / this.zoom, y: this.y - dy / this.zoom, zoom: this.zoom });
  }

  around(x, y, reach) {
    const zoom = Math.min(this.width, this.height) / (2.3 * reach);
    return { x, y, zoom: this.bounded(zoom) };
  }

  // Pixels on the screen for a pixel of a marker's radius.
  get growth() {
    return this.zoom <= 1 ? this.zoom : this.zoom ** GROWTH;
  }

  markerRadius(radius) {
    return Math.max(radius * this.growth, SMALLEST_MARKER);
  }

  // 0 where places show as discs, 1 where their organisations do.
  detail(place) {
    if (place.places === 1) return 1;
    let total = 0;
    for (const radius of place.placeRadius) total += radius;
    const pixels = (total / place.places) * this.zoom;
    return Math.min(Math.max((pixels - DETAIL.from) / (DETAIL.to - DETAIL.from), 0), 1);
  }

  sees(x, y, reach) {
    const [sx, sy] = this.toScreen(x, y);
    const pixels = reach * this.zoom;
    return sx > -pixels && sy > -pixels && sx < this.width + pixels && sy < this.height + pixels;
  }
}
