import { button, followingClock, h, icon, listening, monthName, shownNumber } from "./dom.js";

const PACE = 70;
const WIDTH = 240;
const HEIGHT = 56;
const PAD = 6;
const FORMS = [
  ["constant", "Constant"],
  ["step", "Step"],
  ["ramp", "Ramp"],
  ["pulse", "Pulse"],
];

// The levers of policy: a slider each, and an editor for how the lever moves over the years.
function render({ model, el }) {
  let serial = 0;
  let waiting = null;
  let sentAt = 0;
  const rows = new Map();

  function send(change) {
    // The newest wins: a slider that is dragged sends no more than the page can draw.
    waiting = change;
    const left = Math.max(0, sentAt + PACE - performance.now());
    clearTimeout(send.timer);
    send.timer = setTimeout(() => {
      sentAt = performance.now();
      serial += 1;
      model.set("change", { ...waiting, serial });
      model.save_changes();
      waiting = null;
    }, left);
  }

  const levers = new Map(model.get("levers").map((lever) => [lever.name, lever]));
  const search = h("input", { type: "search", placeholder: "Find a lever", "aria-label": "Find a lever", class: "lab-search", oninput: filter });
  const undo = button("Undo all", { class: "lab-quiet lab-small", onclick: () => model.send({ kind: "undo" }) }, "undo");
  const acts = h("p", { class: "lab-hint", role: "note" });
  const sections = [section("headline", "Headline levers", model.get("headline"), true)];
  for (const group of model.get("groups")) {
    const names = [...levers.keys()].filter((name) => name.startsWith(`${group.name}.`) && !model.get("headline").includes(name));
    if (names.length) sections.push(section(group.name, group.label, names, false));
  }
  const none = h("p", { class: "lab-hint", hidden: true }, "No lever has this in its name or meaning.");
  el.replaceChildren(
    h("section", { class: "lab-card lab-levers", "aria-label": "Policy levers" },
      h("div", { class: "lab-card-head" }, h("h2", {}, "Policy levers"), undo),
      acts, search, ...sections.map((each) => each.element), none));

  function section(name, label, names, isOpen) {
    const badge = h("span", { class: "lab-badge", hidden: true });
    const own = names.map((each) => row(levers.get(each)));
    const element = h("details", { class: "lab-group", open: isOpen, ontoggle: () => { if (element.open) names.forEach((each) => rows.get(each).update()); } },
      h("summary", {}, h("span", {}, label), badge),
      h("div", { class: "lab-group-levers" }, own.map((each) => each.element)));
    return { element, badge, names, isOpen };
  }

  function filter() {
    const words = search.value.trim().toLowerCase();
    let found = 0;
    for (const each of sections) {
      let inside = 0;
      for (const name of each.names) {
        const lever = levers.get(name);
        const isFound = `${lever.label} ${lever.description} ${name}`.toLowerCase().includes(words);
        rows.get(name).element.hidden = !isFound;
        inside += isFound;
      }
      each.element.hidden = inside === 0;
      each.element.open = words ? inside > 0 : each.isOpen;
      found += inside;
    }
    none.hidden = found > 0;
  }

  function row(lever) {
    const id = `lever-${lever.name.replace(".", "-")}`;
    const value = h("output", { class: "lab-lever-value", for: id });
    const isSwitch = lever.type === "switch";
    const slider = isSwitch
      ? h("input", { type: "checkbox", id, role: "switch", class: "lab-switch", "aria-describedby": `${id}-help`,
          onchange: () => send({ lever: lever.name, value: slider.checked ? 1 : 0 }) })
      : h("input", { type: "range", id, min: lever.low, max: lever.high, step: lever.step, class: "lab-range", "aria-describedby": `${id}-help`,
          oninput: () => { value.textContent = shownNumber(Number(slider.value)); fill(Number(slider.value)); send({ lever: lever.name, value: Number(slider.value) }); } });
    const fill = (now) => slider.style.setProperty("--done", `${(100 * (now - lever.low)) / (lever.high - lever.low)}%`);
    const reset = button(`Undo changes of ${lever.label}`, { class: "lab-quiet lab-iconic lab-small", hidden: true, onclick: () => model.send({ kind: "undo", lever: lever.name }) }, "undo", true);
    const open = button(`Schedule and source of ${lever.label}`, { class: "lab-quiet lab-iconic lab-small", "aria-expanded": "false", onclick: toggle }, "clock", true);
    const strip = h("div", { class: "lab-strip" });
    const editor = h("div", { class: "lab-editor", hidden: true });
    const element = h("div", { class: "lab-lever" },
      h("div", { class: "lab-lever-head" }, h("label", { for: id }, lever.label), value, reset, open),
      slider,
      h("p", { class: "lab-lever-help", id: `${id}-help` }, lever.description, " ", h("span", { class: "lab-unit" }, isSwitch ? "" : lever.unit.startsWith("index") ? `${lever.low} to ${lever.high}` : `${lever.low} to ${lever.high} ${lever.unit}`)),
      strip, editor);
    let isOpen = false;
    let drawn = null;

    function toggle() {
      isOpen = !isOpen;
      open.setAttribute("aria-expanded", String(isOpen));
      editor.hidden = !isOpen;
      update();
    }
    function update() {
      const state = model.get("states")[lever.name];
      const month = model.get("month");
      const now = at(state.points, month / 12);
      if (isSwitch) slider.checked = now >= 0.5;
      else if (document.activeElement !== slider || !waiting) slider.value = now;
      if (!isSwitch) fill(now);
      value.textContent = isSwitch ? (now >= 0.5 ? "on" : "off") : shownNumber(now);
      reset.hidden = !state.edited;
      element.classList.toggle("lab-edited", state.edited);
      strip.hidden = isOpen || state.form === "constant";
      if (!strip.hidden) strip.replaceChildren(curve(lever, state, false));
      if (isOpen) edit(state);
    }
    function edit(state) {
      // What is dragged or typed into must not be replaced under the hand.
      const key = JSON.stringify([state, model.get("month"), model.get("months")]);
      if (key === drawn) return;
      if (editor.querySelector(".lab-dragged")) return;
      const focus = editor.contains(document.activeElement) ? document.activeElement.dataset.key : null;
      drawn = key;
      editor.replaceChildren(...scheduleEditor(lever, state), about(lever, state));
      if (focus) editor.querySelector(`[data-key="${focus}"]`)?.focus();
    }
    const entry = { element, update };
    rows.set(lever.name, entry);
    return entry;
  }

  function about(lever, state) {
    return h("dl", { class: "lab-facts" },
      ...[
        ["Set by", state.source],
        ["Acts on", `${lever.writes} (${lever.mechanism})`],
        ["Equation", lever.equation],
        ["Checked", lever.claim],
        ["Evidence", lever.evidence],
        ["Name", lever.name],
      ].flatMap(([term, text]) => (text ? [h("dt", {}, term), h("dd", {}, text)] : [])));
  }

  function scheduleEditor(lever, state) {
    const months = model.get("months");
    const parts = { form: state.form, to: state.to, from: state.from, start: state.start, end: state.end };
    const svg = curve(lever, state, true);
    const forms = h("select", { "data-key": "form", onchange: () => { parts.form = forms.value; settle(); push(); } },
      ...(state.form === "custom" ? [h("option", { value: "custom" }, "Several moves")] : []),
      FORMS.map(([name, label]) => h("option", { value: name }, label)));
    forms.value = state.form;
    const field = (key, label, attributes) => {
      const box = h("input", { type: "number", "data-key": key, value: String(parts[key] ?? ""), ...attributes,
        onchange: () => { if (box.reportValidity() && box.value !== "") { parts[key] = Number(box.value); settle(); push(); } } });
      return h("label", { class: "lab-field lab-short" }, h("span", {}, label), box);
    };
    const level = { min: lever.low, max: lever.high, step: lever.step };
    const time = { min: 0, max: months, step: 1 };
    const fields = [h("label", { class: "lab-field" }, h("span", {}, "Shape"), forms)];
    if (parts.form !== "custom") fields.push(field("to", parts.form === "constant" ? "Value" : "To", level));
    if (parts.form !== "constant" && parts.form !== "custom") fields.push(field("start", "From month", time));
    if (parts.form === "ramp" || parts.form === "pulse") fields.push(field("end", "Until month", time));

    function settle() {
      if (parts.form === "custom") return;
      parts.start = Math.min(Math.max(Math.round(parts.start ?? 12), 0), months - 1);
      parts.end = Math.min(Math.max(Math.round(parts.end ?? parts.start + 36), parts.start + 1), Math.max(months, parts.start + 1));
      parts.to = Math.min(Math.max(parts.to ?? lever.default, lever.low), lever.high);
    }
    function push() {
      const from = parts.from === null || parts.from === undefined ? {} : { from: parts.from };
      const start = parts.start / 12;
      const end = parts.end / 12;
      const schedule = {
        constant: () => parts.to,
        step: () => ({ step: { at: start, to: parts.to, ...from } }),
        ramp: () => ({ ramp: { start, end, to: parts.to, ...from } }),
        pulse: () => ({ pulse: { start, end, to: parts.to, ...from } }),
      }[parts.form];
      if (schedule) send({ lever: lever.name, schedule: schedule() });
    }
    settle();
    if (parts.form !== "constant" && parts.form !== "custom") {
      handles(svg, lever, parts, months, () => { settle(); push(); });
    }
    return [svg, h("div", { class: "lab-fields" }, fields)];
  }

  // Start and end can be dragged, up and down too, or moved with the arrow keys.
  function handles(svg, lever, parts, months, changed) {
    const keys = parts.form === "step" ? ["start"] : ["start", "end"];
    for (const key of keys) {
      const handle = h("svg:g", {
        class: "lab-handle", tabindex: "0", role: "slider", "data-key": `handle-${key}`,
        "aria-label": `${key === "start" ? "Start" : "End"} of the ${parts.form} of ${lever.label}`,
        "aria-valuemin": "0", "aria-valuemax": String(months),
      }, h("svg:circle", { r: 11, class: "lab-handle-reach" }), h("svg:circle", { r: 5.5 }));
      const place = () => {
        const level = key === "end" && parts.form === "pulse" ? parts.to : parts.to;
        handle.setAttribute("transform", `translate(${x(parts[key], months)} ${y(level, lever)})`);
        handle.setAttribute("aria-valuenow", String(parts[key]));
        handle.setAttribute("aria-valuetext", `${monthName(model.get("start"), parts[key] + 1)}, value ${shownNumber(parts.to)}`);
      };
      const redraw = () => {
        svg.querySelector(".lab-curve").setAttribute("d", path(pointsOf(parts, months), lever, months));
        svg.querySelectorAll(".lab-handle").forEach((each) => each.place());
      };
      handle.place = place;
      handle.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        handle.focus();
        handle.setPointerCapture(event.pointerId);
        handle.classList.add("lab-dragged");
      });
      handle.addEventListener("pointermove", (event) => {
        if (!handle.classList.contains("lab-dragged")) return;
        const box = svg.getBoundingClientRect();
        const across = ((event.clientX - box.left) / box.width) * WIDTH;
        const down = ((event.clientY - box.top) / box.height) * HEIGHT;
        parts[key] = Math.round(((across - PAD) / (WIDTH - 2 * PAD)) * months);
        const level = lever.low + (1 - (down - PAD) / (HEIGHT - 2 * PAD)) * (lever.high - lever.low);
        parts.to = Number((Math.round(level / lever.step) * lever.step).toFixed(6));
        changed();
        redraw();
      });
      const drop = () => { handle.classList.remove("lab-dragged"); };
      handle.addEventListener("pointerup", drop);
      handle.addEventListener("pointercancel", drop);
      handle.addEventListener("keydown", (event) => {
        const move = { ArrowLeft: -1, ArrowRight: 1, PageDown: -12, PageUp: 12 }[event.key];
        const lift = { ArrowUp: 1, ArrowDown: -1 }[event.key];
        if (!move && !lift) return;
        event.preventDefault();
        if (move) parts[key] += move;
        else parts.to = Number((parts.to + lift * lever.step).toFixed(6));
        changed();
        redraw();
      });
      svg.append(handle);
      place();
    }
  }

  function pointsOf(parts, months) {
    const start = parts.start / 12;
    const end = parts.end / 12;
    const until = months / 12;
    const before = parts.from ?? 0;
    if (parts.form === "step") return [[0, before], [start, before], [start, parts.to], [until, parts.to]];
    if (parts.form === "ramp") return [[0, before], [start, before], [end, parts.to], [until, parts.to]];
    return [[0, before], [start, before], [start, parts.to], [end, parts.to], [end, before], [until, before]];
  }
  function at(points, years) {
    let value = points[0][1];
    for (let index = 1; index < points.length; index += 1) {
      const [t0, v0] = points[index - 1];
      const [t1, v1] = points[index];
      if (years >= t1 - 1e-9) value = v1;
      else if (years > t0) return t1 > t0 ? v0 + ((v1 - v0) * (years - t0)) / (t1 - t0) : v1;
      else return value;
    }
    return value;
  }
  function x(month, months) { return PAD + (Math.min(month, months) / Math.max(months, 1)) * (WIDTH - 2 * PAD); }
  function y(value, lever) { return PAD + (1 - (value - lever.low) / (lever.high - lever.low)) * (HEIGHT - 2 * PAD); }
  function path(points, lever, months) {
    return points.map(([t, v], index) => `${index ? "L" : "M"}${x(t * 12, months).toFixed(1)} ${y(v, lever).toFixed(1)}`).join("");
  }
  function curve(lever, state, isLarge) {
    const months = model.get("months");
    const month = model.get("month");
    return h("svg:svg", { class: isLarge ? "lab-schedule" : "lab-schedule lab-sketch", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: isLarge ? "group" : "img", preserveAspectRatio: "none",
      "aria-label": `${lever.label} over the years: ${state.words}` },
      h("svg:path", { class: "lab-schedule-ground", d: `M${PAD} ${HEIGHT - PAD}H${WIDTH - PAD}` }),
      h("svg:path", { class: "lab-schedule-now", d: `M${x(month, months)} ${PAD - 4}V${HEIGHT - PAD + 4}` }),
      h("svg:path", { class: "lab-curve", d: path(state.points, lever, months) }));
  }

  function update() {
    const states = model.get("states");
    const month = model.get("month");
    const count = Object.values(states).filter((state) => state.edited).length;
    undo.hidden = count === 0;
    acts.textContent = month
      ? `What you change now acts from ${monthName(model.get("start"), month + 1)} on.`
      : "What you change now acts from the first month on.";
    for (const each of sections) {
      const inside = each.names.filter((name) => states[name].edited).length;
      each.badge.hidden = inside === 0;
      each.badge.textContent = `${inside} changed`;
    }
    // What is out of sight is brought up to date when its group is opened.
    for (const each of rows.values()) if (each.element.parentElement.parentElement.open) each.update();
  }
  const stop = listening(model, ["states", "month", "months", "start"], update);
  const rest = followingClock(model);
  update();
  return () => { clearTimeout(send.timer); rest(); stop(); };
}

export default { render };
