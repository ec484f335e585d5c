"""Pictures of recordings in the docs: an overtake, avoided boxes, a lap driven from pixels.

    racer train --track s_bends --reward center_line --timesteps 150000
    racer train --track s_bends --preset among --reward overtake --race head_to_bot \\
        --bot-speed 0.5..1.5 --timesteps 2000000
    racer race TORTOISE HARE --laps 1 --no-window --out race.npz
    python -m tests.docs_pictures race.npz docs/images/overtake.gif
    racer train --track s_bends --preset among --reward avoid_objects --race object_avoidance \\
        --randomize-obstacles --timesteps 2000000
    python -m tests.docs_pictures runs/RUN/laps.npz docs/images/avoided.png --skip 1
    racer train --track generated:30 --observation camera --reward progress --timesteps 800000
    python -m tests.docs_pictures runs/RUN/laps.npz docs/images/eyes-lap.png --at 6

Of a race the first clean overtake is filmed, as a GIF; of a drive among boxes the first box that
is passed is shown. `--skip N` shows a later one. `--at SECONDS` shows that moment of the first lap
as the video does.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np
import pygame
from PIL import Image

from racer.recording.trace import Trace
from racer.render import hud, paint, video
from racer.render.sight import sight_of
from racer.runs import Run
from racer.sim.types import BOX

FRAME = (960, 540)  # px
SIZE, GAP = (300, 220), 4  # px, of a picture of a strip; between two
SCALE = 75.0  # px/m
BOX_S = (-0.8, -0.4, 0.0, 0.4)  # around what is shown
QUIET_S = 1.5  # without a crash
FILM_SIZE, FILM_S, FRAME_MS = (640, 300), (-1.2, 1.8), 70  # px; s around an overtake; of a picture


def main() -> None:
    """Write the strip of a recording."""
    parser = argparse.ArgumentParser()
    parser.add_argument("recording", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--at", type=float, metavar="SECONDS")
    args = parser.parse_args()
    trace = Trace.load(args.recording)
    if args.at is not None:
        save(frame(trace, Run(args.recording.parent), args.at), args.picture)
        return
    film = video.Film(trace)
    if film.racers:
        save_film(overtake(film, args.skip), args.picture)
    else:
        save(avoided(film, args.skip), args.picture)


def save(pixels: np.ndarray, path: Path) -> None:
    """Write (H, W, 3) uint8 with all its colours: of few, all that is small turns grey."""
    Image.fromarray(pixels).save(path, optimize=True)


def save_film(pictures: list[np.ndarray], path: Path) -> None:
    """Write (H, W, 3) uint8 pictures as a GIF that begins again."""
    first, *others = [Image.fromarray(one).quantize(64) for one in pictures]
    first.save(path, save_all=True, append_images=others, duration=FRAME_MS, loop=0, optimize=True)


def frame(trace: Trace, run: Run, seconds: float) -> np.ndarray:
    """(H, W, 3) uint8: a moment of the first lap with what the car sees."""
    film = video.Film(trace, sight=sight_of(trace.track, run.config().race))
    surface = pygame.Surface(video.SIZE, 0, 32)
    film.draw(surface, 0, seconds / trace.dt, video.track_camera(trace.track, video.SIZE))
    return np.asarray(
        Image.fromarray(video.pixels(surface)).resize(FRAME, Image.Resampling.LANCZOS)
    )


def overtake(film: video.Film, skip: int) -> list[np.ndarray]:
    """A car passes another: a picture for every control step, and the last one for a moment."""
    time, cars = passing(film, skip)
    first, last = (max(round((time + apart) / film.playback.dt), 0) for apart in FILM_S)
    pictures = [around(film, cars, at, FILM_SIZE) for at in range(first, last)]
    return pictures + pictures[-1:] * 8


def passing(film: video.Film, skip: int) -> tuple[float, list[int]]:
    """When one car passes another without a crash, s, and the two, from the events of a race."""
    race = film.playback.meta["race"]  # names at full length; those of `racers` are cut
    names, events = race["names"], race["events"]
    loud = [one["time_s"] for one in events if " crashes " in one["words"]]
    found = []
    for one in events:
        passed = re.match(r"(.+) passes (?!the waiting)(.+) \(lap", one["words"])
        if passed and all(abs(one["time_s"] - time) > QUIET_S for time in loud):
            found.append((one["time_s"], [names.index(name) for name in passed.groups()]))
    return found[skip]


def avoided(film: video.Film, skip: int) -> np.ndarray:
    """A car before, beside and behind a box, from where the two are nearest to each other."""
    rows, around = film.rows(0), film.playback.objects[film.parts[0]]
    boxes = np.flatnonzero(around["kind"][0] == BOX)
    apart = np.hypot(
        rows["x"][:, None] - around["x"][:, boxes], rows["y"][:, None] - around["y"][:, boxes]
    )
    passed = np.sort(apart.argmin(axis=0)) * film.playback.dt  # s
    passed = passed[passed + BOX_S[0] > 0.0]
    moments = [(passed[skip] + seconds) / film.playback.dt for seconds in BOX_S]
    return strip_of(film, [0], moments)


def strip_of(film: video.Film, cars: list[int], moments: list[float]) -> np.ndarray:
    """(H, W, 3) uint8: what is around these cars, side by side."""
    pictures = []
    for at in moments:
        white = np.full((SIZE[1], GAP, 3), 255, np.uint8)
        pictures += [white, around(film, cars, at, SIZE)]
    return np.concatenate(pictures[1:], axis=1)


def around(film: video.Film, cars: list[int], at: float, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8: what is around these cars at a step, with its time."""
    rows = [film.rows(car)[round(at)] for car in cars]
    x, y = (float(np.mean([row[name] for row in rows])) for name in ("x", "y"))
    surface = pygame.Surface(size, 0, 32)
    film.draw(surface, 0, at, paint.Camera(x, y, SCALE, *size))
    sheet = hud.Sheet(surface)
    sheet.text(f"{at * film.playback.dt:.1f} s", (size[0] - 10, 8), 14, hud.TEXT, right=True)
    return video.pixels(surface)


if __name__ == "__main__":
    main()
