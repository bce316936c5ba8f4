// The drawing of the levels page: a line with its band, octave maps and source strips, on one time axis. Colours are read
// from the style sheet at each drawing, so a change of theme needs a redraw and nothing else.

const FONT = "12px system-ui, sans-serif";
const ROW = 18;
const AXIS_HEIGHT = 38;
const LEAST_CELL = 2;
const DASHES = [[], [6, 3], [2, 3]];
const LINE_COLOURS = ["--accent", "--taken", "--ink"];
export const HEAT = { from: 30, to: 80, step: 5 };

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// A colour between the three stops of the style sheet, `share` from 0 to 1.
export function heat(share) {
  const stops = ["--heat-low", "--heat-middle", "--heat-high"].map((name) => rgb(colour(name)));
  const place = Math.min(Math.max(share, 0), 1) * 2;
  const [from, to] = place < 1 ? [stops[0], stops[1]] : [stops[1], stops[2]];
  const rest = place < 1 ? place : place - 1;
  return `rgb(${from.map((value, index) => Math.round(value + (to[index] - value) * rest)).join(" ")})`;
}

export function heatClasses() {
  const classes = [];
  for (let level = HEAT.from; level <= HEAT.to; level += HEAT.step) classes.push(level);
  return classes.map((level) => ({ level, fill: heat((level - HEAT.from) / (HEAT.to - HEAT.from)) }));
}

function rgb(hex) {
  return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
}

export function textWidth(words) {
  const context = document.createElement("canvas").getContext("2d");
  context.font = FONT;
  return Math.ceil(context.measureText(words).width);
}

// What all plots share: the time axis, a left axis of one width, the cursor in step, dragging to look closer.
function common(sheet, { height, y, axis, hooks, series, data, bands }) {
  return new window.uPlot(
    {
      width: sheet.width, height: height + AXIS_HEIGHT, padding: [8, sheet.right, 0, 0], bands,
      legend: { show: false },
      cursor: {
        sync: { key: "levels", scales: ["x", null] }, y: false, drag: { x: true, y: false, setScale: true },
        points: { show: false }, bind: { dblclick: () => () => sheet.showAll() },
      },
      scales: { x: { time: true, auto: false, min: sheet.start, max: sheet.end }, y },
      axes: [
        {
          font: FONT, stroke: () => colour("--quiet"), size: AXIS_HEIGHT, gap: 4,
          grid: { stroke: () => colour("--line"), width: 1 }, ticks: { stroke: () => colour("--line"), width: 1, size: 4 },
          splits: (plot, _, from, to) => sheet.time.ticks(from, to, plot.bbox.width / devicePixelRatio),
          values: (plot, splits) => splits.map((second) => sheet.time.label(second)),
        },
        { font: FONT, stroke: () => colour("--quiet"), size: sheet.left, gap: 6, ticks: { show: false }, ...axis },
      ],
      series: [{}, ...series],
      hooks: {
        setScale: [(plot, key) => key === "x" && sheet.scaled(plot)],
        setCursor: [(plot) => sheet.pointed(plot)],
        ...hooks,
      },
    },
    data,
    sheet.holder,
  );
}

export function levelPlot(sheet, sensors, columns) {
  const one = sensors.length === 1;
  const stepped = window.uPlot.paths.stepped({ align: 1 });
  const line = (index) => ({
    stroke: () => colour(LINE_COLOURS[index]), width: 1.25, dash: DASHES[index], paths: stepped,
    points: { show: false, filter: lone, size: 5, width: 0, fill: () => colour(LINE_COLOURS[index]) },
  });
  const edge = { stroke: "transparent", width: 0, paths: stepped, points: { show: false } };
  const middle = { stroke: () => colour("--quiet"), width: 1, dash: [2, 3], paths: stepped, points: { show: false } };
  const series = one ? [edge, edge, middle, line(0)] : sensors.map((_, index) => line(index));
  const labels = one ? ["L10", "L90", "L50", "LAeq"] : sensors.map((sensor) => shortened(sensor.id));
  return common(sheet, {
    height: 240, series, data: columns, bands: one ? [{ series: [1, 2], fill: () => colour("--band") }] : undefined,
    y: { range: (plot, low, high) => levelRange(low, high) },
    axis: {
      grid: { stroke: () => colour("--line"), width: 1 }, incrs: [5, 10, 20], space: 32,
      values: (plot, splits) => splits.map((level) => `${level}\u00a0dB`),
    },
    hooks: { draw: [(plot) => labelEnds(plot, labels, one)] },
  });
}

