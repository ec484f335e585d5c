// The teacher's page: who is here and what they drive, the queue, lessons, the race.

import { ask, boardTable, button, goalWords, lessonName, lessonWords, poll, renew, secret, themeButton } from "./class.js";
import { Stage, colors, el, languageButton, write } from "./player.js";
import { t, tell } from "./words.js";

const STILL = matchMedia("(prefers-reduced-motion: reduce)"), EVERY = 100; // ms between two pictures
const said = el("p", { className: "error", role: "alert" });
const choices = await ask("class/choices");
if (choices.error) {
  document.querySelector("main").append(el("h1", { textContent: t("racer class") }), el("p", { textContent: choices.error }));
  throw new Error("not let in");
}
async function act(action, content = {}) {
  const answer = await ask("class/" + action, content);
  said.textContent = answer.error ?? "";
  return answer;
}

// -- the top: code, address, queue

const code = el("span", { className: "code", translate: false }), address = el("strong", { translate: false }), count = el("span", { role: "status" });
const projector = el("a", { textContent: t("Projector"), target: "_blank", rel: "noopener" });
const guests = el("a", { textContent: t("Board for guests"), target: "_blank", rel: "noopener" });
projector.href = `/projector#${secret()}`;
const pause = button(t("Pause the room"), () => act("pause", { on: !now.paused }));
const lesson = el("select", {}, ...choices.lessons.map((one, i) => new Option(`${lessonWords(one, i + 1)}: ${goalWords(one)}`, one.name)));
const link = el("output", { translate: false });
const showLink = () => (link.textContent = `${now?.address ?? ""}/lab?lesson=${lesson.value}`);
lesson.addEventListener("change", showLink);
const name = el("input", { maxLength: 24, spellcheck: false, autocomplete: "off" });
const given = el("output", { translate: false });
async function add(event) {
  event.preventDefault();
  const answer = await act("add", { name: name.value });
  given.textContent = answer.link ?? "";
  if (answer.link) name.value = "";
}

// -- the race

const title = el("input", { value: t("Race"), maxLength: 60 });
const track = el("select", {}, new Option(t("a new road that nobody has seen"), "new"), ...choices.tracks.map((one) => Object.assign(new Option(one, one), { translate: false })));
const number = (value, low, high) => el("input", { type: "number", value, min: low, max: high, required: true });
const laps = number(3, 1, 5), resets = number(5, 0, 20), penalty = number(3, 0, 60);
const ranking = el("select", {}, new Option(t("best lap"), "best"), new Option(t("mean of all laps"), "average"), new Option(t("all laps together"), "total"));
const raceForm = el("form", { className: "form" }, ...[[t("title"), title], [t("road"), track], [t("laps"), laps], [t("counts"), ranking],
  [t("resets in a lap"), resets], [t("penalty, s"), penalty]].map(([words, field]) => el("label", {}, words, field)), el("button", { textContent: t("Open the race") }));
