"""The window of a training: every car while it learns, and one lap of the policy of this moment."""

from __future__ import annotations

import json
import queue
import threading
import time
from typing import Any, BinaryIO

import numpy as np
import pygame

from racer.render import hud, scene
from racer.render.live import wire
from racer.render.live.swarm import Places, Timeline
from racer.render.paint import Camera, Painter, draw_car
from racer.render.table import DARK, LIVE_KEYS
from racer.render.video import HUD_MIN, track_camera
from racer.render.viewer import NAMED

FPS = 30
IDLE_FPS = 4
CAR_PIXELS = 4  # a car of the swarm is drawn at its true size, and at least this long
PALE = 0.6  # of the swarm's colour, the rest is road: cars hide each other less
STREAK = 0.3
SHOWN = ("laps_pct", "best_lap_s", "return")


def show(surface: pygame.Surface, stream: BinaryIO) -> None:
    """Until the window is closed, or the training is."""
    inbox: queue.SimpleQueue[tuple[wire.Kind, bytes] | None] = queue.SimpleQueue()

    def receive() -> None:
        for one in wire.read(stream):
            inbox.put(one)
        inbox.put(None)

    threading.Thread(target=receive, daemon=True).start()
    live, clock, hidden = Live(), pygame.time.Clock(), False
    while not live.quit:
        while not inbox.empty():
            one = inbox.get()
            if one is None:
                live.quit = True
            else:
                live.hear(*one, time.monotonic())
        for event in pygame.event.get():
            live.handle(event)
            hidden = event.type in (pygame.WINDOWMINIMIZED, pygame.WINDOWHIDDEN) or (
                hidden and event.type not in (pygame.WINDOWRESTORED, pygame.WINDOWSHOWN)
            )
        if not hidden and not live.quit:
            live.draw(pygame.display.get_surface() or surface, time.monotonic())
            pygame.display.flip()
        clock.tick(IDLE_FPS if hidden else FPS)
    pygame.display.quit()


class Live:
    """What is known of the training; `hear` changes it, `draw` shows it."""

    def __init__(self) -> None:
        self.quit = self.paused = self.help = False
        self.swarm = self.lap = True
        self.about: dict[str, Any] = {}
        self.metrics: dict[str, Any] = {}
        self.ended = ""
        self.timesteps = 0
        self._timeline: Timeline | None = None
        self._painter: Painter | None = None
        self._lap: wire.Lap | None = None
        self._lap_began = self._paused_at = 0.0

    def hear(self, kind: wire.Kind, content: bytes, now: float) -> None:
        """A message that came `now`, s."""
        if kind == wire.Kind.START:
            self.about = json.loads(content)
            self._painter = Painter(wire.track_of(self.about))
            self._timeline = Timeline(wire.Grid(*self.about["grid"]))
        elif kind == wire.Kind.SWARM and self._timeline is not None:
            swarm = wire.read_swarm(content)
            self.timesteps = swarm.timesteps
            self._timeline.add(swarm, now)
        elif kind == wire.Kind.LAP:
            self._lap, self._lap_began = wire.read_lap(content), now
        elif kind == wire.Kind.METRICS:
            self.metrics = json.loads(content)
        elif kind == wire.Kind.END:
            self.ended = str(json.loads(content).get("words", ""))

    def handle(self, event: pygame.event.Event) -> None:
        """A key, or the window's own button."""
        if event.type == pygame.QUIT:
            self.quit = True
        if event.type != pygame.KEYDOWN:
            return
        name = NAMED.get(event.key) or (chr(event.key) if event.key < 128 else "")
        actions = {key: action for row in LIVE_KEYS for key, action in row.actions.items()}
        action = actions.get(name, "")
        if action == "leave":
            action = "help" if self.help else "quit"
        if action in ("quit", "paused", "help", "swarm", "lap"):
            setattr(self, action, not getattr(self, action))
        if action == "paused":
            self._paused_at = time.monotonic()

    def draw(self, surface: pygame.Surface, now: float) -> None:
        """Paint the moment."""
        if self._painter is None:
            surface.fill(scene.GROUND)
            hud.draw_hint(surface, "waiting for the first step")
            return
        now = self._paused_at if self.paused else now
        camera = track_camera(self._painter.track, surface.get_size())
        self._painter.draw(surface, camera, [])
        if self.swarm and self._timeline is not None:
            found = self._timeline.at(now)
            if found is not None:
                draw_swarm(surface, camera, *found)
        pose = self._pose(now)
        if self.lap and pose is not None:
            draw_car(surface, camera, pose, DARK.policy)
            draw_car(surface, camera, pose, DARK.reference, hollow=True)
        if surface.get_width() >= HUD_MIN[0] and surface.get_height() >= HUD_MIN[1]:
            self._draw_words(surface)

    def _pose(self, now: float) -> scene.Pose | None:
        """The car of the lap, at real time; it drives the lap again and again."""
        if self._lap is None or not len(self._lap.poses) or not self.about:
            return None
        dt, places = float(self.about["dt"]), wire.Grid(*self.about["grid"]).metres(self._lap.poses)
        at = max(now - self._lap_began, 0.0) / dt % (len(places) + 1.0 / dt)
        i = min(int(at), len(places) - 1)
        j, part = min(i + 1, len(places) - 1), min(at - i, 1.0)
        first, second = (scene.Pose(x, y, yaw, 0.0, 0.0) for x, y, yaw in places[[i, j]].tolist())
        return scene.between(first, second, part)

    def _draw_words(self, surface: pygame.Surface) -> None:
        words = lines(self.about, self.metrics, self.timesteps, self._lap, self.ended)
        hud.draw_list(surface, str(self.about.get("title", "")), words)
        if self.help:
            hud.draw_help(surface, [row[:2] for row in LIVE_KEYS])
        else:
            hud.draw_hint(surface, "S swarm    L lap of now    space pause    H help    Q close")


