"use strict";

const make = (kind, given = {}, ...inside) => {
  const element = Object.assign(document.createElement(kind), given);
  element.append(...inside);
  return element;
};
const live = make("p", { className: "skip", role: "status" });
document.body.append(live);

/* Colours: those of the system until the button is pressed. */
const dark = matchMedia("(prefers-color-scheme: dark)");
const toggle = make("button", { type: "button", id: "theme" });
function paint(theme) {
  document.documentElement.dataset.theme = theme;
  toggle.textContent = theme === "dark" ? "Light colours" : "Dark colours";
}
function remembered(theme) {
  try {
    if (theme) localStorage.setItem("qnnbench-theme", theme);
    return localStorage.getItem("qnnbench-theme");
  } catch {
    return null; /* a browser that stores nothing for files */
  }
}
const system = () => (dark.matches ? "dark" : "light");
toggle.addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  paint(theme);
  remembered(theme);
});
dark.addEventListener("change", () => remembered() || paint(system()));
paint(remembered() || system());
document.querySelector(".bar").append(toggle);

/* Tables: a heading sorts, numbers as such, words by text, absent ones last. */
const text = (row, column) => row.cells[column].firstChild?.textContent ?? "";
function number(row, column) {
  const cell = row.cells[column];
  const said = cell.dataset.key ?? text(row, column).replaceAll(",", "").replace("−", "-");
  if (said.endsWith("inf")) return said[0] === "-" ? -Infinity : Infinity;
  return said === "–" ? NaN : Number(said);
}
function sort(table, heading, column) {
  const down = heading.getAttribute("aria-sort") === "ascending";
  const numeric = table.classList.contains(`n${column + 1}`);
  for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const keyed = [...table.tBodies[0].rows].map((row) => [
    numeric ? number(row, column) : row.cells[column].textContent,
    row,
  ]);
  const sign = down ? -1 : 1;
  keyed.sort(([a], [b]) => {
    if (!numeric) return sign * a.localeCompare(b);
    if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b);
    return a === b ? 0 : a < b ? -sign : sign;
  });
  table.tBodies[0].append(...keyed.map(([, row]) => row));
  live.textContent = `Sorted by ${heading.textContent}, ${down ? "descending" : "ascending"}`;
}

/* Columns of few short words, and widths, have a choice each; every table has a text filter. */
function choices(table, rows) {
  return [...table.tHead.rows[0].cells].flatMap((heading, column) => {
    const name = heading.textContent;
    const words = [...new Set(rows.map((row) => row.cells[column].textContent))];
    const short = words.every((word) => word.length <= 24);
    const fits = !table.classList.contains(`n${column + 1}`) || name === "qubits";
    if (!(fits && short && words.length > 1 && words.length <= 14)) return [];
    words.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    const options = words.map((word) => make("option", { value: word }, word));
    const select = make("select", {}, make("option", { value: "" }, "all"), ...options);
    return [{ column, select, label: make("label", {}, name, select) }];
  });
}
function addFilters(table) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 6) return;
  const found = choices(table, rows).slice(0, 5);
  const search = make("input", { type: "search", placeholder: "any text" });
  const count = make("output");
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const all = row.textContent.toLowerCase();
      const chosen = found.every(
        ({ column, select }) => !select.value || row.cells[column].textContent === select.value,
      );
      row.hidden = !(chosen && words.every((word) => all.includes(word)));
      shown += !row.hidden;
    }
    count.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
  };
  const filter = make("label", {}, "Filter", search);
  const tools = make("div", { className: "tools" }, filter, ...found.map((f) => f.label), count);
  tools.addEventListener("input", apply);
  table.closest(".scroll").before(tools);
  apply();
}
for (const table of document.querySelectorAll("table")) {
  addFilters(table);
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = make("button", { type: "button" }, ...heading.childNodes);
    button.addEventListener("click", () => sort(table, heading, column));
    heading.append(button);
  });
}

