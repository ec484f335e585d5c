"""Frames of cars on a track without a window: one as an array, many as a .mp4 or .gif."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pygame
from numpy.typing import NDArray

from racer.errors import ResourceError, UsageError
from racer.render import hud, paint, racers, scene
from racer.render.ghosts import Ghost, Pace
from racer.render.paint import Painter, overview
from racer.render.scene import Playback, Pose
from racer.render.sight import Sight
from racer.render.table import Color, lap_words, status_words
from racer.sim.types import OTHER_CAR, STATUS_LABELS
from racer.tracks import Track

FPS = 30
GIF_FPS = 15
SIZE = (1280, 720)
GIF_SIZE = (800, 450)
_FULL = 2**20  # bytes; where less is free, that is why a film was not written
HUD_MIN = (700, 400)  # px, smaller frames show the road alone

Frame: TypeAlias = NDArray[np.uint8]


class LiveView:
    """One live car from above, for `rgb_array` rendering; keeps its own trail.

    Args:
        track: where.
        size: width, height, px; from 700 x 400 up the params are shown beside the road.
    """

    def __init__(self, track: Track, size: tuple[int, int] = (960, 640)) -> None:
        self.track, self.size = track, size
        self._painter = Painter(track)
        self._camera = track_camera(track, size)
        self._trail: list[tuple[float, float, float]] = []
        self._surface = pygame.Surface(size, 0, 32)
        self._episode, self._started = -1, 0

    def frame(
        self,
        car: np.void,
        params: np.void | None = None,
        reward: float | None = None,
        around: NDArray[np.void] | None = None,
    ) -> Frame:
        """(H, W, 3) uint8 of one CAR row, with the PARAMS row and reward when there are any.

        `around` is (K,) AROUND, what else is on the road.
        """
        pose = Pose(*(float(car[name]) for name in Pose._fields))
        if int(car["episode"]) != self._episode or int(car["steps"]) <= 1:
            self._trail, self._episode = [], int(car["episode"])
            self._started += 1
        self._trail.append((pose.x, pose.y, pose.v))
        trail = np.array(self._trail, dtype=[("x", "f8"), ("y", "f8"), ("v", "f8")])
        speeds = scene.ANY_SPEED  # a live car's are not known yet
        view = self._surface, self._camera, [pose], trail, speeds, self._started
        self._painter.draw(*view, around=around)
        if self.size >= HUD_MIN:
            hud.draw_params(self._surface, params, reward, pose.v)
            hud.draw_speed_scale(self._surface, speeds)
        return pixels(self._surface)


class Film:
    """Frames of one recording, as the window and the video show them."""

    def __init__(
        self,
        playback: Playback,
        ghosts: Sequence[Ghost] = (),
        pace: Pace | None = None,
        sight: Sight | None = None,
    ) -> None:
        self.playback, self.ghosts, self.pace = playback, tuple(ghosts), pace
        self.sight = sight
        self.parts = playback.episodes()
        self.racers = racers.racers_of(playback)  # None where cars do not race each other
        self.painter = Painter(playback.track)
        self.speeds = scene.speed_scale(playback.rows)
        self._behind_of: dict[int, NDArray[np.float64]] = {}
        self._gaps_of: dict[int, list[tuple[str, Color, NDArray[np.float64]]]] = {}

    def rows(self, part: int) -> NDArray[np.void]:
        """The rows of one episode."""
        return self.playback.rows[self.parts[part]]

    @property
    def reel(self) -> list[int]:
        """The episodes to show one after the other: of a race, whose cars drive side by side, the
        longest."""
        everything = range(len(self.parts))
        return [max(everything, key=self.count)] if self.racers else list(everything)

    def count(self, part: int) -> int:
        """Rows of an episode; a race goes on until its last car has ended."""
        shown = self.parts if self.racers else self.parts[part : part + 1]
        return max(int(one.stop - one.start) for one in shown)

    def draw(
        self,
        surface: pygame.Surface,
        part: int,
        at: float,
        camera: paint.Camera,
        note: str = "",
        *,
        ghosts: bool = True,
    ) -> None:
        """Paint the moment `at` (row index with a fraction) of an episode, HUD included."""
        if self.racers:
            self._draw_race(self.racers, surface, at, camera, note)
            return
        rows = self.rows(part)
        i = min(max(int(at), 0), len(rows) - 1)
        pose = scene.pose_at(rows, at)
        seconds = at * self.playback.dt
        shown = self.ghosts if ghosts else ()
        beside = [(ghost.pose(seconds), ghost.color) for ghost in shown]
        view = surface, camera, [pose], rows[: i + 1], self.speeds, part, beside
        around = self._around(part, at)
        self.painter.draw(*view, around=around)
        if self.sight is not None:
            self.sight.draw(surface, pose, around)
        if min(surface.get_width() - HUD_MIN[0], surface.get_height() - HUD_MIN[1]) < 0:
            return
        hud.draw_params(surface, rows[i]["params"], float(rows[i]["reward"]), pose.v)
        hud.draw_header(surface, self._status(part, at, note))
        hud.draw_speed_scale(surface, self.speeds)
        if shown:
            hud.draw_gaps(surface, self._gaps(part), rows["params"]["progress"], i)

    def _draw_race(
        self,
        cars: racers.Racers,
        surface: pygame.Surface,
        at: float,
        camera: paint.Camera,
        note: str,
    ) -> None:
        """All cars of a race with their names, and who is where."""
        rows = [self.rows(part) for part in range(len(self.parts))]
        seconds = at * self.playback.dt
        self.painter.draw(surface, camera, [], around=self._beside_racers(rows, at))
        racers.draw_cars(surface, camera, cars, rows, at)
        if min(surface.get_width() - HUD_MIN[0], surface.get_height() - HUD_MIN[1]) < 0:
            return
        racers.draw_standings(surface, cars, rows, seconds, at)
        lap = racers.lap_words(cars, seconds)
        title = scene.title_of(self.playback)
        hud.draw_header(surface, hud.Status(title, lap, seconds, note or self.playback.note))

    def _around(self, part: int, at: float) -> NDArray[np.void] | None:
        """Boxes, bots and other cars at a moment; None in a time trial."""
        objects = self.playback.objects
        return scene.around_at(objects[self.parts[part]], at) if objects.shape[1] else None

    def _beside_racers(self, rows: list[NDArray[np.void]], at: float) -> NDArray[np.void] | None:
        """Boxes and bots of a race, as who is longest in it has them around; hit by anybody."""
        there = [part for part, own in enumerate(rows) if at <= len(own) - 1]
        there = there or [max(range(len(rows)), key=lambda part: len(rows[part]))]
        found = [self._around(part, at) for part in there]
        around = found[0]
        if around is None:
            return None
        around["hit"] = np.any([one["hit"] for one in found if one is not None], axis=0)
        beside: NDArray[np.void] = around[around["kind"] != OTHER_CAR]
        return beside

    def _gaps(self, part: int) -> list[tuple[str, Color, NDArray[np.float64]]]:
        """For each ghost its name, colour and the gap at every row of the lap, s."""
        if part not in self._gaps_of:
            rows, dt = self.rows(part), self.playback.dt
            self._gaps_of[part] = [(g.name, g.color, g.gap(rows, dt)) for g in self.ghosts]
        return self._gaps_of[part]

    def _status(self, part: int, at: float, note: str) -> hud.Status:
        rows = self.rows(part)
        lap = lap_words(part, len(self.parts))
        if len(np.unique(self.playback.rows["car"])) > 1:
            lap += f", car {int(rows['car'][0])}"
        over = at >= len(rows) - 1
        if over:
            status = status_words(STATUS_LABELS[int(rows["status"][-1])])
            note = f"{status} · {note}" if note else status
        note, pace = note or self.playback.note, self._pace(part, int(at))
        return hud.Status(scene.title_of(self.playback), lap, self._clock(part, at), note, pace)

    def _pace(self, part: int, row: int) -> str:
        if self.pace is None:
            return ""
        if part not in self._behind_of:
            gap = self.pace.ghost.gap(self.rows(part), self.playback.dt)
            self._behind_of[part] = gap
        behind = self._behind_of[part]
        return self.pace.words(float(behind[min(max(row, 0), len(behind) - 1)]), part)

    def _clock(self, part: int, at: float) -> float:
        """Seconds into the lap. A lap time counts the frame the car was held still in, too."""
        count = len(self.rows(part))
        left = (count - 1 - at) * self.playback.dt
        return max(scene.seconds_of(self.playback, part, count) - left, 0.0)


def frame(playback: Playback, index: int, size: tuple[int, int] = SIZE) -> Frame:
    """(H, W, 3) uint8 of row `index` of a recording."""
    film = Film(playback)
    for number, part in enumerate(film.parts):
        if part.start <= index < part.stop:
            surface = pygame.Surface(size, 0, 32)
            camera = track_camera(playback.track, size)
            film.draw(surface, number, index - part.start, camera)
            return pixels(surface)
    raise IndexError(f"row {index} of {len(playback.rows)}")


def frames(
    playback: Playback,
    size: tuple[int, int],
    fps: int,
    speed: float,
    ghosts: Sequence[Ghost] = (),
    pace: Pace | None = None,
    sight: Sight | None = None,
) -> Iterator[Frame]:
    """Every frame of a recording, interpolated; a second's rest after each lap."""
    film = Film(playback, ghosts, pace, sight)
    surface = pygame.Surface(size, 0, 32)
    camera = track_camera(playback.track, size)
    for part in film.reel:
        last = film.count(part) - 1
        steps_per_frame = speed / (fps * playback.dt)
        for k in range(int(last / steps_per_frame) + 1):
            film.draw(surface, part, k * steps_per_frame, camera)
            yield pixels(surface)
        film.draw(surface, part, last, camera)
        for _ in range(fps):
            yield pixels(surface)


