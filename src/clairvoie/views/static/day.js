// The day's squares read by pointer and arrow keys. The picture is replaced while the page is open, so it is looked up anew.

const day = document.getElementById("day");
const readout = document.getElementById("day-readout");
const COLUMNS = 60;
let at = null; // the minute that is read, counted from the start of the day

function picture() {
  return day.querySelector("#day-picture svg");
}

function tell() {
  const svg = picture();
  const mark = svg.querySelector(".day-told");
  mark.setAttribute("visibility", at === null ? "hidden" : "visible");
  if (at === null) {
    say(readout.dataset.idle);
    return;
  }
  const [row, column] = [Math.floor(at / COLUMNS), at % COLUMNS];
  const [label, offset] = svg.dataset.hours.split(",")[row].split(" ");
  const bits = svg.dataset.bits ? svg.dataset.bits.split(",") : [];
  const words = at >= bits.length ? "future" : bits[at] === "" ? "missing" : "told";
  mark.setAttribute("x", column);
  mark.setAttribute("y", row);
  const time = `${label}:${String(column).padStart(2, "0")}`;
  say(readout.dataset[words].replace("{time}", time).replace("{offset}", offset).replace("{bits}", bits[at]));
}

// Only what differs is written, so that a screen reader hears nothing twice.
function say(words) {
  if (readout.textContent !== words) readout.textContent = words;
}

function minuteUnder(event) {
  const svg = picture();
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const [row, column] = [Math.floor(y), Math.floor(x)];
  const rows = svg.dataset.hours.split(",").length;
  return row >= 0 && row < rows && column >= 0 && column < COLUMNS ? row * COLUMNS + column : null;
}

day.addEventListener("pointermove", (event) => {
  if (!event.target.closest("#day-picture svg")) return;
  at = minuteUnder(event);
  tell();
});
day.addEventListener("pointerleave", () => {
  if (document.activeElement === picture()) return;
  at = null;
  tell();
});
day.addEventListener("keydown", (event) => {
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS };
  if (!(event.key in moves) || !event.target.closest("#day-picture svg")) return;
  event.preventDefault();
  const known = picture().dataset.bits.split(",").length;
  const next = at === null ? known - 1 : at + moves[event.key];
  at = Math.min(Math.max(next, 0), picture().dataset.hours.split(",").length * COLUMNS - 1);
  tell();
});
document.body.addEventListener("htmx:afterSwap", tell);
tell();