def lines(
    about: dict[str, Any],
    metrics: dict[str, Any],
    timesteps: int,
    lap: wire.Lap | None,
    ended: str = "",
) -> list[tuple[str, str]]:
    """What the panel says: names and values."""
    steps = max(timesteps, int(metrics.get("timesteps", 0)))
    found = [("steps", f"{steps:,} of {about.get('total', 0):,}")]
    seconds = float(metrics.get("seconds", 0.0))
    if seconds > 0:
        rate = (metrics["timesteps"] - about.get("from", 0)) / seconds
        times = rate / max(about.get("cars", 1), 1) * float(about.get("dt", 0.0))
        found += [("rate", f"{rate / 1e3:.1f} k/s"), ("swarm", f"{times:.0f} × real time")]
    if metrics.get("laps_pct") is not None:
        found.append(("laps", f"{metrics['laps_pct']:.0f} %"))
    if metrics.get("best_lap_s") is not None:
        found.append(("best lap", f"{metrics['best_lap_s']:.2f} s"))
    if metrics.get("first_lap_after_s") is not None:
        found.append(("first lap after", f"{metrics['first_lap_after_s']:.1f} s"))
    if lap is not None:
        said = f"{lap.seconds:.2f} s" if lap.seconds == lap.seconds else "no lap yet"
        found.append(("policy of now", said))
    return [*found, *([("", ended)] if ended else [])]


def draw_swarm(target: pygame.Surface, camera: Camera, places: Places, before: Places) -> None:
    """Every car as an arrow with a streak to where it was; of true size, 4 px at least."""
    color, streak = (
        tuple(round(c * part + r * (1 - part)) for c, r in zip(DARK.car, DARK.road, strict=True))
        for part in (PALE, STREAK)
    )
    ends = camera.project(np.concatenate([places[:, :2], before[:, :2]]))
    here, there = ends[: len(places)], ends[len(places) :]
    half = max((scene.NOSE - scene.TAIL) * camera.scale, CAR_PIXELS) / 2
    along = np.stack([np.cos(places[:, 2]), -np.sin(places[:, 2])], 1) * half
    across = np.stack([along[:, 1], -along[:, 0]], 1) * 0.45
    arrows = np.stack([here + along, here - along + across, here - along - across], 1)
    for a, b in zip(there.tolist(), here.tolist(), strict=True):
        pygame.draw.line(target, streak, a, b)
    for arrow in arrows.tolist():
        pygame.draw.polygon(target, color, arrow)
