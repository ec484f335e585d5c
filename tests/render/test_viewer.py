"""The window: keys, time, sizes, and a clear sentence when there is no display."""

import numpy as np
import pygame
import pytest

from racer.render import hud, viewer
from racer.render.table import WINDOW_KEYS
from racer.render.viewer import State, Viewer


@pytest.fixture
def view(playback):
    return Viewer(playback)


def _press(view, *keys):
    for key in keys:
        text = chr(key) if key < 128 else ""
        view.handle(pygame.event.Event(pygame.KEYDOWN, key=key, unicode=text))
    return view.state


def test_playback_runs_at_real_time_and_at_any_other(view, playback):
    for _ in range(60):
        view.advance(1 / 60)
    assert view.state.at == pytest.approx(1 / playback.dt)
    _press(view, pygame.K_UP)
    view.advance(0.1)
    assert view.state.at == pytest.approx((1 + 0.2) / playback.dt)


def test_space_pauses_and_a_full_stop_steps_to_the_next_state(view):
    view.advance(0.03)
    state = _press(view, pygame.K_SPACE)
    view.advance(5.0)
    assert (view.state.at, state.paused) == (state.at, True)
    assert _press(view, pygame.K_PERIOD).at == 1.0
    assert _press(view, pygame.K_PERIOD).at == 2.0
    assert _press(view, pygame.K_COMMA).at == 1.0


def test_a_lap_that_is_over_gives_way_to_the_next_and_the_last_one_stops(view):
    for _ in range(2000):
        view.advance(0.05)
    assert view.state.part == 1
    assert view.state.paused
    assert view.state.at == len(view.film.rows(1)) - 1
    state = _press(view, pygame.K_SPACE)  # plays it again
    assert (state.at, state.paused) == (0.0, False)


def test_laps_are_chosen_in_a_ring(view):
    assert _press(view, pygame.K_n).part == 1
    assert _press(view, pygame.K_n).part == 0
    assert _press(view, pygame.K_p).part == 1


def test_follow_keeps_the_car_in_the_middle(view, playback):
    view.state = State(at=50.0)
    _press(view, pygame.K_f)
    camera, row = view.camera((800, 600)), playback.rows[50]
    assert (camera.x, camera.y) == (row["x"], row["y"])


def test_zoom_changes_the_scale_and_zero_resets_it(view):
    plain = view.camera((800, 600)).scale
    _press(view, pygame.K_PLUS)
    assert view.camera((800, 600)).scale == pytest.approx(plain * viewer.ZOOM)
    view.handle(pygame.event.Event(pygame.MOUSEWHEEL, y=-1, x=0))
    assert view.camera((800, 600)).scale == pytest.approx(plain)
    _press(view, pygame.K_MINUS, pygame.K_0)
    assert view.camera((800, 600)).scale == plain


def test_escape_closes_the_help_first_then_the_window(view):
    assert _press(view, pygame.K_F1).help
    state = _press(view, pygame.K_ESCAPE)
    assert (state.help, state.quit) == (False, False)
    assert _press(view, pygame.K_ESCAPE).quit


def test_help_names_every_key_that_does_something():
    text = " ".join(key for key, _, _ in WINDOW_KEYS)
    for name in ("space", ".", ",", "→", "←", "↑", "↓", "F", "+", "-", "R", "N", "P", "H", "Q"):
        assert name in text


@pytest.mark.parametrize("size", [(200, 160), (500, 300), (720, 420), (1280, 720), (3840, 2160)])
def test_help_fits_its_window_and_grows_with_it(view, size):
    frames = []
    for shown in (False, True):
        view.state = State(at=10.5, help=shown)
        surface = pygame.Surface(size, 0, 32)
        view.draw(surface)
        frames.append(pygame.surfarray.array3d(surface).astype(int))
    yellow = np.abs(frames[1] - hud.ACCENT).max(axis=2) < 40  # keys; all else lies in the shade
    columns, rows = np.flatnonzero(yellow.any(axis=1)), np.flatnonzero(yellow.any(axis=0))
    assert 0 < columns[0] < size[0] / 2
    assert 0 < rows[0] < rows[-1] < size[1] - 1
    if size[0] > 1600:
        assert np.ptp(rows) > size[1] / 4


def test_the_params_panel_ends_above_the_keys(view):
    surface = pygame.Surface((720, 420), 0, 32)
    view.draw(surface)
    ground = pygame.surfarray.array3d(surface)[: hud.WIDTH, 420 - hud.FOOT + 5]
    assert (ground == ground[0]).all()


@pytest.mark.parametrize("size", [(1, 1), (60, 900), (699, 399), (1280, 720), (2560, 1440)])
def test_every_window_size_can_be_drawn(view, size):
    for state in (State(at=10.5), State(at=10.5, follow=True, help=True), State(at=1e9, zoom=12.0)):
        view.state = state
        view.draw(pygame.Surface(size, 0, 32))


class PacedClock:
    """Keeps the pace that it is asked for, and does what a person does at one frame or another."""

    def __init__(self, acts):
        self.acts, self.frame, self.waits = acts, 0, []

    def tick(self, rate):
        self.waits.append(rate)
        if self.frame in self.acts:
            pygame.event.post(pygame.event.Event(self.acts[self.frame]))
        self.frame += 1
        return 1000.0 / rate


def test_the_loop_ends_when_the_window_is_closed_and_idles_when_hidden(view, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    clock = PacedClock({30: pygame.WINDOWMINIMIZED, 34: pygame.QUIT})
    monkeypatch.setattr(pygame.time, "Clock", lambda: clock)
    pygame.display.init()
    view.run(pygame.display.set_mode((640, 400)))
    pygame.display.quit()
    assert view.state.quit
    assert clock.waits == [viewer.FPS] * 31 + [viewer.IDLE_FPS] * 4
    # states of 15 Hz: 31 frames shown and 4 hidden ones, each an eighth of a second
    assert view.state.at == pytest.approx(15 * (31 / viewer.FPS + 4 / viewer.IDLE_FPS))
