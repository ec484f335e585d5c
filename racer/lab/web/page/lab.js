// The lab's page: the reward at the left, its cars at the right. Every text from outside stays text.

import { Debugger } from "./debugger.js";
import { Editor } from "./editor.js";
import { First } from "./first.js";
import { Garage } from "./garage.js";
import { Stage, colors, el, languageButton, write } from "./player.js";
import { Settings } from "./settings.js";
import { ask, button, forgotten, post, said, say, secret } from "./talk.js";
import { WhatIf } from "./whatif.js";
import { leaving, t, told } from "./words.js";

const about = await ask();
const START = 0, SWARM = 1, LAP = 2, METRICS = 3, SAID = 4;
const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const PALE = 0.6, STREAK = 0.3; // of the swarm
const SILENT_MS = 25000; // without a word of the lab, which says one every ten seconds

// -- listening to the lab

function listen() {
  const socket = new WebSocket(`ws://${location.host}/ws/live?secret=${encodeURIComponent(secret)}`);
  socket.binaryType = "arraybuffer";
  let lost = 0, heard = Date.now();
  // A network that went, or a computer that slept, ends no socket: silence does.
  const listening = setInterval(() => Date.now() - heard > SILENT_MS && closed(), 1000);
  socket.onopen = () => {
    rows.length = 0;
    said.replaceChildren();
    banner.hidden = true;
    connection.textContent = t("● connected");
  };
  socket.onmessage = (event) => {
    heard = Date.now();
    hear(event.data);
  };
  const closed = socket.onclose = () => {
    clearInterval(listening);
    socket.onmessage = socket.onclose = null;
    socket.close();
    connection.textContent = t("○ no connection");
    lost = setTimeout(() => (banner.hidden = false), 2000);
    setTimeout(async () => {
      clearTimeout(lost);
      if (about.views.length > 1 && await forgotten()) banner.textContent = t("The lab was started again. Open the address that it printed in this tab: your text goes with it.");
      listen();
    }, 2500);
  };
}

const decoder = new TextDecoder();
function hear(message) {
  const view = new DataView(message), kind = view.getUint8(0);
  const json = () => JSON.parse(decoder.decode(new Uint8Array(message, 1)));
  if (kind === START) begin(json());
  else if (kind === SWARM && scene) {
    const moments = view.getUint8(9), cars = view.getUint16(10, true), count = moments * cars;
    scene.timesteps = Number(view.getBigUint64(1, true));
    const poses = new Int16Array(message.slice(12, 12 + 6 * count)), fresh = new Uint8Array(message, 12 + 6 * count, count);
    arrive(performance.now() / 1000, moments, cars, poses, fresh);
  } else if (kind === LAP && scene) {
    scene.lap = { seconds: view.getFloat64(9, true), poses: new Int16Array(message.slice(17)), began: performance.now() / 1000 };
  } else if (kind === METRICS) {
    rows.push(json());
    scheduleFacts();
  } else if (kind === SAID) {
    const { words, file, facts } = json();
    if (words) {
      say(words);
      first.hear(words);
    }
    if (facts) took(facts);
    if (file) elsewhere(file);
  }
}

// -- the cars

