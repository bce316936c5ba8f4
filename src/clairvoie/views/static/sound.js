// A sound, repeated until every open incident is taken. It is made here (two soft tones), so no file and no other host.
// Browsers may forbid sound until somebody has pressed something; then it is off, and the page says so.

const control = document.getElementById("sound");
const toggle = control.querySelector(".sound-toggle");
const EVERY_MILLISECONDS = 4000;
let wanted = localStorage.getItem("sound") !== "off";
let context = null;
let before = 0;
let sounding = null;

const allowed = () => context?.state === "running";
const openIncidents = () => Number(document.querySelector("#strip [data-open]")?.dataset.open ?? 0);

function say() {
  const state = !wanted ? "off" : allowed() ? "on" : "forbidden";
  control.dataset.sound = state;
  toggle.textContent = control.dataset[`say${state[0].toUpperCase()}${state.slice(1)}`];
  toggle.setAttribute("aria-pressed", String(state === "on"));
}

function tone() {
  for (const [offset, frequency] of [[0, 660], [0.22, 880]]) {
    const at = context.currentTime + offset;
    const oscillator = new OscillatorNode(context, { frequency });
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.25, at + 0.02);
    gain.gain.linearRampToValueAtTime(0, at + 0.2);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(at);
    oscillator.stop(at + 0.21);
  }
  control.dataset.tones = String(Number(control.dataset.tones ?? 0) + 1);
}

// Several open pages sound once, not several times: the page that holds the lock sounds.
function soundOnce() {
  if (!wanted || !allowed() || !openIncidents()) return;
  navigator.locks.request("clairvoie-sound", { ifAvailable: true }, (lock) => {
    if (!lock) return null;
    tone();
    return new Promise((done) => { setTimeout(done, EVERY_MILLISECONDS - 200); });
  });
}

async function start() {
  context ??= new AudioContext();
  context.onstatechange = say;
  // Where sound is forbidden this promise waits for the first press instead of failing; nobody waits for it here.
  context.resume();
  say();
}

toggle.addEventListener("click", () => {
  wanted = !(sounding ?? (wanted && allowed()));
  sounding = null;
  localStorage.setItem("sound", wanted ? "on" : "off");
  if (wanted) start();
  say();
});
control.querySelector(".sound-test").addEventListener("click", async () => {
  context ??= new AudioContext();
  context.onstatechange = say;
  await context.resume();
  tone();
  document.getElementById("said").textContent = control.dataset.sayTested;
  say();
});
// Any press lets the page sound. A press on the switch means what the switch says when it goes down: by the click, which
// comes when it goes up, sound may have begun already, and the click would turn it off.
for (const press of ["pointerdown", "keydown"]) {
  document.addEventListener(press, ({ target }) => {
    sounding = toggle.contains(target) ? wanted && allowed() : null;
    if (wanted && !allowed()) start();
  });
}

before = openIncidents();
await start();
control.hidden = false;
setInterval(soundOnce, EVERY_MILLISECONDS);
document.body.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id !== "strip") return;
  const now = openIncidents();
  if (!now) control.dataset.tones = "0";
  if (now > before) soundOnce();
  before = now;
});
soundOnce();
