// The runs that were kept: look, compare, clone, go on, take away.

import { colors, el, write } from "./player.js";
import { button, post } from "./talk.js";

const lap = (value) => (value == null ? "" : `${write(value, 2)} s`);
const color = (name) => colors(document.documentElement)(name);
const kilo = (bytes) => `${write(bytes / 1000, 0)} kB`;

export class Garage {
  // `show(run, ghosts)` opens the debugger, `took(about)` hears of another file on the desk.
  constructor(show, took) {
    Object.assign(this, { show, took, chosen: new Set(), start: 0 });
    this.words = el("input", { type: "search", ariaLabel: "Search by name or tag", placeholder: "search", oninput: () => this.later() });
    this.sort = el("select", { ariaLabel: "Sort by", onchange: () => this.first() },
      ...[["created", "newest first"], ["name", "by name"], ["lap", "by best lap"], ["completion", "by completion"]].map(([value, name]) => new Option(name, value)));
    this.compareButton = button("Compare", () => this.compare(), "Compare the chosen runs");
    this.state = el("p", { role: "status" });
    this.list = el("table", { className: "lap runs" });
    this.count = el("output");
    this.about = el("div", { className: "about" });
    this.node = el("section", { className: "garage", ariaLabel: "Garage", hidden: true },
      el("div", { className: "bar" }, this.words, this.sort, this.compareButton,
        button("‹", () => this.turn(-1), "Runs before these"), this.count, button("›", () => this.turn(1), "Runs after these")),
      this.state, el("div", { className: "scrolled", tabIndex: 0, role: "region", ariaLabel: "Runs" }, this.list), this.about);
  }
  later() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.first(), 200);
  }
  first() {
    this.start = 0;
    this.open();
  }
  turn(by) {
    const next = this.start + by * 50;
    if (next < 0 || next >= this.total) return;
    this.start = next;
    this.open();
  }
  async open() {
    const found = await post("runs", { words: this.words.value, sort: this.sort.value, start: this.start }, true);
    this.total = found.total ?? 0;
    this.state.textContent = found.error ?? (this.total ? "" : this.words.value ? "No run has these words in its name or its tags."
      : "No runs yet. A run is a training you kept: press Keep in the lab.");
    this.count.textContent = this.total ? `${this.start + 1} to ${this.start + found.runs.length} of ${this.total}` : "";
    this.list.replaceChildren();
    this.list.createTHead().insertRow().append(...["", "run", "track", "reward", "laps", "best lap", "status", "tags"]
      .map((name) => el(name ? "th" : "td", name ? { scope: "col", textContent: name } : {})));
    const body = this.list.createTBody();
    for (const run of found.runs ?? []) this.row(body.insertRow(), run);
    this.mark();
  }
  row(row, run) {
    const tick = el("input", { type: "checkbox", checked: this.chosen.has(run.name), ariaLabel: `Choose ${run.name}`, disabled: !!run.problem,
      onchange: (event) => { this.chosen[event.target.checked ? "add" : "delete"](run.name); this.mark(); } });
    row.insertCell().append(tick);
    row.append(el("th", { scope: "row" }, button(run.name, () => this.look(run.name))));
    if (run.problem) {
      row.append(el("td", { colSpan: 6, textContent: run.problem, className: "problem" }));
      return;
    }
    for (const value of [run.track, run.reward, run.completion == null ? "" : `${write(run.completion, 0)} %`, lap(run.best), run.status, run.tags.join(" ")])
      row.insertCell().textContent = value;
  }
  mark() {
    this.compareButton.disabled = this.chosen.size < 2;
    this.compareButton.textContent = this.chosen.size ? `Compare ${this.chosen.size}` : "Compare";
  }
  async look(name) {
    const found = await post("run", { run: name }, true);
    if (found.error) { this.state.textContent = found.error; return; }
    const source = el("input", { type: "checkbox", checked: true });
    const act = (words, path, content) => button(words, async () => {
      const answer = await post(path, { run: name, ...content }, true);
      if (answer.error) this.state.textContent = answer.error;
      else this.took(answer, content.policy ? `It goes on from ${name}, ${content.policy}.` : `A copy of ${name}, trained from fresh weights.`);
    });
    this.about.replaceChildren(el("h2", { textContent: name, tabIndex: -1 }),
      el("p", { className: "bar" },
        ...(found.laps ? [button("Look into its laps", () => this.show(name, []))] : []),
        act("Clone", "clone", { policy: "" }),
        ...found.policies.map(([which, step]) => act(`Continue from ${which} (step ${write(step, 0)})`, "clone", { policy: which })),
        button("Export zip", () => this.take(name, "zip", false), "The whole run as a zip file"),
        ...(found.laps ? [button("Share laps", () => this.take(name, "html", source.checked), "One page with the laps, for any browser"),
          el("label", {}, source, " with the reward's source")] : [])),
      this.curve(found.curve),
      el("h3", { textContent: "Settings that are not the usual ones" }),
      el("dl", {}, ...found.settings.flatMap(([key, value]) => [el("dt", { textContent: key }), el("dd", { textContent: value })])),
      el("h3", { textContent: "Reward" }),
      el("pre", { tabIndex: 0, role: "region", ariaLabel: "Source of the reward", textContent: found.reward }));
    this.about.querySelector("h2").focus();
  }
  curve({ timesteps, laps_pct: laps }) {
    const canvas = el("canvas", { className: "curve", role: "img" }), last = laps.at(-1), most = timesteps.at(-1) || 1;
    canvas.ariaLabel = `Laps completed over ${write(most / 1000, 0)} k steps of training; at the end ${last == null ? "none" : write(last, 0) + " %"}`;
    requestAnimationFrame(() => {
      const d = Math.min(devicePixelRatio || 1, 1.5), w = canvas.clientWidth, h = canvas.clientHeight, g = canvas.getContext("2d");
      Object.assign(canvas, { width: Math.round(w * d), height: Math.round(h * d) });
      g.setTransform(d, 0, 0, d, 0, 0);
      g.font = "12px system-ui, sans-serif";
      g.fillStyle = color("dim");
      g.fillText(`laps completed, 0 to 100 %, over ${write(most / 1000, 0)} k steps`, 8, 12);
      g.strokeStyle = color("car");
      g.lineWidth = 2;
      g.beginPath();
      timesteps.forEach((step, i) => g[i ? "lineTo" : "moveTo"](8 + (step ?? 0) / most * (w - 16), h - 6 - (laps[i] ?? 0) / 100 * (h - 26)));
      g.stroke();
    });
    return canvas;
  }
  async take(run, kind, source) {
    const answer = await post("pack", { run, kind, source }, true);
    this.state.textContent = answer.error ?? `${run}.${kind}: ${kilo(answer.bytes)}${source ? ", the reward's source is in it" : ""}`;
    if (answer.path) el("a", { href: answer.path, download: "" }).click();
  }
  async compare() {
    const runs = [...this.chosen], found = await post("compare", { runs }, true);
    if (found.error) { this.state.textContent = found.error; return; }
    this.about.replaceChildren(el("h2", { textContent: "Comparison", tabIndex: -1 }), el("p", { className: "verdict", textContent: found.verdict }),
      el("pre", { tabIndex: 0, role: "region", ariaLabel: "Table of the comparison", textContent: found.table }),
      button("Show their best laps together", () => this.show(runs[0], runs.slice(1))));
    this.about.querySelector("h2").focus();
  }
}
