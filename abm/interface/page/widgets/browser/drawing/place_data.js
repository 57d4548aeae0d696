// A place and a month as typed arrays, read from the buffers that Python packs.

import { bytesOf } from "./frame.js";
import { readShare } from "./palette.js";

export const KIND = { acute: 0, community: 1, commissioner: 2, practice: 3, localAuthority: 4 };
export const IS_ENGAGED = 1;
export const IS_CLOSED = 2;
export const LEADER_LEFT = 8;
const NO_NETWORK = 65_535;

class Reader {
  constructor(buffer) {
    this.buffer = buffer;
    this.at = 0;
  }

  take(Type, count) {
    const part = new Type(this.buffer, this.at, count);
    this.at += part.byteLength;
    return part;
  }
}

export function readPlace(view, names) {
  const buffer = bytesOf(view);
  if (!buffer || !names || !names.organisations) return null;
  const reader = new Reader(buffer);
  const [, organisations, ties, places, corners] = reader.take(Uint32Array, 5);
  if (names.organisations.length !== organisations || names.places.length !== places) return null;
  const place = {
    names,
    organisations,
    ties,
    places,
    position: reader.take(Float32Array, 2 * organisations),
    radius: reader.take(Float32Array, organisations),
    people: reader.take(Float32Array, organisations),
    placeCentre: reader.take(Float32Array, 2 * places),
    placeRadius: reader.take(Float32Array, places),
    population: reader.take(Float32Array, places),
    outline: reader.take(Float32Array, 2 * corners),
    ends: reader.take(Uint32Array, 2 * ties),
    home: reader.take(Uint16Array, organisations),
    tiePlace: reader.take(Uint16Array, ties),
    kind: reader.take(Uint8Array, organisations),
    tieKind: reader.take(Uint8Array, ties),
  };
  place.bounds = boundsOf(place);
  place.tiesOf = tiesByOrganisation(place);
  place.membersOf = membersByPlace(place);
  place.discScale = discScaleOf(place);
  Object.assign(place, pairPlaces(place));
  return place;
}

function boundsOf({ places, placeCentre, placeRadius, outline }) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const grow = (x, y, reach) => {
    left = Math.min(left, x - reach);
    right = Math.max(right, x + reach);
    top = Math.min(top, y - reach);
    bottom = Math.max(bottom, y + reach);
  };
  for (let i = 0; i < outline.length; i += 2) grow(outline[i], outline[i + 1], 0);
  if (!outline.length) {
    for (let p = 0; p < places; p += 1) grow(placeCentre[2 * p], placeCentre[2 * p + 1], placeRadius[p]);
  }
  return { left, top, right, bottom };
}

// Pixels by the square root of people, such that nine in ten places keep within their room.
function discScaleOf({ places, placeRadius, population }) {
  const scales = Array.from({ length: places }, (_, row) => (0.76 * placeRadius[row]) / Math.sqrt(population[row]));
  return scales.sort((a, b) => a - b)[Math.floor(places / 10)];
}

// Compressed rows: the ties of organisation i are list[start[i]] to list[start[i + 1] - 1].
function tiesByOrganisation({ organisations, ties, ends }) {
  const start = new Uint32Array(organisations + 1);
  for (const end of ends) start[end + 1] += 1;
  for (let i = 0; i < organisations; i += 1) start[i + 1] += start[i];
  const fill = start.slice();
  const list = new Uint32Array(2 * ties);
  for (let tie = 0; tie < ties; tie += 1) {
    list[fill[ends[2 * tie]]++] = tie;
    list[fill[ends[2 * tie + 1]]++] = tie;
  }
  return (row) => list.subarray(start[row], start[row + 1]);
}

function membersByPlace({ organisations, places, home }) {
  const members = Array.from({ length: places }, () => []);
  for (let row = 0; row < organisations; row += 1) members[home[row]].push(row);
  return members;
}

// Ties between two places are drawn as one; pairOf gives the pair of each tie, -1 within a place.
function pairPlaces({ ties, places, ends, home }) {
  const known = new Map();
  const pairs = [];
  const pairOf = new Int32Array(ties).fill(-1);
  for (let tie = 0; tie < ties; tie += 1) {
    const [a, b] = [home[ends[2 * tie]], home[ends[2 * tie + 1]]];
    if (a === b) continue;
    const key = Math.min(a, b) * places + Math.max(a, b);
    if (!known.has(key)) {
      known.set(key, pairs.length);
      pairs.push({ from: Math.min(a, b), to: Math.max(a, b), ties: 0 });
    }
    pairOf[tie] = known.get(key);
    pairs[pairOf[tie]].ties += 1;
  }
  return { pairs, pairOf };
}

