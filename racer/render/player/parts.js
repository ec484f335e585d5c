// What pages are made of: elements, numbers as text, the colours of the theme.

import { choose, language, locale } from "./words.js";

export const el = (tag, props = {}, ...inside) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...inside);
  return made;
};
export const clip = (value, low, high) => Math.min(Math.max(value, low), high);
const formats = {};
const digits = (count) => (formats[language + count] ??= new Intl.NumberFormat(locale(),
  { minimumFractionDigits: count, maximumFractionDigits: count, useGrouping: false }));
export const write = (value, count) =>
  Number.isFinite(value) ? digits(count).format(Math.abs(value) < 0.5 * 10 ** -count ? 0 : value) : "–";
export const languageButton = (chosen = choose) => {
  const other = language === "de" ? "en" : "de";
  return el("button", { type: "button", lang: other, textContent: other === "de" ? "Deutsch" : "English", onclick: () => chosen(other) });
};

// The colours of the theme in force, by name.
export function colors(node) {
  const style = getComputedStyle(node);
  return (name) => style.getPropertyValue("--" + name).trim();
}