let scene = null;
const rows = [];
function begin(start) {
  const line = (points) => ({ n: points.length, x: points.map((p) => p[0]), y: points.map((p) => p[1]) });
  const { outer, inner, center } = start.lines;
  const track = { outer: line(outer), inner: line(inner), center: line(center), start: start.start };
  const old = scene && scene.lap && scene.about.track === start.track ? scene.lap : null;
  rows.length = 0;
  scene = { about: start, stage: new Stage(canvas, track, about.table.shape), coming: [], before: null, last: 0, timesteps: 0, lap: null, ghost: old };
  scheduleFacts();
}
// Where a pose is, in metres.
const place = (poses, i) => {
  const [x, y, unit] = scene.about.grid;
  return [x + poses[3 * i] * unit, y + poses[3 * i + 1] * unit, poses[3 * i + 2] / 10000];
};
// The moments of a message are spread over the time between the last two messages.
function arrive(now, moments, cars, poses, fresh) {
  const gap = scene.last ? Math.min(Math.max(now - scene.last, 0.02), 1.5) : 0.02;
  scene.last = now;
  if (scene.before && !scene.coming.length) scene.before.when = now;
  for (let k = 0; k < moments; k++) {
    const places = Array.from({ length: cars }, (_, i) => place(poses, k * cars + i));
    scene.coming.push({ when: now + gap * (k + 1) / moments, places, fresh: fresh.subarray(k * cars, (k + 1) * cars) });
  }
}
function swarmAt(now) {
  while (scene.coming.length && scene.coming[0].when <= now) scene.before = scene.coming.shift();
  if (!scene.before) return null;
  const old = scene.before, next = scene.coming[0];
  if (!next) return old.places.map((p) => [p, p]);
  const part = Math.min(Math.max((now - old.when) / Math.max(next.when - old.when, 1e-9), 0), 1);
  return next.places.map((b, i) => {
    if (next.fresh[i]) return [b, b];
    const a = old.places[i], turn = Math.atan2(Math.sin(b[2] - a[2]), Math.cos(b[2] - a[2]));
    return [[a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + turn * part], a];
  });
}
function drawSwarm(stage, cars) {
  const g = stage.g, pixel = stage.pixel / stage.camera.scale, half = Math.max(about.table.shape.length, 4 * pixel) / 2;
  g.save();
  g.strokeStyle = g.fillStyle = color("car");
  if (!STILL.matches) {
    g.globalAlpha = STREAK;
    g.lineWidth = pixel;
    g.beginPath();
    for (const [[x, y], [a, b]] of cars) { g.moveTo(a, b); g.lineTo(x, y); }
    g.stroke();
  }
  g.globalAlpha = PALE;
  g.beginPath();
  for (const [[x, y, yaw]] of cars) {
    const c = Math.cos(yaw) * half, s = Math.sin(yaw) * half;
    g.moveTo(x + c, y + s);
    g.lineTo(x - c - 0.45 * s, y - s + 0.45 * c);
    g.lineTo(x - c + 0.45 * s, y - s - 0.45 * c);
  }
  g.fill();
  g.restore();
}
function lapPose(lap, now) {
  const n = lap.poses.length / 3, dt = scene.about.dt, at = (now - lap.began) / dt % (n + 1 / dt);
  const i = Math.min(Math.floor(at), n - 1), j = Math.min(i + 1, n - 1), part = Math.min(at - i, 1);
  const a = place(lap.poses, i), b = place(lap.poses, j), turn = Math.atan2(Math.sin(b[2] - a[2]), Math.cos(b[2] - a[2]));
  return { x: a[0] + (b[0] - a[0]) * part, y: a[1] + (b[1] - a[1]) * part, yaw: a[2] + turn * part, steer: 0 };
}
let repaint = true, drawn = 0;
function draw(milliseconds) {
  requestAnimationFrame(draw);
  if (!scene || paused || view !== "lab" || (STILL.matches && milliseconds - drawn < 1000 && !repaint)) return;
  drawn = milliseconds;
  const now = milliseconds / 1000, stage = scene.stage;
  if (stage.fit() || repaint || !stage.camera) stage.paintRoad(stage.overview(), color);
  repaint = false;
  stage.show();
  const cars = shown.value === "lap" ? null : swarmAt(now);
  if (cars) drawSwarm(stage, cars);
  if (shown.value !== "swarm") {
    if (scene.ghost && !scene.lap) stage.car(lapPose(scene.ghost, now), null, color("dim"));
    if (scene.lap) stage.car(lapPose(scene.lap, now), color("policy"), color("reference"));
  }
}

// -- words and the curve

