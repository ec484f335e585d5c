// Every setting of a training as a form, made from the one table of settings.

import { el } from "./player.js";
import { button, post } from "./talk.js";

const TITLES = { race: "Race", "race.rules": "Episodes", "race.others": "Objects and others on the road", "race.camera": "Camera", "race.lidar": "LIDAR", train: "Training", eval: "Evaluation" };

export class Settings {
  constructor(took) {
    this.took = took;
    this.state = el("p", { role: "alert" });
    this.form = el("form", { onsubmit: (event) => event.preventDefault(), onkeydown: (event) => {
      if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
      event.preventDefault();
      this.save();
    } });
    this.words = el("input", { type: "search", ariaLabel: "Search settings", placeholder: "search", oninput: () => this.filter() });
    this.node = el("section", { className: "settings", ariaLabel: "Settings", hidden: true },
      el("div", { className: "bar" }, this.words, button("Save & train", () => this.save(), "Save the settings and train with them"),
        button("Usual values", () => this.usual(), "Put the usual value into every field")),
      this.state, this.form);
  }
  async open() {
    const found = await post("settings", {}, true);
    this.state.textContent = found.error ?? "";
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
      const made = el("select", props, ...words.map((word) => new Option(word, word)));
      made.value = value;
      return made;
    }
    return el("input", { ...props, type: "text", value, autocomplete: "off", spellcheck: false });
  }
  row(one) {
    const allowed = [one.help, one.range && `allowed: ${one.range}`, one.unset && `empty: ${one.unset}`, `usual: ${one.usual || "empty"}`].filter(Boolean).join("; ");
    const help = el("p", { className: "dim", id: `help-${one.key}`, textContent: allowed });
    one.input.setAttribute("aria-describedby", help.id);
    one.row = el("div", { className: "setting" + (one.value !== one.usual ? " unusual" : "") },
      el("label", { htmlFor: one.input.id, textContent: one.key.split(".").at(-1) + (one.unit ? `, ${one.unit}` : "") }), one.input, help);
    return one.row;
  }
  filter() {
    const words = this.words.value.toLowerCase();
    for (const one of this.fields ?? []) one.row.hidden = words && !`${one.key} ${one.help}`.toLowerCase().includes(words);
    if (words) for (const group of this.form.children) group.open = [...group.querySelectorAll(".setting")].some((row) => !row.hidden);
  }
  usual() {
    for (const one of this.fields ?? []) one.input.value = one.usual;
  }
  async save() {
    const settings = Object.fromEntries((this.fields ?? []).filter((one) => one.input.value !== one.value).map((one) => [one.key, one.input.value]));
    if (!Object.keys(settings).length) { this.state.textContent = "Nothing was changed."; return; }
    const answer = await post("set", { settings }, true);
    if (answer.settings) {
      this.state.textContent = "Saved. The next cars drive with these settings.";
      this.fill(answer.settings);
      this.took(answer);
      return;
    }
    this.state.textContent = answer.error ?? "";
    const wrong = this.fields.find((one) => (answer.error ?? "").includes(one.key) && one.input.value !== one.value);
    if (wrong) {
      wrong.row.closest("details").open = true;
      wrong.input.focus();
    }
  }
}
