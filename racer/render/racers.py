"""Cars of a recorded race: who they are, in which colour, and what is said beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pygame
from numpy.typing import NDArray

from racer.errors import printable
from racer.render import hud, paint, scene
from racer.render.scene import Playback
from racer.render.table import RACERS, Color
from racer.sim.types import CRASHED

SHOWN_S = 3.0  # how long the words of an event stay
NAME_LETTERS = 22
EVENTS_SHOWN = 3
LETTERS = 46  # of an event
LABEL, LABEL_HIGH = 13, 16.0  # letters of a name beside its car, and the height of its line
BESIDE = (14.0, -22.0)  # where a name begins, from the middle of its car
_WHERE = re.compile(r" \(lap [^)]*\)|, at fault.*")


@dataclass(frozen=True)
class Racers:
    """What a recording says of its race; see `GrandPrix.trace`.

    Args:
        names: of each car.
        laps: of the race.
        orders: when, s, and the cars from first to last from then on.
        crossings: when, s, which car, which lap, and its gap to the first there, s.
        events: when, s, and what happened, in words.
    """

    names: tuple[str, ...]
    laps: int
    orders: tuple[tuple[float, tuple[int, ...]], ...]
    crossings: tuple[tuple[float, int, int, float], ...]
    events: tuple[tuple[float, str], ...]

    def color(self, car: int) -> Color:
        """Of its body and its name; after the last one the first comes again."""
        return RACERS[car % len(RACERS)]

    def order(self, seconds: float) -> tuple[int, ...]:
        """Cars from first to last."""
        found = self.orders[0][1]
        for time, cars in self.orders:
            if time <= seconds:
                found = cars
        return found

    def lines(self, seconds: float) -> dict[int, tuple[int, float]]:
        """For each car that has completed a lap: how many, and its gap at the last line, s."""
        return {car: (lap, gap) for time, car, lap, gap in self.crossings if time <= seconds}

    def said(self, seconds: float) -> list[str]:
        """What happened in the last seconds, the newest first."""
        recent = [words for time, words in self.events if 0.0 <= seconds - time < SHOWN_S]
        return recent[::-1][:EVENTS_SHOWN]


def racers_of(playback: Playback) -> Racers | None:
    """Those of a recorded race; None where it is none, or says what cannot be."""
    race: dict[str, Any] | None = playback.meta.get("race")
    if race is None:
        return None
    count = len(race["names"])
    everyone = list(range(count))
    orders = tuple((one["time_s"], tuple(one["cars"])) for one in race["order"])
    fits = (
        orders
        and all(sorted(cars) == everyone for _, cars in orders)
        and all(0 <= one["car"] < count for one in race["crossings"])
        and [int(playback.rows["car"][part.start]) for part in playback.episodes()] == everyone
    )
    if not fits:
        return None
    return Racers(
        tuple(printable(name)[:NAME_LETTERS] for name in race["names"]),
        race["laps"],
        orders,
        tuple((one["time_s"], one["car"], one["lap"], one["gap_s"]) for one in race["crossings"]),
        tuple((one["time_s"], _shown(one["words"])) for one in race["events"]),
    )


def _shown(words: str) -> str:
    """As much as fits beside the road."""
    return printable(_WHERE.sub("", words))[:LETTERS]


def draw_cars(
    surface: pygame.Surface,
    camera: paint.Camera,
    racers: Racers,
    rows: Sequence[NDArray[np.void]],
    at: float,
) -> None:
    """Every car that is still in the race, with its name.

    Args:
        rows: of each car, TRACE.
        at: control steps since the start, with a fraction.
    """
    sheet = hud.Sheet(surface)
    there = [car for car, own in enumerate(rows) if at <= len(own) - 1]
    poses = {car: scene.pose_at(rows[car], at) for car in there}
    for car, pose in poses.items():
        paint.draw_car(surface, camera, pose, racers.color(car))
    middles = camera.project(np.array([[p.x, p.y] for p in poses.values()]).reshape(-1, 2))
    widths = [sheet.width_of(racers.names[car], LABEL, bold=True) for car in there]
    labels = apart(middles / sheet.unit + BESIDE, np.array(widths))
    for car, middle, label in zip(there, middles / sheet.unit, labels, strict=True):
        recent = rows[car]["status"][max(0, int(at) - 14) : int(at) + 1]
        color = hud.WARNING if (recent == CRASHED).any() else racers.color(car)
        x, y = label.tolist()
        sheet.line(np.array([middle[0], x]), np.array([middle[1], y + LABEL_HIGH]), color, wide=1)
        sheet.text(racers.names[car], (x, y), LABEL, color, bold=True)


def apart(labels: NDArray[np.float64], widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where labels stand so that none covers another: moved up, the lowest one stays.

    Args:
        labels: (K, 2) left and top of each, where it would stand alone; y grows downwards.
        widths: (K,) of each.

    Returns:
        (K, 2) left and top.
    """
    found = labels.copy()
    placed: list[int] = []
    for i in np.argsort(-labels[:, 1], kind="stable").tolist():
        left, right = found[i, 0], found[i, 0] + widths[i]
        for j in sorted(placed, key=lambda j: -float(found[j, 1])):  # from the lowest up
            beside = left < found[j, 0] + widths[j] and found[j, 0] < right
            if beside and abs(found[i, 1] - found[j, 1]) < LABEL_HIGH:
                found[i, 1] = found[j, 1] - LABEL_HIGH
        placed.append(i)
    return found


def draw_standings(
    surface: pygame.Surface,
    racers: Racers,
    rows: Sequence[NDArray[np.void]],
    seconds: float,
    at: float,
) -> None:
    """A panel at the top left: place, colour, name and gap at the last line; then what happened."""
    sheet, order, lines = hud.Sheet(surface), racers.order(seconds), racers.lines(seconds)
    row = hud.ROW + 3
    sheet.panel((hud.PAD, hud.PAD, hud.WIDTH, 3 * hud.PAD + 10 + row * len(order)))
    sheet.text("standings", (2 * hud.PAD, 2 * hud.PAD - 4), 13, hud.DIM)
    sheet.text("gap at the line", (hud.WIDTH, 2 * hud.PAD - 4), 13, hud.DIM, right=True)
    for place, car in enumerate(order, 1):
        y = 2 * hud.PAD + row * place
        sheet.text(str(place), (2 * hud.PAD, y), 14, hud.TEXT, mono=True)
        sheet.bar((2 * hud.PAD + 24, y + 2, 10, 12), racers.color(car))
        left = at > len(rows[car]) - 1
        color = hud.DIM if left else hud.TEXT
        sheet.text(racers.names[car], (2 * hud.PAD + 42, y), 14, color)
        _, gap = lines.get(car, (0, 0.0))
        words = "" if car not in lines else f"{gap:+.2f} s" if gap else "–"
        sheet.text(words, (hud.WIDTH, y), 13, color, right=True, mono=True)
    said = racers.said(seconds)
    if not said:
        return
    top = 5 * hud.PAD + 10 + row * len(order)
    sheet.panel((hud.PAD, top, hud.WIDTH, 2 * hud.PAD + hud.ROW * len(said)))
    for k, words in enumerate(said):
        color = hud.ACCENT if k == 0 else hud.DIM
        sheet.text(words, (2 * hud.PAD, top + hud.PAD - 3 + hud.ROW * k), 12, color)


def lap_words(racers: Racers, seconds: float) -> str:
    """Which lap the first car is in."""
    lines = racers.lines(seconds).values()
    return f"lap {min(max((lap for lap, _ in lines), default=0) + 1, racers.laps)} of {racers.laps}"
