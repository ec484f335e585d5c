// The numbers of a recording, and its laps.

import { inflated } from "./bytes.js";
import { clip } from "./parts.js";

// Columns of numbers from the packed text: byte planes of float32 where the scale is 0, else of
// differences of whole numbers, or of differences of those; the lowest bit is their sign.
export async function unpack(recording) {
  const raw = new Uint8Array(await inflated(recording.data));
  const found = {};
  let at = 0;
  for (const [name, n, columns] of recording.tables) {
    const table = (found[name] = { n });
    for (const [column, scale, order] of columns) {
      const values = (table[column] = new Float64Array(n)), float = new DataView(new ArrayBuffer(4));
      const whole = (i) => raw[at + i] | raw[at + n + i] << 8 | raw[at + 2 * n + i] << 16 | raw[at + 3 * n + i] << 24;
      const sums = new Int32Array(order);
      for (let i = 0; i < n; i++) {
        if (scale) {
          let sum = whole(i) >>> 1 ^ -(whole(i) & 1);
          for (let k = 0; k < order; k++) sum = sums[k] = (sums[k] + sum) | 0;
          values[i] = sum / scale;
        } else {
          float.setInt32(0, whole(i));
          values[i] = float.getFloat32(0);
        }
      }
      at += 4 * n;
    }
  }
  if (recording.center_m != null) addPose(found.rows, recording.center_m);
  return found;
}
// The pose is where x, y and heading say, `ahead` metres behind.
function addPose(rows, ahead) {
  for (const name of ["car_x", "car_y", "yaw"]) rows[name] = new Float64Array(rows.n);
  for (let i = 0, turns = 0; i < rows.n; i++) {
    if (i) turns -= Math.round((rows.heading[i] - rows.heading[i - 1]) / 360);
    const yaw = (rows.yaw[i] = (rows.heading[i] + 360 * turns) * Math.PI / 180);
    rows.car_x[i] = rows.x[i] - ahead * Math.cos(yaw);
    rows.car_y[i] = rows.y[i] - ahead * Math.sin(yaw);
  }
}

// One lap: poses to draw, and when it first came to each place.
export class Drive {
  constructor(rows, from, to, { began, ended, dt, name, color }) {
    Object.assign(this, { rows, from, to, began, ended, dt, name, color, n: to - from });
    this.reached = began > 0 ? [[0, 0]] : [];
    this.sums = [];
    let far = began > 0 ? 0 : -Infinity;
    for (let i = 0; i < this.n; i++) {
      const progress = rows.progress[from + i];
      if (progress > far) this.reached.push([(far = progress), this.seconds(i)]);
      this.sums.push((this.sums[i - 1] ?? 0) + (rows.reward?.[from + i] || 0));
    }
  }
  pose(at) {
    const i = clip(Math.floor(at), 0, this.n - 1), j = Math.min(i + 1, this.n - 1), part = clip(at - i, 0, 1);
    const mix = (name) => {
      const column = this.rows[name];
      return column ? column[this.from + i] * (1 - part) + column[this.from + j] * part : 0;
    };
    return { x: mix("car_x"), y: mix("car_y"), yaw: mix("yaw"), v: mix("v"), steer: mix("steer") };
  }
  // Seconds from the line to row i; the last row of a complete lap counts as at the line.
  seconds(i) {
    return i < this.n - 1 ? this.began + i * this.dt : this.ended;
  }
  // Seconds at which it first had this progress; NaN where it never came.
  time(progress) {
    const list = this.reached;
    if (!list.length || progress > list[list.length - 1][0]) return NaN;
    let low = 0, high = list.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle][0] < progress) low = middle + 1;
      else high = middle;
    }
    if (!low) return list[0][1];
    const [a, s] = list[low - 1], [b, t] = list[low];
    return s + (t - s) * (progress - a) / (b - a);
  }
  // How much later than `other` row i came to its place, s.
  gap(i, other) {
    return this.seconds(i) - other.time(this.rows.progress[this.from + i]);
  }
}
