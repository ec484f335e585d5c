// To be projected: how to come in, the board, and the race of all best laps, started together.

import { ask, boardTable, button, poll, renew, themeButton } from "./class.js";
import { Drive, Stage, colors, el, languageButton, unpack, write } from "./player.js";
import { t } from "./words.js";

const STILL = matchMedia("(prefers-reduced-motion: reduce)"), COUNT = 3; // s
const choices = await ask("class/choices"), teacher = !choices.error;
const door = el("section", { ariaLabel: t("How to come in") }), board = el("div");
const said = el("p", { className: "error", role: "alert" });
if (teacher) {
  const { code, address } = await ask("class");
  const size = choices.qr.length, qr = el("canvas", { className: "qr", role: "img", ariaLabel: t("The address as a code to scan"), width: size + 8, height: size + 8 });
  const g = qr.getContext("2d");
  choices.qr.forEach((row, y) => [...row].forEach((bit, x) => { if (bit === "#") g.fillRect(x + 4, y + 4, 1, 1); }));
  qr.style.imageRendering = "pixelated";
  door.append(el("div", { className: "row" }, qr, el("div", {}, el("p", { className: "address", textContent: address, translate: false }),
    el("p", { textContent: t("code") }), el("p", { className: "code", textContent: code, translate: false }))));
}

// -- the race

const canvas = el("canvas", { role: "img", ariaLabel: t("The race") }), count = el("p", { className: "count", ariaHidden: "true" });
const order = el("ol"), clock = el("p", { className: "big" }), live = el("p", { className: "unseen", ariaLive: "polite" });
const race = el("section", { className: "race", hidden: true, ariaLabel: t("The race") },
  el("div", { className: "view" }, canvas, count), el("div", {}, clock, order));
let stage = null, cars = [], began = 0, dt = 0, over = true, repaint = true;
async function start() {
  const film = await ask("film");
  said.textContent = film.error ?? "";
  if (film.error) return;
  const tables = await unpack(film), { outer, inner, center } = tables;
  race.hidden = false;
  stage = new Stage(canvas, { outer, inner, center, start: film.start }, film.table.shape);
  cars = film.ghosts.map((ghost, i) => {
    const rows = tables["ghost" + i];
    return Object.assign(new Drive(rows, 0, rows.n, ghost), { lap: film.laps_s[i] });
  });
  dt = film.dt;
  order.replaceChildren(...cars.map((car) => {
    const mark = el("span", { className: "mark", ariaHidden: "true" });
    mark.style.color = `var(--${car.color})`;
    car.line = el("li", {}, mark, el("span", { translate: false, textContent: car.name }), " ", (car.value = el("span")));
    return car.line;
  }));
  began = performance.now() / 1000 + COUNT;
  over = false;
  repaint = true;
  canvas.ariaLabel = t("The race: {n} cars", { n: cars.length });
  canvas.scrollIntoView({ block: "nearest" });
  if (STILL.matches) began = -1e9;
}
// Where a car is, %, and whether it has come to the end of its lap.
function at(car, seconds) {
  const i = Math.min(Math.max(Math.floor(seconds / car.dt), 0), car.n - 1);
  return { progress: car.rows.progress[car.from + i], done: i === car.n - 1 };
}
function draw(milliseconds) {
  requestAnimationFrame(draw);
  if (!stage || (over && !repaint)) return;
  const seconds = milliseconds / 1000 - began, color = colors(document.documentElement);
  count.textContent = seconds < 0 ? `${Math.ceil(-seconds)}` : "";
  if (stage.fit() || repaint || !stage.camera) stage.paintRoad(stage.overview(), color);
  repaint = false;
  stage.show();
  for (const car of [...cars].reverse()) {
    const pose = car.pose(Math.max(seconds, 0) / car.dt);
    stage.car({ ...pose, steer: 0 }, color(car.color), color("edge"));
  }
  const places = cars.map((car) => ({ car, ...at(car, Math.max(seconds, 0)) }));
  const rank = (one) => (one.done && one.car.lap !== null ? one.car.lap - 1e6 : -one.progress);
  places.sort((a, b) => rank(a) - rank(b));
  places.forEach(({ car, progress, done }, i) => {
    if (order.children[i] !== car.line) order.insertBefore(car.line, order.children[i] ?? null);
    car.value.textContent = done && car.lap !== null ? `${write(car.lap, 2)} s` : `${write(progress, 0)} %`;
  });
  clock.textContent = over ? clock.textContent : `${write(Math.max(Math.min(seconds, Math.max(...cars.map((car) => car.n * car.dt))), 0), 1)} s`;
  if (!over && places.every((one) => one.done)) {
    over = true;
    const winner = places[0].car;
    clock.textContent = winner.lap === null ? t("No lap counts.") : t("{name} wins: {s} s", { name: winner.name, s: write(winner.lap, 2) });
    live.textContent = clock.textContent;
  }
}
addEventListener("resize", () => (repaint = true));
new ResizeObserver(() => (repaint = true)).observe(canvas);

document.title = t("racer class, projector");
document.querySelector("main").classList.add("projector");
document.querySelector("main").append(
  el("header", {}, el("h1", { textContent: t("racer class") }), button(t("Start the race"), start), themeButton(), languageButton()),
  said, door, race, board, live);
requestAnimationFrame(draw);
poll(() => "board", (found) => {
  if (found.rows) renew(board, [found.race?.title, found.rows], () => (found.race ? [el("h2", { textContent: found.race.title }), boardTable(found.rows)] : []));
  else said.textContent = found.error ?? "";
}, 2);
