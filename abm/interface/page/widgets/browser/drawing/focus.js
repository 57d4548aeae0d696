// What steps forward and what steps back: 0 faint, 1 as usual, 2 strong; ties between places 3, in the background.

import { otherEnd } from "./place_data.js";

export const BETWEEN_PLACES = 3;

export function focusOf(place, selected, highlighted, highlightedPlaces) {
  const strength = new Uint8Array(place.organisations).fill(1);
  const tieStrength = Uint8Array.from(place.pairOf, (pair) => (pair < 0 ? 1 : BETWEEN_PLACES));
  const usual = { strength, tieStrength, placeStrength: null, hasFocus: false };
  const isKnown = selected && selected.row >= 0 && selected.row < { organisation: place.organisations, tie: place.ties, place: place.places }[selected.kind];
  if (!isKnown && !highlighted.length && !highlightedPlaces.length) return usual;
  if (isKnown && selected.kind === "place" && place.places === 1) return usual;
  strength.fill(0);
  tieStrength.fill(0);
  const placeStrength = new Uint8Array(place.places);
  const raise = (row, level) => {
    strength[row] = Math.max(strength[row], level);
    placeStrength[place.home[row]] = 1;
  };
  const raisePlace = (number) => {
    placeStrength[number] = 1;
    for (const row of place.membersOf[number]) {
      raise(row, 1);
      for (const tie of place.tiesOf(row)) {
        if (place.home[otherEnd(place, tie, row)] === number) tieStrength[tie] = 1;
      }
    }
  };
  if (isKnown && selected.kind === "organisation") {
    raise(selected.row, 2);
    for (const tie of place.tiesOf(selected.row)) {
      tieStrength[tie] = 2;
      raise(otherEnd(place, tie, selected.row), 1);
    }
  } else if (isKnown && selected.kind === "tie") {
    tieStrength[selected.row] = 2;
    raise(place.ends[2 * selected.row], 2);
    raise(place.ends[2 * selected.row + 1], 2);
  } else if (isKnown) {
    raisePlace(selected.row);
    for (const { from, to } of place.pairs) {
      if (from === selected.row || to === selected.row) {
        placeStrength[from] = Math.max(placeStrength[from], 1);
        placeStrength[to] = Math.max(placeStrength[to], 1);
      }
    }
  }
  const pointed = new Set(highlighted);
  for (const row of highlighted) {
    if (row < 0 || row >= place.organisations) continue;
    raise(row, 2);
    for (const tie of place.tiesOf(row)) {
      if (pointed.has(otherEnd(place, tie, row))) tieStrength[tie] = 2;
    }
  }
  for (const number of highlightedPlaces) if (number >= 0 && number < place.places) raisePlace(number);
  return { strength, tieStrength, placeStrength, hasFocus: true };
}
