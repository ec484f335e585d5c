"""The words around the picture: live params, reward, lap, speed scale, help."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pygame
from numpy.typing import NDArray

from racer.render import scene
from racer.render.paint import font
from racer.render.table import BAD, DARK, PARAM_ROWS, Color

PANEL = (16, 19, 23, 225)
HELP = (24, 28, 34, 250)
TEXT, DIM, ACCENT, WARNING = DARK.text, DARK.dim, DARK.accent, DARK.warning
FULL_SIZE = (1600, 900)  # px; in larger windows everything grows with the window
WIDTH = 306  # of the params panel; all lengths here are in units, see Sheet
ROW = 19
PAD = 14
HEAD = 78  # of the params panel, above its rows
FOOT = 62  # keys, speed scale and timeline
GAP_LEFT, GAP_RIGHT = 400, 250  # beside the strip of gaps
BETWEEN = 16  # two gaps in the line above their strip
HELP_ROW, HELP_MARGIN, HELP_MEANING = 26, 24, 190  # a row's height; where its words begin
HELP_SMALLEST = 0.4  # px per unit; smaller letters cannot be read


class Status(NamedTuple):
    """What the header says."""

    title: str
    lap: str
    seconds: float
    note: str = ""
    pace: str = ""  # against the fastest known lap


class Sheet:
    """A surface to write on in units of its own: one pixel, more where the surface is large.

    Args:
        target: the surface.
        unit: px.
    """

    def __init__(self, target: pygame.Surface, unit: float | None = None) -> None:
        self.target = target
        self.unit = unit_of(target.get_size()) if unit is None else unit
        self.width, self.height = (side / self.unit for side in target.get_size())

    def text(
        self,
        text: str,
        at: tuple[float, float],
        size: int,
        color: Color,
        *,
        right: bool = False,
        mono: bool = False,
        bold: bool = False,
    ) -> None:
        """Write from `at`, or up to it."""
        image = font(max(round(size * self.unit), 1), mono=mono, bold=bold).render(
            text, True, color
        )
        x = at[0] * self.unit - (image.get_width() if right else 0)
        self.target.blit(image, (round(x), round(at[1] * self.unit)))

    def width_of(self, text: str, size: int, *, bold: bool = False) -> float:
        """How wide a text is."""
        return font(max(round(size * self.unit), 1), bold=bold).size(text)[0] / self.unit

    def shortened(self, text: str, size: int, most: float, *, bold: bool = False) -> str:
        """A text that is at most so wide: its middle left out, for names differ at their ends.

        For example `2026-11…oval-2`; empty where not even a letter of each end has room.
        """
        if self.width_of(text, size, bold=bold) <= most:
            return text
        for kept in range(len(text) - 1, 1, -1):
            shown = f"{text[: (kept + 1) // 2]}…{text[-(kept // 2) :]}"
            if self.width_of(shown, size, bold=bold) <= most:
                return shown
        return ""

    def panel(
        self, box: tuple[float, float, float, float], color: tuple[int, int, int, int] = PANEL
    ) -> None:
        """A dark ground for text: left, top, width, height."""
        left, top, width, height = (round(side * self.unit) for side in box)
        ground = pygame.Surface((width, height), pygame.SRCALPHA)
        pygame.draw.rect(ground, color, ground.get_rect(), border_radius=round(10 * self.unit))
        self.target.blit(ground, (left, top))

    def bar(self, box: tuple[float, float, float, float], color: Color) -> None:
        """A filled rectangle: left, top, width, height."""
        left, top, width, height = box
        edges = (left, top, left + width, top + height)
        x0, y0, x1, y1 = (round(edge * self.unit) for edge in edges)
        pygame.draw.rect(self.target, color, (x0, y0, max(x1 - x0, 1), max(y1 - y0, 1)))

    def line(
        self, x: NDArray[np.float64], y: NDArray[np.float64], color: Color, wide: float = 2.0
    ) -> None:
        """A line through points (K,); it is interrupted where a coordinate is not finite."""
        points = np.stack([x, y], axis=1) * self.unit
        for a, b in itertools.pairwise(points):
            if np.isfinite(a).all() and np.isfinite(b).all():
                pygame.draw.line(
                    self.target, color, a.tolist(), b.tolist(), round(wide * self.unit)
                )


def unit_of(size: tuple[int, int]) -> float:
    """Px of a unit on a surface of (width, height) px."""
    return max(1.0, min(size[0] / FULL_SIZE[0], size[1] / FULL_SIZE[1]))


def draw_params(
    target: pygame.Surface, params: np.void | None, reward: float | None, v: float | None
) -> None:
    """The panel on the left: what the reward function was given, and what it answered."""
    sheet = Sheet(target)
    fits = int((sheet.height - PAD - HEAD - ROW - PAD - FOOT) / ROW)
    if params is None or sheet.width < 2 * WIDTH or fits < 1:
        return
    rows = PARAM_ROWS[:fits]
    sheet.panel((PAD, PAD, WIDTH, HEAD + ROW * (len(rows) + 1) + PAD))
    left, right, y = 2 * PAD, WIDTH, 2 * PAD
    sheet.text("reward", (left, y), 13, DIM)
    shown = "–" if reward is None else f"{reward:z.4g}"
    sheet.text(shown, (left, y + 16), 30, ACCENT, bold=True)
    if v is not None:
        sheet.text("measured speed", (right, y), 13, DIM, right=True)
        sheet.text(f"{v:z.2f} m/s", (right, y + 22), 22, TEXT, right=True)
    y = PAD + HEAD
    sheet.text("params", (left, y), 13, DIM)
    for key, unit, decimals in rows:
        y += ROW
        value, bad = _value(params, key, decimals)
        sheet.text(key, (left, y), 13, TEXT)
        color = WARNING if bad else TEXT
        sheet.text(value, (right - 30, y), 13, color, right=True, mono=True)
        sheet.text(unit, (right - 26, y), 13, DIM)


def _value(params: np.void, key: str, decimals: int | None) -> tuple[str, bool]:
    if key == "closest_waypoints":
        return f"{int(params['prev_waypoint'])}, {int(params['next_waypoint'])}", False
    if decimals is None:
        flag = bool(params[key])
        return str(flag), BAD.get(key) is flag
    return f"{float(params[key]):z.{decimals}f}", False


def draw_header(target: pygame.Surface, status: Status) -> None:
    """Title, lap and time at the top right."""
    sheet = Sheet(target)
    right = sheet.width - 2 * PAD
    wide = max(
        font(round(16 * sheet.unit), bold=True).size(status.title)[0],
        font(round(14 * sheet.unit)).size(status.pace)[0],
    )
    width = max(wide / sheet.unit, 150) + 2 * PAD
    below = [(text, color) for text, color in ((status.pace, TEXT), (status.note, ACCENT)) if text]
    sheet.panel((right + PAD - width, PAD, width, 92 + 20 * len(below)))
    sheet.text(status.title, (right, PAD + 10), 16, TEXT, right=True, bold=True)
    sheet.text(status.lap, (right, PAD + 32), 14, DIM, right=True)
    sheet.text(f"{status.seconds:.2f} s", (right, PAD + 50), 26, TEXT, right=True)
    for k, (text, color) in enumerate(below):
        sheet.text(text, (right, PAD + 84 + 20 * k), 14, color, right=True)


def draw_list(target: pygame.Surface, title: str, rows: Sequence[tuple[str, str]]) -> None:
    """A panel at the top left: a title, and names with values."""
    sheet = Sheet(target)
    sheet.panel((PAD, PAD, WIDTH, 3 * PAD + 14 + ROW * len(rows)))
    sheet.text(title[:40], (2 * PAD, 2 * PAD - 4), 14, TEXT, bold=True)
    for k, (name, value) in enumerate(rows):
        y = 3 * PAD + 6 + ROW * k
        sheet.text(name, (2 * PAD, y), 13, DIM)
        sheet.text(value, (WIDTH, y), 13, TEXT, right=True)


def draw_speed_scale(target: pygame.Surface, scale: scene.Scale) -> None:
    """The colours of the trail, at the bottom right."""
    sheet = Sheet(target)
    width, height = 180, 8
    left, top = sheet.width - 2 * PAD - width, sheet.height - FOOT + 4
    sheet.panel((left - PAD, top - 10, width + 2 * PAD, 44))
    for i in range(width):
        color = scene.speed_color(scale.low + (scale.high - scale.low) * i / width, scale)
        sheet.bar((left + i, top, 1, height), color)
    sheet.text(f"{scale.low:g}", (left, top + 11), 12, DIM)
    sheet.text(f"{scale.high:g} m/s", (left + width, top + 11), 12, DIM, right=True)


def draw_gaps(
    target: pygame.Surface,
    gaps: Sequence[tuple[str, Color, NDArray[np.float64]]],
    progress: NDArray[np.float64],
    at: int,
) -> None:
    """A strip of the time differences to ghosts over the lap, and their values now.

    Args:
        gaps: for each ghost its name, colour and the gap (K,) at every row, s; positive is behind.
        progress: (K,) of the rows, %.
        at: the row shown.
    """
    sheet = Sheet(target)
    left, top, height = GAP_LEFT, sheet.height - FOOT - 30, 78
    width = sheet.width - left - GAP_RIGHT
    if width < 160:
        return
    sheet.panel((left, top, width, height))
    known = [gap[np.isfinite(gap)] for _, _, gap in gaps]
    reach = max([0.1, *(float(np.abs(gap).max()) for gap in known if gap.size)])
    middle, half = top + height / 2 + 8, height / 2 - 14
    sheet.bar((left + PAD, middle, width - 2 * PAD, 1), (70, 77, 88))
    x = float(left + PAD)
    across = left + PAD + progress / 100.0 * (width - 2 * PAD)
    share = (width - 2 * PAD + BETWEEN) / max(len(gaps), 1) - BETWEEN  # of the line, for each
    for name, color, gap in gaps:
        sheet.line(across, middle + gap / reach * half, color)
        now = gap[min(at, len(gap) - 1)]
        value = f"{now:+.2f} s" if now == now else "–"
        room = share - sheet.width_of(f" {value}", 13, bold=True)
        words = f"{sheet.shortened(name, 13, room, bold=True)} {value}".lstrip()
        wide = sheet.width_of(words, 13, bold=True)
        if x + wide <= left + width - PAD:
            sheet.text(words, (x, top + 5), 13, color, bold=True)
        x += wide + BETWEEN
    sheet.bar((float(across[at]) - 0.5, top + 24, 1, height - 30), TEXT)


def draw_timeline(target: pygame.Surface, part: float, hint: str) -> None:
    """Where playback is in the lap (0 to 1), and a line of keys."""
    draw_hint(target, hint)
    sheet = Sheet(target)
    width, y = sheet.width - 2 * PAD, sheet.height - PAD
    sheet.bar((PAD, y - 2, width, 3), (70, 77, 88))
    x = width * min(part, 1.0)
    sheet.bar((PAD, y - 2, x, 3), ACCENT)
    middle = round((PAD + x) * sheet.unit), round((y - 0.5) * sheet.unit)
    pygame.draw.circle(target, ACCENT, middle, round(6 * sheet.unit))


def draw_hint(target: pygame.Surface, hint: str) -> None:
    """A line of keys at the bottom left."""
    sheet = Sheet(target)
    y = sheet.height - PAD
    wide = font(round(13 * sheet.unit)).size(hint)[0] / sheet.unit
    sheet.panel((PAD, y - 37, wide + 2 * PAD, 28))
    sheet.text(hint, (2 * PAD, y - 31), 13, DIM)


def draw_help(target: pygame.Surface, keys: Sequence[tuple[str, str]]) -> None:
    """All keys, over the picture; smaller in a small window."""
    width, height = target.get_size()
    tall = HELP_MARGIN + 36 + HELP_ROW * len(keys) + 16
    unit = min(unit_of((width, height)), width / _help_width(Sheet(target, 1.0), keys))
    unit = min(unit, height / tall)
    if unit < HELP_SMALLEST:
        return
    shade = pygame.Surface((width, height), pygame.SRCALPHA)
    shade.fill((8, 10, 12, 150))
    target.blit(shade, (0, 0))
    sheet = Sheet(target, unit)
    wide = _help_width(sheet, keys)  # letters have whole pixels: not the same in every unit
    left, top = (sheet.width - wide) / 2, (sheet.height - tall) / 2
    sheet.panel((left, top, wide, tall), HELP)
    sheet.text("Keys", (left + HELP_MARGIN, top + 20), 20, TEXT, bold=True)
    for i, (key, meaning) in enumerate(keys):
        y = top + HELP_MARGIN + 36 + i * HELP_ROW
        sheet.text(key, (left + HELP_MARGIN, y), 14, ACCENT, mono=True)
        sheet.text(meaning, (left + HELP_MEANING, y), 14, TEXT)


def _help_width(sheet: Sheet, keys: Sequence[tuple[str, str]]) -> float:
    """As wide as the widest line."""
    words = max((sheet.width_of(meaning, 14) for _, meaning in keys), default=0.0)
    return HELP_MEANING + words + HELP_MARGIN
