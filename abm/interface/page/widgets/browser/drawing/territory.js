// The ground of the picture: places with board and integrated care, networks of practices, and discs seen from afar.

import { colourAt } from "./palette.js";

const TURN = 2 * Math.PI;
const TOP = -Math.PI / 2;

function outlinePath(context, { place, camera }, number, grow = 0) {
  context.beginPath();
  const { outline } = place;
  if (!outline.length) {
    const [x, y] = camera.toScreen(place.placeCentre[2 * number], place.placeCentre[2 * number + 1]);
    context.arc(x, y, place.placeRadius[number] * camera.zoom + grow, TOP, TOP + TURN);
    return;
  }
  for (const [index, [x, y]] of outlinePoints(place, camera, grow).entries()) {
    if (index) context.lineTo(x, y);
    else context.moveTo(x, y);
  }
  context.closePath();
}

// Corners on the screen from the topmost on, clockwise, moved outwards by some pixels.
function outlinePoints({ outline, placeCentre }, camera, grow) {
  const count = outline.length / 2;
  let first = 0;
  for (let i = 1; i < count; i += 1) if (outline[2 * i + 1] < outline[2 * first + 1]) first = i;
  const points = [];
  for (let i = 0; i < count; i += 1) {
    const at = (first + i) % count;
    const [x, y] = camera.toScreen(outline[2 * at], outline[2 * at + 1]);
    const [mx, my] = camera.toScreen(placeCentre[0], placeCentre[1]);
    const reach = Math.hypot(x - mx, y - my) || 1;
    points.push([x + ((x - mx) / reach) * grow, y + ((y - my) / reach) * grow]);
  }
  const area = points.reduce((sum, [x, y], i) => {
    const [nx, ny] = points[(i + 1) % points.length];
    return sum + x * ny - nx * y;
  }, 0);
  return area >= 0 ? points : [points[0], ...points.slice(1).reverse()];
}

// The part of an outline that a share of its length takes, clockwise from the top.
function sharePath(context, scene, number, share, grow) {
  const { place, camera } = scene;
  context.beginPath();
  if (!place.outline.length) {
    const [x, y] = camera.toScreen(place.placeCentre[2 * number], place.placeCentre[2 * number + 1]);
    context.arc(x, y, place.placeRadius[number] * camera.zoom + grow, TOP, TOP + TURN * share);
    return;
  }
  const points = outlinePoints(place, camera, grow);
  points.push(points[0]);
  const lengths = points.slice(1).map(([x, y], i) => Math.hypot(x - points[i][0], y - points[i][1]));
  let left = share * lengths.reduce((sum, length) => sum + length, 0);
  context.moveTo(...points[0]);
  lengths.forEach((length, i) => {
    if (left <= 0) return;
    const part = Math.min(left / (length || 1), 1);
    const [ax, ay] = points[i];
    const [bx, by] = points[i + 1];
    context.lineTo(ax + part * (bx - ax), ay + part * (by - ay));
    left -= length;
  });
}

