// What the text in the editor would pay on the recorded laps: old and new along the best one, sums of each.

import { colors, el, write } from "./player.js";
import { post, put } from "./talk.js";
import { t } from "./words.js";

export class WhatIf {
  constructor(editor) {
    this.editor = editor;
    this.paid = null;
    this.verdict = el("p", { role: "status" });
    this.sums = el("table", { className: "lap" });
    this.strip = el("canvas", { role: "img", className: "curve", ariaLabel: t("Recorded and edited reward over the best lap; the table has the sums") });
    this.node = el("details", { ontoggle: () => { if (this.node.open) this.pay(); } },
      el("summary", { textContent: t("What would it pay? The recorded laps, paid by the text above") }), this.verdict, this.strip, this.sums);
  }
  // The text has changed.
  follow() {
    if (this.node.open && this.paid) this.pay();
  }
  async pay() {
    const answer = await post("rescore", { text: this.editor.value });
    if (!answer.steps) {
      put(this.verdict, answer.error ?? "");
      return;
    }
    this.paid = answer;
    const same = answer.same === answer.steps;
    this.verdict.textContent = same ? t("Every one of {n} steps is paid the same, to the last bit.", { n: answer.steps })
      : t("{n} of {all} steps are paid differently.", { n: answer.steps - answer.same, all: answer.steps });
    this.sums.replaceChildren();
    this.sums.createTHead().insertRow().append(...["lap", "recorded", "edited"].map((name) => el("th", { scope: "col", textContent: t(name) })));
    const body = this.sums.createTBody();
    answer.sums.forEach(([old, edited], i) => {
      const row = body.insertRow();
      for (const value of [`${i + 1}`, write(old, 2), write(edited, 2)]) row.insertCell().textContent = value;
    });
    this.draw();
  }
  draw() {
    const { paid, strip } = this;
    if (!paid || !this.node.open) return;
    const d = Math.min(devicePixelRatio || 1, 1.5), w = strip.clientWidth, h = strip.clientHeight, g = strip.getContext("2d"), color = colors(document.documentElement);
    Object.assign(strip, { width: Math.round(w * d), height: Math.round(h * d) });
    g.setTransform(d, 0, 0, d, 0, 0);
    g.font = "12px system-ui, sans-serif";
    const all = [...paid.old, ...paid.new], low = Math.min(...all), high = Math.max(...all);
    const x = (v) => 8 + Math.max(v, 0) / 100 * (w - 16), y = (v) => h - 6 - (v - low) / (high - low || 1) * (h - 26);
    [["old", "car", []], ["new", "policy", [6, 3]]].forEach(([name, tint, dash]) => {
      g.strokeStyle = color(tint);
      g.lineWidth = 2;
      g.setLineDash(dash);
      g.beginPath();
      paid[name].forEach((value, i) => g[i ? "lineTo" : "moveTo"](x(paid.progress[i]), y(value)));
      g.stroke();
    });
    g.setLineDash([]);
    g.fillStyle = color("dim");
    g.fillText(`${t("reward over lap {n}: solid is recorded, dashed is edited;", { n: paid.lap })}  ${write(low, 2)} … ${write(high, 2)}`, 8, 12);
  }
}
