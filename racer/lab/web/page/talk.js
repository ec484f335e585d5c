// Questions to the lab, and what it says: every text from outside stays text.

import { el } from "./player.js";
import { t, told } from "./words.js";

// The secret comes behind the # of the printed address, which no request carries, and stays in this tab.
const SECRET = "racer-lab-secret";
if (location.hash.length > 1) {
  sessionStorage.setItem(SECRET, location.hash.slice(1));
  history.replaceState(history.state, "", location.pathname);
}
export const secret = sessionStorage.getItem(SECRET) ?? "";
const headers = { "content-type": "application/json", "x-racer-secret": secret };

export async function ask() {
  const asked = await fetch("/api/about", { headers });
  if (asked.ok) return asked.json();
  document.querySelector(".racer-lab").append(el("h1", { textContent: t("racer lab") }), el("p", told(await asked.text())));
  throw new Error("not let in");
}

// Whether the lab is there and does not know this page: it was started again.
export const forgotten = () => fetch("/api/about", { headers }).then(({ status }) => status === 401 || status === 403, () => false);

export const said = el("div", { className: "said", role: "log", ariaLabel: t("What happens"), tabIndex: 0 });
export function say(words) {
  said.append(el("p", told(words)));
  while (said.children.length > 30) said.firstChild.remove();
  said.scrollTop = said.scrollHeight;
}

// A sentence of the lab, or of an error, in place of what a node shows.
export const put = (node, sentence) => node.replaceChildren(...(sentence ? [el("span", told(sentence))] : []));

// The answer, with its status; an error is said where `quiet` does not show it at its own place.
export async function post(path, content = {}, quiet = false) {
  try {
    const answer = await fetch("/api/" + path, { method: "POST", headers, body: JSON.stringify(content) });
    const type = answer.headers.get("content-type") ?? "";
    const found = type.includes("json") ? await answer.json() : { error: await answer.text() };
    if (found.error && answer.status !== 409 && !quiet) say(found.error);
    return { ...found, status: answer.status };
  } catch {
    const error = "The lab does not answer. Your text is safe here; save again when it is back.";
    say(error);
    return { error, status: 0 };
  }
}

export const button = (name, action, words = name) =>
  el("button", { type: "button", textContent: name, title: words, ariaLabel: words, onclick: action });
