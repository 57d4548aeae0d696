import { button, h, icon, listening } from "./dom.js";

const TABS = [
  ["explore", "Explore"],
  ["compare", "Compare"],
  ["landscape", "Landscape"],
];
const STORED = "abm.theme";

function systemTheme() {
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function render({ model, el }) {
  const say = h("span", { class: "lab-said", role: "status" });
  const tabs = TABS.map(([name, label]) =>
    h("button", { type: "button", class: "lab-tab", onclick: () => model.send({ kind: "tab", tab: name }) }, label),
  );
  const theme = h("button", { type: "button", class: "lab-quiet lab-iconic", onclick: turnTheme });
  const share = button("Share", { class: "lab-quiet", onclick: copyLink }, "link");
  const take = takeAway();
  const file = h("input", {
    type: "file", accept: ".yaml,.yml", class: "lab-hidden", tabindex: "-1", "aria-hidden": "true", onchange: upload,
  });
  el.classList.add("lab-masthead-host");
  el.replaceChildren(
    h("header", { class: "lab-masthead" },
      h("a", { class: "lab-skip", href: "#lab-main" }, "Skip to the picture"),
      h("h1", { class: "lab-brand" },
        h("svg:svg", { viewBox: "0 0 32 32", class: "lab-logo", "aria-hidden": "true" },
          h("svg:path", { d: "M9 22L16 8l7 14M9 22h14", class: "lab-logo-line" }),
          h("svg:circle", { cx: 16, cy: 8, r: 4.2, class: "lab-logo-a" }),
          h("svg:circle", { cx: 9, cy: 22, r: 4.2, class: "lab-logo-b" }),
          h("svg:circle", { cx: 23, cy: 22, r: 4.2, class: "lab-logo-c" })),
        h("span", {}, h("strong", {}, "abm"), h("span", { class: "lab-brand-words" }, "a policy laboratory for integrated care"))),
      h("nav", { class: "lab-tabs", "aria-label": "Pages" }, tabs),
      h("div", { class: "lab-tools" }, say, share, take, theme, file)),
  );

  function applyTheme() {
    const chosen = localStorage.getItem(STORED) || systemTheme();
    document.documentElement.dataset.theme = chosen;
    theme.replaceChildren(icon(chosen === "dark" ? "sun" : "moon"));
    const name = chosen === "dark" ? "Light colours" : "Dark colours";
    theme.title = name;
    theme.setAttribute("aria-label", name);
    model.send({ kind: "theme", theme: chosen });
  }
  function turnTheme() {
    localStorage.setItem(STORED, document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    applyTheme();
  }
  function told(text) {
    say.textContent = text;
    clearTimeout(told.timer);
    told.timer = setTimeout(() => { say.textContent = ""; }, 4000);
  }
  async function copyLink() {
    try {
      await navigator.clipboard.writeText(location.href);
      told("Link copied");
    } catch {
      window.prompt("Copy this link", location.href);
    }
  }
  function takeAway() {
    const items = [
      ["scenario", "Scenario (YAML)"],
      ["reference", "Its reference (YAML)"],
      ["csv", "Results (CSV)"],
      ["parquet", "Results (Parquet)"],
    ];
    const menu = h("details", { class: "lab-menu" },
      h("summary", { class: "lab-quiet", role: "button" }, icon("down"), h("span", {}, "Take away")),
      h("div", { class: "lab-menu-list" },
        items.map(([what, label]) =>
          button(label, { class: "lab-item", onclick: () => { menu.open = false; model.send({ kind: "take", what }); } })),
        button("Copy the command line", {
          class: "lab-item",
          onclick: async () => {
            menu.open = false;
            try { await navigator.clipboard.writeText(model.get("command")); told("Command copied"); }
            catch { window.prompt("Copy this command", model.get("command")); }
          },
        }),
        h("p", { class: "lab-hint" }, "Figures: the menu on each picture saves SVG or PNG."),
        button("Open a scenario file…", { class: "lab-item", onclick: () => { menu.open = false; file.click(); } }, "up")));
    menu.addEventListener("keydown", (event) => { if (event.key === "Escape") { menu.open = false; menu.firstChild.focus(); } });
    document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
    return menu;
  }
  async function upload() {
    const chosen = file.files[0];
    file.value = "";
    if (!chosen) return;
    if (chosen.size > model.get("most_bytes")) {
      told(`The file is larger than ${Math.round(model.get("most_bytes") / 1024)} kB`);
      return;
    }
    model.send({ kind: "upload", name: chosen.name, text: await chosen.text() });
  }
  function save(message, buffers) {
    if (message.kind !== "file") return;
    const address = URL.createObjectURL(new Blob(buffers, { type: message.type }));
    const link = h("a", { href: address, download: message.name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
    told(`${message.name} saved`);
  }
  function update() {
    const current = model.get("tab");
    tabs.forEach((tab, index) => {
      if (TABS[index][0] === current) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    });
  }
  const media = window.matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", applyTheme);
  model.on("msg:custom", save);
  const stop = listening(model, ["tab"], update);
  applyTheme();
  update();
  return () => { stop(); model.off("msg:custom", save); media.removeEventListener("change", applyTheme); };
}

export default { render };
