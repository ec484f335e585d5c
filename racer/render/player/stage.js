// The track from above with what is on it.

import { clip } from "./parts.js";

export const rgb = (color) => `rgb(${color.join(" ")})`;

// A canvas on which +y is up and lengths are metres: road, trail and cars.
export class Stage {
  constructor(canvas, track, shape) {
    Object.assign(this, { canvas, track, shape, g: canvas.getContext("2d"), base: document.createElement("canvas") });
    this.road = this.path(track.outer, this.path(track.inner));
    this.middle = this.path(track.center);
    this.body = new Path2D();
    shape.body.forEach((point, i) => this.body[i ? "lineTo" : "moveTo"](...point));
    this.body.closePath();
    const x = track.outer.x, y = track.outer.y;
    this.box = [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
  }
  path(line, path = new Path2D()) {
    for (let i = 0; i < line.n; i++) path[i ? "lineTo" : "moveTo"](line.x[i], line.y[i]);
    path.closePath();
    return path;
  }
  // True when the size changed.
  fit() {
    const c = this.canvas, d = Math.min(devicePixelRatio || 1, 1.5);
    const w = Math.max(1, Math.round(c.clientWidth * d)), h = Math.max(1, Math.round(c.clientHeight * d));
    this.pixel = d;
    if (c.width === w && c.height === h && this.base.width === w && this.base.height === h) return false;
    c.width = this.base.width = w;
    c.height = this.base.height = h;
    return true;
  }
  overview() {
    const [x0, y0, x1, y1] = this.box, { width, height } = this.canvas, room = 40 * this.pixel;
    const scale = Math.min(Math.max(width - room, 16) / (x1 - x0), Math.max(height - room, 16) / (y1 - y0));
    return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale };
  }
  look(g, camera) {
    const { width, height } = this.canvas, s = camera.scale;
    g.setTransform(s, 0, 0, -s, width / 2 - s * camera.x, height / 2 + s * camera.y);
  }
  paintRoad(camera, color) {
    const g = this.base.getContext("2d"), line = (pixels) => pixels * this.pixel / camera.scale;
    this.camera = camera;
    this.inked = 0;
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.fillStyle = color("ground");
    g.fillRect(0, 0, this.base.width, this.base.height);
    this.look(g, camera);
    g.fillStyle = color("road");
    g.fill(this.road, "evenodd");
    g.strokeStyle = color("center");
    g.lineWidth = Math.max(0.025, line(1.2));
    g.lineCap = "butt";
    g.setLineDash([0.25, 0.25]);
    g.stroke(this.middle);
    g.setLineDash([]);
    g.strokeStyle = color("border");
    g.lineWidth = Math.max(0.035, line(1.6));
    g.stroke(this.road);
    const [a, b] = this.track.start;
    g.setLineDash([0.06, 0.06]);
    g.lineWidth = 0.12;
    g.beginPath();
    g.moveTo(...a);
    g.lineTo(...b);
    g.stroke();
    g.setLineDash([]);
  }
  // The trail up to row `to` of a drive, coloured by speed; only what is new is drawn.
  paintTrail(drive, to, speeds, edge) {
    if (to < this.inked || drive !== this.trailOf) return false;
    const g = this.base.getContext("2d"), { car_x: x, car_y: y, v } = drive.rows, [low, high, table] = speeds;
    const width = Math.max(this.shape.trail[0], this.shape.trail[1] * this.pixel / this.camera.scale);
    const line = (i, wide, style, cap) => {
      Object.assign(g, { lineCap: cap, lineWidth: wide, strokeStyle: style });
      g.beginPath();
      g.moveTo(x[i], y[i]);
      g.lineTo(x[i + 1], y[i + 1]);
      g.stroke();
    };
    const first = drive.from + this.inked, end = drive.from + to;
    for (let i = first; i < end; i++) line(i, width + 2 * this.pixel / this.camera.scale, edge, "butt");
    for (let i = first; i < end; i++) line(i, width, speedColor((v[i] - low) / (high - low), table), "round");
    this.inked = to;
    return true;
  }
  show() {
    this.g.setTransform(1, 0, 0, 1, 0, 0);
    this.g.drawImage(this.base, 0, 0);
    this.look(this.g, this.camera);
  }
  // A box from above: its sides, and the tape along it.
  carton(pose, [length, width], fill, [part, tape]) {
    const g = this.g;
    g.save();
    g.translate(pose.x, pose.y);
    g.rotate(pose.yaw);
    for (const [wide, color] of [[width, fill], [part * width, tape]]) {
      g.fillStyle = rgb(color);
      g.fillRect(-length / 2, -wide / 2, length, wide);
    }
    g.restore();
  }
  // A car: filled with an outline, or hollow.
  car(pose, fill, outline, least = this.shape.least) {
    const g = this.g, shape = this.shape, scale = this.camera.scale;
    const grow = Math.max(1, least * this.pixel / (shape.length * scale));
    g.save();
    g.translate(pose.x, pose.y);
    g.rotate(pose.yaw);
    g.scale(grow, grow);
    if (fill) {
      g.fillStyle = outline;
      for (const [axle, side, turns] of shape.wheels) {
        g.save();
        g.translate(axle, side);
        if (turns) g.rotate(pose.steer);
        g.fillRect(-shape.wheel[0], -shape.wheel[1], 2 * shape.wheel[0], 2 * shape.wheel[1]);
        g.restore();
      }
      g.fillStyle = fill;
      g.fill(this.body);
    }
    g.strokeStyle = outline;
    g.lineWidth = shape.hollow * this.pixel / (scale * grow);
    g.stroke(this.body);
    g.restore();
  }
}

export function speedColor(part, table) {
  const at = clip(part || 0, 0, 1) * (table.length - 1), i = Math.min(Math.floor(at), table.length - 2), f = at - i;
  return `rgb(${table[i].map((a, k) => Math.round(a + (table[i + 1][k] - a) * f)).join(" ")})`;
}
