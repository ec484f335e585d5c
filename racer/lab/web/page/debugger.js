// Any step of any recorded lap: the player, the reward that was recorded beside the one that is edited,
// the lines that ran for this step, and why it was paid what it was paid.

import { el, open } from "./player.js";
import { button, post, put } from "./talk.js";
import { t, tell } from "./words.js";

const short = (value) => (value == null ? "–" : Number(value.toPrecision(6)).toString());
const ROUNDED = 1e-5; // what a recording of the player has of a reward
const PRINTS_MAX = 600; // steps that are looked through for the next print

export class Debugger {
  constructor(editor) {
    this.editor = editor;
    this.run = null;
    this.busy = false;
    this.at = -1; // of the lines that ran, that is walked to; -1 for none
    this.root = el("div", { className: "racer-player" });
    this.choice = el("select", { ariaLabel: t("Recording"), onchange: () => this.open(this.choice.value) });
    this.state = el("p", { role: "status" });
    this.paid = el("p", { className: "paid" });
    this.reasons = el("ol", { className: "reasons", ariaLabel: t("Why") });
    this.prints = el("pre", { tabIndex: 0, role: "region", translate: false, ariaLabel: t("What this call printed") });
    this.lines = el("table", { className: "lap lines" });
    this.table = el("details", {}, el("summary", { textContent: t("Lines that ran, as a table") }), el("div", { tabIndex: 0, role: "region", ariaLabel: t("Lines that ran") }, this.lines));
    this.jump = el("select", { ariaLabel: t("Jump to"), onchange: () => this.leap() },
      ...[["", t("jump to…")], ["worst", t("paid least")], ["change", t("changed most by the edit")], ["off", t("off the track")], ["print", t("next print")]].map(([value, name]) => new Option(name, value)));
    this.walked = el("output", { className: "walked" });
    this.node = el("section", { className: "debugger", ariaLabel: t("Debugger"), hidden: true },
      el("div", { className: "bar" }, el("label", {}, t("laps of"), " ", this.choice), this.jump,
        button(t("‹ line"), () => this.walk(-1), t("Back to the line that ran before (Shift F10)")), button(t("line ›"), () => this.walk(1), t("On to the line that ran next (F10)")), this.walked,
        button(t("Open as a page"), () => this.share(), t("Open the replay of these laps in a tab of its own"))),
      this.state,
      (this.why = el("div", { className: "why", hidden: true }, el("h2", { textContent: t("Why") }), this.paid, this.reasons, this.prints, this.table)),
      this.root);
  }
  // The runs that can be chosen beside the draft.
  async list() {
    const answer = await post("runs", { words: "", sort: "created", start: 0 }, true);
    const names = (answer.runs ?? []).filter((run) => run.laps).map((run) => run.name);
    if (this.run && !names.includes(this.run)) names.unshift(this.run);
    this.choice.replaceChildren(new Option(t("the draft"), ""), ...names.map((name) => Object.assign(new Option(name, name), { translate: false })));
    this.choice.value = this.run ?? "";
  }
  async show() {
    await this.list();
    await this.open(this.run ?? "");
  }
  async open(run, ghosts = []) {
    this.run = run;
    this.choice.value = run;
    const answer = await post("laps", { run, ghosts }, true);
    this.say(answer.error ?? "");
    this.player?.close();
    this.why.hidden = this.root.hidden = !answer.tables;
    if (!answer.tables) {
      this.player = this.row = undefined;
      this.editor.trace();
      return;
    }
    this.player = await open(this.root, answer, (row) => this.moved(row));
    this.player.paused = true;
    this.recording = answer;
    await this.pay();
  }
  // The text has changed, or the recording: every step is paid anew.
  async pay() {
    if (!this.player) return;
    const answer = await post("pay", { run: this.run, text: this.editor.value }, true);
    if (answer.new) {
      this.player.compare(Float64Array.from(answer.new, (value) => value ?? NaN));
      this.state.textContent = answer.same === answer.steps ? t("Every one of {n} steps is paid the same, to the last bit.", { n: answer.steps })
        : t("{n} of {all} steps are paid differently by the edited text.", { n: answer.steps - answer.same, all: answer.steps });
    } else {
      this.player.compare(null);
      this.say(answer.error ?? "");
    }
    this.look();
  }
  say(words) {
    put(this.state, words);
  }
  moved(row) {
    this.row = row;
    this.look();
  }
  // Only the newest question is asked: a step that was passed meanwhile is none.
  async look() {
    if (this.busy) { this.again = true; return; }
    this.busy = true;
    do {
      this.again = false;
      if (this.row !== undefined) this.show_step(await this.ask(this.row));
      await new Promise((done) => setTimeout(done, 30));
    } while (this.again);
    this.busy = false;
  }
  ask(row) {
    return post("look", { run: this.run, text: this.editor.value, row }, true);
  }
  // The same step, asked once more, stays where it was walked to.
  show_step(found) {
    const same = found.step === this.found?.step && JSON.stringify(found.events) === JSON.stringify(this.found?.events);
    if (!same) this.at = -1;
    this.found = found;
    this.walked.textContent = "";
    if (!found.why) {
      put(this.paid, found.error ?? "");
      this.reasons.replaceChildren();
      this.editor.trace();
      return;
    }
    const step = { n: found.step, old: short(found.old), new: found.problem || short(found.new) };
    this.paid.textContent = found.old === found.new ? t("step {n}: recorded {old}, edited {new}, the same", step) : t("step {n}: recorded {old}, edited {new}", step);
    this.reasons.replaceChildren(...found.why.map((one) => el("li", {},
      el("button", { type: "button", textContent: (one.line ? t("line {n}: ", { n: one.line }) : "") + tell(one.text), onclick: () => one.line && this.editor.go(one.line) }))));
    this.prints.textContent = found.printed;
    this.prints.hidden = !found.printed;
    this.lines.replaceChildren();
    this.lines.createTHead().insertRow().append(...["line", "what happened"].map((name) => el("th", { scope: "col", textContent: t(name) })));
    const body = this.lines.createTBody();
    for (const { line, what } of found.lines) {
      const row = body.insertRow();
      row.insertCell().textContent = line;
      Object.assign(row.insertCell(), { translate: false, textContent: what });
    }
    if (found.cut) body.insertRow().insertCell().textContent = t("more lines ran");
    this.editor.trace(new Map(found.lines.map(({ line, what }) => [line, what])));
    if (this.at >= 0) this.walk(0);
  }
  walk(by) {
    const events = this.found?.events ?? [];
    if (!events.length) return;
    this.at = Math.min(Math.max(this.at + by, 0), events.length - 1);
    const ran = new Map();
    events.slice(0, this.at).forEach(([line, what]) => ran.set(line, what || ran.get(line) || ""));
    const [line] = events[this.at];
    if (!ran.has(line)) ran.set(line, "");
    this.editor.trace(ran, line);
    this.walked.textContent = t("line {n}, {k} of {all}", { n: line, k: this.at + 1, all: events.length });
  }
  go(row) {
    const part = this.recording.laps.findIndex((lap) => lap.from <= row && row < lap.to);
    this.player.choose(part);
    this.player.paused = true;
    this.player.go(row - this.recording.laps[part].from);
  }
  async leap() {
    const kind = this.jump.value, { player } = this;
    this.jump.value = "";
    if (!kind || !player) return;
    const { from, n } = player.drive, { reward, is_offtrack: off } = player.rows, paid = player.edited ?? reward;
    if (kind === "print") return this.nextPrint();
    const score = { worst: (i) => -paid[i], change: (i) => Math.max(Math.abs(paid[i] - reward[i]) - ROUNDED * Math.abs(reward[i]), 0), off: (i) => off[i] }[kind];
    let best = from;
    for (let i = from; i < from + n; i++) if (score(i) > score(best)) best = i;
    if (score(best) <= 0 && kind !== "worst") this.state.textContent = kind === "off" ? t("No step of this lap is off the track.") : t("No step of this lap is paid differently.");
    else this.go(best);
  }
  async nextPrint() {
    const { from, n } = this.player.drive, end = Math.min(from + n, (this.row ?? from) + PRINTS_MAX);
    for (let row = (this.row ?? from) + 1; row < end; row++) {
      const found = await this.ask(row);
      if (found.error) { this.say(found.error); return; }
      if (found.printed) { this.go(row); return; }
    }
    this.state.textContent = t("Nothing more is printed in this lap.");
  }
  async share() {
    const answer = await post("open", { run: this.run }, true);
    if (answer.path) window.open(answer.path, "_blank", "noopener");
    else this.say(answer.error ?? "");
  }
  hide() {
    if (this.player) this.player.paused = true;
    this.editor.trace();
  }
}
