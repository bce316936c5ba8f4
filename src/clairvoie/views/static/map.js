// The map: streets and buildings from the deployment's own file, sensors and incidents from /map/state. No tiles, no
// other host. Colours live in style.css; this script gives shapes their place and never words anything.

const element = document.getElementById("map");
const { L } = window;
const ROAD_METRES = 7;
const GREEN = new Set(["green", "park", "garden", "square", "grass", "wood"]);
const WATER = new Set(["water", "river", "canal", "basin"]);

const map = L.map(element, {
  zoomControl: false, attributionControl: false, zoomSnap: 0.25, zoomDelta: 0.5, wheelPxPerZoomLevel: 120, minZoom: 11, maxZoom: 20,
  zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
});
L.control.zoom({ zoomInTitle: element.dataset.zoomIn, zoomOutTitle: element.dataset.zoomOut, position: "topleft" }).addTo(map);
L.control.scale({ imperial: false, position: "bottomleft", maxWidth: 160 }).addTo(map);
const north = L.control({ position: "topright" });
north.onAdd = () => Object.assign(L.DomUtil.create("div", "north"), { textContent: "N", title: element.dataset.north });
north.addTo(map);

const sensors = new Map();
const incidents = new Map();
const rays = L.layerGroup();
const roads = [];
let polygon = null;
let chosen = element.closest(".incident-page") ? Number(new URL(element.dataset.state, location).searchParams.get("incident")) : null;
const ofOne = chosen !== null; // the page of one incident
let placed = false;

// What a feature is, from our own "kind" or from OpenStreetMap's keys.
function kindOf({ properties: p, geometry }) {
  const kind = p.kind ?? p.natural ?? p.waterway ?? p.leisure ?? p.landuse ?? (p.building ? "building" : p.highway ? "street" : "");
  if (WATER.has(kind)) return "water";
  if (GREEN.has(kind)) return "green";
  if (geometry.type.endsWith("LineString")) return "street";
  return geometry.type.endsWith("Polygon") ? (kind === "street" ? "pavement" : kind === "building" ? "building" : "ground") : "";
}

function drawStreets(features) {
  const layerOf = (wanted, options) => L.geoJSON(features, {
    interactive: false, filter: (f) => wanted.includes(kindOf(f)), style: (f) => ({ className: `map-${kindOf(f)}`, ...options }),
  });
  layerOf(["ground", "green", "water", "pavement"], {}).addTo(map);
  for (const extra of [2, 0]) {
    const layer = layerOf(["street"], { className: extra ? "map-kerb" : "map-street", fill: false, lineCap: "round" });
    layer.eachLayer((line) => roads.push({ line, extra, metres: Number(line.feature.properties.width) || ROAD_METRES }));
    layer.addTo(map);
  }
  layerOf(["building"], {}).addTo(map);
  const named = new Set();
  for (const { line, extra } of roads) {
    const name = line.feature.properties.name;
    if (!extra && name && !named.has(name)) { named.add(name); nameStreet(name, line.getLatLngs().flat(Infinity)); }
  }
  map.on("zoomend", widenRoads);
}

function nameStreet(name, points) {
  const flat = points.map((p) => map.project(p, 16));
  let [best, length] = [0, -1];
  for (let i = 1; i < flat.length; i += 1) if (flat[i].distanceTo(flat[i - 1]) > length) { best = i; length = flat[i].distanceTo(flat[i - 1]); }
  if (best === 0) return;
  const [from, to] = [flat[best - 1], flat[best]];
  let angle = Math.atan2(to.y - from.y, to.x - from.x) * 180 / Math.PI;
  if (angle > 90) angle -= 180; else if (angle < -89) angle += 180;
  const label = Object.assign(document.createElement("span"), { textContent: name });
  label.style.transform = `translate(-50%, -50%) rotate(${angle}deg)`;
  const middle = map.unproject(from.add(to.subtract(from).multiplyBy(0.35)), 16);
  L.marker(middle, { icon: L.divIcon({ className: "street-name", html: label, iconSize: [0, 0] }), interactive: false, keyboard: false, zIndexOffset: -1000 }).addTo(map);
}

function widenRoads() {
  const metresPerPixel = 40_075_016.686 * Math.cos(map.getCenter().lat * Math.PI / 180) / 2 ** (map.getZoom() + 8);
  for (const { line, extra, metres } of roads) line.setStyle({ weight: Math.max(1.5, metres / metresPerPixel) + extra });
  element.classList.toggle("far", map.getZoom() < 15.5);
}

const copyOf = (name) => document.getElementById(`mark-${name}`).content.firstElementChild.cloneNode(true);

