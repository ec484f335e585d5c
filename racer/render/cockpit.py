"""A window to drive in: keys or a gamepad in, a car on the road out, 60 pictures a second.

The physics runs at its own rate (15 actions a second). Between two states the picture shows the
car on its way from one to the next, so what is pressed now turns the wheels in the next step.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pygame
from numpy.typing import NDArray

from racer.errors import ResourceError
from racer.render import hud, scene
from racer.render.ghosts import Ghost, Pace
from racer.render.paint import Camera, Painter
from racer.render.video import HUD_MIN, track_camera
from racer.render.window import open_window
from racer.tracks import Track

FPS = 60
NEEDS_ONE = "Driving needs one: set DISPLAY, or log in with ssh -X."
FOLLOW_SCALE = 160.0  # px/m
STEER_RATE = 4.0  # of full lock per second while a key is held
RETURN_RATE = 8.0  # back to the middle
CRUISE = -0.4  # speed action without throttle or brake
DEAD_ZONE = 0.08  # of a gamepad's stick
AXIS_MAX = 32767.0
STEPS_AT_ONCE = 3  # after a hiccup; what is longer is not caught up
HINT = "arrows drive    R restart    H help    Q quit"
KEYS = (
    ("↑ or W", "full speed"),
    ("↓ or S", "brake to the least speed"),
    ("← → or A D", "steer"),
    ("gamepad", "left stick steers, triggers drive and brake"),
    ("R", "restart from the line"),
    ("F", "follow the car, or overview"),
    ("H or F1", "this help"),
    ("Q or Esc", "save and quit"),
)


class Moment(NamedTuple):
    """What a control step made: the car, and the lap it is in."""

    lap: int  # counted from 1
    rows: NDArray[np.void]  # (K,) TRACE of this lap so far, the newest last
    pose: scene.Pose  # after the step
    message: str  # about the last lap; empty before the first
    standing: bool  # at the line, waiting for the driver


class Controls:
    """Keys and gamepad as an action (steering, speed), each in [-1, 1], left positive."""

    def __init__(self) -> None:
        self.steer = 0.0
        self.pad: Any = _gamepad()

    def action(self, pressed: Callable[[int], bool], seconds: float) -> NDArray[np.float32]:
        """The action now.

        Args:
            pressed: whether a pygame key is held.
            seconds: since the last call.
        """
        side = _side(pressed, LEFT) - _side(pressed, RIGHT)
        self.steer = steered(self.steer, side, seconds)
        speed = 1.0 if _side(pressed, UP) else -1.0 if _side(pressed, DOWN) else CRUISE
        steer = self.steer
        if self.pad is not None and not (side or _side(pressed, UP) or _side(pressed, DOWN)):
            stick, gas, brake = _read(self.pad)
            if stick or not steer:
                steer = stick
            speed = CRUISE + gas * (1.0 - CRUISE) - brake * (1.0 + CRUISE)
        return np.array([[steer, speed]], np.float32)

    def wants_to_go(self, pressed: Callable[[int], bool]) -> bool:
        """Whether the driver gives gas."""
        return bool(_side(pressed, UP)) or (self.pad is not None and _read(self.pad)[1] > 0.2)


LEFT, RIGHT = (pygame.K_LEFT, pygame.K_a), (pygame.K_RIGHT, pygame.K_d)
UP, DOWN = (pygame.K_UP, pygame.K_w), (pygame.K_DOWN, pygame.K_s)


def steered(steer: float, side: int, seconds: float) -> float:
    """Steering after keys were held on `side` (1 left, -1 right, 0 none) for `seconds`."""
    if side:
        rate = RETURN_RATE if steer * side < 0 else STEER_RATE
        return min(max(steer + side * rate * seconds, -1.0), 1.0)
    back = RETURN_RATE * seconds
    return 0.0 if abs(steer) <= back else steer - back * np.sign(steer)


def drive(
    track: Track,
    step: Callable[[NDArray[np.float32]], Moment],
    restart: Callable[[], Moment],
    dt: float,
    ghosts: Sequence[Ghost] = (),
    pace: Pace | None = None,
) -> None:
    """Let a person drive until the window is closed.

    Args:
        track: the road.
        step: one control step with an action (1, 2).
        restart: gives up the lap and stands at the line again.
        dt: s of a control step.
        ghosts: shown beside the car, from the start of each lap.
        pace: the fastest known lap, for the gap to it.

    Raises:
        ResourceError: no display.
    """
    surface = open_window(f"racer · drive {track.name}", instead=NEEDS_ONE)
    try:
        Cockpit(track, step, restart, dt, ghosts, pace).run(surface)
    except pygame.error as error:
        raise ResourceError(f"the display went away ({error}). Drive again.") from error
    finally:
        pygame.display.quit()


class Cockpit:
    """The state of the window; `frame` advances it, `draw` shows it."""

    def __init__(
        self,
        track: Track,
        step: Callable[[NDArray[np.float32]], Moment],
        restart: Callable[[], Moment],
        dt: float,
        ghosts: Sequence[Ghost] = (),
        pace: Pace | None = None,
    ) -> None:
        self.track, self.dt, self.ghosts, self.pace = track, dt, tuple(ghosts), pace
        self._step, self._restart = step, restart
        self._painter, self._controls = Painter(track), Controls()
        self.now = restart()
        self._before = self.now.pose
        self._behind = 0.0  # s of real time not yet driven
        self.follow = self.help = self.quit = False

    def run(self, surface: pygame.Surface) -> None:
        """Until a person quits."""
        clock = pygame.time.Clock()
        while not self.quit:
            seconds = clock.tick(FPS) / 1000.0
            for event in pygame.event.get():
                self.handle(event)
            self.frame(seconds, pygame.key.get_pressed().__getitem__)
            surface = pygame.display.get_surface() or surface
            self.draw(surface)
            pygame.display.flip()

    def handle(self, event: pygame.event.Event) -> None:
        """React to a key or the window."""
        if event.type == pygame.QUIT:
            self.quit = True
        elif event.type == pygame.KEYDOWN:
            if event.key in (pygame.K_q, pygame.K_ESCAPE):
                self.quit = True
            elif event.key == pygame.K_r:
                self._stand(self._restart())
            elif event.key == pygame.K_f:
                self.follow = not self.follow
            elif event.key in (pygame.K_h, pygame.K_F1):
                self.help = not self.help

    def frame(self, seconds: float, pressed: Callable[[int], bool]) -> None:
        """Let `seconds` of real time pass: no, one or several control steps."""
        action = self._controls.action(pressed, seconds)
        if self.now.standing and not self._controls.wants_to_go(pressed):
            return
        self._behind = min(self._behind + seconds, STEPS_AT_ONCE * self.dt)
        while self._behind >= self.dt:
            self._behind -= self.dt
            self._before = self.now.pose
            self.now = self._step(action)
            if self.now.standing:
                self._stand(self.now)
                return

    def _stand(self, moment: Moment) -> None:
        self.now, self._before, self._behind = moment, moment.pose, 0.0

    def draw(self, surface: pygame.Surface) -> None:
        """Paint the moment."""
        pose, rows = self._pose(), self.now.rows
        seconds = max(len(rows) - 1, 0) * self.dt + self._behind
        ghosts = [(ghost.pose(seconds), ghost.color) for ghost in self.ghosts]
        camera = self._camera(surface.get_size(), pose)
        key = self.now.lap, len(rows) < 2
        self._painter.draw(surface, camera, [pose], rows, scene.ANY_SPEED, key, ghosts)
        if surface.get_width() < HUD_MIN[0] or surface.get_height() < HUD_MIN[1]:
            return
        params = rows[-1]["params"] if len(rows) else None
        hud.draw_params(surface, params, None, pose.v)
        waiting = "give gas to start" if self.now.standing else ""
        note = "   ".join(filter(None, (self.now.message, waiting)))
        lap = f"lap {self.now.lap}"
        pace = ""
        if self.pace is not None and len(rows):
            pace = self.pace.words(float(self.pace.ghost.gap(rows, self.dt)[-1]))
        status = hud.Status(self.track.name, lap, len(rows) * self.dt, note, pace)
        hud.draw_header(surface, status)
        if self.ghosts and len(rows):
            gaps = [(g.name, g.color, g.gap(rows, self.dt)) for g in self.ghosts]
            hud.draw_gaps(surface, gaps, rows["params"]["progress"], len(rows) - 1)
        hud.draw_timeline(surface, _progress(rows) / 100.0, HINT)
        if self.help:
            hud.draw_help(surface, KEYS)

    def _pose(self) -> scene.Pose:
        part = min(self._behind / self.dt, 1.0)
        return scene.between(self._before, self.now.pose, part)

    def _camera(self, size: tuple[int, int], pose: scene.Pose) -> Camera:
        size = max(size[0], 1), max(size[1], 1)
        if self.follow:
            return Camera(pose.x, pose.y, FOLLOW_SCALE, *size)
        return track_camera(self.track, size)


def _progress(rows: NDArray[np.void]) -> float:
    return float(rows["params"]["progress"][-1]) if len(rows) else 0.0


def _side(pressed: Callable[[int], bool], keys: tuple[int, ...]) -> int:
    return int(any(pressed(key) for key in keys))


def _gamepad() -> Any:
    """The first gamepad whose buttons SDL knows, or None."""
    with contextlib.suppress(ImportError, pygame.error, AttributeError):
        from pygame._sdl2 import controller

        controller.init()
        for k in range(controller.get_count()):
            if controller.is_controller(k):
                return controller.Controller(k)
    return None


def _read(pad: Any) -> tuple[float, float, float]:
    """Steering (left positive), gas and brake of a gamepad."""
    axes: Mapping[str, int] = vars(pygame)
    try:
        stick = -pad.get_axis(axes["CONTROLLER_AXIS_LEFTX"]) / AXIS_MAX
        gas = pad.get_axis(axes["CONTROLLER_AXIS_TRIGGERRIGHT"]) / AXIS_MAX
        brake = pad.get_axis(axes["CONTROLLER_AXIS_TRIGGERLEFT"]) / AXIS_MAX
    except pygame.error:  # unplugged
        return 0.0, 0.0, 0.0
    stick = 0.0 if abs(stick) < DEAD_ZONE else min(max(stick, -1.0), 1.0)
    return stick, min(max(gas, 0.0), 1.0), min(max(brake, 0.0), 1.0)
