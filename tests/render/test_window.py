"""A window is one a person can see; without a display there is a sentence instead."""

import numpy as np
import pygame
import pytest

from racer.errors import ResourceError
from racer.render import cockpit, editor, window
from racer.render.window import LiveWindow
from racer.tracks.sketch import Sketch

FRAME = np.full((40, 60, 3), 200, np.uint8)


@pytest.mark.parametrize("driver", ["dummy", "offscreen", "x11"])
def test_without_a_display_it_says_so(monkeypatch, driver):
    monkeypatch.setenv("SDL_VIDEODRIVER", driver)
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(ResourceError, match="no display"):
        window.open_window("test")
    if driver == "x11":
        with pytest.raises(ResourceError, match=r"no display.* SDL_VIDEODRIVER=dummy"):
            LiveWindow("test", 15).show(FRAME)


@pytest.mark.parametrize("driver", ["dummy", "offscreen"])
def test_a_live_window_draws_unseen_where_that_was_asked_for(monkeypatch, driver):
    """As gymnasium's check_env needs it on a machine without a display."""
    monkeypatch.setenv("SDL_VIDEODRIVER", driver)
    live = LiveWindow("test", 1000)
    live.show(FRAME)
    assert pygame.display.get_surface().get_at((30, 20))[:3] == (200, 200, 200)
    live.close()


@pytest.mark.usefixtures("display")
@pytest.mark.parametrize("desktop", [(1024, 768), (800, 600), (1366, 768), (3840, 2160)])
@pytest.mark.parametrize("size", [window.SIZE, (1600, 900)])
def test_a_window_lies_inside_the_display(monkeypatch, desktop, size):
    monkeypatch.setattr(pygame.display, "get_desktop_sizes", lambda: [desktop])
    width, height = window.open_window("test", size).get_size()
    assert width <= min(size[0], 0.95 * desktop[0])
    assert height <= min(size[1], 0.88 * desktop[1])  # title bar and panels need the rest
    assert width / height == pytest.approx(size[0] / size[1], rel=0.01)
    if desktop == (3840, 2160):
        assert (width, height) == size


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


def test_without_a_display_a_window_names_a_way_that_its_command_has(monkeypatch, tmp_path):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    for opens in (
        lambda: editor.edit(Sketch.new("mine"), tmp_path / "mine.txt", on_disk=False),
        lambda: window.check_display(cockpit.NEEDS_ONE),
    ):
        with pytest.raises(ResourceError, match="no display") as raised:
            opens()
        assert "set DISPLAY" in str(raised.value).replace("Set", "set")
        assert "--video" not in str(raised.value)
