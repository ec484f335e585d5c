"""Words over the picture stay in their panels, and names stay apart."""

import numpy as np
import pygame
import pytest

from racer.render import cockpit, editor, hud
from racer.render.ghosts import COLORS
from racer.render.paint import font
from racer.render.table import LIVE_KEYS, WINDOW_KEYS

SIZES = [(1280, 720), (972, 547), (500, 400), (2560, 1440)]
RUNS = [f"2026-11-27-progress_made-oval-{k}" for k in (2, 3, 12)]


def colors(surface):
    """(W, H) of a surface, a whole number for each colour."""
    return pygame.surfarray.array3d(surface).astype(int) @ [1 << 16, 1 << 8, 1]


def columns(mask):
    """The first and last column in which it is true."""
    found = np.flatnonzero(mask.any(axis=1))
    return found[0], found[-1]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "keys",
    [cockpit.KEYS, editor.KEYS, [k[:2] for k in WINDOW_KEYS], [k[:2] for k in LIVE_KEYS]],
)
def test_the_help_is_as_wide_as_its_widest_line(keys, size):
    surface = pygame.Surface(size, 0, 32)
    hud.draw_help(surface, keys)
    shown = colors(surface)
    beside = shown == shown[0, 0]
    ground = shown == np.bincount(shown[~beside]).argmax()
    first, last = columns(~beside & ~ground)  # the words
    assert columns(ground)[0] + 8 < first
    assert last < columns(ground)[1] - 8


@pytest.mark.parametrize("size", [(972, 547), (820, 461), (1280, 720)])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_line_of_gaps_stays_in_its_panel(size, count):
    surface = pygame.Surface(size, 0, 32)
    gaps = [(RUNS[k], COLORS[k], np.linspace(0.0, -1.0, 50)) for k in range(count)]
    hud.draw_gaps(surface, gaps, np.linspace(0.0, 100.0, 50), 30)
    first, last = columns(colors(surface) > 0)
    assert first >= hud.GAP_LEFT
    assert last < size[0] - hud.GAP_RIGHT


@pytest.mark.parametrize("most", [60.0, 100.0, 200.0])
def test_names_that_differ_at_their_ends_differ_when_shortened(most):
    sheet = hud.Sheet(pygame.Surface((972, 547), 0, 32))
    shown = [sheet.shortened(name, 13, most, bold=True) for name in RUNS]
    assert len(set(shown)) == len(RUNS)
    for name, short in zip(RUNS, shown, strict=True):
        start, _, end = short.partition("…")
        assert name.startswith(start)
        assert name.endswith(end)
        assert sheet.width_of(short, 13, bold=True) <= most
    assert font(13, bold=True).metrics("…")[0] is not None


def test_a_name_that_fits_is_not_shortened_and_none_is_where_nothing_fits():
    sheet = hud.Sheet(pygame.Surface((972, 547), 0, 32))
    assert sheet.shortened("reference", 13, 200.0) == "reference"
    assert sheet.shortened("reference", 13, 5.0) == ""
    assert sheet.shortened("a", 13, 50.0) == "a"
