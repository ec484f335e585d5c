"""A window that a person can see, or a clear sentence when there is none."""

from __future__ import annotations

import os
import sys

import numpy as np
import pygame
from numpy.typing import NDArray

from racer.errors import ResourceError

SIZE = (1280, 720)
ROOM = (0.95, 0.88)  # of a display, that a window may take
HIDDEN_DRIVERS = {"dummy", "offscreen"}  # SDL falls back to these without a word
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")  # where one is named on Linux
NO_DISPLAY = "no display to open a window on."
FILM = "Use --video out.mp4, which needs none, or set DISPLAY."
PICTURES = "Use render_mode='rgb_array', or set SDL_VIDEODRIVER=dummy to open a window nobody sees."


def open_window(
    title: str, size: tuple[int, int] = SIZE, *, unseen: bool = False, instead: str = FILM
) -> pygame.Surface:
    """A resizable window of about `size`, smaller where the display is.

    Args:
        title: of the window.
        size: width and height, px.
        unseen: let SDL_VIDEODRIVER=dummy or offscreen pass when it was asked for by name.
        instead: what to do where there is no display, a sentence.

    Raises:
        ResourceError: no display; SDL would silently draw into nothing.
    """
    _open_display(instead, unseen)
    try:
        pygame.display.set_caption(title)
        return pygame.display.set_mode(_fitted(size), pygame.RESIZABLE)
    except pygame.error as error:
        raise ResourceError(f"{NO_DISPLAY} {instead} SDL says: {error}.") from error


def check_display(instead: str = FILM) -> None:
    """Look for a display and let go of it again.

    Args:
        instead: what to do where there is none, a sentence.

    Raises:
        ResourceError: there is none.
    """
    _open_display(instead)
    pygame.display.quit()


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    """`size`, scaled down to leave a margin for title bar and panels on the smallest display."""
    try:
        displays = [d for d in pygame.display.get_desktop_sizes() if min(d) > 0]
    except pygame.error:
        displays = []
    room = ((ROOM[0] * d[0], ROOM[1] * d[1]) for d in displays)
    scale = min((min(w / size[0], h / size[1]) for w, h in room), default=1.0)
    return size if scale >= 1.0 else (max(int(size[0] * scale), 1), max(int(size[1] * scale), 1))


def _open_display(instead: str, unseen: bool = False) -> None:
    if sys.platform == "linux" and not any(os.environ.get(name) for name in DISPLAYS):
        # SDL would try, and its libraries write to stderr
        raise ResourceError(f"{NO_DISPLAY} {instead}")
    try:
        pygame.display.init()  # pygame.init would also open the sound card
    except pygame.error as error:
        raise ResourceError(f"{NO_DISPLAY} {instead} SDL says: {error}.") from error
    driver = pygame.display.get_driver()
    if driver in HIDDEN_DRIVERS and not (unseen and os.environ.get("SDL_VIDEODRIVER") == driver):
        pygame.display.quit()
        raise ResourceError(f"{NO_DISPLAY} {instead}")


class LiveWindow:
    """Shows frames as they come; once a person has closed it, frames are dropped.

    Args:
        title: of the window.
        fps: frames per second `show` is slowed down to.

    SDL_VIDEODRIVER=dummy shows nothing and passes, as gymnasium's check_env needs it where there
    is no display; that SDL falls back to it by itself does not.
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
            open_window(self.title, (width, height), unseen=True, instead=PICTURES)
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
