// The desk by keyboard: j and k choose, Enter opens, t takes, c closes. The choice survives every refresh of the queue.
// On the page of one incident t and c act on that incident.

const queue = document.getElementById("queue");
let chosen = Number(sessionStorage.getItem("chosen")) || null;

const lines = () => [...(queue?.querySelectorAll(".line") ?? [])];
const lineOf = (id) => lines().find((line) => Number(line.dataset.incident) === id);

function mark() {
  for (const line of lines()) {
    const isChosen = Number(line.dataset.incident) === chosen;
    line.classList.toggle("chosen", isChosen);
    if (isChosen) line.querySelector("a.what").setAttribute("aria-current", "true");
    else line.querySelector("a.what").removeAttribute("aria-current");
  }
}

function choose(id, { focus = false } = {}) {
  chosen = id;
  sessionStorage.setItem("chosen", String(id));
  mark();
  const line = lineOf(id);
  if (focus) line?.querySelector("a.what").focus({ preventScroll: true });
  line?.scrollIntoView({ block: "nearest" });
  document.dispatchEvent(new CustomEvent("incident:show", { detail: id }));
}

function step(by) {
  const all = lines();
  if (!all.length) return;
  const now = all.findIndex((line) => Number(line.dataset.incident) === chosen);
  const next = now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + by, 0), all.length - 1);
  choose(Number(all[next].dataset.incident), { focus: true });
}

function take() {
  const scope = queue ? lineOf(chosen) : document.getElementById("act");
  scope?.querySelector(".take button, a.button")?.click();
}

function close() {
  if (queue) {
    if (lineOf(chosen)) location.href = `/incidents/${chosen}#basis-on-site`;
    return;
  }
  const closing = document.getElementById("closing");
  if (closing) closing.open = true;
  document.querySelector("#act form.close input[type=radio]")?.focus();
}

const acts = { j: () => step(1), k: () => step(-1), t: take, c: close };

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, dialog[open]")) return;
  if (event.key === "Enter" && queue && chosen && event.target === document.body) { if (lineOf(chosen)) location.href = `/incidents/${chosen}`; return; }
  if (document.body.dataset.going || !acts[event.key]) return;
  event.preventDefault();
  acts[event.key]();
});

// Pointer and focus choose too; the link itself opens.
queue?.addEventListener("click", ({ target }) => {
  const line = target.closest(".line");
  if (line && !target.closest("a, button")) choose(Number(line.dataset.incident));
});
queue?.addEventListener("focusin", ({ target }) => {
  const id = Number(target.closest(".line")?.dataset.incident);
  if (id && id !== chosen) choose(id);
});
document.addEventListener("incident:choose", ({ detail }) => (queue ? choose(detail, { focus: true }) : null));

// After a refresh: the same line chosen, the focus where it was, and new incidents said to a screen reader.
const open = () => new Map(lines().filter((line) => line.dataset.state === "open").map((line) => [line.dataset.incident, line]));
let known = open();
let focused = "";
queue?.addEventListener("htmx:beforeSwap", () => { focused = queue.contains(document.activeElement) ? document.activeElement.id : ""; });
queue?.addEventListener("htmx:afterSettle", () => {
  mark();
  if (focused && !queue.contains(document.activeElement)) (document.getElementById(focused) ?? lineOf(chosen)?.querySelector("a.what"))?.focus({ preventScroll: true });
  const now = open();
  const fresh = [...now].filter(([id]) => !known.has(id)).map(([, line]) => `${line.querySelector(".what").innerText.trim()}, ${line.querySelector(".where").innerText}`);
  if (fresh.length) document.getElementById("said").textContent = fresh.join(". ");
  known = now;
});

// Led here to close: the browser itself focuses the field that the address names, once it is shown.
if (location.hash === "#basis-on-site" && document.getElementById("closing")) document.getElementById("closing").open = true;

mark();
if (queue && lineOf(chosen)) document.dispatchEvent(new CustomEvent("incident:show", { detail: chosen }));
