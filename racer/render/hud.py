"""The words around the picture: live params, reward, lap, speed scale, help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pygame

from racer.render import scene
from racer.render.paint import font

PANEL = (16, 19, 23, 225)
TEXT, DIM, ACCENT = (232, 236, 241), (139, 148, 160), (250, 208, 90)
WARNING = (255, 120, 96)
WIDTH = 306  # px, of the params panel
ROW = 19  # px
PAD = 14

# key, unit, decimals; None prints a flag
PARAM_ROWS: tuple[tuple[str, str, int | None], ...] = (
    ("speed", "m/s", 2),
    ("steering_angle", "°", 1),
    ("steps", "", 0),
    ("progress", "%", 1),
    ("x", "m", 2),
    ("y", "m", 2),
    ("heading", "°", 1),
    ("distance_from_center", "m", 3),
    ("is_left_of_center", "", None),
    ("all_wheels_on_track", "", None),
    ("is_offtrack", "", None),
    ("is_crashed", "", None),
    ("is_reversed", "", None),
    ("closest_waypoints", "", 0),
    ("track_width", "m", 3),
    ("track_length", "m", 2),
    ("projection_distance", "m", 2),
)
BAD = {"is_offtrack": True, "is_crashed": True, "all_wheels_on_track": False}


class Status(NamedTuple):
    """What the header says."""

    title: str
    lap: str
    seconds: float
    note: str = ""


def draw_params(
    target: pygame.Surface, params: np.void | None, reward: float | None, v: float | None
) -> None:
    """The panel on the left: what the reward function was given, and what it answered."""
    if params is None or target.get_width() < 2 * WIDTH or target.get_height() < 300:
        return
    height = 3 * PAD + 64 + ROW * (len(PARAM_ROWS) + 1)
    panel = pygame.Surface((WIDTH, height), pygame.SRCALPHA)
    pygame.draw.rect(panel, PANEL, panel.get_rect(), border_radius=10)
    _text(panel, "reward", (PAD, PAD), 13, DIM)
    shown = "–" if reward is None else f"{reward:.4g}"
    _text(panel, shown, (PAD, PAD + 16), 30, ACCENT, bold=True)
    if v is not None:
        _text(panel, "measured speed", (WIDTH - PAD, PAD), 13, DIM, right=True)
        _text(panel, f"{v:.2f} m/s", (WIDTH - PAD, PAD + 22), 22, TEXT, right=True)
    y = PAD + 64
    _text(panel, "params", (PAD, y), 13, DIM)
    for key, unit, decimals in PARAM_ROWS:
        y += ROW
        value, bad = _value(params, key, decimals)
        _text(panel, key, (PAD, y), 13, TEXT)
        _text(panel, value, (WIDTH - PAD - 30, y), 13, WARNING if bad else TEXT, True, mono=True)
        _text(panel, unit, (WIDTH - PAD - 26, y), 13, DIM)
    target.blit(panel, (PAD, PAD))


def _value(params: np.void, key: str, decimals: int | None) -> tuple[str, bool]:
    if key == "closest_waypoints":
        return f"{int(params['prev_waypoint'])}, {int(params['next_waypoint'])}", False
    if decimals is None:
        flag = bool(params[key])
        return str(flag), BAD.get(key) is flag
    return f"{float(params[key]):.{decimals}f}", False


def draw_header(target: pygame.Surface, status: Status) -> None:
    """Title, lap and time at the top right."""
    right = target.get_width() - PAD
    _text(target, status.title, (right, PAD), 16, TEXT, right=True, bold=True)
    _text(target, status.lap, (right, PAD + 22), 14, DIM, right=True)
    _text(target, f"{status.seconds:.2f} s", (right, PAD + 40), 26, TEXT, right=True)
    if status.note:
        _text(target, status.note, (right, PAD + 74), 14, ACCENT, right=True)


def draw_speed_scale(target: pygame.Surface, v_max: float) -> None:
    """The colours of the trail, at the bottom right."""
    width, height = 180, 8
    right, bottom = target.get_width() - PAD, target.get_height() - 2 * PAD - 22
    for i in range(width):
        color = scene.speed_color(v_max * i / width, v_max)
        pygame.draw.line(
            target, color, (right - width + i, bottom), (right - width + i, bottom + height)
        )
    _text(target, "0", (right - width, bottom + 11), 12, DIM)
    _text(target, f"{v_max:g} m/s", (right, bottom + 11), 12, DIM, right=True)


def draw_timeline(target: pygame.Surface, part: float, hint: str) -> None:
    """Where playback is in the lap (0 to 1), and a line of keys."""
    left, right = PAD, target.get_width() - PAD
    y = target.get_height() - PAD
    pygame.draw.line(target, (70, 77, 88), (left, y), (right, y), 3)
    x = round(left + (right - left) * min(part, 1.0))
    pygame.draw.line(target, ACCENT, (left, y), (x, y), 3)
    pygame.draw.circle(target, ACCENT, (x, y), 6)
    _text(target, hint, (left, y - 30), 13, DIM)


def draw_help(target: pygame.Surface, keys: Sequence[tuple[str, str]]) -> None:
    """All keys, over the picture."""
    width, row = 430, 26
    height = 2 * 24 + 36 + row * len(keys)
    shade = pygame.Surface(target.get_size(), pygame.SRCALPHA)
    shade.fill((8, 10, 12, 150))
    target.blit(shade, (0, 0))
    panel = pygame.Surface((width, height), pygame.SRCALPHA)
    pygame.draw.rect(panel, (24, 28, 34, 250), panel.get_rect(), border_radius=12)
    _text(panel, "Keys", (24, 20), 20, TEXT, bold=True)
    for i, (key, meaning) in enumerate(keys):
        y = 24 + 36 + i * row
        _text(panel, key, (24, y), 14, ACCENT, mono=True)
        _text(panel, meaning, (190, y), 14, TEXT)
    size = target.get_size()
    target.blit(panel, ((size[0] - width) // 2, (size[1] - height) // 2))


def _text(
    target: pygame.Surface,
    text: str,
    at: tuple[int, int],
    pixels: int,
    color: scene.Color,
    right: bool = False,
    *,
    mono: bool = False,
    bold: bool = False,
) -> None:
    image = font(pixels, mono=mono, bold=bold).render(text, True, color)
    target.blit(image, (at[0] - image.get_width() if right else at[0], at[1]))
