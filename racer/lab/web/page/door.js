// The door of a class: a code and a name, nothing else.

import { SECRET, ask } from "./class.js";
import { el, languageButton } from "./player.js";
import { t } from "./words.js";

const KEY = "racer-class-key";
const lesson = new URLSearchParams(location.search).get("lesson");
const go = (key) => {
  sessionStorage.setItem(SECRET, key);
  location.assign("/lab" + (lesson ? `?lesson=${encodeURIComponent(lesson)}` : ""));
};
const known = localStorage.getItem(KEY);
const field = (words, props) => {
  const input = el("input", { required: true, autocomplete: "off", ...props });
  return [el("label", {}, words, input), input];
};
const [codeLabel, code] = field(t("Code of the class"), { maxLength: 12, autocapitalize: "characters", spellcheck: false });
const [nameLabel, name] = field(t("Your name here; it need not be your real one"), { maxLength: 24, spellcheck: false });
const said = el("p", { className: "error", role: "alert" });
const form = el("form", { className: "door" }, codeLabel, nameLabel, el("button", { textContent: t("Come in") }), said);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  said.textContent = "";
  const answer = await ask("enter", { code: code.value, name: name.value, lesson: lesson ?? "" });
  if (!answer.key) {
    said.textContent = answer.error ?? "";
    return;
  }
  localStorage.setItem(KEY, answer.key);
  go(answer.key);
});
document.title = t("racer class");
document.querySelector("main").append(
  el("header", {}, el("h1", { textContent: t("racer class") }), languageButton()),
  form);
if (known) form.prepend(el("button", { type: "button", textContent: t("Go on as the one I was"), onclick: () => go(known) }));
code.focus();
