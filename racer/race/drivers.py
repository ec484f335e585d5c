"""Scripted drivers: what a reward is judged by, and what a compiled reward is proven on.

Each drives one car of a race by pure pursuit of a line beside the centre line. The race is given,
since this floor cannot import it: any racer.race.Race without a reward and with `all_params`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from racer.reward.engine import Rows
from racer.reward.params import Waypoints

Floats: TypeAlias = NDArray[np.float64]
WHEELBASE = 0.17  # m, of the pursuit's own geometry; any car follows it
GRIP = 2.5  # m/s2, what the drivers dare in bends
FULL_LOCK = 30.0  # deg
LOOP = 0.45  # m, radius of the smallest circle that the car drives at 1 m/s with some lock left
LAG = 0.12  # m that it rolls before the steering answers


@dataclass(frozen=True)
class Driver:
    """How one car is driven.

    Args:
        name: as reports show it.
        merit: rank it deserves, 0 best; equal ranks deserve the same.
        top_speed: m/s.
        look_ahead: m; longer cuts corners.
        weave: m, amplitude of a sine about the centre line.
        steer: deg, fixed; None follows the line.
        backwards: starts turned round.
        loop: drives a circle about a point of the centre line next to its start.
        lane: what it does at the next object: avoid takes the other lane, hit its lane, follow
            stays behind it.
    """

    name: str
    merit: int
    top_speed: float
    look_ahead: float = 0.6
    weave: float = 0.0
    steer: float | None = None
    backwards: bool = False
    loop: bool = False
    lane: str = ""


DRIVERS = (
    Driver("fast line", 0, 3.0, look_ahead=0.9),
    Driver("centre line", 1, 1.5),
    Driver("zig-zag", 2, 1.5, weave=0.22),
    Driver("crawl", 3, 0.4),
    Driver("drive out", 4, 2.0, steer=0.0),
    Driver("stand still", 4, 0.0),
    Driver("short loop", 4, 1.0, loop=True),
    Driver("reversed", 4, 1.5, backwards=True),
)

# Of races with others on the road; the first one is what a reward should pay best.
AMONG = (
    Driver("avoid them", 0, 2.0, lane="avoid"),
    Driver("slow and safe", 2, 0.8, lane="avoid"),
    Driver("follow for ever", 3, 2.0, lane="follow"),
    Driver("drive into one", 4, 2.0, lane="hit"),
    Driver("drive out", 4, 2.0, steer=0.0),
    Driver("stand still", 4, 0.0),
    Driver("reversed", 4, 1.5, backwards=True),
)
_SEEN, _PASSED, _BEHIND = 2.0, 0.6, 0.8  # m: of what lies ahead, until it is passed, to follow at


class Line:
    """A closed centre line by arc length."""

    def __init__(self, waypoints: Waypoints) -> None:
        points = np.asarray(waypoints, np.float64)
        self.s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
        self.x, self.y = points.T

    def at(self, s: Floats) -> tuple[Floats, Floats]:
        """(x, y) at arc lengths, m."""
        s = s % self.s[-1]
        return np.interp(s, self.s, self.x), np.interp(s, self.s, self.y)

    def turn(self, s: Floats, step: float = 0.3) -> Floats:
        """How sharply the line turns about `s`, 1/m, the sharpest of the next 1.5 m."""
        ahead = np.array([0.0, 0.5, 1.0, 1.5])[:, None, None]
        x, y = self.at(s + ahead + np.array([[-0.5], [0.5], [1.5]]) * step)  # (4, 3, N)
        headings = np.arctan2(np.diff(y, axis=1), np.diff(x, axis=1))
        bends = headings[:, 1] - headings[:, 0]
        turned: Floats = np.abs((bends + np.pi) % (2 * np.pi) - np.pi).max(axis=0)
        return turned / step


def commands(
    drivers: tuple[Driver, ...],
    line: Line,
    cars: Rows,
    step: int,
    centres: Floats,
    around: tuple[Floats, Floats] | None = None,
) -> Floats:
    """What each driver does now: (N, 2) steering angle (deg) and speed (m/s).

    Args:
        around: of `passing`.
    """
    x, y, yaw, s = (cars[name] for name in ("nose_x", "nose_y", "yaw", "s"))
    lanes, most = around or (np.zeros(len(drivers)), np.full(len(drivers), np.inf))
    tx, ty = _along(drivers, line, s, step, lanes)
    looping = np.array([d.loop for d in drivers])
    turned = np.arctan2(cars["y"] - centres[:, 1], cars["x"] - centres[:, 0]) + 0.8
    tx = np.where(looping, centres[:, 0] + LOOP * np.cos(turned), tx)
    ty = np.where(looping, centres[:, 1] + LOOP * np.sin(turned), ty)
    x, y = np.where(looping, cars["x"], x), np.where(looping, cars["y"], y)
    angle = np.arctan2(ty - y, tx - x) - yaw
    reach = np.maximum(np.hypot(tx - x, ty - y), 0.05)
    steer = np.degrees(np.arctan(2.0 * WHEELBASE * np.sin(angle) / reach))
    fixed = np.array([np.nan if d.steer is None else d.steer for d in drivers])
    steer = np.where(np.isnan(fixed), np.clip(steer, -FULL_LOCK, FULL_LOCK), fixed)
    top = np.array([d.top_speed for d in drivers])
    bend = np.sqrt(GRIP / np.maximum(line.turn(s), 1e-6))
    speed = np.minimum(np.where(np.isnan(fixed), np.minimum(top, bend), top), most)
    return np.stack([steer, speed], axis=1)


def passing(race: Any, drivers: tuple[Driver, ...]) -> tuple[Floats, Floats] | None:
    """How far left of the centre line each driver wants to be, m, and its most speed, m/s.

    Args:
        race: of one car in each world; None is the answer for a time trial.
    """
    if race.among is None:
        return None
    lanes, most = np.zeros(len(drivers)), np.full(len(drivers), np.inf)
    for i, driver in enumerate(drivers):
        world, s = race.objects[i], float(race.cars["s"][i])
        gaps = (world["s"] - s + _PASSED) % race.track.length - _PASSED
        k = int(np.argmin(gaps))
        if not driver.lane or gaps[k] > (race.track.length if driver.lane == "follow" else _SEEN):
            continue
        aside = float(world["n"][k])
        lanes[i] = -aside if driver.lane == "avoid" else aside
        if driver.lane == "follow":
            most[i] = max(0.1, float(world["v"][k]) + 1.5 * (gaps[k] - _BEHIND))
    return lanes, most


def _along(
    drivers: tuple[Driver, ...], line: Line, s: Floats, step: int, lanes: Floats
) -> tuple[Floats, Floats]:
    """The point of its line that each driver looks at, (N,) x and y, m."""
    ahead = np.array([d.look_ahead for d in drivers])
    sign = np.array([-1.0 if d.backwards else 1.0 for d in drivers])
    tx, ty = line.at(s + sign * ahead)
    fx, fy = line.at(s + sign * (ahead + 0.1))
    aside = np.array([d.weave for d in drivers]) * np.sin(step * 2 * np.pi / 20.0) + lanes
    length = np.maximum(np.hypot(fx - tx, fy - ty), 1e-9)
    return tx - aside * (fy - ty) / length, ty + aside * (fx - tx) / length


def drive(race: Any, drivers: tuple[Driver, ...] = DRIVERS, steps: int = 0) -> list[Rows]:
    """One episode of each driver, car i driven by driver i.

    Args:
        race: a Race of len(drivers) cars with `all_params`.
        drivers: one per car.
        steps: at most so many; 0 = until the last episode ends.

    Returns:
        PARAMS rows of each driver's episode, the terminal one last.
    """
    line = Line(race.track.waypoints)
    centres = _start(race, drivers)
    seen: list[list[Any]] = [[] for _ in drivers]
    running = np.ones(len(drivers), np.bool_)
    for step in range(steps or race.max_steps):
        wanted = commands(drivers, line, race.cars, step, centres, passing(race, drivers))
        race.step(to_actions(race.actions, wanted))
        for car in np.flatnonzero(running):
            seen[car].append(race.params[car].copy())
        running &= ~(race.terminated | race.truncated)
        if not running.any():
            break
    return [np.array(rows, race.params.dtype) for rows in seen]


def _start(race: Any, drivers: tuple[Driver, ...]) -> Floats:
    """Reset the race and turn or shift its cars; centres of their loops, (N, 2) m."""
    race.reset()
    cars = race.cars
    yaw = cars["yaw"].copy()
    forward, left = (np.stack([np.cos(a), np.sin(a)], axis=1) for a in (yaw, yaw + np.pi / 2))
    centres = np.stack([cars["x"], cars["y"]], axis=1) + LAG * forward
    cars["yaw"] += np.where([d.backwards for d in drivers], np.pi, 0.0)
    aside = np.where([d.loop for d in drivers], LOOP, 0.0)
    cars["x"] -= aside * left[:, 0]
    cars["y"] -= aside * left[:, 1]
    race.refresh()
    return np.asarray(centres, np.float64)


def sample(race: Any, rows: int = 1500) -> Rows:
    """PARAMS rows of real driving, terminal states included: for the proof of a compiled reward.

    Args:
        race: a Race of len(DRIVERS) cars with `all_params`, with the track and actions to come.
        rows: about how many.
    """
    episodes = drive(race, steps=max(50, rows // 4))
    share = max(1, sum(map(len, episodes)) // rows)
    return np.concatenate([np.concatenate([e[::share], e[-1:]]) for e in episodes if len(e)])


def definition(*parts: Any) -> bytes:
    """A hash of all that `sample` depends on, without driving: of a race's code and parts.

    Args:
        parts: arrays, or objects whose repr says all: the road, vehicle, actions and rules.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    for part in parts:
        digest.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
    return digest.digest()


def to_actions(actions: Any, wanted: Floats) -> Any:
    """The nearest thing to (steering angle, speed) that an action space can say."""
    if hasattr(actions, "choices"):
        choices = np.array(actions.choices)
        off = (choices[None] - wanted[:, None]) / (FULL_LOCK, 4.0)  # (N, choices, 2)
        return np.argmin((off**2).sum(axis=2), axis=1)
    low = np.array([actions.steer_deg[0], actions.speed[0]])
    high = np.array([actions.steer_deg[1], actions.speed[1]])
    return (np.clip((wanted - low) / (high - low), 0.0, 1.0) * 2.0 - 1.0).astype(np.float32)
