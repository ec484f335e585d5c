// What a newcomer may do next, one sentence at a time, until the first run is kept.

import { el } from "./player.js";
import { t } from "./words.js";

const STEPS = [
  t("This reward pays the middle of the road, so the car drives tidily, not fast. Change 1.0 to params[\"speed\"] and press Ctrl S."),
  t("New cars learn what you wrote; the grey ghost is the old lap. Wait until they have finished."),
  t("Look into its laps: there is what every step was paid, and why."),
  t("Do you like it? Keep makes this draft a run, and the garage has it from then on."),
];

export class First {
  // `shown`: the lesson that everybody begins with is on the desk as it was.
  constructor(shown) {
    this.step = shown ? 0 : STEPS.length;
    this.words = el("span");
    this.node = el("p", { className: "first", role: "status" }, this.words, " ",
      el("button", { type: "button", textContent: "×", title: t("I know this"), ariaLabel: t("I know this"), onclick: () => this.to(STEPS.length) }));
    this.to(this.step);
  }
  to(step) {
    this.step = step;
    this.node.hidden = step >= STEPS.length;
    this.words.textContent = STEPS[step] ?? "";
  }
  // What has happened; only the next thing leads on.
  saved(changed) {
    if (this.step === 0 && changed) this.to(1);
  }
  hear(words) {
    if (this.step === 1 && /^(finished|stopped)/.test(words)) this.to(2);
    if (words.startsWith("kept:")) this.to(STEPS.length);
  }
  looked() {
    if (this.step === 2) this.to(3);
  }
}
