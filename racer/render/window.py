"""A window that a person can see, or a clear sentence when there is none."""

from __future__ import annotations

import os
import sys

import numpy as np
import pygame
from numpy.typing import NDArray

from racer.errors import ResourceError

SIZE = (1280, 720)
HIDDEN_DRIVERS = {"dummy", "offscreen"}  # SDL falls back to these without a word
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")  # where one is named on Linux
NO_DISPLAY = (
    "no display to open a window on. Use --video out.mp4, which needs none, or set DISPLAY."
)


def open_window(title: str, size: tuple[int, int] = SIZE) -> pygame.Surface:
    """A resizable window.

    Raises:
        ResourceError: no display; SDL would silently draw into nothing.
    """
    _open_display()
    try:
        pygame.display.set_caption(title)
        return pygame.display.set_mode(size, pygame.RESIZABLE)
    except pygame.error as error:
        raise ResourceError(f"{NO_DISPLAY} SDL says: {error}.") from error


def check_display() -> None:
    """Look for a display and let go of it again.

    Raises:
        ResourceError: there is none.
    """
    _open_display()
    pygame.display.quit()


def _open_display() -> None:
    if sys.platform == "linux" and not any(os.environ.get(name) for name in DISPLAYS):
        raise ResourceError(NO_DISPLAY)  # SDL would try, and its libraries write to stderr
    try:
        pygame.display.init()  # pygame.init would also open the sound card
    except pygame.error as error:
        raise ResourceError(f"{NO_DISPLAY} SDL says: {error}.") from error
    if pygame.display.get_driver() in HIDDEN_DRIVERS:
        pygame.display.quit()
        raise ResourceError(NO_DISPLAY)


class LiveWindow:
    """Shows frames as they come; once a person has closed it, frames are dropped.

    Args:
        title: of the window.
        fps: frames per second `show` is slowed down to.
    """

    def __init__(self, title: str, fps: float) -> None:
        self.title, self.fps = title, fps
        self.closed = False
        self._open = False
        self._clock = pygame.time.Clock()

    def show(self, frame: NDArray[np.uint8]) -> None:
        """Show one (H, W, 3) frame, scaled to the window.

        Raises:
            ResourceError: no display.
        """
        if self.closed:
            return
        height, width = frame.shape[:2]
        if not self._open:
            open_window(self.title, (width, height))
            self._open = True
        if any(_closes(event) for event in pygame.event.get()):
            self.close()
            return
        surface = pygame.display.get_surface()
        picture = pygame.image.frombuffer(frame.tobytes(), (width, height), "RGB")
        _fill(surface, picture)
        self._clock.tick(self.fps)

    def close(self) -> None:
        """Close the window."""
        self.closed = True
        if self._open:
            pygame.display.quit()
            self._open = False


def show_picture(path: str, title: str) -> None:
    """A window with one picture, until it is closed.

    Raises:
        ResourceError: no display, or the picture cannot be read.
    """
    try:
        picture = pygame.image.load(path)
    except (pygame.error, OSError) as error:
        raise ResourceError(f"{path} cannot be shown: {error}.") from error
    open_window(title, picture.get_size())
    clock = pygame.time.Clock()
    while not any(_closes(event) for event in pygame.event.get()):
        _fill(pygame.display.get_surface(), picture)
        clock.tick(20)
    pygame.display.quit()


def _closes(event: pygame.event.Event) -> bool:
    keys = (pygame.K_q, pygame.K_ESCAPE)
    return event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key in keys)


def _fill(surface: pygame.Surface, picture: pygame.Surface) -> None:
    """Scale `picture` to the window, its proportions kept."""
    room, size = surface.get_size(), picture.get_size()
    scale = min(room[0] / size[0], room[1] / size[1])
    fitted = max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)
    if fitted != size:
        picture = pygame.transform.smoothscale(picture, fitted)
    surface.fill((255, 255, 255) if fitted == room else picture.get_at((0, 0)))
    surface.blit(picture, ((room[0] - fitted[0]) // 2, (room[1] - fitted[1]) // 2))
    pygame.display.flip()
