// Above the lab of one student: lesson and goal, place in the queue, the race. The lab below is the lab.

import { SECRET, ask, boardTable, button, goalWords, lessonName, lessonWords, poll, renew, secret } from "./class.js";
import { el, write } from "./player.js";
import { t } from "./words.js";

const KEY = "racer-class-key", TEXT = "racer-lab-text";
const wanted = new URLSearchParams(location.search).get("lesson");
if (!secret() && localStorage.getItem(KEY)) sessionStorage.setItem(SECRET, localStorage.getItem(KEY));
const first = await ask("me");
if (first.status === 401) location.replace("/" + location.search);
else if (secret()) localStorage.setItem(KEY, secret());

// Another lesson has another file: what is not saved of this one waits for its return.
async function learn(name, old) {
  const answer = await ask("learn", { lesson: name });
  if (answer.error) {
    said.textContent = answer.error;
    return;
  }
  const text = sessionStorage.getItem(TEXT), kept = sessionStorage.getItem(`${TEXT}:${name}`);
  if (text !== null) sessionStorage.setItem(`${TEXT}:${old}`, text);
  if (kept !== null) sessionStorage.setItem(TEXT, kept);
  else sessionStorage.removeItem(TEXT);
  leaving = true;
  location.assign("/lab");
}
let leaving = false;
addEventListener("beforeunload", (event) => { if (leaving) event.stopImmediatePropagation(); }, { capture: true });

const who = el("strong", { translate: false }), place = el("span", { role: "status" }), goal = el("span", { className: "goal" });
const said = el("span", { className: "error", role: "alert" });
const lessons = el("select", { ariaLabel: t("Lesson"), onchange: () => learn(lessons.value, me.lesson.name) });
const offer = el("span"), solution = el("div");
const runs = el("div"), board = el("div"), raceWords = el("p");
const race = el("details", {}, el("summary", { textContent: t("Race, and my runs") }), raceWords, runs, board);
const shown = el("details", { ontoggle: async () => {
  if (!shown.open) return;
  const answer = await ask("solution", {});
  solution.replaceChildren(el("pre", { tabIndex: 0, role: "region", ariaLabel: t("One solution"), translate: false, textContent: answer.text ?? answer.error }));
} }, el("summary", { textContent: t("See one solution") }), solution);
document.querySelector(".bar").append(
  el("div", {}, who, lessons, goal, place, offer, said), race, shown);

// A submission that was sent twice, because an answer was lost, is one: it has the same key.
const keys = {};
async function submit(run) {
  keys[run] ??= crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  const answer = await ask("submit", { run, key: keys[run] });
  if (answer.status) delete keys[run];
  said.textContent = answer.error ?? "";
  if (answer.entry) place.textContent = t("Submitted: it is being judged.");
}
async function remove(run) {
  if (!confirm(t("Delete the run {run}?", { run }))) return;
  said.textContent = (await ask("delete", { run })).error ?? "";
}

let me = first;
function hear(found) {
  if (!found.lesson) {
    said.textContent = found.error ?? "";
    return;
  }
  if (found.lesson.name !== me.lesson.name && !leaving) location.assign("/lab"); // in another tab
  me = found;
  who.textContent = me.name;
  renew(lessons, [me.lessons, me.goals], () => me.lessons.map((one, i) =>
    new Option(`${lessonWords(one, i + 1)}${one.name in me.goals ? " ✓" : ""}`, one.name)));
  lessons.value = me.lesson.name;
  const words = goalWords(me.lesson), best = me.goals[me.lesson.name];
  goal.textContent = me.lesson.name in me.goals ? t("✓ goal reached: {goal}", { goal: words }) + (best ? ` (${write(best, 2)} s)` : "") : t("goal: {goal}", { goal: words });
  place.textContent = me.paused ? t("The room is paused.") : me.place ? t("place {n} in the queue, about {s} s", { n: me.place, s: write(me.seconds, 0) }) : me.state === "resting" ? t("Your cars rest while those of others begin.") : "";
  renew(offer, [me.offer, me.lesson.name], () => {
    const sent = me.lessons.find((one) => one.name === me.offer);
    return sent && sent.name !== me.lesson.name ? [button(t("Begin the lesson of your teacher: {name}", { name: lessonName(sent.name) }), () => learn(sent.name, me.lesson.name))] : [];
  });
  const open = me.race?.open;
  raceWords.textContent = open ? t("The race is open: {title}. The judge drives your policy on a road that nobody has seen.", { title: me.race.title })
    : me.race ? t("The race is closed.") : t("No race yet.");
  renew(runs, [me.runs, open], () => [el("ul", { className: "runs" },
    ...(open ? [el("li", {}, button(t("Submit the draft that drives"), () => submit("")))] : []),
    ...me.runs.map((run) => el("li", {}, el("span", { translate: false, textContent: `${run} ` }), ...(open ? [button(t("Submit"), () => submit(run), t("Submit {run}", { run })), " "] : []),
      button(t("Delete"), () => remove(run), t("Delete {run}", { run })))))]);
  if (race.open && me.race) ask("board").then((found) => found.rows && renew(board, found.rows, () => [boardTable(found.rows)]));
}
if (first.lesson) {
  if (wanted && wanted !== first.lesson.name) await learn(wanted, first.lesson.name);
  hear(first);
  if (!leaving) history.replaceState(null, "", location.pathname); // a reload asks for no lesson
  if (!leaving) await import("./lab.js");
  poll(() => "me", hear, 2);
}
