"""A slow camera that shares no code with racer's: rays, one by one, through every pixel.

Every pixel is sampled 16 times, out to its edges; where the samples differ, and where a line is so
far away that it may pass between them, 256 times more. What a ray meets on the ground is decided by
its distance to the lines of the track.
"""

import itertools

import numpy as np

SKY, FIELD, ROAD, LINE, DASH, WALL = range(6)
CELL = 0.05  # m
CANDIDATES = 8
FAR = 1.0  # m


def placed(scene, rng, track):
    """Put every car somewhere near the road, looking along it or not."""
    for car in scene.cars:
        x, y, yaw = track.pose_at(rng.uniform(0.0, track.length))
        car["x"], car["y"] = x + rng.normal(0.0, 0.15), y + rng.normal(0.0, 0.15)
        car["yaw"] = yaw + rng.normal(0.0, 0.5)


def radical_inverse(n):
    """Van der Corput's sequence in base 2, n numbers."""
    found, f, i = np.zeros(n), 0.5, np.arange(n)
    while i.any():
        found += f * (i & 1)
        f, i = f / 2, i >> 1
    return found


def distances(points, a, b):
    """From points (P, 2) to segments, (P, K) or (K,): distance, fraction along, side."""
    step = b - a
    to = points[:, None] - a
    length2 = np.maximum((step**2).sum(-1), 1e-18)
    t = np.clip((to * step).sum(-1) / length2, 0.0, 1.0)
    away = to - t[..., None] * step
    side = step[..., 0] * to[..., 1] - step[..., 1] * to[..., 0]
    return np.hypot(away[..., 0], away[..., 1]), t, side


