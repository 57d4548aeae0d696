// Which ties are drawn one by one; the others are drawn as sums between places.

import { MANY_TIES } from "./marks.js";

// Ties of a place from which on those between its parts are drawn only where they are picked.
const MANY_BETWEEN = 5_000;

// Returns a key that changes when the choice does, and a function that lists the ties.
export function tieChoice({ place, focus, wanted, isNear, isMoving, places, focusKey, shownKey }) {
  const none = { key: "none", rows: () => new Uint32Array(0) };
  if (wanted === "none" || (wanted === "auto" && !isNear)) return none;
  if (wanted === "all" || place.places === 1) {
    if (isMoving && place.ties > MANY_TIES) return none;
    return { key: "all", rows: () => Uint32Array.from({ length: place.ties }, (_, tie) => tie) };
  }
  // While the picture moves, the ties chosen before do.
  if (isMoving && shownKey && shownKey !== "none") return { key: shownKey, rows: null };
  const isSparse = place.ties > MANY_BETWEEN;
  const { tieStrength, hasFocus } = focus;
  return {
    key: `${places.join()} ${isSparse && hasFocus ? focusKey : ""}`,
    rows() {
      const isSeen = new Uint8Array(place.places);
      for (const number of places) isSeen[number] = 1;
      const found = [];
      for (let tie = 0; tie < place.ties; tie += 1) {
        const isWithin = place.pairOf[tie] < 0 && (!hasFocus || tieStrength[tie] > 0);
        if (isSparse && !isWithin && tieStrength[tie] !== 2) continue;
        if (isSeen[place.home[place.ends[2 * tie]]] || isSeen[place.home[place.ends[2 * tie + 1]]]) found.push(tie);
      }
      return Uint32Array.from(found);
    },
  };
}