function facts() {
  const row = rows.at(-1) ?? {}, found = [[t("steps"), t("{n} k of {all} k", { n: write((scene?.timesteps || row.timesteps || 0) / 1000, 0), all: write((scene?.about.total ?? 0) / 1000, 0) })]];
  if (row.seconds > 0) {
    const rate = (row.timesteps - (scene?.about.from ?? 0)) / row.seconds;
    found.push([t("rate"), `${write(rate / 1000, 0)} k/s`]);
    found.push([t("swarm"), t("{n} × real time", { n: write(rate / scene.about.cars * scene.about.dt, 0) })]);
  }
  if (row.laps_pct != null) found.push([t("laps"), `${write(row.laps_pct, 0)} %`]);
  if (row.best_lap_s != null) found.push([t("best lap"), `${write(row.best_lap_s, 2)} s`]);
  if (row.first_lap_after_s != null) found.push([t("first lap after"), `${write(row.first_lap_after_s, 1)} s`]);
  if (scene?.lap) found.push([t("policy of now"), ofNow(scene.lap.seconds, scene.ghost?.seconds)]);
  factList.replaceChildren(...found.map(([name, value]) => el("div", {}, el("dt", { textContent: name }), el("dd", { textContent: value }))));
  canvas.ariaLabel = t("Track {track}, all cars while they learn:", { track: scene?.about.track ?? "" }) + " " + found.map((one) => one.join(" ")).join(", ");
  drawCurve();
}
// A lap, and how it compares with the one of the ghost.
function ofNow(seconds, old) {
  if (!Number.isFinite(seconds)) return t("no lap yet");
  const lap = `${write(seconds, 2)} s`, gained = write(Math.abs(old - seconds), 2);
  if (!Number.isFinite(old)) return lap;
  return old >= seconds ? t("{lap}, {s} s faster", { lap, s: gained }) : t("{lap}, {s} s slower", { lap, s: gained });
}
let waiting = 0;
function scheduleFacts() {
  waiting ||= setTimeout(() => { waiting = 0; facts(); }, 250);
}
setInterval(() => { if (rows.length) live.textContent = factList.innerText.replaceAll("\n", " "); }, 10_000);
function drawCurve() {
  const d = Math.min(devicePixelRatio || 1, 1.5), w = curve.clientWidth, h = curve.clientHeight, g = curve.getContext("2d");
  Object.assign(curve, { width: Math.round(w * d), height: Math.round(h * d) });
  g.setTransform(d, 0, 0, d, 0, 0);
  g.font = "12px system-ui, sans-serif";
  const most = Math.max(...rows.map((row) => row.timesteps), 1), x = (v) => 40 + v / most * (w - 56), y = (v) => h - 22 - v / 100 * (h - 36);
  g.fillStyle = g.strokeStyle = color("dim");
  for (const v of [0, 50, 100]) {
    g.globalAlpha = 0.4;
    g.fillRect(40, y(v), w - 56, 1);
    g.globalAlpha = 1;
    g.fillText(`${v} %`, 4, y(v) + 4);
  }
  g.fillText(t("laps completed"), 44, 10);
  g.textAlign = "right";
  g.fillText(t("{n} k steps", { n: write(most / 1000, 0) }), w - 16, h - 5);
  g.textAlign = "left";
  g.strokeStyle = color("car");
  g.lineWidth = 2;
  g.beginPath();
  rows.forEach((row, i) => g[i ? "lineTo" : "moveTo"](x(row.timesteps), y(row.laps_pct ?? 0)));
  g.stroke();
}
function fillTable() {
  data.querySelector("div")?.remove();
  if (!data.open) return;
  const names = ["timesteps", "laps_pct", "progress_pct", "best_lap_s"], table = el("table", { className: "lap" });
  table.createTHead().insertRow().append(...["steps", "laps, %", "progress, %", "best lap, s"].map((name) => el("th", { scope: "col", textContent: t(name) })));
  const body = table.createTBody();
  for (const row of rows.slice(-50)) {
    const line = body.insertRow();
    for (const name of names) line.insertCell().textContent = write(row[name] ?? NaN, name === "timesteps" ? 0 : 2);
  }
  data.append(el("div", { tabIndex: 0, role: "region", ariaLabel: t("Rows of the curve") }, table));
}
// -- the editor

