"""A window is one a person can see; without a display there is a sentence instead."""

import numpy as np
import pygame
import pytest

from racer.errors import ResourceError
from racer.render import window
from racer.render.window import LiveWindow

FRAME = np.full((40, 60, 3), 200, np.uint8)


@pytest.mark.parametrize("driver", ["dummy", "offscreen", "x11"])
def test_without_a_display_it_says_so(monkeypatch, driver):
    monkeypatch.setenv("SDL_VIDEODRIVER", driver)
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(ResourceError, match="no display"):
        window.open_window("test")
    with pytest.raises(ResourceError, match="no display"):
        LiveWindow("test", 15).show(FRAME)


@pytest.fixture
def display(monkeypatch):
    """A driver that draws into memory, let through as if it had a screen."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(window, "HIDDEN_DRIVERS", set())
    yield
    pygame.display.quit()


@pytest.mark.usefixtures("display")
def test_a_live_window_shows_the_frame_and_drops_frames_once_closed():
    live = LiveWindow("test", 1000)
    live.show(FRAME)
    assert pygame.display.get_surface().get_at((30, 20))[:3] == (200, 200, 200)
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    live.show(FRAME)
    assert live.closed
    assert not pygame.display.get_init()
    live.show(FRAME)  # goes nowhere, raises nothing


@pytest.mark.usefixtures("display")
def test_a_picture_stays_until_a_key(tmp_path):
    path = tmp_path / "p.png"
    pygame.image.save(pygame.Surface((80, 50)), path)
    pygame.display.init()
    pygame.display.set_mode((10, 10))
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_q, unicode="q"))
    window.show_picture(str(path), "test")
    assert not pygame.display.get_init()
