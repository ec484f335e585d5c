// Plays a recording: canvas, inspector, strips, ghosts. No framework, no request, and every text from
// a recording stays text. A replay file has this module inside; the lab imports it.
// `table` is racer/render/table.py as JSON: what the pygame window uses, too. Words are English here, and
// in other languages in racer/render/words.toml.

import { Drive, unpack } from "./drive.js";
import { clip, colors, el, languageButton, write } from "./parts.js";
import { Stage, rgb, speedColor } from "./stage.js";
import { paintStrips } from "./strips.js";
import { language, locale, speak, t, tell } from "./words.js";

export { Drive, unpack } from "./drive.js";
export { colors, el, languageButton, write } from "./parts.js";
export { Stage } from "./stage.js";

// `moved` is called with the row of the recording that is shown, after each change.
export class Player {
  constructor(root, recording, tables, table, moved = null) {
    Object.assign(this, { root, recording, tables, table, moved, rows: tables.rows });
    this.edited = null; // rewards of the same rows by another text; NaN for none
    this.ended = new AbortController();
    const dt = recording.dt;
    this.drives = recording.laps.map((lap) => new Drive(this.rows, lap.from, lap.to, { ...lap, dt }));
    this.ghosts = recording.ghosts.map((ghost, i) => {
      const rows = tables["ghost" + i];
      return Object.assign(new Drive(rows, 0, rows.n, ghost), { on: ghost.on });
    });
    this.part = 0;
    this.at = 0;
    this.speed = recording.speed;
    this.zoom = 1;
    this.follow = false;
    this.ghostsOn = true;
    this.mine = -1; // a lap of this recording that is shown as a ghost
    this.paused = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.build();
    const { outer, inner, center } = tables;
    this.stage = new Stage(this.canvas, { outer, inner, center, start: recording.start }, table.shape);
    this.listen();
    this.choose(0);
    this.describe();
    requestAnimationFrame((now) => this.tick((this.last = now)));
  }

  // -- the page

