// The runs that were kept: look, compare, clone, go on, evaluate elsewhere, put into the bin, take away.

import { colors, el, write } from "./player.js";
import { button, post, put } from "./talk.js";
import { t, tell } from "./words.js";

const lap = (value) => (value == null ? "" : `${write(value, 2)} s`);
const color = (name) => colors(document.documentElement)(name);
const kilo = (bytes) => `${write(bytes / 1000, 0)} kB`;
const PAGE = 50; // runs of one answer

export class Garage {
  // `show(run, ghosts)` opens the debugger, `took(about)` hears of another file on the desk.
  constructor(show, took) {
    Object.assign(this, { show, took, chosen: new Set(), start: 0 });
    this.words = el("input", { type: "search", ariaLabel: t("Search by name or tag"), placeholder: t("search"), oninput: () => this.later() });
    this.sort = el("select", { ariaLabel: t("Sort by"), onchange: () => this.first() },
      ...[["created", t("newest first")], ["name", t("by name")], ["lap", t("by best lap")], ["completion", t("by completion")]].map(([value, name]) => new Option(name, value)));
    this.compareButton = button(t("Compare"), () => this.compare(), t("Compare the chosen runs"));
    this.deleteButton = button(t("Delete"), () => this.remove([...this.chosen]), t("Put the chosen runs into the bin"));
    this.state = el("p", { role: "status" });
    this.list = el("table", { className: "lap runs" });
    this.count = el("output");
    this.about = el("div", { className: "about" });
    this.binned = el("ul", { className: "bin" });
    this.bin = el("details", { ontoggle: () => this.openBin() }, el("summary", { textContent: t("The bin") }), this.binned);
    this.node = el("section", { className: "garage", ariaLabel: t("Garage"), hidden: true },
      el("div", { className: "bar" }, this.words, this.sort, this.compareButton, this.deleteButton,
        button("‹", () => this.turn(-1), t("Runs before these")), this.count, button("›", () => this.turn(1), t("Runs after these"))),
      this.state, el("div", { className: "scrolled", tabIndex: 0, role: "region", ariaLabel: t("Runs") }, this.list), this.about, this.bin);
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
    const next = this.start + by * PAGE;
    if (next < 0 || next >= this.total) return;
    this.start = next;
    this.open();
  }
  // The answer; an error is said, and the answer then is null.
  async ask(path, content) {
    const found = await post(path, content, true);
    put(this.state, found.error ?? "");
    return found.error ? null : found;
  }
  async open(said = "") {
    const found = await this.ask("runs", { words: this.words.value, sort: this.sort.value, start: this.start });
    this.total = found?.total ?? 0;
    if (found && (said || !this.total)) this.state.replaceChildren(...(said || [this.words.value ? t("No run has these words in its name or its tags.")
      : t("No runs yet. A run is a training you kept: press Keep in the lab.")]));
    this.count.textContent = this.total ? t("{a} to {b} of {all}", { a: this.start + 1, b: this.start + found.runs.length, all: this.total }) : "";
    this.list.replaceChildren();
    this.list.createTHead().insertRow().append(...["", "run", "track", "reward", "laps", "best lap", "status", "tags"]
      .map((name) => el(name ? "th" : "td", name ? { scope: "col", textContent: t(name) } : {})));
    const body = this.list.createTBody();
    for (const run of found?.runs ?? []) this.row(body.insertRow(), run);
    this.mark();
    this.openBin();
  }
  row(row, run) {
    const tick = el("input", { type: "checkbox", checked: this.chosen.has(run.name), ariaLabel: t("Choose {run}", { run: run.name }),
      onchange: (event) => { this.chosen[event.target.checked ? "add" : "delete"](run.name); this.mark(); } });
    row.insertCell().append(tick);
    row.append(el("th", { scope: "row", translate: false }, button(run.name, () => this.look(run.name))));
    if (run.problem) {
      row.append(el("td", { colSpan: 6, className: "problem" }));
      put(row.lastChild, run.problem);
      return;
    }
    const plain = { translate: false };
    for (const [value, how] of [[run.track, plain], [run.reward, plain], [run.completion == null ? "" : `${write(run.completion, 0)} %`], [lap(run.best)], [t(run.status)], [run.tags.join(" "), plain]])
      Object.assign(row.insertCell(), { textContent: value, ...how });
  }
  mark() {
    const n = this.chosen.size;
    this.compareButton.disabled = n < 2;
    this.deleteButton.disabled = !n;
    this.compareButton.textContent = n ? t("Compare {n}", { n }) : t("Compare");
    this.deleteButton.textContent = n ? t("Delete {n}", { n }) : t("Delete");
  }
  async look(name) {
    const found = await this.ask("run", { run: name });
    if (!found) return;
    const source = el("input", { type: "checkbox", checked: true });
    const act = (words, path, content) => button(words, async () => {
      const answer = await this.ask(path, { run: name, ...content });
      if (answer) this.took(answer, content.policy ? t("It goes on from {run}, {policy}.", { run: name, policy: t(content.policy) }) : t("A copy of {run}, trained from fresh weights.", { run: name }));
    });
    this.about.replaceChildren(el("h2", { textContent: name, tabIndex: -1, translate: false }),
      el("p", { className: "bar" },
        ...(found.laps ? [button(t("Look into its laps"), () => this.show(name, []))] : []),
        act(t("Clone"), "clone", { policy: "" }),
        ...found.policies.map(([which, step]) => act(t("Continue from {policy} (step {n})", { policy: t(which), n: write(step, 0) }), "clone", { policy: which })),
        button(t("Export zip"), () => this.take(name, "zip", false), t("The whole run as a zip file")),
        ...(found.laps ? [button(t("Share laps"), () => this.take(name, "html", source.checked), t("One page with the laps, for any browser")),
          el("label", {}, source, " ", t("with the reward's source"))] : []),
        button(t("Delete"), () => this.remove([name]), t("Put this run into the bin"))),
      ...(found.policies.length ? [this.elsewhere(name, found.tracks)] : []),
      this.curve(found.curve),
      el("h3", { textContent: t("Settings that are not the usual ones") }),
      el("dl", { translate: false }, ...found.settings.flatMap(([key, value]) => [el("dt", { textContent: key }), el("dd", { textContent: value })])),
      el("h3", { textContent: t("Reward") }),
      el("pre", { tabIndex: 0, role: "region", translate: false, ariaLabel: t("Source of the reward"), textContent: found.reward }));
    this.about.querySelector("h2").focus();
  }
  // What `racer evaluate RUN --track T` says, for any track.
  elsewhere(name, tracks) {
    const known = el("datalist", { id: "tracks", translate: false }, ...tracks.map((track) => el("option", { value: track })));
    const track = el("input", { type: "text", required: true, maxLength: 200, autocomplete: "off", spellcheck: false, translate: false });
    track.setAttribute("list", known.id);
    const drive = el("button", { textContent: t("Evaluate") }), results = el("ul", { className: "results" });
    const form = el("form", { className: "bar" }, el("label", {}, t("on the track"), " ", track, known), drive);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const line = results.appendChild(el("li", {}, el("span", { translate: false, textContent: track.value }), ": ", el("span", { textContent: t("driving") })));
      drive.disabled = true;
      const answer = await post("evaluate", { run: name, track: track.value }, true);
      drive.disabled = false;
      if (answer.error) put(line.lastChild, answer.error);
      else line.lastChild.textContent = t("{done} of {laps} laps completed, {n} % of the way", { done: answer.laps_completed, laps: answer.laps, n: write(answer.completion_pct, 0) })
        + (answer.best_lap_s == null ? "" : ", " + t("best lap {s} s", { s: write(answer.best_lap_s, 2) }));
    });
    return el("div", {}, form, el("div", { role: "status" }, results));
  }
  curve({ timesteps, laps_pct: laps }) {
    const canvas = el("canvas", { className: "curve", role: "img" }), last = laps.at(-1), most = timesteps.at(-1) || 1, n = write(most / 1000, 0);
    canvas.ariaLabel = t("Laps completed over {n} k steps of training; at the end {last}", { n, last: last == null ? "–" : `${write(last, 0)} %` });
    this.draw = () => {
      const d = Math.min(devicePixelRatio || 1, 1.5), w = canvas.clientWidth, h = canvas.clientHeight, g = canvas.getContext("2d");
      if (!w) return; // another view is shown
      Object.assign(canvas, { width: Math.round(w * d), height: Math.round(h * d) });
      g.setTransform(d, 0, 0, d, 0, 0);
      g.font = "12px system-ui, sans-serif";
      g.fillStyle = color("dim");
      g.fillText(t("laps completed, 0 to 100 %, over {n} k steps", { n }), 8, 12);
      g.strokeStyle = color("car");
      g.lineWidth = 2;
      g.beginPath();
      timesteps.forEach((step, i) => g[i ? "lineTo" : "moveTo"](8 + (step ?? 0) / most * (w - 16), h - 6 - (laps[i] ?? 0) / 100 * (h - 26)));
      g.stroke();
    };
    requestAnimationFrame(this.draw);
    return canvas;
  }
  draw() {} // the curve that is shown, again in the colours of now
  async take(run, kind, source) {
    const answer = await this.ask("pack", { run, kind, source });
    if (!answer) return;
    const file = { file: `${run}.${kind}`, size: kilo(answer.bytes) };
    this.state.textContent = source ? t("{file}: {size}, the reward's source is in it", file) : t("{file}: {size}", file);
    el("a", { href: answer.path, download: "" }).click();
  }
  async compare() {
    const runs = [...this.chosen], found = await this.ask("compare", { runs });
    if (!found) return;
    const verdict = el("p", { className: "verdict" });
    put(verdict, found.verdict);
    const table = el("table", { className: "lap compared" }), body = table.createTBody();
    table.createTHead().insertRow().append(...found.heads.map((name) => el(name ? "th" : "td", name ? { scope: "col", textContent: t(name) } : {})));
    for (const [label, ...values] of found.rows) {
      const row = body.insertRow();
      row.append(el("th", { scope: "row", translate: false, textContent: label }));
      for (const value of values) row.insertCell().textContent = value === "none" ? "–" : tell(value);
    }
    this.about.replaceChildren(el("h2", { textContent: t("Comparison"), tabIndex: -1 }), verdict,
      el("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: t("Table of the comparison") }, table), el("p", { className: "dim", textContent: t(found.meaning) }),
      button(t("Show their best laps together"), () => this.show(runs[0], runs.slice(1))));
    this.about.querySelector("h2").focus();
  }
  // Nothing is lost: a run goes to the bin, and comes back.
  async remove(runs) {
    const found = await this.ask("delete", { runs });
    if (!found) return;
    for (const run of runs) this.chosen.delete(run);
    this.about.replaceChildren();
    const undo = button(t("Undo"), () => this.restore(found.names), t("Put them back"));
    await this.open([t("{n} in the bin.", { n: found.names.length }), " ", undo]);
    undo.focus();
  }
  async restore(names) {
    const found = await this.ask("restore", { runs: names });
    if (found) await this.open([t("{n} put back.", { n: names.length })]);
  }
  async openBin() {
    const found = await post("bin", {}, true);
    this.bin.hidden = !found.runs?.length;
    if (this.bin.open) this.binned.replaceChildren(...(found.runs ?? []).map((run) => el("li", {}, button(t("Put back"), () => this.restore([run]), t("Put back {run}", { run })), " ", el("span", { translate: false, textContent: run }))));
  }
}