def write(
    playback: Playback,
    path: str | Path,
    *,
    speed: float = 1.0,
    ghosts: Sequence[Ghost] = (),
    pace: Pace | None = None,
    sight: Sight | None = None,
) -> int:
    """Write a recording as .mp4 or .gif; returns the number of frames.

    With `sight`, what the car sees is shown beside the road.

    Raises:
        UsageError: another suffix, or nothing to show.
        ResourceError: the file cannot be written, or ffmpeg fails.
    """
    path = Path(path)
    if not len(playback.rows):
        raise UsageError("the recording has no steps, so there is nothing to show.")
    if path.suffix.lower() not in _FORMATS:
        raise UsageError(f"--video {path}: the name must end in .mp4 or .gif.")
    if not path.parent.is_dir():
        raise UsageError(f"--video {path}: there is no folder {path.parent}.")
    part = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    try:
        size, fps, writer = _FORMATS[path.suffix.lower()]
        count = writer(frames(playback, size, fps, speed, ghosts, pace, sight), part)
        os.replace(part, path)
    except OSError as error:
        raise ResourceError(f"cannot write {path}: {_reason(error, path.parent)}.") from error
    finally:
        part.unlink(missing_ok=True)
    return count


def _reason(error: OSError, folder: Path) -> str:
    """In a few words; ffmpeg itself only says that it has ended."""
    if error.strerror:
        return error.strerror
    if shutil.disk_usage(folder).free < _FULL:
        return os.strerror(errno.ENOSPC)
    return f"ffmpeg failed ({str(error).partition(chr(10))[0]})"


