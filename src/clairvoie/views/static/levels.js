// The levels page: fetches what its address asks for, draws it, reads it out under the cursor, and keeps it fresh. The
// table below says the same without this script; with it, the table starts closed.

import "./sparing.js";
import { TimeAxis } from "./levels-axis.js";
import { heatClasses, levelPlot, octavePlot, shortened, sourcePlot, textWidth } from "./levels-plots.js";

const holder = document.getElementById("plots");
const words = JSON.parse(holder.dataset.words);
const language = document.documentElement.lang;
const readout = document.getElementById("readout-level");
if (matchMedia("(hover: none)").matches) readout.dataset.idle = readout.dataset.touch;
const number = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(language, { style: "percent" });

let found = null; // the last answer of /levels.json
let plots = []; // { plot, kind, sensor }
let looking = null; // the stretch a person has zoomed to, or null for all of it
const heard = new Map(); // "sensor end" -> LAeq,10s that arrived after the last stored minute
const newest = new Map(); // sensor -> the last { end, laeq } that arrived

const sheet = {
  time: new TimeAxis(words.zone, language), holder: null, width: 0, left: 48, right: 48, start: 0, end: 0, step: 0, times: [],
  showAll() {
    looking = null;
    for (const { plot } of plots) plot.setScale("x", { min: sheet.start, max: sheet.end });
  },
  scaled(from) {
    const { min, max } = from.scales.x;
    looking = min === sheet.start && max === sheet.end ? null : { min, max };
    for (const { plot } of plots) {
      if (plot !== from && (plot.scales.x.min !== min || plot.scales.x.max !== max)) plot.setScale("x", { min, max });
    }
  },
  pointed(plot) {
    if (plot.cursor.idx == null || plot.cursor.left < 0) readout.textContent = readout.dataset.idle;
    else readout.textContent = told(plot);
  },
};

function level(value) {
  return value === null || value === undefined ? words.no_value : `${number.format(value)}\u00a0dB`;
}

// One column in words: its time, and what each plot says of it.
function told(plot) {
  const column = plot.posToIdx(plot.cursor.left);
  const parts = [sheet.time.moment(sheet.times[column], sheet.step < 60)];
  for (const sensor of found.sensors) {
    const name = found.sensors.length > 1 ? `${sensor.id} ` : "";
    parts.push(`${name}LAeq ${level(sensor.laeq[column])}`);
  }
  if (found.sensors.length === 1) {
    const [sensor] = found.sensors;
    if (sensor.l10[column] !== null) {
      parts.push(`L10 ${level(sensor.l10[column])}`, `L50 ${level(sensor.l50[column])}`, `L90 ${level(sensor.l90[column])}`);
    }
  }
  const over = plots.find(({ plot: one }) => one.root.matches(":hover"));
  if (over?.kind === "octaves") {
    const row = Math.floor(over.plot.posToVal(over.plot.cursor.top, "y"));
    if (row >= 0 && row < words.bands.length) parts.push(`${words.bands[row]} ${level(over.sensor().octaves[row][column])}`);
  }
  const named = found.sensors.flatMap((sensor) => sensor.sources.filter(({ share }) => share[column]));
  if (found.sensors.length === 1 || over?.kind === "sources") {
    const shown = over?.sensor ? over.sensor().sources.filter(({ share }) => share[column]) : named;
    parts.push(shown.map((one) => `${one.words} ${percent.format(one.share[column])}`).join(", ") || words.unnamed);
  }
  return parts.join(" · ");
}

// Minute figures repeated over the tens of their minute, so that all columns have one length.
function spread(column, each, length) {
  return each === 1 ? column : Array.from({ length }, (_, index) => column[Math.floor(index / each)] ?? null);
}

function prepare(answer) {
  found = answer;
  [sheet.start, sheet.end, sheet.step] = [answer.start, answer.end, answer.step];
  const length = answer.sensors[0].laeq.length;
  sheet.times = Array.from({ length }, (_, index) => answer.start + index * answer.step);
  for (const sensor of answer.sensors) {
    for (const name of ["l10", "l50", "l90"]) sensor[name] = spread(sensor[name], sensor.each, length);
    sensor.octaves = sensor.octaves.map((band) => spread(band, sensor.each, length));
    for (const source of sensor.sources) source.share = spread(source.share, sensor.each, length);
    overlay(sensor);
  }
}

// Put what arrived since the last stored minute into the ten-second columns.
function overlay(sensor) {
  if (sheet.step !== 10) return;
  for (const [key, laeq] of heard) {
    const [name, end] = key.split(" ");
    const column = (Number(end) - 10 - sheet.start) / 10;
    if (name === sensor.id && column >= 0 && column < sensor.laeq.length) sensor.laeq[column] ??= laeq;
  }
}

function columns() {
  const [first] = found.sensors;
  const levels = found.sensors.length === 1 ? [first.l10, first.l90, first.l50, first.laeq] : found.sensors.map(({ laeq }) => laeq);
  return [sheet.times, ...levels];
}

function put(id, kind, sensor, make) {
  const place = document.getElementById(id);
  place.replaceChildren();
  sheet.holder = place;
  plots.push({ plot: make(), kind, sensor });
}

