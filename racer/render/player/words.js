// Words of pages. English is written where it is shown; German comes from the one catalogue, racer/render/words.toml.

import { german, said } from "./german.js";

const KEY = "racer-language", LONGEST = 2000; // characters of a sentence that is looked up
const natural = () => (navigator.language.toLowerCase().startsWith("de") ? "de" : "en");
function wanted() {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === "de" || kept === "en") return kept;
  } catch { /* a file may keep nothing */ }
  return natural();
}
export let language = wanted();
export let leaving = false; // the page is loaded anew, and keeps what was typed
// The other language from now on.
export function speak(next) {
  language = document.documentElement.lang = next;
  try {
    localStorage.setItem(KEY, next);
  } catch { /* then for this page alone */ }
}
document.documentElement.lang = language;
export const choose = (next) => {
  speak(next);
  leaving = true;
  location.reload();
};
// How numbers are written: as the browser does, or as in the language that was chosen against it.
export const locale = () => (language === natural() ? undefined : language);

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => `${values[name] ?? whole}`);
// A text in the language of the page; {name} is filled from `values`.
export const t = (text, values = {}) => fill(language === "de" ? german[text] ?? text : text, values);
// A sentence of the server, which speaks English: one of the catalogue, with anything in the place of each
// {name}; {Name} is a sentence again. The patterns with the most words of their own are tried first.
const escape = (text) => text.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
const own = (text) => text.replace(/\{\w+\}/g, "").length;
const patterns = [...said].sort((a, b) => own(b) - own(a))
  .map((text) => [new RegExp("^" + escape(text).replace(/\{(\w+)\}/g, "(?<$1>.*?)") + "$", "s"), text]);
const part = ([name, value]) => {
  if (/^[A-Z]/.test(name)) return [name, tell(value)];
  const [, whole, decimals] = /^([-+]?\d+|[-+]?\d{1,3}(?:,\d{3})+)(?:\.(\d+))?$/.exec(value) ?? [];
  if (!decimals && !whole?.includes(",")) return [name, value];
  const digits = decimals?.length ?? 0, plus = value.startsWith("+") ? "+" : "";
  return [name, plus + (+value.replaceAll(",", "")).toLocaleString(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits })];
};
function found(sentence) {
  if (language !== "de" || !sentence) return sentence;
  if (Object.hasOwn(german, sentence)) return german[sentence];
  for (const [pattern, text] of sentence.length > LONGEST ? [] : patterns) {
    const groups = pattern.exec(sentence)?.groups;
    if (groups) return fill(german[text], Object.fromEntries(Object.entries(groups).map(part)));
  }
  return null;
}
export const tell = (sentence) => found(sentence) ?? sentence;
// The same as what an element shows, with the language that it is in.
export const told = (sentence) => ({ textContent: tell(sentence), lang: found(sentence) === null ? "en" : language });