// The columns that have a value and no neighbour with one: no line shows them, so each gets a point.
function lone(plot, series) {
  const column = plot.data[series];
  const known = (place) => column[place] !== null && column[place] !== undefined;
  return column.flatMap((_, place) => known(place) && !known(place - 1) && !known(place + 1) ? [place] : []);
}

export function shortened(name) {
  return name.length > 14 ? `${name.slice(0, 13)}…` : name;
}

function levelRange(low, high) {
  if (low === null || high === null) return [30, 80];
  const from = Math.floor((low - 2) / 5) * 5;
  return [from, Math.max(Math.ceil((high + 2) / 5) * 5, from + 20)];
}

// Names where each line ends, pushed apart where the lines are close.
function labelEnds(plot, labels, one) {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  const [, last] = plot.series[0].idxs ?? [0, plot.data[0].length - 1];
  const ends = labels.map((words, index) => {
    const column = plot.data[index + 1];
    let place = Math.min(last, column.length - 1);
    while (place > 0 && column[place] == null) place -= 1;
    const right = Math.min(plot.valToPos(plot.data[0][place], "x", true), bbox.left + bbox.width);
    return { words, index, right, at: column[place] == null ? null : plot.valToPos(column[place], "y", true) };
  }).filter(({ at }) => at !== null && at >= bbox.top && at <= bbox.top + bbox.height).sort((a, b) => a.at - b.at);
  ctx.save();
  ctx.font = FONT.replace("12px", `${12 * scale}px`);
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  let above = -Infinity;
  for (const { words, index, right, at } of ends) {
    const y = Math.max(at, above + 14 * scale);
    above = y;
    ctx.fillStyle = colour(one ? (index === labels.length - 1 ? "--accent" : "--quiet") : LINE_COLOURS[index]);
    ctx.fillText(words, right + 8 * scale, y);
  }
  ctx.restore();
}

// Rows of cells. `fill(row, column)` gives a colour and the share of the cell's height, or null for nothing known.
function rowsPlot(sheet, names, { rowHeight, fill, lines }) {
  const rows = names.length;
  const draw = (plot) => {
    const { ctx, bbox, data: [times] } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    const x = times.map((time) => Math.round(plot.valToPos(time, "x", true)));
    x.push(Math.round(plot.valToPos(times.at(-1) + sheet.step, "x", true)));
    for (let row = 0; row < rows; row += 1) {
      const bottom = Math.round(plot.valToPos(row, "y", true));
      if (lines) {
        ctx.fillStyle = colour("--line");
        ctx.fillRect(bbox.left, bottom - devicePixelRatio, bbox.width, devicePixelRatio);
      }
      const full = bottom - Math.round(plot.valToPos(row + 1, "y", true));
      for (let column = 0; column < times.length; column += 1) {
        if (x[column + 1] < bbox.left || x[column] > bbox.left + bbox.width) continue;
        const cell = fill(row, column);
        if (cell === null) continue;
        const height = Math.max(Math.round((full - devicePixelRatio) * cell.share), cell.share ? 1 : 0);
        ctx.fillStyle = cell.colour;
        ctx.fillRect(x[column], bottom - height, Math.max(x[column + 1] - x[column], LEAST_CELL * devicePixelRatio), height);
      }
    }
    ctx.restore();
  };
  return common(sheet, {
    height: rows * rowHeight, series: [{ paths: () => null, points: { show: false } }],
    data: [sheet.times, sheet.times.map(() => null)],
    y: { auto: false, range: () => [0, rows] },
    axis: {
      grid: { show: false }, splits: () => names.map((_, row) => row + 0.5), values: () => names,
      filter: (plot, splits) => splits,
    },
    hooks: { draw: [draw] },
  });
}

export function octavePlot(sheet, sensor, names) {
  let colours = new Map();
  let theme = "";
  const fill = (row, column) => {
    const level = sensor().octaves[row][column];
    if (level === null) return null;
    const now = colour("--heat-low");
    if (row === 0 && now !== theme) [colours, theme] = [new Map(), now];
    const step = Math.floor((level - HEAT.from) / HEAT.step);
    if (!colours.has(step)) colours.set(step, heat((step * HEAT.step) / (HEAT.to - HEAT.from)));
    return { colour: colours.get(step), share: 1 };
  };
  return rowsPlot(sheet, names, { rowHeight: ROW, fill, lines: false });
}

export function sourcePlot(sheet, sensor, names) {
  const fill = (row, column) => {
    const share = sensor().sources[names.length - 1 - row].share[column];
    return share ? { colour: colour("--accent"), share } : null;
  };
  return rowsPlot(sheet, [...names].reverse(), { rowHeight: ROW, fill, lines: true });
}
