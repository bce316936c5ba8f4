// Every page: says when the live connection is lost, asks again when the page becomes visible, keeps what is being typed,
// and the keys that lead from page to page. Without scripts every page still works; it is then as fresh as its loading.

if (document.getElementById("sound")) import("./sound.js");

const notice = document.getElementById("connection");
const keys = document.getElementById("keys");
const goTo = { m: "/", i: "/incidents", s: "/sensors", l: "/levels", a: "/authorisations", j: "/ledger" };
const GO_MILLISECONDS = 1500;

function lost() {
  if (!notice.hidden) return;
  const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false });
  notice.textContent = notice.dataset.lost.replace("{time}", time);
  notice.hidden = false;
}

const ask = () => window.htmx.trigger(document.body, "page:refresh");
document.body.addEventListener("htmx:sseError", lost);
document.body.addEventListener("htmx:sseOpen", () => { notice.hidden = true; });
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
window.addEventListener("online", ask);
window.addEventListener("offline", lost);

// The number of open incidents leads the title, so that it is seen on a tab in the background.
const title = document.title;
function count() {
  const open = Number(document.querySelector("#strip [data-open]")?.dataset.open ?? 0);
  document.title = open ? `(${open}) ${title}` : title;
}
// On a telephone the strip scrolls sideways; a refresh leaves it where somebody has moved it.
const moved = () => [...document.querySelectorAll("#strip ul")];
let places = [];
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => { if (detail.target.id === "strip") places = moved().map((row) => row.scrollLeft); });
document.body.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id !== "strip") return;
  moved().forEach((row, index) => { row.scrollLeft = places[index] ?? 0; });
  count();
});
count();

// A refresh that nobody asked for never takes away what somebody is writing or has chosen: neither when it would be
// asked, nor when its answer comes.
function busy(region) {
  const written = [...region.querySelectorAll("textarea, input:not([type=hidden], [type=radio], [type=checkbox])")];
  const chosen = [...region.querySelectorAll("input[type=radio]")];
  return written.some((field) => field.value !== field.defaultValue || field === document.activeElement)
    || chosen.some((field) => field.checked !== field.defaultChecked || field === document.activeElement);
}
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  if (requestConfig.verb === "get" && busy(elt)) event.preventDefault();
});
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.requestConfig.verb === "get" && busy(detail.target)) detail.shouldSwap = false;
});

// Nor does it close what somebody has opened, or move the focus away.
let opened = [];
let focused = "";
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  opened = [...detail.target.querySelectorAll("details[id][open]")].map(({ id }) => id);
  focused = detail.target.contains(document.activeElement) ? document.activeElement.id : "";
});
document.body.addEventListener("htmx:afterSwap", () => {
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  if (document.body.dataset.going) {
    delete document.body.dataset.going;
    event.preventDefault();  // a second key that leads nowhere does nothing: "g t" must not take an incident
    document.querySelector(`.pages a[href="${goTo[event.key]}"]`)?.click();  // only where this person may go
    return;
  }
  if (event.key === "g") {
    document.body.dataset.going = "yes";
    setTimeout(() => { delete document.body.dataset.going; }, GO_MILLISECONDS);
  } else if (event.key === "?") {
    if (keys.open) keys.close(); else keys.showModal();
  } else if (event.key === "/") {
    event.preventDefault();
    const field = document.getElementById("search");
    if (field) field.focus(); else document.querySelector('.pages a[href="/incidents"]')?.click();
  }
}, true);

document.getElementById("show-keys").addEventListener("click", () => keys.showModal());
for (const button of document.querySelectorAll("button.print")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// On a telephone the pages stand in one row that scrolls: the present one is brought into sight.
document.querySelector(".pages a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
