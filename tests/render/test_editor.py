"""The track editor: mouse and keys, undo, saving, and a picture at any size."""

import pygame
import pytest

from racer.cli import main
from racer.render.editor import Editor
from racer.tracks import Track
from racer.tracks.sketch import Sketch


@pytest.fixture
def editor(tmp_path):
    return Editor(Sketch.new("Mine"), tmp_path / "tracks" / "mine.txt")


def press(editor, key, text="", mod=0):
    editor.handle(pygame.event.Event(pygame.KEYDOWN, key=key, unicode=text, mod=mod))


def pixel(editor, x, y):
    return tuple(int(v) for v in editor.camera.project([[x, y]])[0])


def click(editor, place, to=None):
    editor.handle(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=place))
    if to is not None:
        rel = (to[0] - place[0], to[1] - place[1])
        editor.handle(pygame.event.Event(pygame.MOUSEMOTION, pos=to, rel=rel))
    editor.handle(pygame.event.Event(pygame.MOUSEBUTTONUP, button=1, pos=to or place))


def test_a_point_is_dragged_and_the_drag_is_one_step_of_undo(editor):
    before = editor.sketch.text
    click(editor, pixel(editor, 2.5, 0.0), pixel(editor, 2.5, -0.6))
    assert editor.sketch.points[1] == pytest.approx([2.5, -0.6], abs=0.02)
    press(editor, pygame.K_u, "u")
    assert editor.sketch.text == before
    press(editor, pygame.K_y, "y")
    assert editor.sketch.points[1][1] == pytest.approx(-0.6, abs=0.02)


def test_a_click_on_the_road_puts_a_point_there_and_delete_takes_it_away(editor):
    click(editor, pixel(editor, 1.25, 0.0))
    assert len(editor.sketch.points) == 9
    assert editor.chosen == 1
    press(editor, pygame.K_DELETE)
    assert len(editor.sketch.points) == 8


def test_beside_the_road_the_view_moves(editor):
    x = editor.camera.x
    click(editor, (640, 360), (740, 360))
    assert editor.camera.x == pytest.approx(x - 100 / editor.camera.scale)
    assert len(editor.steps) == 1
    press(editor, pygame.K_0, "0")
    assert editor.camera.x == pytest.approx(x)


def test_keys_change_width_start_and_direction(editor):
    click(editor, pixel(editor, 5.0, 0.0))
    press(editor, pygame.K_RIGHTBRACKET, "]")
    assert editor.sketch.widths[2] == pytest.approx(0.85)
    press(editor, pygame.K_RIGHTBRACKET, "}")
    assert editor.sketch.widths[0] == pytest.approx(0.85)
    press(editor, pygame.K_s, "s")
    assert editor.sketch.points[0].tolist() == [5.0, 0.0]
    press(editor, pygame.K_d, "d")
    assert editor.sketch.points[1].tolist() == [2.5, 0.0]


def test_saving_and_leaving(editor):
    press(editor, pygame.K_q, "q")
    assert not editor.quit
    assert "not saved" in editor.message
    press(editor, pygame.K_s, "s", pygame.KMOD_CTRL)
    assert Track.load(editor.path).length > 10
    press(editor, pygame.K_q, "q")
    assert editor.quit


def test_an_invalid_track_is_not_saved_and_says_why(editor):
    for _ in range(60):
        press(editor, pygame.K_RIGHTBRACKET, "}")
    press(editor, pygame.K_s, "s", pygame.KMOD_CTRL)
    assert "not saved: " in editor.message
    assert not editor.path.exists()


def test_leaving_twice_throws_away(editor):
    press(editor, pygame.K_q, "q")
    press(editor, pygame.K_h, "h")  # another key in between takes it back
    press(editor, pygame.K_q, "q")
    assert not editor.quit
    press(editor, pygame.K_q, "q")
    assert editor.quit


D, Q, SAVE = (pygame.K_d, 0), (pygame.K_q, 0), (pygame.K_s, pygame.KMOD_CTRL)


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    """`racer track edit` with words and keys, in a folder with a track `four`; what it said."""
    folder = tmp_path / "tracks"
    folder.mkdir()
    Sketch.new("Four").save(folder / "four.txt")
    monkeypatch.chdir(tmp_path)

    def run(words, *keys):
        def window(*_args, **_options):
            surface = pygame.display.set_mode((1280, 720))
            for key, mod in keys:
                pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key, unicode="", mod=mod))
            return surface

        monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
        monkeypatch.setattr("racer.render.editor.open_window", window)
        assert main(["track", "edit", *words]) == 0
        return capsys.readouterr().out.splitlines()[-1].partition(": ")[2]

    return run


@pytest.mark.parametrize(
    ("words", "keys", "said"),
    [
        (["four"], [Q], "unchanged"),
        (["four"], [D, Q, Q], "unchanged"),
        (["four"], [D, SAVE, Q], "saved"),
        (["four"], [D, SAVE, D, Q, Q], "saved, without the changes after that"),
        (["oval", "--out", "tracks/four.txt"], [Q, Q], "unchanged"),
        (["oval", "--out", "tracks/four.txt"], [SAVE, Q], "saved"),
        (["five"], [Q, Q], "not saved"),
    ],
)
def test_it_says_saved_only_when_it_saved(typed, tmp_path, words, keys, said):
    file = tmp_path / "tracks" / "four.txt"
    before = file.read_text()
    assert typed(words, *keys) == said
    assert (file.read_text() != before) == ("saved" in said and "not" not in said)


def test_another_track_than_the_file_holds_is_not_left_without_a_warning(tmp_path):
    path = tmp_path / "four.txt"
    Sketch.new("Four").save(path)
    editor = Editor(Sketch.new("Other"), path)
    press(editor, pygame.K_q, "q")
    assert not editor.quit
    assert "not saved" in editor.message


def test_it_paints_at_any_size(editor):
    editor.help = True
    for size in ((1280, 720), (320, 200), (1, 1)):
        editor.draw(pygame.Surface(size, 0, 32))