let base = about.base, clean = about.text, sending = null;
const KEPT = "racer-lab-text";
const dirty = () => editor.value !== clean;
function mark() {
  state.textContent = dirty() ? t("○ not saved") : t("● saved");
  try {
    if (dirty()) sessionStorage.setItem(KEPT, editor.value);
    else sessionStorage.removeItem(KEPT);
  } catch { /* a browser may keep nothing */ }
}
function findings(list) {
  editor.mark(list);
  found.replaceChildren(...list.map((one) => el("li", { className: one.level },
    el("button", { type: "button", onclick: () => one.line && editor.go(one.line) },
      `${one.level === "error" ? "✗" : one.level === "warning" ? "!" : "·"} ${one.line ? t("line {n}: ", { n: one.line }) : ""}`, el("span", told(one.message))))));
}
let typing = 0;
async function check() {
  const answer = await post("check", { text: editor.value });
  if (answer.findings) findings(answer.findings);
  whatIf.follow();
  if (view === "debugger") looking.pay();
}
async function save() {
  const sent = (sending = editor.value), answer = await post("save", { text: sent, base });
  sending = null;
  if (answer.status === 409) { conflict(answer); return; }
  if (!answer.base) return;
  base = answer.base;
  clean = sent;
  findings(answer.findings);
  mark();
  if (sent !== about.text && !answer.findings.some((one) => one.level === "error")) first.saved();
}
function take(file) {
  editor.value = clean = file.text;
  base = file.base;
  choice.hidden = true;
  mark();
  check();
  if (clean !== about.text) first.saved();
}
function conflict(file) {
  choice.hidden = false;
  choice.replaceChildren(t("The file was changed by another program."), " ",
    el("button", { type: "button", textContent: t("Take the file's"), onclick: () => take(file) }), " ",
    el("button", { type: "button", textContent: t("Keep mine"), onclick: () => { base = file.base; clean = file.text; choice.hidden = true; save(); } }));
}
// The text of the file, by another program, another tab, or this one.
function elsewhere(file) {
  if (file.base === base || file.text === sending) return;
  if (!dirty()) take(file);
  else if (file.text !== editor.value) conflict(file);
}

// -- the page

let paused = false;
const color = (name) => colors(document.documentElement)(name);
const canvas = el("canvas", { role: "img", ariaLabel: t("Track with all cars while they learn") });
const curve = el("canvas", { role: "img", className: "curve", ariaLabel: t("Laps completed over steps; the table below has the numbers") });
const editor = new Editor(t("Reward function"), () => {
  mark();
  clearTimeout(typing);
  typing = setTimeout(check, 300);
});
const first = new First(about.first && about.views.length > 1);
const state = el("span"), connection = el("span", { className: "dim", textContent: t("○ connecting") });
const found = el("ul", { className: "findings", ariaLabel: t("Findings") });
const factList = el("dl", { className: "facts" }), live = el("p", { className: "unseen", ariaLive: "polite" });
const choice = el("p", { className: "lost", role: "alert", hidden: true });
const banner = el("p", { className: "lost", role: "alert", hidden: true, textContent: t("No connection to the lab. The picture stands still; your text is safe. Trying again.") });
const shown = el("select", { ariaLabel: t("What is shown"), onchange: () => (repaint = true) }, new Option(t("swarm and lap"), "both"), new Option(t("swarm"), "swarm"), new Option(t("lap of now"), "lap"));
const data = el("details", { ontoggle: fillTable }, el("summary", { textContent: t("The curve as a table") }));
const whatIf = new WhatIf(editor);
const help = el("dialog", { ariaLabel: t("Keys") }, el("h2", { textContent: t("Keys") }),
  el("dl", {}, ...about.table.labKeys.flatMap(([keys, words]) => [el("dt", { textContent: t(keys) }), el("dd", { textContent: t(words) })])),
  button(t("Close"), () => help.close()));
function recolor() {
  repaint = true;
  scheduleFacts();
  whatIf.draw();
  garage.draw();
}
const acts = {
  save, check,
  keep: () => post("keep"),
  stop: () => post("stop"),
  debug: async () => {
    if (about.views.includes("debugger")) return look("", []);
    const answer = await post("replay");
    if (answer.path) window.open(answer.path, "_blank", "noopener");
  },
  view_lab: () => turn("lab"),
  view_debugger: () => turn("debugger"),
  view_garage: () => turn("garage"),
  view_settings: () => turn("settings"),
  walk: () => view === "debugger" && looking.walk(1),
  walk_back: () => view === "debugger" && looking.walk(-1),
  pause: () => { paused = !paused; pauseButton.textContent = paused ? t("Go on") : t("Pause"); },
  help: () => help.showModal(),
  theme: () => {
    const html = document.documentElement;
    html.dataset.theme = getComputedStyle(html).colorScheme === "dark" ? "light" : "dark";
    recolor();
  },
};
const pauseButton = button(t("Pause"), () => acts.pause(), t("Stop the picture"));
// -- the views: the editor stays beside the lab and beside the debugger