/* Figures: what a point is, by pointer or arrow keys; the nearest within 16 pixels. */
const SVG = "http://www.w3.org/2000/svg";
function points(panel) {
  const own = panel.dataset.of ? document.getElementById(panel.dataset.of).closest(".panel") : panel;
  const data = own.querySelector("script");
  if (!data) return [];
  const runs = own.closest("figure").querySelector(".ids").textContent.split(" ");
  const [across, up, curves] = JSON.parse(data.textContent);
  return curves.flatMap(([name, marks, common]) =>
    marks.map(([x, y, at, value, behind]) => {
      const ids = (behind ?? common).map((i) => runs[i]);
      const more = ids.length > 3 ? ` and ${ids.length - 3} more` : "";
      const by = ids.length ? `\n${ids.length > 1 ? "runs" : "run"} ${ids.slice(0, 3).join(", ")}` : "";
      const where = at && `\n${across}: ${at}`;
      return { x, y, told: `${name}${where}\n${up ? `${up}: ` : ""}${value}${by}${more}` };
    }),
  );
}
function addPoints(panel) {
  const svg = panel.querySelector("svg");
  const known = points(panel);
  if (!known.length) return;
  const tip = make("p", { className: "tip", role: "status" });
  const ring = document.createElementNS(SVG, "circle");
  ring.setAttribute("class", "ring");
  let current = -1;
  const hide = () => {
    tip.textContent = "";
    ring.remove();
  };
  const show = (index) => {
    current = index;
    const point = known[index];
    tip.textContent = point.told;
    for (const [key, value] of [["cx", point.x], ["cy", point.y], ["r", 5]]) ring.setAttribute(key, value);
    svg.append(ring);
    const place = new DOMPoint(point.x, point.y).matrixTransform(svg.getScreenCTM());
    const left = Math.max(8, Math.min(place.x + 14, innerWidth - tip.offsetWidth - 8));
    const above = place.y - tip.offsetHeight - 14;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 8 ? above : place.y + 14}px`;
  };
  panel.addEventListener("pointermove", (event) => {
    const screen = svg.getScreenCTM();
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(screen.inverse());
    const far = known.map(({ x, y }) => Math.hypot(x - at.x, y - at.y));
    const nearest = far.reduce((best, distance, i) => (distance < far[best] ? i : best), 0);
    if (far[nearest] * screen.a < 16) show(nearest);
    else hide();
  });
  panel.addEventListener("pointerleave", hide);
  panel.addEventListener("blur", hide);
  panel.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") hide();
    if (!step || event.target !== panel) return;
    event.preventDefault();
    show((current + step + known.length + (current < 0 && step < 0)) % known.length);
  });
  panel.append(tip);
}

/* A panel opens large: wheel, + and - zoom, scrolling moves. */
const stage = make("div", { className: "stage", tabIndex: 0 });
const title = make("b");
const bigger = make("button", { type: "button", ariaLabel: "Zoom in" }, "+");
const smaller = make("button", { type: "button", ariaLabel: "Zoom out" }, "−");
const close = make("button", { type: "button" }, "Close");
const tools = make("div", { className: "tools" }, title, bigger, smaller, close);
const dialog = make("dialog", { ariaLabel: "Enlarged figure" }, tools, stage);
document.body.append(dialog);
let zoom = 1;
let home = null;
function zoomTo(wanted, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const before = zoom;
  zoom = Math.min(8, Math.max(1, wanted));
  stage.style.setProperty("--zoom", zoom);
  stage.scrollLeft = (stage.scrollLeft + x) * (zoom / before) - x;
  stage.scrollTop = (stage.scrollTop + y) * (zoom / before) - y;
}
function enlarge(panel) {
  home = make("div", { className: "panel" });
  home.style.height = `${panel.offsetHeight}px`;
  title.textContent = panel.getAttribute("aria-label");
  panel.replaceWith(home);
  stage.append(panel);
  dialog.showModal();
  panel.focus();
  zoomTo(1);
}
bigger.addEventListener("click", () => zoomTo(zoom * 1.5));
smaller.addEventListener("click", () => zoomTo(zoom / 1.5));
close.addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  const panel = stage.firstChild;
  home.replaceWith(panel);
  panel.focus();
});
dialog.addEventListener("keydown", (event) => {
  if (event.key === "+" || event.key === "=") zoomTo(zoom * 1.5);
  if (event.key === "-") zoomTo(zoom / 1.5);
});
stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { left, top } = stage.getBoundingClientRect();
  zoomTo(zoom * 1.002 ** -event.deltaY, event.clientX - left, event.clientY - top);
}, { passive: false });
for (const panel of document.querySelectorAll(".panel")) {
  const name = panel.querySelector("svg").getAttribute("aria-label");
  Object.assign(panel, { tabIndex: 0, role: "group", ariaLabel: name });
  addPoints(panel);
  const button = make("button", { type: "button", ariaLabel: `Enlarge ${name}` }, "Enlarge");
  button.addEventListener("click", () => enlarge(panel));
  panel.append(button);
}

/* Printing shows everything; what was folded is folded again. */
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => {
  for (const part of opened) part.open = false;
});
