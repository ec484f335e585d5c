// Every setting of a training as a form, made from the one table of settings.

import { el } from "./player.js";
import { button, post, put } from "./talk.js";
import { locale, t, tell } from "./words.js";

const TITLES = { race: t("Race"), "race.rules": t("Episodes"), "race.others": t("Objects and others on the road"), "race.camera": t("Camera"), "race.lidar": t("LIDAR"), train: t("Training"), eval: t("Evaluation") };

// A bound as Python writes it: 1,000,000 or 0.5 or 1e+09.
const local = (text) => (/e/.test(text) ? text : (+text.replaceAll(",", "")).toLocaleString(locale(), { maximumFractionDigits: 10 }));

export class Settings {
  constructor(took) {
    this.took = took;
    this.state = el("p", { role: "alert" });
    this.form = el("form", { onsubmit: (event) => event.preventDefault(), onkeydown: (event) => {
      if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
      event.preventDefault();
      this.save();
    } });
    this.words = el("input", { type: "search", ariaLabel: t("Search settings"), placeholder: t("search"), oninput: () => this.filter() });
    this.node = el("section", { className: "settings", ariaLabel: t("Settings"), hidden: true },
      el("div", { className: "bar" }, this.words, button(t("Save & train"), () => this.save(), t("Save the settings and train with them")),
        button(t("Usual values"), () => this.usual(), t("Put the usual value into every field"))),
      this.state, this.form);
  }
  async open() {
    const found = await post("settings", {}, true);
    put(this.state, found.error ?? "");
    if (found.settings) this.fill(found.settings);
  }
  fill(settings) {
    this.fields = settings.map((one) => ({ ...one, input: this.input(one) }));
    const groups = Map.groupBy ? Map.groupBy(this.fields, (one) => one.key.slice(0, one.key.lastIndexOf(".")))
      : this.fields.reduce((found, one) => { const g = one.key.slice(0, one.key.lastIndexOf(".")); return found.set(g, [...(found.get(g) ?? []), one]); }, new Map());
    this.form.replaceChildren(...[...groups].map(([group, fields]) => el("details", { open: group === "race" },
      el("summary", { textContent: TITLES[group] ?? group }), ...fields.map((one) => this.row(one)))));
    this.filter();
  }
  input({ key, value, kind, choices }) {
    const props = { id: `set-${key}`, name: key };
    const words = kind === "bool" ? ["true", "false"] : choices;
    if (words.length) {
      const made = el("select", { ...props, translate: false }, ...words.map((word) => new Option(word, word)));
      made.value = value;
      return made;
    }
    return el("input", { ...props, type: "text", value, autocomplete: "off", spellcheck: false });
  }
  row(one) {
    const plain = (text) => el("span", { translate: false, textContent: text });
    const allowed = [[tell(one.help)], one.range && [t("allowed:"), " ", plain(one.range)],
      one.bounds.length && [t("allowed:"), " ", t("{low} to {high}", { low: local(one.bounds[0]), high: local(one.bounds[1]) }), one.unit && ` ${tell(one.unit)}`], one.unset && [t("empty:"), " ", tell(one.unset)],
      [t("usual:"), " ", one.usual ? plain(one.usual) : t("empty")]].filter(Boolean).flatMap((part, i) => [...(i ? ["; "] : []), ...part]);
    const help = el("p", { className: "dim", id: `help-${one.key}` }, ...allowed);
    one.input.setAttribute("aria-describedby", help.id);
    one.row = el("div", { className: "setting" + (one.value !== one.usual ? " unusual" : "") },
      el("label", { htmlFor: one.input.id, translate: false, textContent: one.key.split(".").at(-1) + (one.unit ? `, ${tell(one.unit)}` : "") }), one.input, help);
    return one.row;
  }
  filter() {
    const words = this.words.value.toLowerCase();
    for (const one of this.fields ?? []) one.row.hidden = words && !`${one.key} ${one.help} ${tell(one.help)}`.toLowerCase().includes(words);
    if (words) for (const group of this.form.children) group.open = [...group.querySelectorAll(".setting")].some((row) => !row.hidden);
  }
  usual() {
    for (const one of this.fields ?? []) one.input.value = one.usual;
  }
  async save() {
    const settings = Object.fromEntries((this.fields ?? []).filter((one) => one.input.value !== one.value).map((one) => [one.key, one.input.value]));
    if (!Object.keys(settings).length) { this.state.textContent = t("Nothing was changed."); return; }
    const answer = await post("set", { settings }, true);
    if (answer.settings) {
      this.state.textContent = t("Saved. The next cars drive with these settings.");
      this.fill(answer.settings);
      this.took(answer);
      return;
    }
    put(this.state, answer.error ?? "");
    const wrong = this.fields.find((one) => (answer.error ?? "").includes(one.key) && one.input.value !== one.value);
    if (wrong) {
      wrong.row.closest("details").open = true;
      wrong.input.focus();
    }
  }
}
