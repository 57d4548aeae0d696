// What the picture says in words: cards, the text alternative, announcements.

import { decimal, element, inWords, monthInWords, percent } from "./frame.js";
import { colourAt, readShare } from "./palette.js";
import { IS_CLOSED, IS_ENGAGED, KIND, LEADER_LEFT, networkNumber, trustOf } from "./place_data.js";

function trustWords(values) {
  return values.isDifference ? "Difference in trust" : "Trust";
}

// The facts of a target, [name, kind, [[label, text, byte of a colour or null]]].
export function factsOf(scene, target) {
  const { place, values } = scene;
  const { names } = place;
  const number = (byte) => decimal(readShare(byte, values.isDifference), values.isDifference);
  if (target.kind === "place") {
    const row = target.row;
    return [
      names.places[row],
      `${inWords(place.membersOf[row].length)} organisations`,
      [
        ["People", inWords(place.population[row]), null],
        [trustWords(values), number(values.placeTrust[row]), values.placeTrust[row]],
        ["Joint board", values.board[row] ? "stands" : "none", null],
        ["In engaged practices", percent(values.engagement[row] / 254), null],
        ["Integrated care", percent(values.implementation[row] / 254), null],
        ["Meant to reach", percent(values.scope[row] / 254), null],
      ],
    ];
  }
  if (target.kind === "tie") {
    const row = target.row;
    const [a, b] = [place.ends[2 * row], place.ends[2 * row + 1]];
    return [
      `${names.organisations[a]} – ${names.organisations[b]}`,
      names.ties[place.tieKind[row]],
      [[values.isDifference ? "Difference in trust" : "Trust, mean of both", number(values.tieTrust[row]), values.tieTrust[row]]],
    ];
  }
  const row = target.row;
  const kind = place.kind[row];
  const flags = values.flags[row];
  const facts = [];
  if (flags & IS_CLOSED) facts.push(["Closed", "patients moved on", null]);
  facts.push([kind === KIND.practice ? "Registered people" : "People served", inWords(place.people[row]), null]);
  const label = values.isDifference ? "Difference in trust" : "Trust in partners";
  facts.push([label, number(values.trust[row]), values.trust[row]]);
  const strain = readShare(values.pressure[row], values.isDifference);
  facts.push(["Pressure", decimal(strain, values.isDifference), null]);
  if (kind === KIND.practice) {
    facts.push(["Joint work", flags & IS_ENGAGED ? "engaged" : "not engaged", null]);
    const network = networkNumber(values, row);
    if (network) facts.push(["Network", String(network), null]);
  }
  if (flags & LEADER_LEFT) facts.push(["Leader", "left this month", null]);
  facts.push(["Partners", inWords(place.tiesOf(row).length), null]);
  const where = place.places > 1 ? ` · ${names.places[place.home[row]]}` : "";
  return [names.organisations[row], `${names.kinds[kind]}${where}`, facts];
}

export function cardOf(scene, target) {
  const [name, kind, facts] = factsOf(scene, target);
  const list = element("dl");
  for (const [label, text, value] of facts) {
    const detail = element("dd");
    if (value !== null) {
      const swatch = element("span", { class: "abm-swatch" });
      swatch.style.background = colourAt(scene.table, value);
      detail.append(swatch);
    }
    detail.append(text);
    list.append(element("dt", {}, label), detail);
  }
  const parts = [element("strong", {}, name), element("span", { class: "abm-kind" }, kind), list];
  if (target.kind === "place" && scene.detail < 1) parts.push(element("span", { class: "abm-kind" }, "Double-click to come nearer"));
  return parts;
}

export function sentenceOf(scene, target) {
  const [name, kind, facts] = factsOf(scene, target);
  return `${name}, ${kind}. ${facts.map(([label, text]) => `${label}: ${text}`).join(". ")}.`;
}

export function summaryOf({ place, values, start }) {
  const mean = (bytes, weights) => {
    let [sum, all] = [0, 0];
    bytes.forEach((value, index) => {
      const share = readShare(value, values.isDifference && bytes === values.placeTrust);
      if (!Number.isFinite(share)) return;
      sum += share * weights[index];
      all += weights[index];
    });
    return all ? sum / all : NaN;
  };
  const boards = values.board.reduce((sum, board) => sum + board, 0);
  const trust = decimal(mean(values.placeTrust, place.population), values.isDifference);
  let engaged = 0;
  for (const flags of values.flags) engaged += flags & IS_ENGAGED ? 1 : 0;
  const parts = [
    `Network of ${place.names.label}, ${monthInWords(values.month, start)}`,
    `${inWords(place.organisations)} organisations and ${inWords(place.ties)} ties` +
      (place.places > 1 ? ` in ${inWords(place.places)} places` : ""),
    `${trustWords(values).toLowerCase()} ${trust} on average`,
    place.places > 1
      ? `${inWords(boards)} of ${inWords(place.places)} places have a joint board`
      : boards ? "a joint board stands" : "there is no joint board",
    `${inWords(engaged)} practices are engaged`,
    `integrated care reaches ${percent(mean(values.implementation, place.population))} of people`,
  ];
  if (values.networks.length) parts.push(`${inWords(values.networks.length)} networks of practices`);
  return `${parts.join("; ")}.`;
}