const looking = new Debugger(editor);
const garage = new Garage(look, (answer, words) => { took(answer); take(answer); say(words); turn("lab"); });
const settings = new Settings(took);
const facing = el("span", { className: "dim" }), fileName = el("strong", { translate: false });
function took(facts) {
  Object.assign(about, facts);
  fileName.textContent = about.file;
  facing.replaceChildren(el("span", { translate: false, textContent: about.track }), ", ", t("seed {n}", { n: about.seed }),
    ...(about.from ? [", ", t("starts from"), " ", el("span", { translate: false, textContent: about.from })] : []));
}
took(about);
let view = "lab";
async function look(run, ghosts) {
  turn("debugger", false);
  await looking.list();
  await looking.open(run, ghosts);
}
function turn(name, load = true, back = false) {
  if (!about.views.includes(name)) return;
  if (name !== view && !back) history.pushState({ view: name }, "");
  view = name;
  const page = document.querySelector(".racer-lab");
  page.dataset.view = name;
  for (const [key, tab] of Object.entries(tabs)) tab.setAttribute("aria-current", key === name ? "page" : "false");
  editing.hidden = name === "garage" || name === "settings";
  for (const part of labParts) part.hidden = name !== "lab";
  if (name === "debugger") first.looked();
  looking.node.hidden = name !== "debugger";
  garage.node.hidden = name !== "garage";
  settings.node.hidden = name !== "settings";
  if (name !== "debugger") looking.hide();
  if (load) ({ debugger: () => looking.show(), garage: () => { garage.open(); garage.draw(); }, settings: () => settings.open() })[name]?.();
  repaint = true;
}
const tabs = Object.fromEntries([["lab", t("Lab")], ["debugger", t("Debugger")], ["garage", t("Garage")], ["settings", t("Settings")]]
  .filter(([name]) => about.views.includes(name)).map(([name, words]) => [name, button(words, () => turn(name))]));
const editing = el("section", { className: "editor", ariaLabel: t("Editor") },
  el("header", {}, fileName, " ", state, " ", button(t("Check"), check, t("Check the reward without running it")), " ", button(t("Save & train"), save)),
  choice, editor.node,
  el("p", { className: "dim", id: "editor-help", textContent: t("Tab indents, Shift Tab takes it back; press Esc and then Tab to leave. Ctrl / makes comments.") }), found);
const labParts = [
  el("div", { className: "view" }, canvas),
  el("section", { className: "side", ariaLabel: t("Training") }, factList,
    el("div", {}, shown, " ", pauseButton, " ", button(t("Stop"), acts.stop, t("Stop learning")), " ", button(t("Keep"), acts.keep, t("Keep this draft as a run")), " ",
      button(t("Look into its laps"), acts.debug)),
    curve, said),
  whatIf.node, data];
document.querySelector(".racer-lab").append(
  el("header", {}, el("h1", { textContent: t("racer lab") }), ...(about.views.length > 1 ? [el("nav", { ariaLabel: t("Views") }, ...Object.values(tabs))] : []), facing, connection,
    button(t("Theme"), acts.theme, t("Theme: dark or light")), languageButton(), button("?", acts.help, t("Keys")), banner, first.node),
  editing, ...labParts, looking.node, garage.node, settings.node, help, live);
document.addEventListener("keydown", (event) => {
  const held = event.ctrlKey || event.metaKey, name = (held ? "Control+" : event.shiftKey && event.key.length > 1 ? "Shift+" : "") + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
  const action = about.table.labActions[name], types = event.target.closest?.("textarea, select, input");
  const presses = event.target.closest?.("button, summary, a") && [" ", "Enter"].includes(event.key);
  const single = !held && event.key.length === 1, elsewhere = single && view !== "lab" && !action?.startsWith("view_");
  if (!action || help.open || presses || elsewhere || (types && !held && !/^F\d/.test(event.key))) return;
  event.preventDefault();
  acts[action]();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolor);
new ResizeObserver(() => { repaint = true; scheduleFacts(); }).observe(canvas);
addEventListener("beforeunload", (event) => { if (dirty() && !leaving) event.preventDefault(); });
editor.value = about.text;
try {
  const kept = sessionStorage.getItem(KEPT);
  if (kept !== null) editor.value = kept;
} catch { /* a browser may keep nothing */ }
mark();
check();
turn(history.state?.view ?? "lab", true, true);
addEventListener("popstate", (event) => turn(event.state?.view ?? "lab", true, true));
listen();
requestAnimationFrame(draw);