function drawSensor(sensor) {
  const mark = copyOf(sensor.silent ? "sensor-silent" : "sensor-live");
  mark.querySelector(".level").textContent = sensor.label;
  mark.classList.toggle("unconfined", sensor.unconfined);
  const icon = L.divIcon({ className: "mark", html: mark, iconSize: [0, 0] });
  const known = sensors.get(sensor.id);
  if (known) { known.marker.setIcon(icon); known.marker.getElement().title = sensor.title; Object.assign(known, { sensor }); return; }
  const marker = L.marker([sensor.latitude, sensor.longitude], { icon, keyboard: false, title: sensor.title }).addTo(map);
  marker.on("click", () => { location.href = `/sensors/${sensor.id}`; });
  sensors.set(sensor.id, { marker, sensor });
}

function drawIncident(incident) {
  incidents.get(incident.id)?.marker.remove();
  const icon = L.divIcon({ className: "mark", html: copyOf(incident.state), iconSize: [0, 0] });
  const { latitude, longitude } = incident.fix ?? incident;
  const marker = L.marker([latitude, longitude], { icon, keyboard: false, title: incident.title, zIndexOffset: 1000 }).addTo(map);
  marker.on("click", () => document.dispatchEvent(new CustomEvent("incident:choose", { detail: incident.id })));
  incidents.set(incident.id, { marker, incident });
}

function drawChosen() {
  rays.clearLayers();
  for (const [id, { marker }] of incidents) marker.getElement()?.classList.toggle("chosen", id === chosen);
  const found = incidents.get(chosen);
  if (!found) { rays.remove(); return; }
  const { radius, fix, state, sensors: heard } = found.incident;
  const { latitude, longitude } = fix ?? found.incident;
  const around = { className: `map-radius state-${state}`, interactive: false };
  rays.addLayer(fix ? L.polygon(fix.outline, { ...around, smoothFactor: 0 }) : L.circle([latitude, longitude], { radius, ...around }));
  for (const name of heard) {
    const sensor = sensors.get(name)?.sensor;
    if (sensor) rays.addLayer(L.polyline([[latitude, longitude], [sensor.latitude, sensor.longitude]], { className: `map-ray state-${state}`, interactive: false }));
  }
  rays.addTo(map);
}

// The authorised polygon, on the page of an act.
function drawPolygon(corners) {
  polygon?.remove();
  polygon = L.polygon(corners, { className: "map-polygon", interactive: false }).addTo(map);
}

function place() {
  const points = [...sensors.values()].map(({ sensor }) => [sensor.latitude, sensor.longitude]);
  if (polygon) points.push(...polygon.getLatLngs().flat(Infinity));
  if (chosen !== null) points.push(...[...incidents.values()].map(({ incident: { fix, ...sensed } }) => [(fix ?? sensed).latitude, (fix ?? sensed).longitude]));
  if (points.length) map.fitBounds(L.latLngBounds(points).pad(0.12), { animate: false, maxZoom: 18 });
  else map.setView([0, 0], 11);
  placed = true;
}

function draw(state) {
  if (state.polygon) drawPolygon(state.polygon);
  state.sensors.forEach(drawSensor);
  document.getElementById("key-unconfined").hidden = !state.sensors.some(({ unconfined }) => unconfined);
  const ids = new Set(state.incidents.map(({ id }) => id));
  for (const [id, { marker }] of incidents) if (!ids.has(id)) { marker.remove(); incidents.delete(id); }
  for (const incident of state.incidents) {
    const known = incidents.get(incident.id)?.incident;
    if (JSON.stringify(known) !== JSON.stringify(incident)) drawIncident(incident);
  }
  if (!placed) place();
  drawChosen();
}

export function choose(id) {
  chosen = id;
  drawChosen();
  const found = incidents.get(id)?.incident;
  if (!found) return;
  const bounds = found.fix ? L.latLngBounds(found.fix.outline) : L.latLng(found.latitude, found.longitude).toBounds(2 * found.radius);
  if (!map.getBounds().contains(bounds)) map.panTo(bounds.getCenter(), { animate: false });
  if (!map.getBounds().contains(bounds)) map.fitBounds(bounds.pad(0.2), { animate: false });
}

document.addEventListener("incident:show", ({ detail }) => choose(detail));
element.addEventListener("htmx:afterRequest", ({ detail }) => { if (detail.successful && detail.elt === element) draw(JSON.parse(detail.xhr.responseText)); });

const [streets, state] = await Promise.all(["/map.geojson", element.dataset.state].map(async (path) => (await fetch(path)).json()));
map.setView([0, 0], 15, { animate: false });
map.invalidateSize();
draw(state);
drawStreets(streets.features ?? []);
widenRoads();
element.dataset.drawn = "yes";

// Until somebody has moved the map, a change of its size shows all sensors again, and what was outside is drawn anew.
let moved = false;
element.addEventListener("wheel", () => { moved = true; }, { passive: true });
element.addEventListener("pointerdown", () => { moved = true; });
new ResizeObserver(() => {
  map.invalidateSize();
  if (moved || (chosen !== null && !ofOne)) return;
  place();
  drawChosen();
}).observe(element);