def _write_mp4(images: Iterator[Frame], path: Path) -> int:
    import imageio_ffmpeg

    output: Any = imageio_ffmpeg.write_frames(
        str(path),
        SIZE,
        fps=FPS,
        codec="libx264",
        quality=7,
        macro_block_size=16,
        ffmpeg_log_level="fatal",  # what it says after Ctrl-C or on a full disk helps nobody
    )
    output.send(None)
    count = 0
    try:
        for image in images:
            output.send(np.ascontiguousarray(image))
            count += 1
    finally:
        output.close()
    return count


def _write_gif(images: Iterator[Frame], path: Path) -> int:
    from PIL import Image

    first, *others = [Image.fromarray(image) for image in images]
    first.save(
        path,
        format="GIF",
        save_all=True,
        append_images=others,
        duration=1000 // GIF_FPS,
        loop=0,
    )
    return 1 + len(others)


_FORMATS = {".mp4": (SIZE, FPS, _write_mp4), ".gif": (GIF_SIZE, GIF_FPS, _write_gif)}


def pixels(surface: pygame.Surface) -> Frame:
    """(H, W, 3) uint8, a copy."""
    width, height = surface.get_size()
    return np.frombuffer(pygame.image.tobytes(surface, "RGB"), np.uint8).reshape(height, width, 3)


def track_camera(track: Track, size: tuple[int, int]) -> paint.Camera:
    """The whole track; beside the params panel where there is room for it."""
    if size[0] < HUD_MIN[0] or size[1] < HUD_MIN[1]:
        return overview(track, size, 12)
    unit = hud.unit_of(size)
    room = size[0] - round((hud.WIDTH + hud.PAD) * unit), size[1] - round(60 * unit)
    camera = overview(track, room)
    shift = (size[0] - room[0]) / 2 / camera.scale
    return camera._replace(x=camera.x - shift, width=size[0], height=size[1])