  build() {
    const r = this.recording, button = (name, words, action) =>
      el("button", { type: "button", textContent: name, title: words, ariaLabel: words, onclick: () => this.act(action) });
    const plain = (name) => el("span", { translate: false, textContent: name });
    const times = r.laps.filter((lap) => lap.complete).map((lap) => lap.seconds.toFixed(2));
    this.decimals = new Set(times).size < times.length ? 3 : 2;
    const names = r.laps.map((lap) => `${tell(lap.name)}: ${lap.complete ? write(lap.seconds, this.decimals) + " s"
      : `${t(lap.status)}, ${write(lap.progress, 1)} %`}`);
    this.canvas = el("canvas", { role: "img" });
    this.strips = el("canvas", { role: "img", className: "strips", ariaLabel: t("Strips over progress; the table below has their numbers") });
    this.lapChoice = el("select", { ariaLabel: t("Lap"), onchange: (e) => this.choose(+e.target.value) },
      ...names.map((name, i) => new Option(name, i)));
    this.mineChoice = el("select", { onchange: (e) => { this.mine = +e.target.value; this.dirty = true; } },
      new Option(t("none"), -1), ...names.map((name, i) => new Option(name, i)));
    this.slider = el("input", { type: "range", min: 0, step: 1, value: 0, ariaLabel: t("Step of the lap"),
      oninput: (e) => { this.paused = true; this.go(+e.target.value); } });
    this.playButton = button(t("Pause"), t("Play or pause"), "pause");
    this.clock = el("output");
    this.note = el("p", { className: "note" });
    this.live = el("p", { className: "unseen", ariaLive: "polite" });
    this.reward = el("output", { className: "big" });
    this.gaps = el("ul", { className: "gaps" });
    this.params = el("table", { translate: false }, el("caption", { textContent: t("params") }));
    this.cells = this.table.params.map(([key, unit, count]) => {
      const cell = el("td"), row = this.params.insertRow();
      row.append(el("th", { scope: "row", textContent: key }), cell, el("td", { textContent: unit }));
      return { key, count, cell };
    });
    this.band = el("select", { ariaLabel: t("Last strip"), translate: false, onchange: () => (this.dirty = true) },
      ...this.columns().map((name) => new Option(name, name)));
    this.band.value = "distance_from_center";
    this.data = el("details", { ontoggle: () => this.fillTable() }, el("summary", { textContent: t("This lap as a table") }));
    this.help = el("dialog", { ariaLabel: t("Keys") }, el("h2", { textContent: t("Keys") }),
      el("dl", {}, ...this.table.keys.flatMap(([keys, words]) => [el("dt", { textContent: t(keys) }), el("dd", { textContent: t(words) })])),
      el("button", { type: "button", textContent: t("Close"), onclick: () => this.help.close() }));
    const shown = this.ghosts.map((ghost) => el("label", {},
      el("input", { type: "checkbox", checked: ghost.on, onchange: (e) => { ghost.on = e.target.checked; this.dirty = true; } }),
      el("span", { className: "mark " + ghost.color, ariaHidden: "true" }), plain(ghost.name)));
    this.root.replaceChildren(
      el("header", {}, el("h1", { textContent: r.title, translate: false }), el("p", { className: "dim" }, plain(r.track), "  ", tell(r.note))),
      el("div", { className: "view" }, this.canvas, this.legend()),
      el("section", { className: "inspector", ariaLabel: t("Reward and params of this step") },
        el("p", { className: "dim", textContent: t("reward") }), this.reward, this.note, this.gaps, this.params,
        ...(r.reward ? [el("details", {}, el("summary", { textContent: t("The reward's source") }),
          el("pre", { tabIndex: 0, role: "region", ariaLabel: t("Source of the reward"), translate: false, textContent: r.reward }))] : [])),
      el("div", { className: "under" }, this.strips, el("p", {}, t("strips: reward, its sum,"), " ", plain("speed, steering_angle,"), " ", this.band)),
      el("section", { className: "controls", ariaLabel: t("Playback") }, this.playButton, button("‹", t("One step back"), "step_back"), button("›", t("One step forward"), "step"),
        this.slider, this.clock, this.lapChoice, el("label", {}, t("ghost"), " ", this.mineChoice), ...shown,
        button(t("Follow"), t("Follow the car, or overview"), "follow"), button(t("Theme"), t("Theme: dark or light"), "theme"),
        ...(this.moved ? [] : [languageButton((other) => this.translate(other))]), button("?", t("Keys"), "help")),
      this.data, this.help, this.live);
  }
  columns() {
    return Object.keys(this.rows).filter((name) => this.recording.params.includes(name));
  }
  legend() {
    const [low, high] = this.recording.speeds;
    const bar = el("canvas", { width: 100, height: 1, ariaHidden: "true" }), g = bar.getContext("2d");
    for (let i = 0; i < 100; i++) {
      g.fillStyle = speedColor(i / 99, this.table.speedColors);
      g.fillRect(i, 0, 1, 1);
    }
    return el("p", { className: "legend" }, write(low, 1), bar, write(high, 1) + " m/s");
  }
  fillTable() {
    if (!this.data.open) return this.data.querySelector("div")?.remove();
    this.data.querySelector("div")?.remove();
    const drive = this.drive, names = ["reward", "v", ...this.columns()], table = el("table", { className: "lap" });
    table.createTHead().insertRow().append(...[t("time"), t("reward"), ...names.slice(1)].map((name, i) => el("th", { scope: "col", translate: i < 2, textContent: name })));
    const body = Object.assign(table.createTBody(), { translate: false }), whole = new Set(this.recording.whole);
    for (let i = 0; i < drive.n; i++) {
      const row = body.insertRow();
      row.insertCell().textContent = write(i * drive.dt, 2);
      for (const name of names) row.insertCell().textContent = this.shown(name, drive.from + i, whole.has(name) ? 0 : 3);
    }
    this.data.append(el("div", { tabIndex: 0, role: "region", ariaLabel: t("Every step of this lap") }, table));
  }
  shown(name, i, count) {
    if (this.table.flags.includes(name)) return this.rows[name][i] ? "True" : "False";
    return write(this.rows[name][i], count);
  }

