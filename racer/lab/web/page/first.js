// What a newcomer may do next, one sentence at a time, until the first run is kept.

import { el } from "./player.js";
import { t } from "./words.js";

const CHANGE = 0, WAIT = 1, LOOK = 2, KEEP = 3;
const STEPS = [
  t("This reward pays the middle of the road, so the car drives tidily, not fast. Change 1.0 to params[\"speed\"] and press Save & train (Ctrl S)."),
  t("New cars learn what you wrote; the grey ghost is the old lap. Wait until they have finished."),
  t("Press Look into its laps: there is what every step was paid, and why."),
  t("Do you like how it drives? Keep in the lab makes this draft a run, which is in the garage from then on."),
];
const KEPT = "racer-lab-first"; // the step, for a page that is loaded anew: in the other language, for instance

export class First {
  // `shown`: the lesson that everybody begins with is on the desk as it was.
  constructor(shown) {
    this.driving = false; // the cars of the last save
    this.words = el("span", { role: "status" });
    this.node = el("p", { className: "first" }, this.words,
      el("button", { type: "button", textContent: "×", title: t("I know this"), ariaLabel: t("I know this"), onclick: () => this.to(STEPS.length) }));
    let kept = null;
    try {
      kept = sessionStorage.getItem(KEPT);
    } catch { /* a browser may keep nothing */ }
    this.to(+kept || (shown ? CHANGE : STEPS.length));
  }
  to(step) {
    this.step = step;
    this.node.hidden = step >= STEPS.length;
    this.words.textContent = STEPS[step] ?? "";
    try {
      sessionStorage.setItem(KEPT, step);
    } catch { /* then it begins anew */ }
  }
  // What has happened; only the next thing leads on.
  saved() {
    if (this.step === CHANGE) this.to(WAIT);
  }
  // A sentence of the lab. The old cars may finish after a save, so only those that began to drive after it count.
  hear(words) {
    if (words === "checking") {
      this.driving = false;
      if (this.step === LOOK) this.to(WAIT);
    } else if (words.startsWith("driving: ")) this.driving = true;
    else if (/^(finished: .* of laps, |stopped;)/.test(words) && this.driving && this.step === WAIT) this.to(LOOK);
    else if (words.startsWith("kept: ")) this.to(STEPS.length);
  }
  looked() {
    if (this.step === LOOK) this.to(KEEP);
  }
}
