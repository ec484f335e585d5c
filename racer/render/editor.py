"""A window to draw a track in: drag points, and see at once what road they make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygame

from racer.errors import RacerError, ResourceError
from racer.render import hud, scene
from racer.render.hud import Sheet
from racer.render.paint import Camera, clamp_scale
from racer.render.video import HUD_MIN
from racer.render.window import open_window
from racer.tracks.sketch import Sketch

FPS = 60
BY_HAND = "Set DISPLAY, or write the text yourself: docs/add-a-track.md shows the format."
NEAR = 12  # px, how close a click must be to a point
ON_ROAD = 0.6  # of the half width: a click this close to the centre line puts a point there
ZOOM = 1.15
MARGIN = 0.15  # of the view, kept free around the track
WIDEN = 0.05  # m
POINT, CHOSEN, BAD = (120, 190, 250), (250, 208, 90), (255, 120, 96)
CTRL = pygame.KMOD_CTRL | pygame.KMOD_META  # the second is a Mac's command key
HINT = "drag points    click the road: new point    ctrl S save    H help    Q quit"
KEYS = (
    ("drag a point", "move it"),
    ("click the road", "put a point there"),
    ("Delete", "remove the chosen point"),
    ("[ and ]", "narrower, wider at the point"),
    ("{ and }", "narrower, wider everywhere"),
    ("S", "start the lap at the point"),
    ("D", "drive the other way"),
    ("U or ctrl Z", "undo; Y or ctrl Y: redo"),
    ("drag, wheel", "move the view, zoom; 0 resets"),
    ("ctrl S", "save"),
    ("Q or Esc", "quit"),
)


def edit(sketch: Sketch, path: Path, *, on_disk: bool) -> str:
    """Let a person edit until the window is closed; returns what became of the file, in words.

    Args:
        sketch: to begin with.
        path: of the file that it is saved as.
        on_disk: the file holds this sketch already.

    Raises:
        ResourceError: no display.
    """
    surface = open_window(f"racer · edit {path.stem}", instead=BY_HAND)
    editor = Editor(sketch, path, on_disk=on_disk)
    try:
        editor.run(surface)
    except pygame.error as error:
        raise ResourceError(f"the display went away ({error}). Edit again.") from error
    finally:
        pygame.display.quit()
    return editor.outcome


class Editor:
    """What is drawn and every step to it; `handle` changes it, `draw` shows it."""

    def __init__(
        self,
        sketch: Sketch,
        path: Path,
        size: tuple[int, int] = (1280, 720),
        *,
        on_disk: bool = False,
    ) -> None:
        self.path = path
        self.steps, self.at = [sketch], 0  # of undo
        self.saved = sketch if on_disk else None
        self._written = False
        self.chosen: int | None = None
        self.message = ""
        self.help = self.quit = False
        self._leaving = False
        self._dragging = ""  # point, view
        self._view_size = size
        self.camera = self._overview()

    @property
    def sketch(self) -> Sketch:
        """The track as it is now."""
        return self.steps[self.at]

    @property
    def outcome(self) -> str:
        """What became of the file."""
        if not self._written:
            return "unchanged" if self.path.is_file() else "not saved"
        return "saved" if self._is_saved() else "saved, without the changes after that"

    def run(self, surface: pygame.Surface) -> None:
        """Until a person quits."""
        clock = pygame.time.Clock()
        while not self.quit:
            clock.tick(FPS)
            for event in pygame.event.get():
                self.handle(event)
            surface = pygame.display.get_surface() or surface
            self.draw(surface)
            pygame.display.flip()

    def handle(self, event: pygame.event.Event) -> None:
        """React to the mouse, a key or the window."""
        if event.type == pygame.QUIT:
            self._leave()
        elif event.type == pygame.KEYDOWN:
            self._key(event.key, event.unicode, bool(event.mod & CTRL))
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            self._press(event.pos)
        elif event.type == pygame.MOUSEMOTION and self._dragging:
            self._drag(event.pos, event.rel)
        elif event.type == pygame.MOUSEBUTTONUP:
            self._dragging = ""
        elif event.type == pygame.MOUSEWHEEL:
            scale = clamp_scale(self.camera.scale * ZOOM**event.y)
            self.camera = self.camera._replace(scale=scale)

    def _press(self, place: tuple[int, int]) -> None:
        pixels = self.camera.project(self.sketch.points)
        distance = np.hypot(*(pixels - place).T)
        if distance.min() <= NEAR:
            self.chosen, self._dragging = int(distance.argmin()), "point"
            self._push(self.sketch)  # a drag is one step of undo
            return
        x, y = self._world(place)
        road = self.sketch.road
        away = np.hypot(*(road.center - (x, y)).T)
        if away.min() < ON_ROAD * road.width[away.argmin()] / 2:
            sketch, k = self.sketch.inserted(x, y)
            if k >= 0:
                self._push(sketch)
                self.chosen, self._dragging = k, "point"
            return
        self.chosen, self._dragging = None, "view"

    def _drag(self, place: tuple[int, int], moved: tuple[int, int]) -> None:
        if self._dragging == "point" and self.chosen is not None:
            self.steps[self.at] = self.sketch.moved(self.chosen, *self._world(place))
        elif self._dragging == "view":
            x, y = (
                self.camera.x - moved[0] / self.camera.scale,
                self.camera.y + moved[1] / self.camera.scale,
            )
            self.camera = self.camera._replace(x=x, y=y)

    def _key(self, key: int, text: str, ctrl: bool) -> None:
        self._leaving = self._leaving and key in (pygame.K_q, pygame.K_ESCAPE)
        if ctrl and key == pygame.K_s:
            self._save()
        elif key == pygame.K_u or (ctrl and key == pygame.K_z):
            self._undo(-1)
        elif key == pygame.K_y:
            self._undo(1)
        elif key in (pygame.K_q, pygame.K_ESCAPE):
            self._leave()
        elif key in (pygame.K_h, pygame.K_F1):
            self.help = not self.help
        elif text == "0":
            self.camera = self._overview()
        elif key == pygame.K_d:
            self._push(self.sketch.turned())
            self.chosen = None
        elif text in ("{", "}"):
            self._push(self.sketch.widened(WIDEN if text == "}" else -WIDEN))
        elif self.chosen is not None:
            self._point_key(self.chosen, key, text)

    def _point_key(self, k: int, key: int, text: str) -> None:
        """Keys that change the chosen point."""
        if key in (pygame.K_DELETE, pygame.K_BACKSPACE):
            if (without := self.sketch.removed(k)) is self.sketch:
                self.message = f"{len(self.sketch.points)} points are the fewest that make a track"
                return
            self._push(without)
            self.chosen = None
        elif text in ("[", "]"):
            self._push(self.sketch.widened(WIDEN if text == "]" else -WIDEN, k))
        elif key == pygame.K_s:
            self._push(self.sketch.started(k))
            self.chosen = 0

    def _push(self, sketch: Sketch) -> None:
        del self.steps[self.at + 1 :]
        self.steps.append(sketch)
        self.at, self.message = len(self.steps) - 1, ""

    def _undo(self, by: int) -> None:
        self.at = min(max(self.at + by, 0), len(self.steps) - 1)
        self.chosen, self.message = None, ""

    def _save(self) -> None:
        try:
            self.sketch.save(self.path)
        except RacerError as error:
            self.message = str(error)
            return
        self.saved, self._written = self.sketch, True
        self.message = f"saved as {self.path}"

    def _leave(self) -> None:
        if self._is_saved() or self._leaving:
            self.quit = True
        else:
            self._leaving, self.message = True, "not saved: ctrl S saves, Q again leaves"

    def _is_saved(self) -> bool:
        return self.saved is not None and self.saved.text == self.sketch.text

    def _world(self, place: tuple[int, int]) -> tuple[float, float]:
        camera = self.camera
        x = camera.x + (place[0] - camera.width / 2) / camera.scale
        return x, camera.y - (place[1] - camera.height / 2) / camera.scale

    def _overview(self) -> Camera:
        """The whole track, with room around it."""
        (x0, y0), (x1, y1) = (
            self.sketch.road.center.min(axis=0),
            self.sketch.road.center.max(axis=0),
        )
        width, height = (max(side, 1) for side in self._view_size)
        free = 1.0 - 2 * MARGIN
        scale = min(width * free / max(x1 - x0, 1.0), height * free / max(y1 - y0, 1.0))
        return Camera((x0 + x1) / 2, (y0 + y1) / 2, clamp_scale(scale), width, height)

    def draw(self, surface: pygame.Surface) -> None:
        """Paint the road, its points and what it measures."""
        if surface.get_size() != self._view_size:
            self._view_size = surface.get_size()
            width, height = (max(side, 1) for side in self._view_size)
            self.camera = self.camera._replace(width=width, height=height)
        surface.fill(scene.GROUND)
        self._draw_road(surface)
        self._draw_points(surface)
        if surface.get_width() >= HUD_MIN[0] and surface.get_height() >= HUD_MIN[1]:
            self._draw_words(surface)
        if self.help:
            hud.draw_help(surface, KEYS)

    def _draw_road(self, surface: pygame.Surface) -> None:
        road = self.sketch.road
        center, left, right = (self.camera.project(line) for line in (road.center, *road.borders()))
        for k in range(len(center)):
            after = (k + 1) % len(center)
            quad = [left[k], left[after], right[after], right[k]]
            pygame.draw.polygon(surface, scene.ROAD, [p.tolist() for p in quad])
        border = BAD if self.sketch.problem else scene.BORDER
        for line in (left, right):
            pygame.draw.aalines(surface, border, True, line.tolist())
        pygame.draw.aalines(surface, scene.CENTER, True, center.tolist())
        pygame.draw.line(surface, scene.CHECKER, left[0].tolist(), right[0].tolist(), 4)
        ahead = center[min(4, len(center) - 1)]
        pygame.draw.line(surface, CHOSEN, center[0].tolist(), ahead.tolist(), 3)
        pygame.draw.circle(surface, CHOSEN, ahead.tolist(), 5)

    def _draw_points(self, surface: pygame.Surface) -> None:
        for k, place in enumerate(self.camera.project(self.sketch.points)):
            color, size = (CHOSEN, 8) if k == self.chosen else (POINT, 6)
            pygame.draw.circle(surface, scene.GROUND, place.tolist(), size + 2)
            pygame.draw.circle(surface, color, place.tolist(), size)

    def _draw_words(self, surface: pygame.Surface) -> None:
        sheet, road = Sheet(surface), self.sketch.road
        k = self.chosen
        width = self.sketch.widths[0 if k is None else k]
        rows = (
            ("length", f"{road.length:.2f} m"),
            ("tightest bend", f"{road.tightest_m:.2f} m"),
            ("width at the start" if k is None else f"width at point {k}", f"{width:.2f} m"),
            ("points", f"{len(self.sketch.points)}"),
        )
        sheet.panel((hud.PAD, hud.PAD, 300, 60 + 19 * len(rows)))
        title = self.sketch.title or self.path.stem
        sheet.text(title[:30], (2 * hud.PAD, 24), 16, hud.TEXT, bold=True)
        for row, (name, value) in enumerate(rows):
            y = 54 + 19 * row
            sheet.text(name, (2 * hud.PAD, y), 13, hud.DIM)
            sheet.text(value, (300, y), 13, hud.TEXT, right=True, mono=True)
        problem = self.sketch.problem.removeprefix("this: ").removeprefix("track 'this' ")
        said = self.message or problem or "a valid track"
        color = BAD if problem and not self.message else hud.ACCENT
        sheet.panel((hud.PAD, sheet.height - 92, sheet.width - 2 * hud.PAD, 30))
        sheet.text(said[:160], (2 * hud.PAD, sheet.height - 86), 13, color)
        hud.draw_hint(surface, HINT)