raceForm.addEventListener("submit", (event) => {
  event.preventDefault();
  act("race", { title: title.value, track: track.value, laps: +laps.value, ranking: ranking.value, resets: +resets.value, penalty_s: +penalty.value });
});
const raceWords = el("p"), closeRace = button(t("Close the race"), () => act("close")), board = el("div");
const download = button(t("Board as CSV"), async () => {
  const answer = await ask("class/board.csv");
  const made = URL.createObjectURL(new Blob([answer.text ?? ""], { type: "text/csv" }));
  el("a", { href: made, download: "board.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(made), 10_000);
});

// -- everybody

const cards = el("ul", { className: "cards" }), all = new Map();
const text = el("dialog", { ariaLabel: t("Reward") });
async function look(id) {
  const answer = await act("text", { person: id });
  if (answer.text === undefined) return;
  text.replaceChildren(el("h2", { textContent: all.get(id).name.textContent, translate: false }), el("pre", { tabIndex: 0, textContent: answer.text, translate: false }), button(t("Close"), () => text.close()));
  text.showModal();
}
class Card {
  constructor(one) {
    this.canvas = el("canvas", { role: "img" });
    this.name = el("strong", { translate: false });
    this.facts = el("p");
    this.words = el("p", { className: "said dim", tabIndex: 0, role: "region", ariaLabel: t("What {name} was told", { name: one.name }) });
    this.seen = -1;
    const named = (words, action) => button(words, action, `${words}: ${one.name}`);
    this.item = el("li", {}, this.canvas, this.name, this.facts, this.words, el("div", { className: "row" },
      named(t("Stop"), () => act("stop", { person: one.id })), named(t("Go first"), () => act("first", { person: one.id })),
      named(t("Reward"), () => look(one.id)),
      named(t("New link"), async () => (given.textContent = (await act("link", { person: one.id })).link ?? ""))));
  }
  hear(one) {
    this.name.textContent = one.name;
    const state = one.place ? t("waits, place {n}", { n: one.place }) : t(one.state);
    const best = one.best_lap_s === null ? "" : ` · ${write(one.best_lap_s, 2)} s`;
    const laps = one.laps_pct === null ? "" : ` · ${write(one.laps_pct, 0)} % ${t("laps")}`;
    this.facts.textContent = `${state}${laps}${best} · ${lessonName(one.lesson)}${one.goals.includes(one.lesson) ? " ✓" : ""}`;
    this.words.textContent = tell(one.said);
    this.item.classList.toggle("error-state", one.state === "error");
    this.canvas.ariaLabel = t("Car of {name}: {state}", { name: one.name, state });
    this.seen = one.lap_number;
    if (one.start) this.drive(one.start, one.lap);
  }
  drive(start, lap) {
    const line = (points) => ({ n: points.length, x: points.map((p) => p[0]), y: points.map((p) => p[1]) });
    const { outer, inner, center } = start.lines, bytes = Uint8Array.from(atob(lap), (c) => c.charCodeAt(0));
    this.stage = new Stage(this.canvas, { outer: line(outer), inner: line(inner), center: line(center), start: start.start }, choices.shape);
    Object.assign(this, { start, poses: new Int16Array(bytes.buffer), began: performance.now() });
  }
  draw(now, again) {
    if (!this.stage) return;
    const stage = this.stage, color = colors(document.documentElement), n = Math.floor(this.poses.length / 3);
    if (stage.fit() || again || !stage.camera) stage.paintRoad(stage.overview(), color);
    stage.show();
    if (!n) return;
    const i = STILL.matches ? n - 1 : Math.floor((now - this.began) / 1000 / this.start.dt) % (n + 15), [x, y, unit] = this.start.grid;
    const k = 3 * Math.min(i, n - 1);
    stage.car({ x: x + this.poses[k] * unit, y: y + this.poses[k + 1] * unit, yaw: this.poses[k + 2] / 10000, steer: 0 }, color("policy"), color("reference"));
  }
}
let drawn = 0, again = true, now = null;
function draw(time) {
  requestAnimationFrame(draw);
  if (time - drawn < EVERY) return;
  drawn = time;
  for (const card of all.values()) card.draw(time, again);
  again = false;
}
addEventListener("resize", () => (again = true));

function hear(found) {
  if (!found.people) {
    said.textContent = found.error ?? "";
    return;
  }
  now = found;
  code.textContent = found.code;
  address.textContent = found.address;
  guests.href = `/projector#${found.guest}`;
  showLink();
  pause.textContent = pause.ariaLabel = pause.title = found.paused ? t("Go on") : t("Pause the room");
  const waiting = found.people.filter((one) => one.place).length;
  count.textContent = t("{n} people, {w} wait, {s} train at a time", { n: found.people.length, w: waiting, s: found.slots });
  for (const one of found.people) {
    if (!all.has(one.id)) {
      all.set(one.id, new Card(one));
      cards.append(all.get(one.id).item);
    }
    all.get(one.id).hear(one);
  }
}
function hearBoard(found) {
  const race = found.race, open = race && race.closed === null;
  raceForm.hidden = Boolean(open);
  closeRace.hidden = !open;
  download.hidden = !race;
  raceWords.textContent = !race ? t("No race yet.") : open ? t("Open: {title}, on {track}", race) : t("Closed: {title}, on {track}", race);
  if (found.rows) renew(board, found.rows, () => (found.rows.length ? [boardTable(found.rows)] : []));
}

document.title = t("racer class, teacher");
const adding = el("form", { className: "form" }, el("label", {}, t("let someone in by name"), name), el("button", { textContent: t("Make a link") }), given);
adding.addEventListener("submit", add);
document.querySelector("main").append(
  el("header", {}, el("h1", { textContent: t("racer class") }), count, pause, projector, guests, themeButton(), languageButton()),
  said,
  el("section", { className: "row", ariaLabel: t("The door") }, code, address),
  el("section", { ariaLabel: t("Lesson") }, el("div", { className: "form" }, el("label", {}, t("lesson"), lesson),
    button(t("Send to all"), () => act("offer", { lesson: lesson.value })), link), adding),
  el("section", { ariaLabel: t("Race") }, raceForm, el("div", { className: "row" }, raceWords, closeRace, download), board),
  el("section", { ariaLabel: t("Everybody") }, cards), text);
requestAnimationFrame(draw);
poll(() => "class?seen=" + encodeURIComponent(JSON.stringify(Object.fromEntries([...all].map(([id, card]) => [id, card.seen])))), hear, 1);
poll(() => "board", hearBoard, 2);