class Line:
    """A closed polyline, and for every cell of a grid the segments that can be nearest."""

    def __init__(self, points, low, shape):
        keep = np.r_[True, np.hypot(*np.diff(points, axis=0).T) > 1e-9]
        points = points[keep]
        self.a, self.b = points[:-1], points[1:]
        self.s = np.r_[0.0, np.cumsum(np.hypot(*(self.b - self.a).T))]
        self.low, self.shape = low, shape
        ij = np.stack(np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij"), -1)
        middles = low + (ij.reshape(-1, 2) + 0.5) * CELL
        self.near, self.least = [], []
        for part in np.array_split(middles, max(1, len(middles) * len(self.a) // 4_000_000)):
            d, _, _ = distances(part, self.a, self.b)
            order = np.argsort(d, axis=1)[:, :CANDIDATES]
            self.near.append(order)
            self.least.append(np.take_along_axis(d, order[:, :1], 1)[:, 0])
        self.near, self.least = np.concatenate(self.near), np.concatenate(self.least)
        x, y = points.T
        self.ccw = np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) > 0.0

    def at(self, points, cells):
        """Distance, arc length, and whether on the left, of points near to the line."""
        rows = self.near[cells]
        d, t, side = distances(points, self.a[rows], self.b[rows])
        best = d.argmin(1)
        pick = np.arange(len(points)), best
        segment = rows[pick]
        s = self.s[segment] + t[pick] * (self.s[segment + 1] - self.s[segment])
        return d[pick], s, side[pick] > 0.0


class RayTracer:
    """Pictures of a track and of boxes."""

    def __init__(self, track, scenery):
        self.look = scenery
        outer = track.outer
        self.low = outer.min(0) - 0.3
        self.high = outer.max(0) + 0.3
        shape = np.ceil((self.high - self.low) / CELL).astype(int)
        self.shape = shape
        self.outer, self.inner, self.center = (
            Line(part, self.low, shape) for part in (track.outer, track.inner, track.center)
        )
        self.wall = outer.min(0) - scenery.wall_distance, outer.max(0) + scenery.wall_distance
        count = max(1, round(self.center.s[-1] / scenery.dash_period))
        self.period = self.center.s[-1] / count
        # inside or outside, of every cell: by walking along rows from the left
        self.in_outer, self.in_inner = (self._inside(part) for part in (track.outer, track.inner))

    def _inside(self, ring):
        x = self.low[0] + (np.arange(self.shape[0]) + 0.5) * CELL
        y = self.low[1] + (np.arange(self.shape[1]) + 0.5) * CELL
        found = np.zeros(tuple(self.shape), bool)
        for (ax, ay), (bx, by) in itertools.pairwise(ring):
            rows = np.flatnonzero((ay > y) != (by > y))
            at = ax + (y[rows] - ay) / (by - ay) * (bx - ax) if len(rows) else np.zeros(0)
            found[:, rows] ^= x[:, None] > at[None]
        return found.reshape(-1)

    def ground(self, points):
        """What is painted at (P, 2) m."""
        found = np.full(len(points), FIELD)
        ij = np.floor((points - self.low) / CELL).astype(int)
        known = np.flatnonzero(((ij >= 0) & (ij < self.shape)).all(1))
        cells = ij[known, 0] * self.shape[1] + ij[known, 1]
        points = points[known]
        diagonal = CELL * 0.7072
        kind = np.where(self.in_outer[cells] & ~self.in_inner[cells], ROAD, FIELD)
        outset, width = self.look.line_outset, self.look.line_width
        reach = abs(outset) + width + diagonal
        for line, inside_is_left in ((self.outer, self.outer.ccw), (self.inner, self.inner.ccw)):
            near = np.flatnonzero(line.least[cells] < reach)
            d, _, left = line.at(points[near], cells[near])
            towards_road = (left == inside_is_left) == (line is self.outer)
            depth = np.where(towards_road, d, -d) + outset  # m, from the outer edge of the line
            kind[near] = np.where(depth < 0.0, FIELD, np.where(depth < width, LINE, ROAD))
        near = np.flatnonzero(
            (self.center.least[cells] < self.look.dash_width / 2 + diagonal) & (kind == ROAD)
        )
        d, s, _ = self.center.at(points[near], cells[near])
        on = self.period * self.look.dash_on / self.look.dash_period
        dash = (d < self.look.dash_width / 2) & (s % self.period < on)
        kind[near[dash]] = DASH
        found[known] = kind
        return found

    def trace(self, eye, rays, boxes):
        """Colour of each ray (P, 3) from the eye (3,), past boxes: pose, sizes, colour."""
        colors = np.array(
            [self.look.sky, self.look.field, self.look.road, self.look.line, self.look.dash]
        )
        down = rays[:, 2] < 0.0
        t = np.where(down, -eye[2] / np.where(down, rays[:, 2], 1.0), np.inf)
        seen = np.tile(colors[SKY], (len(rays), 1))
        seen[down] = colors[self.ground(eye[:2] + t[down, None] * rays[down, :2])]
        if self.look.wall_distance >= 0.0:
            with np.errstate(divide="ignore", invalid="ignore"):
                exits = np.where(rays[:, :2] > 0.0, self.wall[1], self.wall[0]) - eye[:2]
                exits = exits / rays[:, :2]
            axis = exits.argmin(1)
            wall = exits.min(1)
            hit = (wall < t) & (eye[2] + wall * rays[:, 2] <= self.look.wall_height)
            normal = np.zeros((len(rays), 2))
            normal[np.arange(len(rays)), axis] = -np.sign(rays[np.arange(len(rays)), axis])
            seen[hit] = shade(normal, self.look.wall)[hit]
            t = np.where(hit, wall, t)
        for x, y, yaw, length, width, height, color in boxes:
            c, s = np.cos(yaw), np.sin(yaw)
            turn = np.array([[c, s], [-s, c]])
            start = np.r_[turn @ (eye[:2] - (x, y)), eye[2]]
            ray = np.c_[rays[:, :2] @ turn.T, rays[:, 2]]
            low, high = np.array([-length / 2, -width / 2, 0.0]), None
            high = np.array([length / 2, width / 2, height])
            with np.errstate(divide="ignore", invalid="ignore"):
                one, two = (low - start) / ray, (high - start) / ray
            enter, leave = np.minimum(one, two), np.maximum(one, two)
            first = enter.max(1)
            hit = (first < leave.min(1)) & (first > 0.0) & (first < t)
            axis = enter.argmax(1)
            normal = np.zeros((len(rays), 3))
            normal[np.arange(len(rays)), axis] = -np.sign(ray[np.arange(len(rays)), axis])
            flat = normal[:, :2] @ turn
            lit = shade(flat, color)
            lit[axis == 2] = np.minimum((0.5 + 0.966 * 0.8701) * np.array(color), 255.0)
            seen[hit] = lit[hit]
            t = np.where(hit, first, t)
        return seen

    def picture(self, pose, camera, boxes=(), left=0.0):
        """(H, W, 3) float of a car at `pose` x, y, yaw."""
        x, y, yaw = pose
        focal = camera.width / 2 / np.tan(np.radians(camera.fov_deg) / 2)
        pitch = np.radians(camera.pitch_deg)
        c, s = np.cos(yaw), np.sin(yaw)
        eye = np.array(
            [
                x + c * camera.forward_m - s * left,
                y + s * camera.forward_m + c * left,
                camera.up_m,
            ]
        )
        ahead = np.array([c * np.cos(pitch), s * np.cos(pitch), -np.sin(pitch)])
        right = np.array([s, -c, 0.0])
        down = np.cross(ahead, right)

        def rays(px):
            u, v = (px[:, 0] - camera.width / 2) / focal, (px[:, 1] - camera.height / 2) / focal
            return ahead + u[:, None] * right + v[:, None] * down

        grid = np.array([0.01, 0.33, 0.67, 0.99])
        offsets = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
        px = np.stack(np.meshgrid(np.arange(camera.width), np.arange(camera.height)), -1)
        px = px.reshape(-1, 2)
        many = (px[:, None] + offsets).reshape(-1, 2)
        seen = self.trace(eye, rays(many), boxes).reshape(len(px), -1, 3)
        mean = seen.mean(1)
        below = pitch + np.arctan((px[:, 1] + 1 - camera.height / 2) / focal)
        far = (below > 0.0) & (np.tan(below) * FAR < camera.up_m)
        mixed = np.flatnonzero(far | (np.ptp(seen, axis=1).max(1) > 0.0))
        offsets = np.c_[(np.arange(256) + 0.5) / 256, radical_inverse(256) + 1 / 512]
        many = (px[mixed, None] + offsets).reshape(-1, 2)
        mean[mixed] = self.trace(eye, rays(many), boxes).reshape(len(mixed), -1, 3).mean(1)
        return mean.reshape(camera.height, camera.width, 3)


def shade(normal, color):
    """An upright face of texture `color` in the official light; normals (P, 2)."""
    gain = 0.5 + 0.966 * np.maximum(0.0, normal @ np.array([0.4834, -0.0967]))
    return np.minimum(gain[:, None] * np.array(color), 255.0)
