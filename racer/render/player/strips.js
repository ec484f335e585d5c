// Strips over a lap's progress: a band for each quantity, with its range.

import { clip, write } from "./parts.js";

// `bands` are [name, [[value(i), colour], …]] of the rows 0 to n - 1; row i is `along(i)` of the width, `now` is marked.
export function paintStrips(canvas, bands, { n, along, now, color }) {
  const g = canvas.getContext("2d"), d = Math.min(devicePixelRatio || 1, 1.5), w = canvas.clientWidth, h = canvas.clientHeight;
  const wide = Math.round(w * d), high = Math.round(h * d);
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  g.setTransform(d, 0, 0, d, 0, 0);
  g.clearRect(0, 0, w, h);
  g.font = "12px system-ui, sans-serif";
  const x = (i) => 8 + clip(along(i), 0, 1) * (w - 16), tall = h / bands.length;
  bands.forEach(([name, lines], k) => {
    const [low, high] = range(lines, n);
    const y = (one) => (k + 1) * tall - 4 - (one - low) / (high - low || 1) * (tall - 20);
    lines.forEach(([value, tint], q) => {
      g.strokeStyle = color(tint);
      g.lineWidth = 1.5;
      g.setLineDash(q ? [3 * q, 3] : []);
      g.beginPath();
      for (let i = 0, broken = true; i < n; i++) {
        const one = value(i);
        if (Number.isFinite(one)) g[broken ? "moveTo" : "lineTo"](x(i), y(one));
        broken = !Number.isFinite(one);
      }
      g.stroke();
    });
    g.setLineDash([]);
    g.fillStyle = color("dim");
    g.fillText(`${name}  ${write(low, 2)} … ${write(high, 2)}`, 8, k * tall + 12);
  });
  g.fillStyle = color("accent");
  g.fillRect(x(now) - 0.5, 0, 1, h);
}
// The least and the largest finite value of all lines of a band.
function range(lines, n) {
  let low = Infinity, high = -Infinity;
  for (const [value] of lines) for (let i = 0; i < n; i++) {
    const one = value(i);
    if (Number.isFinite(one)) { low = Math.min(low, one); high = Math.max(high, one); }
  }
  return [low, high];
}
