// What a picture shows: a place in a month from where the camera is, and what is pointed out in it.

const MOST_NAMED = 12;
// The corner of the buttons, in pixels from the right and from the top: no name goes there.
const BUTTONS = { wide: 48, high: 156 };

export function sceneOf({ place, values, camera, theme, table, focus, model, ratio, journey, selected, hovered, cursor }) {
  const detail = camera.detail(place);
  const targets = [selected, hovered, cursor].filter(Boolean);
  const rowsOf = (kind) => targets.filter((target) => target.kind === kind).map(({ row }) => row);
  const highlighted = (model.get("highlighted") ?? []).filter((row) => row < place.organisations);
  const highlightedPlaces = (model.get("highlighted_places") ?? []).filter((row) => row < place.places);
  const pointed = new Set([...rowsOf("organisation"), ...highlighted.slice(0, MOST_NAMED)]);
  for (const tie of rowsOf("tie")) pointed.add(place.ends[2 * tie]).add(place.ends[2 * tie + 1]);
  const seen = detail > 0 ? placesInSight(place, camera) : [];
  return {
    place, values, camera, theme, table, detail, ratio, isMoving: journey.isMoving, ...focus,
    placesInSight: seen,
    inSight: organisationsInSight(place, camera, seen),
    tieFade: model.get("ties") === "all" ? Math.max(detail, 0.15) : detail,
    hovered, cursor, selected,
    highlighted, highlightedPlaces, pointed,
    pointedPlaces: new Set([...rowsOf("place"), ...highlightedPlaces.slice(0, MOST_NAMED)]),
    covered: [{ left: camera.width - BUTTONS.wide, right: camera.width, top: 0, bottom: BUTTONS.high }],
  };
}

export function placesInSight({ places, placeCentre, placeRadius }, camera) {
  const found = [];
  for (let number = 0; number < places; number += 1) {
    if (camera.sees(placeCentre[2 * number], placeCentre[2 * number + 1], placeRadius[number])) found.push(number);
  }
  return found;
}

function organisationsInSight(place, camera, seen) {
  return seen.flatMap((number) =>
    place.membersOf[number].filter((row) =>
      camera.sees(place.position[2 * row], place.position[2 * row + 1], place.radius[row] + 6 / camera.zoom),
    ),
  );
}