  // -- what keys and buttons do

  listen() {
    const until = { signal: this.ended.signal };
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || this.root.closest("[hidden]")) return;
      const on = event.target, native = on.closest?.("select, textarea, input:not([type=range]), [contenteditable]");
      const presses = (event.key === " " || event.key === "Enter") && on.closest?.("button, summary");
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const action = key === "?" ? "help" : this.table.actions[key];
      if (native || presses || event.ctrlKey || event.metaKey || event.altKey || this.help.open || !action) return;
      event.preventDefault();
      this.act(action);
    }, until);
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.act(event.deltaY < 0 ? "zoom_in" : "zoom_out");
    }, { passive: false });
    const scrub = (event) => {
      if (event.buttons) this.scrub((event.offsetX - 8) / (this.strips.clientWidth - 16));
    };
    this.strips.addEventListener("pointerdown", scrub);
    this.strips.addEventListener("pointermove", scrub);
    this.redraw = () => { this.color = colors(this.root); this.repaint = this.dirty = true; };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.redraw, until);
    this.sizes = new ResizeObserver(this.redraw);
    this.sizes.observe(this.canvas);
    this.redraw();
  }
  // The same moment in another language.
  translate(language) {
    speak(language);
    this.close();
    const next = new Player(this.root, this.recording, this.tables, this.table);
    next.choose(this.part);
    Object.assign(next, { at: this.at, speed: this.speed, paused: this.paused });
    next.root.querySelector(`button[lang="${language === "de" ? "en" : "de"}"]`).focus();
  }
  // Another player takes the place.
  close() {
    this.ended.abort();
    this.sizes.disconnect();
  }
  // The same steps, paid by another reward.
  compare(rewards) {
    this.edited = rewards;
    this.dirty = true;
  }
  act(action) {
    const second = 1 / this.drive.dt, speeds = this.table.speeds, [step, least, most] = this.table.zoom;
    const end = this.drive.n - 1, zoom = (by) => { this.zoom = clip(this.zoom * by, least, most); this.repaint = true; };
    const stop = (at) => { this.paused = true; this.go(at); };
    ({
      pause: () => { const over = this.at >= end; this.paused = !this.paused && !over; if (over) this.at = 0; },
      step: () => stop(Math.floor(this.at) + 1),
      step_back: () => stop(Math.ceil(this.at) - 1),
      second: () => this.go(this.at + second),
      second_back: () => this.go(this.at - second),
      faster: () => (this.speed = speeds.find((s) => s > this.speed + 1e-9) ?? speeds.at(-1)),
      slower: () => (this.speed = speeds.findLast((s) => s < this.speed - 1e-9) ?? speeds[0]),
      follow: () => { this.follow = !this.follow; this.zoom = 1; this.repaint = true; },
      zoom_in: () => zoom(step),
      zoom_out: () => zoom(1 / step),
      zoom_reset: () => zoom(1 / this.zoom),
      restart: () => this.go(0),
      ghosts: () => (this.ghostsOn = !this.ghostsOn),
      next: () => this.choose((this.part + 1) % this.drives.length),
      previous: () => this.choose((this.part + this.drives.length - 1) % this.drives.length),
      help: () => this.help.showModal(),
      theme: () => {
        const html = document.documentElement, dark = getComputedStyle(html).colorScheme === "dark";
        html.dataset.theme = dark ? "light" : "dark";
        this.redraw();
      },
    })[action]?.();
    this.dirty = true;
    if (this.paused) this.say();
  }
  choose(part) {
    this.part = part;
    this.drive = this.drives[part];
    this.lapChoice.value = part;
    this.slider.max = this.drive.n - 1;
    this.fillTable();
    this.go(0);
  }
  go(at) {
    this.at = clip(at, 0, this.drive.n - 1);
    this.dirty = true;
  }
  scrub(part) {
    const { from, n, rows } = this.drive, wanted = part * this.top();
    let best = 0;
    for (let i = 1; i < n; i++)
      if (Math.abs(rows.progress[from + i] - wanted) < Math.abs(rows.progress[from + best] - wanted)) best = i;
    this.paused = true;
    this.go(best);
  }
  say() {
    this.live.textContent = `${tell(this.drive.name)}, ${this.clock.textContent}, ${t("reward")} ${this.reward.textContent}`;
  }

  // -- time

  tick(now) {
    if (this.ended.signal.aborted) return;
    requestAnimationFrame((next) => this.tick(next));
    if (this.root.closest("[hidden]")) return;
    const seconds = Math.min((now - this.last) / 1000, 0.25);
    this.last = now;
    if (!this.paused) this.advance(seconds);
    if (this.dirty) this.draw();
  }
  // A lap that is over rests for a second, then the next one starts; the last one stops.
  advance(seconds) {
    const by = this.speed / this.drive.dt, end = this.drive.n - 1;
    this.at += seconds * by;
    this.dirty = true;
    if (this.at < end + by) return;
    this.live.textContent = this.lapChoice.options[this.part].text;
    if (this.part + 1 < this.drives.length) this.choose(this.part + 1);
    else { this.at = end; this.paused = true; }
  }

  // -- the picture

  draw() {
    this.dirty = false;
    const stage = this.stage, drive = this.drive, at = clip(this.at, 0, drive.n - 1), i = Math.floor(at);
    const pose = drive.pose(at), speeds = [...this.recording.speeds, this.table.speedColors];
    const resized = stage.fit();
    if (resized || this.repaint || this.follow || !stage.paintTrail(drive, i, speeds, this.color("edge"))) {
      const whole = stage.overview(), scale = this.follow ? this.table.followScale * stage.pixel : whole.scale;
      stage.paintRoad({ ...(this.follow ? pose : whole), scale: scale * this.zoom }, this.color);
      stage.trailOf = drive;
      stage.paintTrail(drive, i, speeds, this.color("edge"));
      this.repaint = false;
    }
    stage.show();
    this.drawAround(at);
    const beside = this.beside();
    for (const ghost of beside) stage.car(ghost.pose(at * drive.dt / ghost.dt), null, this.color(ghost.color));
    stage.car(pose, this.color("car"), this.color("edge"));
    this.words(at, i, beside);
    this.drawStrips(i, beside);
    if (this.moved && this.shownRow !== drive.from + i) this.moved((this.shownRow = drive.from + i), this.paused);
  }
  // Boxes, bots and other cars between two rows; what is far away at the next one was placed anew.
  drawAround(at) {
    const i = this.drive.from + Math.floor(at), j = Math.min(i + 1, this.drive.to - 1), part = at % 1;
    this.recording.around?.forEach(({ box, color }, k) => {
      const rows = this.tables["around" + k];
      if (!rows.present[i]) return;
      const far = !rows.present[j] || Math.hypot(rows.x[j] - rows.x[i], rows.y[j] - rows.y[i]) > 1;
      const mix = (name) => rows[name][i] + (far ? 0 : part * (rows[name][j] - rows[name][i]));
      const pose = { x: mix("x"), y: mix("y"), yaw: mix("yaw"), steer: 0 }, fill = rows.hit[i] ? this.table.hit : color;
      if (box) this.stage.carton(pose, box, fill, this.table.tape);
      else this.stage.car(pose, rgb(fill), this.color("edge"));
    });
  }
  beside() {
    if (!this.ghostsOn) return [];
    const own = this.drives[this.mine];
    if (own) own.color = "dim";
    return [...this.ghosts.filter((ghost) => ghost.on), ...(own && own !== this.drive ? [own] : [])];
  }
  words(at, i, beside) {
    const r = this.recording, drive = this.drive, lap = r.laps[this.part], row = drive.from + i, over = at >= drive.n - 1;
    const seconds = Math.max(lap.seconds - (drive.n - 1 - at) * drive.dt, 0);
    this.clock.textContent = write(seconds, over && lap.complete ? this.decimals : 2) + " s";
    const reward = this.rows.reward[row];
    this.reward.textContent = Number.isFinite(reward) ? Number(reward.toPrecision(4)).toLocaleString(locale(), { maximumSignificantDigits: 4 }) : "–";
    const said = (r.events ?? []).filter(([time]) => time <= at * drive.dt && at * drive.dt < time + 3).map(([, text]) => tell(text));
    const words = [...said.slice(-2), over ? t(lap.status) : "", tell(lap.pace), this.speed !== 1 ? t("{n}× speed", { n: this.speed }) : "", this.paused && !over ? t("paused") : ""];
    this.note.textContent = t("{v} m/s measured", { v: write(drive.pose(at).v, 2) }) + words.map((word) => word && ` · ${word}`).join("");
    for (const { key, count, cell } of this.cells) {
      const text = key === "closest_waypoints" ? `${this.rows.prev_waypoint[row]}, ${this.rows.next_waypoint[row]}` : this.shown(key, row, count);
      cell.className = (key in this.table.bad && String(this.table.bad[key]) === text.toLowerCase() ? "bad " : "")
        + (cell.textContent && cell.textContent !== text ? "changed" : "");
      cell.textContent = text;
    }
    while (this.gaps.children.length > beside.length) this.gaps.lastChild.remove();
    beside.forEach((ghost, k) => {
      const line = this.gaps.children[k] ?? this.gaps.appendChild(el("li", {}, el("span"), el("span", { translate: false }), el("span")));
      const gap = drive.gap(i, ghost), [mark, name, value] = line.children;
      mark.className = "mark " + ghost.color;
      name.textContent = ghost.name;
      value.textContent = (gap > 0 ? "+" : "") + write(gap, 2) + " s";
    });
    this.slider.value = i;
    this.slider.setAttribute("aria-valuetext", this.clock.textContent);
    this.playButton.textContent = this.paused ? t("Play") : t("Pause");
    this.describe();
  }
  // What the picture shows, for those who do not see it; also before the first frame is drawn.
  describe() {
    const about = { track: this.recording.track, lap: tell(this.drive.name) };
    const state = this.paused ? t("Track {track} with the car: {lap}, paused", about) : t("Track {track} with the car: {lap}, playing", about);
    if (this.canvas.ariaLabel !== state) this.canvas.ariaLabel = state;
  }
  top() {
    const { from, n, rows } = this.drive;
    let most = 1;
    for (let i = 0; i < n; i++) most = Math.max(most, rows.progress[from + i]);
    return most;
  }
  drawStrips(now, beside) {
    const drive = this.drive, top = this.top(), row = (name) => (i) => this.rows[name][drive.from + i];
    const bands = ["reward", "v", "steering_angle", this.band.value].map((name) => [name === "v" ? "speed" : name === "reward" ? t("reward") : name, [[row(name), "car"]]]);
    bands.splice(1, 0, [t("sum of rewards"), [[(i) => drive.sums[i], "car"]]]);
    if (this.edited) bands[0] = [t("reward, dashed is edited"), [[row("reward"), "car"], [(i) => this.edited[drive.from + i], "policy"]]];
    if (beside.length) bands.push([t("gap, s"), beside.map((ghost) => [(i) => drive.gap(i, ghost), ghost.color])]);
    paintStrips(this.strips, bands, { n: drive.n, along: (i) => row("progress")(i) / top, now, color: this.color });
  }
}

// The page of a replay file: its recording and table are in a script that is data.
export async function open(root, recording, moved) {
  return new Player(root, recording, await unpack(recording), recording.table, moved);
}
