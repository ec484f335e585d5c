"""A window that plays a recording: 60 pictures a second between the states of 15."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pygame

from racer.errors import ResourceError, UsageError
from racer.render import hud, scene
from racer.render.ghosts import Ghost, Pace
from racer.render.paint import Camera, clamp_scale
from racer.render.scene import Playback
from racer.render.sight import Sight
from racer.render.table import (
    ACTIONS,
    FOLLOW_SCALE,
    SPEEDS,
    WINDOW_KEYS,
    ZOOM,
    ZOOM_MAX,
    ZOOM_MIN,
)
from racer.render.video import HUD_MIN, Film, track_camera
from racer.render.window import open_window

FPS = 60
IDLE_FPS = 8  # while the window is hidden
HINT = "space pause    F follow    +/- zoom    H help"
# pygame's keys that have another name in a browser; of the others the text counts
NAMED = {
    pygame.K_SPACE: " ",
    pygame.K_RIGHT: "ArrowRight",
    pygame.K_LEFT: "ArrowLeft",
    pygame.K_UP: "ArrowUp",
    pygame.K_DOWN: "ArrowDown",
    pygame.K_PAGEUP: "PageUp",
    pygame.K_PAGEDOWN: "PageDown",
    pygame.K_F1: "F1",
    pygame.K_ESCAPE: "Escape",
    pygame.K_KP_PLUS: "+",
    pygame.K_KP_MINUS: "-",
}


class State(NamedTuple):
    """Everything a key can change."""

    part: int = 0  # episode of the recording
    at: float = 0.0  # row in it, with a fraction
    paused: bool = False
    speed: float = 1.0
    follow: bool = False
    ghosts: bool = True
    zoom: float = 1.0
    help: bool = False
    quit: bool = False


def watch(
    playback: Playback,
    *,
    speed: float = 1.0,
    ghosts: Sequence[Ghost] = (),
    pace: Pace | None = None,
    sight: Sight | None = None,
) -> None:
    """Play a recording in a window until it is closed; with `sight`, also what the car sees.

    Raises:
        ResourceError: no display.
        UsageError: nothing to show.
    """
    if not len(playback.rows):
        raise UsageError("the recording has no steps, so there is nothing to show.")
    surface = open_window(f"racer · {playback.track.name}")
    try:
        Viewer(playback, State(speed=speed), ghosts, pace, sight).run(surface)
    except pygame.error as error:
        raise ResourceError(f"the display went away ({error}). Play it again.") from error
    finally:
        pygame.display.quit()


class Viewer:
    """Plays a recording on a surface; `state` says what is shown, `key` changes it."""

    def __init__(
        self,
        playback: Playback,
        state: State | None = None,
        ghosts: Sequence[Ghost] = (),
        pace: Pace | None = None,
        sight: Sight | None = None,
    ) -> None:
        self.playback = playback
        self.film = Film(playback, ghosts, pace, sight)
        self.state = state or State()
        self._hidden = False
        self._dirty = True

    def run(self, surface: pygame.Surface) -> None:
        """Show until a person quits; draws only what changed."""
        clock = pygame.time.Clock()
        while not self.state.quit:
            seconds = clock.tick(IDLE_FPS if self._hidden else FPS) / 1000.0
            for event in pygame.event.get():
                self.handle(event)
            self.advance(seconds)
            if self._dirty and not self._hidden and not self.state.quit:
                surface = pygame.display.get_surface() or surface
                self.draw(surface)
                pygame.display.flip()
                self._dirty = False

    def handle(self, event: pygame.event.Event) -> None:
        """React to a key, the wheel or the window."""
        self._dirty = True
        if event.type == pygame.QUIT:
            self.state = self.state._replace(quit=True)
        elif event.type == pygame.KEYDOWN:
            self.state = self.key(event.key, event.unicode)
        elif event.type == pygame.MOUSEWHEEL:
            self.state = self._zoomed(ZOOM**event.y)
        elif event.type in (pygame.WINDOWMINIMIZED, pygame.WINDOWHIDDEN):
            self._hidden = True
        elif event.type in (pygame.WINDOWRESTORED, pygame.WINDOWSHOWN, pygame.WINDOWMAXIMIZED):
            self._hidden = False

    def key(self, key: int, text: str = "") -> State:
        """The state after a key."""
        name = NAMED.get(key) or (text if text in ACTIONS else chr(key) if key < 128 else "")
        action = ACTIONS.get(name, "")
        if action == "leave":  # the help first, then the window
            action = "help" if self.state.help else "quit"
        change = getattr(self, f"_{action}", None) if action else None
        return change() if change else self.state

    def _quit(self) -> State:
        return self.state._replace(quit=True)

    def _help(self) -> State:
        return self.state._replace(help=not self.state.help)

    def _pause(self) -> State:
        state = self.state
        over = state.at >= self._last()
        return state._replace(paused=not state.paused and not over, at=0.0 if over else state.at)

    def _follow(self) -> State:
        return self.state._replace(follow=not self.state.follow, zoom=1.0)

    def _ghosts(self) -> State:
        return self.state._replace(ghosts=not self.state.ghosts)

    def _restart(self) -> State:
        return self.state._replace(at=0.0)

    def _step(self) -> State:
        return self.state._replace(paused=True, at=self._clip(np.floor(self.state.at) + 1))

    def _step_back(self) -> State:
        return self.state._replace(paused=True, at=self._clip(np.ceil(self.state.at) - 1))

    def _second(self) -> State:
        return self.state._replace(at=self._clip(self.state.at + 1.0 / self.playback.dt))

    def _second_back(self) -> State:
        return self.state._replace(at=self._clip(self.state.at - 1.0 / self.playback.dt))

    def _faster(self) -> State:
        return self.state._replace(speed=_next_speed(self.state.speed, True))

    def _slower(self) -> State:
        return self.state._replace(speed=_next_speed(self.state.speed, False))

    def _next(self) -> State:
        return self._lap(1)

    def _previous(self) -> State:
        return self._lap(-1)

    def _lap(self, by: int) -> State:
        part = (self.state.part + by) % len(self.film.parts)
        at = self.state.at if self.film.racers else 0.0  # of a race: the next car, now
        return self.state._replace(part=part, at=at)

    def _zoom_in(self) -> State:
        return self._zoomed(ZOOM)

    def _zoom_out(self) -> State:
        return self._zoomed(1 / ZOOM)

    def _zoom_reset(self) -> State:
        return self.state._replace(zoom=1.0)

    def advance(self, seconds: float) -> None:
        """Let playback go on; a lap that is over rests for a second, then the next one starts."""
        state = self.state
        if state.paused:
            return
        rest = state.speed / self.playback.dt  # one second, in rows
        at = state.at + min(seconds, 0.25) * state.speed / self.playback.dt
        self._dirty = True
        if at < self._last() + rest:
            self.state = state._replace(at=at)
        elif state.part + 1 < len(self.film.parts) and not self.film.racers:
            self.state = state._replace(part=state.part + 1, at=0.0)
        else:
            self.state = state._replace(at=float(self._last()), paused=True)

    def draw(self, surface: pygame.Surface) -> None:
        """Paint the current state."""
        state, at = self.state, self._clip(self.state.at)
        self.film.draw(
            surface,
            state.part,
            at,
            self.camera(surface.get_size()),
            self._note(),
            ghosts=state.ghosts,
        )
        if surface.get_width() >= HUD_MIN[0] and surface.get_height() >= HUD_MIN[1]:
            hud.draw_timeline(surface, at / max(self._last(), 1), HINT)
        if state.help:
            hud.draw_help(surface, [row[:2] for row in WINDOW_KEYS])

    def camera(self, size: tuple[int, int]) -> Camera:
        """Overview, or the car in the middle."""
        state = self.state
        size = max(size[0], 1), max(size[1], 1)
        whole = track_camera(self.playback.track, size)
        if not state.follow and state.zoom == 1.0:
            return whole
        pose = scene.pose_at(self.film.rows(state.part), self._clip(state.at))
        scale = clamp_scale((FOLLOW_SCALE if state.follow else whole.scale) * state.zoom)
        if state.follow:
            return Camera(pose.x, pose.y, scale, *size)
        return whole._replace(scale=scale)

    def _note(self) -> str:
        state = self.state
        words = ["paused"] if state.paused else []
        if state.speed != 1.0:
            words.append(f"{state.speed:g}× speed")
        return ", ".join(words)

    def _last(self) -> int:
        return self.film.count(self.state.part) - 1

    def _clip(self, at: float) -> float:
        return float(min(max(at, 0.0), self._last()))

    def _zoomed(self, factor: float) -> State:
        return self.state._replace(zoom=min(max(self.state.zoom * factor, ZOOM_MIN), ZOOM_MAX))


def _next_speed(speed: float, up: bool) -> float:
    if up:
        return next((s for s in SPEEDS if s > speed + 1e-9), SPEEDS[-1])
    return next((s for s in reversed(SPEEDS) if s < speed - 1e-9), SPEEDS[0])