function draw() {
  for (const { plot } of plots) plot.destroy();
  plots = [];
  const one = found.sensors.length === 1;
  const names = found.sensors.flatMap(({ sources }) => sources.map((source) => source.words));
  sheet.width = document.getElementById("plot-level").clientWidth;
  sheet.left = Math.min(96, Math.max(...[...words.bands, ...names, "100 dB"].map(textWidth)) + 14);
  sheet.right = Math.max(...(one ? ["LAeq"] : found.sensors.map(({ id }) => shortened(id))).map(textWidth)) + 14;
  put("plot-level", "level", null, () => levelPlot(sheet, found.sensors, columns()));
  found.sensors.forEach((sensor, index) => {
    const current = () => found.sensors[index];
    put(`plot-octaves-${index}`, "octaves", current, () => octavePlot(sheet, current, words.bands));
    document.getElementById(`no-sources-${index}`).hidden = sensor.sources.length > 0;
    const shown = sensor.sources.map((source) => source.words);
    if (shown.length) put(`plot-sources-${index}`, "sources", current, () => sourcePlot(sheet, current, shown));
    else document.getElementById(`plot-sources-${index}`).replaceChildren();
  });
  if (looking) for (const { plot } of plots) plot.setScale("x", looking);
  drawLegends();
  readout.textContent = readout.dataset.idle;
  holder.dataset.drawn = String(Number(holder.dataset.drawn ?? 0) + 1);
}

// The steps of the heat map, each with the level at which it begins.
function drawLegends() {
  const name = "http://www.w3.org/2000/svg";
  for (const legend of document.querySelectorAll("[data-legend]")) {
    legend.querySelector("svg")?.remove();
    const svg = document.createElementNS(name, "svg");
    const classes = heatClasses();
    svg.setAttribute("viewBox", `0 0 ${classes.length * 24} 14`);
    svg.setAttribute("aria-hidden", "true");
    classes.forEach(({ level: from, fill }, index) => {
      const box = document.createElementNS(name, "rect");
      const label = document.createElementNS(name, "text");
      for (const [key, value] of Object.entries({ x: index * 24, width: 24, height: 14, fill })) box.setAttribute(key, value);
      for (const [key, value] of Object.entries({ x: index * 24 + 12, y: 11, "text-anchor": "middle", fill: readable(fill) })) label.setAttribute(key, value);
      label.textContent = from;
      svg.append(box, label);
    });
    legend.append(svg);
  }
}

function readable(fill) {
  const [red, green, blue] = fill.match(/\d+/g).map(Number);
  return red * 0.299 + green * 0.587 + blue * 0.114 > 140 ? "#1c1b19" : "#fbfaf7";
}

function take(answer) {
  prepare(answer);
  const sources = found.sensors.map((sensor) => sensor.sources.map((source) => source.source).join()).join(";");
  if (plots.length && sources === holder.dataset.sources && holder.dataset.span === `${sheet.start} ${sheet.end}`) refresh();
  else draw();
  holder.dataset.sources = sources;
  holder.dataset.span = `${sheet.start} ${sheet.end}`;
}

function refresh() {
  for (const { plot, kind } of plots) {
    if (kind === "level") plot.setData(columns(), false);
    plot.redraw(true, true);
  }
}

function takeNewest(sensors) {
  for (const { id, end, laeq } of sensors) {
    if (end === null || laeq === null) continue;
    heard.set(`${id} ${end}`, laeq);
    newest.set(id, { end, laeq });
  }
  showNewest();
  for (const key of [...heard.keys()].slice(0, -600)) heard.delete(key);
  if (!found || sheet.step !== 10) return;
  for (const sensor of found.sensors) overlay(sensor);
  refresh();
}

// The figures above are fetched whole and may have been rendered before a level that has arrived since: each place says to
// which second it is, and only goes forward.
function showNewest() {
  for (const [id, { end, laeq }] of newest) {
    for (const place of document.querySelectorAll(`[data-now="${id}"], [data-now-end="${id}"]`)) {
      if (Number(place.dataset.end) >= end) continue;
      place.dataset.end = end;
      place.textContent = "now" in place.dataset ? level(laeq) : sheet.time.time(end);
    }
  }
}

// Arrow keys read the plot column by column, as the pointer does.
function read(event) {
  const [{ plot }] = plots;
  const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
  if (!(event.key in moves) && event.key !== "Home" && event.key !== "End") return;
  event.preventDefault();
  const { min, max } = plot.scales.x;
  const first = Math.max(0, Math.ceil((min - sheet.start) / sheet.step));
  const last = Math.min(sheet.times.length - 1, Math.floor((max - sheet.start) / sheet.step) - 1);
  const now = plot.cursor.left >= 0 ? plot.posToIdx(plot.cursor.left) : event.key === "ArrowLeft" ? last + 1 : first - 1;
  const next = event.key === "Home" ? first : event.key === "End" ? last : now + moves[event.key];
  const at = Math.min(Math.max(next, first), last);
  plot.setCursor({ left: plot.valToPos(sheet.times[at], "x"), top: 10 });
}

function redrawAll() {
  for (const { plot } of plots) plot.redraw(false, false);
  drawLegends();
}

async function begin() {
  // Until the plots have something to show the table stays open: when this fails, the page still says everything.
  const answer = await fetch(holder.dataset.source);
  if (!answer.ok) throw new Error(`${holder.dataset.source}: ${answer.status}`);
  const levels = await answer.json();
  holder.hidden = false;
  document.getElementById("levels-table").open = false;
  take(levels);
  document.getElementById("plot-level").addEventListener("keydown", read);
  let width = sheet.width;
  new ResizeObserver(([{ contentRect }]) => {
    if (Math.abs(contentRect.width - width) < 1) return;
    width = contentRect.width;
    draw();
  }).observe(document.getElementById("plot-level"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  new MutationObserver(redrawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!detail.successful) return;
  if (detail.elt.id === "levels-whole") take(JSON.parse(detail.xhr.responseText));
  if (detail.elt.id === "levels-newest") takeNewest(JSON.parse(detail.xhr.responseText));
});

document.body.addEventListener("htmx:afterSwap", ({ target }) => { if (target.id === "figures") showNewest(); });

begin();