export function drawTerritories(context, scene) {
  const { place, values, camera, theme, placeStrength } = scene;
  for (let number = 0; number < place.places; number += 1) {
    const [cx, cy] = [place.placeCentre[2 * number], place.placeCentre[2 * number + 1]];
    if (!camera.sees(cx, cy, place.placeRadius[number] + 20 / camera.zoom)) continue;
    const faint = placeStrength && placeStrength[number] === 0 ? 0.35 : 1;
    const share = values.implementation[number] / 254;
    const size = Math.min(1, (place.placeRadius[number] * camera.zoom) / 90);
    context.globalAlpha = scene.detail * faint;
    outlinePath(context, scene, number);
    context.fillStyle = theme.land;
    context.fill();
    context.globalAlpha = scene.detail * faint * (0.04 + 0.22 * share) * (share > 0.005 ? 1 : 0);
    context.fillStyle = theme.careTint;
    context.fill();
    context.globalAlpha = scene.detail * faint;
    context.lineJoin = "round";
    context.lineWidth = 1 + size;
    context.strokeStyle = theme.shore;
    context.stroke();
    if (share > 0.005) {
      context.lineWidth = 2 + 4 * size;
      context.strokeStyle = theme.care;
      sharePath(context, scene, number, share, 0);
      context.stroke();
    }
    if (values.board[number]) {
      context.lineWidth = 1 + 1.2 * size;
      context.strokeStyle = theme.ink;
      outlinePath(context, scene, number, 3 + 4 * size);
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}

// A network is a cord along its members, with an edge.
export function drawNetworks(context, scene) {
  const { place, values, camera, theme } = scene;
  const inSight = new Set(scene.inSight);
  for (const { members, links } of values.networks) {
    if (!members.some((row) => inSight.has(row))) continue;
    const faint = scene.hasFocus && !members.some((row) => scene.strength[row] === 2) ? 0.25 : 1;
    for (const [width, colour, alpha] of [[2.6, theme.network, 0.85], [0, theme.networkTint, 1]]) {
      context.globalAlpha = scene.detail * alpha * faint;
      context.strokeStyle = colour;
      context.fillStyle = colour;
      context.lineCap = "round";
      context.lineWidth = 7 * Math.min(camera.growth, 2) + width;
      context.beginPath();
      for (const [from, to] of links) {
        context.moveTo(...camera.toScreen(place.position[2 * from], place.position[2 * from + 1]));
        context.lineTo(...camera.toScreen(place.position[2 * to], place.position[2 * to + 1]));
      }
      context.stroke();
      for (const row of members) {
        const [x, y] = camera.toScreen(place.position[2 * row], place.position[2 * row + 1]);
        context.beginPath();
        context.arc(x, y, camera.markerRadius(place.radius[row]) + 5 * Math.min(camera.growth, 1.5) + width / 2, 0, TURN);
        context.fill();
      }
    }
  }
  context.globalAlpha = 1;
  context.lineCap = "butt";
}

// Areas of discs go with people; few are so crowded with people that they are cut to the room they have.
export function discRadius({ place, camera }, number) {
  const full = 0.76 * place.placeRadius[number];
  return Math.max(Math.min(place.discScale * Math.sqrt(place.population[number]), full) * camera.zoom, 2.5);
}

// Places from afar: size by people, colour by trust, an arc for integrated care, a ring for a board.
export function drawDiscs(context, scene) {
  const { place, values, camera, table, theme, placeStrength } = scene;
  const alpha = 1 - scene.detail;
  if (alpha <= 0) return;
  for (let number = 0; number < place.places; number += 1) {
    const [cx, cy] = [place.placeCentre[2 * number], place.placeCentre[2 * number + 1]];
    if (!camera.sees(cx, cy, place.placeRadius[number])) continue;
    const [x, y] = camera.toScreen(cx, cy);
    const radius = discRadius(scene, number);
    const rim = Math.max(Math.min(radius * 0.22, 5), 1.4);
    context.globalAlpha = alpha * (placeStrength && placeStrength[number] === 0 ? 0.18 : 1);
    context.beginPath();
    context.arc(x, y, radius, 0, TURN);
    context.fillStyle = colourAt(table, values.placeTrust[number]);
    context.fill();
    context.lineWidth = 0.8;
    context.strokeStyle = theme.edge;
    context.stroke();
    const share = values.implementation[number] / 254;
    if (share > 0.005) {
      context.beginPath();
      context.arc(x, y, radius + rim / 2 + 0.8, TOP, TOP + TURN * share);
      context.lineWidth = rim;
      context.strokeStyle = theme.care;
      context.stroke();
    }
    if (values.board[number]) {
      context.beginPath();
      context.arc(x, y, radius + rim + 1.6, 0, TURN);
      context.lineWidth = Math.min(0.5 + radius / 16, 1.6);
      context.strokeStyle = theme.ink;
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}
