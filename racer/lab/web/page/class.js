// What every page of a class shares: its secret, how it asks the server, tables, the theme and the language.

import { el, write } from "./player.js";
import { t, tell } from "./words.js";

// The secret comes behind the # of an address, which no request carries, and stays in this tab.
export const SECRET = "racer-lab-secret";
if (location.hash.length > 1) {
  sessionStorage.setItem(SECRET, location.hash.slice(1));
  history.replaceState(null, "", location.pathname + location.search);
}
export const secret = () => sessionStorage.getItem(SECRET) ?? "";

// What the server answers; `error` is a sentence for people, and `status` 0 means that it is not there.
export async function ask(path, content) {
  const headers = { "x-racer-secret": secret() };
  const given = content === undefined ? { headers } : {
    method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(content),
  };
  try {
    const answer = await fetch("/api/" + path, given);
    const json = (answer.headers.get("content-type") ?? "").includes("json");
    const found = json ? await answer.json() : { text: await answer.text() };
    if (found.error) found.error = tell(found.error);
    else if (!answer.ok) found.error = tell(found.text);
    return { ...found, status: answer.status };
  } catch {
    return { status: 0, error: t("The class does not answer. Trying again.") };
  }
}

// Ask again and again, one after the other; what is asked may depend on what was heard.
export async function poll(path, hear, seconds) {
  for (;;) {
    if (!document.hidden) hear(await ask(path()));
    await new Promise((done) => setTimeout(done, seconds * 1000));
  }
}

export const button = (words, action, label = words) =>
  el("button", { type: "button", textContent: words, title: label, ariaLabel: label, onclick: action });
// What is painted is painted again in the colours of another theme of the system, as after the button.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dispatchEvent(new Event("resize")));
export const themeButton = () => button(t("Theme"), () => {
  const html = document.documentElement;
  html.dataset.theme = getComputedStyle(html).colorScheme === "dark" ? "light" : "dark";
  dispatchEvent(new Event("resize"));
}, t("Theme: dark or light"));
export const goalWords = (lesson) => lesson.best_lap_s === null ? t("every lap completed") : t("a lap of at most {s} s", { s: write(lesson.best_lap_s, 1) });
export const lessonName = (name) => t(name.replaceAll("_", " "));
export const lessonWords = (lesson, number) => `${number}  ${lessonName(lesson.name)}`;

export function boardTable(rows) {
  const table = el("table", { className: "board" }, el("caption", { textContent: t("Board") }));
  table.createTHead().insertRow().append(...["place", "name", "score", "best lap", "laps", "tries"].map((name) => el("th", { scope: "col", textContent: t(name) })));
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    if (row.mine) line.className = "mine";
    const state = row.waiting ? t("being judged") : t("no lap counts");
    const cells = [row.place ?? "–", row.name, row.score_s === null ? state : `${write(row.score_s, 2)} s`,
      row.best_lap_s === null ? "–" : `${write(row.best_lap_s, 2)} s`, write(row.laps ?? NaN, 0), write(row.tries, 0)];
    cells.forEach((cell, i) => Object.assign(line.insertCell(), { textContent: `${cell}`, translate: i !== 1 }));
  }
  return el("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: t("Board") }, table);
}

// Put `made` where `old` is, but only when it says something else: what has the focus keeps it.
export function renew(place, key, make) {
  const now = JSON.stringify(key);
  if (place.dataset.key === now) return;
  place.dataset.key = now;
  place.replaceChildren(...make());
}
