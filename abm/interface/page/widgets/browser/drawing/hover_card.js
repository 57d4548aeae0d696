// The card that says what is under the pointer or the keyboard's cursor, put where it hides least.

import { element } from "./frame.js";
import { cardOf } from "./words.js";

const GAP_TO_POINTER = 18;
const EDGE_OF_STAGE = 4;

export class HoverCard {
  constructor() {
    this.root = element("div", { class: "abm-card", hidden: "" });
  }

  hide() {
    this.root.hidden = true;
  }

  show(scene, target, at) {
    this.root.hidden = false;
    this.root.replaceChildren(...cardOf(scene, target));
    if (at) this.put(scene, at);
  }

  put(scene, [x, y]) {
    const { camera } = scene;
    const [wide, high] = [this.root.offsetWidth, this.root.offsetHeight];
    const bounded = (value, most) => Math.min(Math.max(value, EDGE_OF_STAGE), Math.max(most - EDGE_OF_STAGE, EDGE_OF_STAGE));
    const across = bounded(x - wide / 2, camera.width - wide);
    const down = bounded(y - high / 2, camera.height - high);
    const spots = [
      [x + GAP_TO_POINTER, down],
      [x - GAP_TO_POINTER - wide, down],
      [across, y + GAP_TO_POINTER],
      [across, y - GAP_TO_POINTER - high],
    ];
    let best = [Infinity, spots[0]];
    for (const [left, top] of spots) {
      const isOut = left < 0 || top < 0 || left + wide > camera.width || top + high > camera.height;
      const cost = (isOut ? 10_000 : 0) + hiddenBy(scene, left, top, wide, high);
      if (cost < best[0]) best = [cost, [left, top]];
    }
    const [left, top] = [bounded(best[1][0], camera.width - wide), bounded(best[1][1], camera.height - high)];
    this.root.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }
}

function hiddenBy({ place, camera, inSight, strength }, left, top, wide, high) {
  let count = 0;
  for (const row of inSight) {
    const [x, y] = camera.toScreen(place.position[2 * row], place.position[2 * row + 1]);
    if (x > left && x < left + wide && y > top && y < top + high) count += strength[row] || 0.2;
  }
  return count;
}
