// The sensor page: takes fresh squares into the open page without moving the focus, and tells the one that is pointed at.

import "./sparing.js";

const grid = document.getElementById("squares");
const readout = document.getElementById("readout");
const COLUMNS = 10;
let pointed = null; // the square under the pointer
let focused = null; // the square that has the keyboard
let stepped = null; // the square that the two buttons have reached

function squares() {
  return [...grid.querySelectorAll(".square")];
}

// Copy what the server says of each second into the square that is already there.
function take(markup) {
  const fresh = new DOMParser().parseFromString(markup, "text/html");
  for (const square of squares()) {
    const next = fresh.getElementById(square.id);
    if (!next) continue;
    square.className = next.className;
    if (square.dataset.second === next.dataset.second && square.getAttribute("aria-label") === next.getAttribute("aria-label")) continue;
    for (const { name, value } of next.attributes) {
      if (name !== "tabindex") square.setAttribute(name, value);
    }
    square.replaceChildren(...next.childNodes);
  }
  for (const part of ["#said-total", "#said-list ol", "#said-list p"]) {
    document.querySelector(part).replaceChildren(...fresh.querySelector(part).childNodes);
  }
  grid.dataset.updates = String(Number(grid.dataset.updates ?? 0) + 1);
  tell();
}

function speaking() {
  const said = squares().filter((square) => square.dataset.said && JSON.parse(square.dataset.said).length > 1);
  return said.sort((a, b) => Number(b.dataset.second) - Number(a.dataset.second))[0] ?? null;
}

// Write into the read-out what the chosen square said; without a choice, the last square that said something.
function tell() {
  const square = pointed ?? focused ?? stepped ?? speaking();
  for (const one of squares()) one.classList.toggle("told", one === square);
  if (!square) return;
  const said = JSON.parse(square.dataset.said);
  const cost = JSON.parse(square.dataset.cost);
  const head = document.createElement("p");
  const time = document.createElement("b");
  time.textContent = square.dataset.clock;
  head.append(time, " ", quiet(square.classList.contains("unheard") ? "" : square.dataset.bits));
  const list = document.createElement("ul");
  const parts = said.length > 1 ? said.slice(0, -1) : [readout.dataset[square.classList.contains("unheard") ? "unheard" : "nothing"]];
  parts.forEach((words, index) => {
    const item = document.createElement("li");
    item.append(words, " ", quiet(said.length > 1 ? cost[index] : ""));
    list.append(item);
  });
  readout.replaceChildren(head, list);
}

function quiet(words) {
  const span = document.createElement("span");
  span.className = "quiet";
  span.textContent = words;
  return span;
}

function choose(square) {
  for (const one of squares()) one.tabIndex = one === square ? 0 : -1;
  stepped = null;
  square.focus();
}

grid.addEventListener("focusin", ({ target }) => {
  focused = target.closest(".square");
  for (const one of squares()) one.tabIndex = one === focused ? 0 : -1;
  tell();
});
grid.addEventListener("focusout", () => { focused = null; tell(); });
grid.addEventListener("pointerover", ({ target }) => { pointed = target.closest(".square"); tell(); });
grid.addEventListener("pointerleave", () => { pointed = null; tell(); });
grid.addEventListener("click", ({ target }) => {
  const square = target.closest(".square");
  if (square) choose(square);
});
grid.addEventListener("keydown", (event) => {
  const all = squares();
  const at = all.indexOf(document.activeElement);
  const row = Math.floor(at / COLUMNS) * COLUMNS;
  const moves = {
    ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - COLUMNS, ArrowDown: at + COLUMNS,
    Home: event.ctrlKey ? 0 : row, End: event.ctrlKey ? all.length - 1 : row + COLUMNS - 1,
  };
  if (at < 0 || !(event.key in moves)) return;
  event.preventDefault();
  const next = all[Math.min(Math.max(moves[event.key], 0), all.length - 1)];
  choose(next);
});

// Squares are small for a finger: two buttons step from one to the next.
document.getElementById("steps").hidden = false;
document.getElementById("steps").addEventListener("click", ({ target }) => {
  const step = Number(target.closest("button")?.dataset.step);
  if (!step) return;
  const all = squares();
  const now = all.indexOf(stepped ?? speaking() ?? all[0]);
  stepped = all[(now + step + all.length) % all.length];
  tell();
});

document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.elt.id === "said-now" && detail.successful) take(detail.xhr.responseText);
});
tell();