// The month of what is packed, -1 for nothing.
export function monthOf(view) {
  return view?.byteLength >= 8 ? new DataView(view.buffer, view.byteOffset ?? 0).getUint32(4, true) : -1;
}

export function isSameMonth(one, other) {
  if (!one || !other || one.byteLength !== other.byteLength) return false;
  const [a, b] = [one, other].map((view) => new Uint8Array(view.buffer, view.byteOffset ?? 0, view.byteLength));
  return a.every((value, index) => value === b[index]);
}

export function readMonth(view, place) {
  const buffer = bytesOf(view);
  if (!buffer || !place) return null;
  const reader = new Reader(buffer);
  const [, month, isDifference, hasNetworks] = reader.take(Uint32Array, 4);
  const { organisations, ties, places } = place;
  const expected = 16 + (hasNetworks ? 2 : 0) * organisations + 3 * organisations + ties + 5 * places;
  if (buffer.byteLength !== expected) return null;
  const values = {
    month,
    isDifference: Boolean(isDifference),
    network: hasNetworks ? reader.take(Uint16Array, organisations) : null,
    trust: reader.take(Uint8Array, organisations),
    pressure: reader.take(Uint8Array, organisations),
    flags: reader.take(Uint8Array, organisations),
    tieTrust: reader.take(Uint8Array, ties),
    placeTrust: reader.take(Uint8Array, places),
    engagement: reader.take(Uint8Array, places),
    implementation: reader.take(Uint8Array, places),
    scope: reader.take(Uint8Array, places),
    board: reader.take(Uint8Array, places),
  };
  values.pairTrust = meanByPair(place, values.tieTrust);
  values.networks = networksOf(values, place);
  return values;
}

function meanByPair({ pairs, pairOf, ties }, tieTrust) {
  const sum = new Float64Array(pairs.length);
  const count = new Uint32Array(pairs.length);
  for (let tie = 0; tie < ties; tie += 1) {
    if (pairOf[tie] < 0 || tieTrust[tie] === 255) continue;
    sum[pairOf[tie]] += tieTrust[tie];
    count[pairOf[tie]] += 1;
  }
  return Uint8Array.from(sum, (total, pair) => (count[pair] ? Math.round(total / count[pair]) : 255));
}

// Networks of two practices or more: {number, members, links}, links as a tree of shortest lines.
function networksOf({ network, flags }, { position }) {
  if (!network) return [];
  const members = new Map();
  network.forEach((label, row) => {
    if (label === NO_NETWORK || flags[row] & IS_CLOSED) return;
    if (!members.has(label)) members.set(label, []);
    members.get(label).push(row);
  });
  const labels = [...members.keys()].sort((a, b) => a - b);
  return labels
    .map((label, index) => ({ number: index + 1, members: members.get(label) }))
    .filter((found) => found.members.length > 1)
    .map((found) => ({ ...found, links: shortestTree(found.members, position) }));
}

function shortestTree(rows, position) {
  const inside = [rows[0]];
  const outside = new Set(rows.slice(1));
  const links = [];
  while (outside.size) {
    let best = [Infinity, 0, 0];
    for (const from of inside) {
      for (const to of outside) {
        const apart = Math.hypot(
          position[2 * from] - position[2 * to],
          position[2 * from + 1] - position[2 * to + 1],
        );
        if (apart < best[0]) best = [apart, from, to];
      }
    }
    links.push([best[1], best[2]]);
    inside.push(best[2]);
    outside.delete(best[2]);
  }
  return links;
}

export function trustOf(values, row) {
  return readShare(values.trust[row], values.isDifference);
}

export function networkNumber(values, row) {
  return values.networks.find((network) => network.members.includes(row))?.number ?? 0;
}

export function otherEnd(place, tie, row) {
  return place.ends[2 * tie] === row ? place.ends[2 * tie + 1] : place.ends[2 * tie];
}
