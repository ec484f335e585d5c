// Words of pages. English is written where it is shown; German comes from the one catalogue, racer/render/words.toml.

import { german } from "./german.js";

const KEY = "racer-language";
function wanted() {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept) return kept;
  } catch { /* a file may keep nothing */ }
  return navigator.language.toLowerCase().startsWith("de") ? "de" : "en";
}
export const language = wanted();
document.documentElement.lang = language;
export const choose = (next) => {
  localStorage.setItem(KEY, next);
  location.reload();
};
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => `${values[name] ?? whole}`);
// A text in the language of the page; {name} is filled from `values`.
export const t = (text, values = {}) => fill(language === "de" ? german[text] ?? text : text, values);
// A sentence of the server, which speaks English: one of the catalogue, with anything in the place of each {name}.
const escape = (text) => text.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
const patterns = Object.keys(german).filter((text) => text.includes("{")).map((text) => [new RegExp("^" + escape(text).replace(/\{(\w+)\}/g, "(?<$1>.*?)") + "$", "s"), text]);
export function tell(sentence) {
  if (language !== "de" || german[sentence]) return language === "de" ? german[sentence] : sentence;
  for (const [pattern, text] of patterns) {
    const found = pattern.exec(sentence);
    if (found) return fill(german[text], found.groups);
  }
  return sentence;
}
