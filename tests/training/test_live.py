"""A training that is watched: the same bits, true positions, and nobody to wait for."""

import io
import json
import time

import numpy as np
import pygame
import pytest

from racer import api
from racer.config import Config
from racer.render.live import wire
from racer.render.live.process import WindowProcess
from racer.render.live.swarm import Timeline
from racer.render.live.window import Live as Window
from racer.render.live.window import lines
from racer.render.table import LIVE_KEYS
from racer.training.listener import Listener
from racer.training.listeners import live
from racer.training.listeners.live import Live

PATIENCE_S = 60.0


class Notes:
    """Keeps what it is told."""

    def __init__(self):
        self.told = []
        self.closed = False

    def put(self, kind, content):
        self.told.append((kind, content))

    def close(self):
        self.closed = True

    def of(self, kind):
        return [content for one, content in self.told if one == kind]


class Places(Listener):
    """Where every car was, step by step, and when its episode was new."""

    def __init__(self):
        self.rows = []

    def on_start(self, run, race):
        self.race = race

    def on_step(self, infos):
        self.rows.append(self.race.cars[["x", "y", "yaw", "episode"]].copy())


def config():
    return Config().override(
        {
            "train.num_envs": 16,
            "train.n_steps": 64,
            "train.timesteps": 16 * 64 * 6,
            "train.net_arch": [16],
            "race.reward_engine": "inprocess",
            "eval.laps": 1,
        }
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two trainings of one seed, the second one watched as closely as can be."""
    notes, places, folder = Notes(), Places(), tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("racer.training.train.draw", lambda *_: None)
        patch.setattr(live, "MESSAGE_S", 0.0)
        patch.setattr(live, "LAP_S", 0.0)
        patch.setattr(live, "LAP_SHARE", 1e9)
        plain, _ = api.train(config(), runs_dir=folder, quiet=True)
        watched, _ = api.train(
            config(), runs_dir=folder, quiet=True, listeners=[places, Live(config(), lambda: notes)]
        )
    return plain, watched, notes, places


def test_watching_changes_no_bit_of_a_run(trained):
    plain, watched, *_ = trained
    for name in ("metrics.csv", "policy.safetensors", "evaluation.json"):
        assert (plain.folder / name).read_bytes() == (watched.folder / name).read_bytes(), name


def test_the_swarm_is_where_the_cars_were(trained):
    *_, notes, places = trained
    (about,) = map(dict, notes.of(wire.Kind.START))
    grid = wire.Grid(*about["grid"])
    swarms = [wire.read_swarm(one) for one in notes.of(wire.Kind.SWARM)]
    assert len(swarms) == 6 * 64 // (live.EVERY * live.MOMENTS)
    before = places.rows[0]["episode"]
    for k, swarm in enumerate(swarms):
        for moment in range(live.MOMENTS):
            rows = places.rows[live.EVERY * (k * live.MOMENTS + moment + 1) - 1]
            found = grid.metres(swarm.poses[moment])
            assert np.abs(found[:, 0] - rows["x"]).max() <= grid.unit
            assert np.abs(found[:, 1] - rows["y"]).max() <= grid.unit
            assert np.abs(np.sin(found[:, 2] - rows["yaw"])).max() < 2e-4
            if k or moment:
                assert (swarm.fresh[moment] == (rows["episode"] != before)).all()
            before = rows["episode"]


def test_laps_metrics_and_the_end_are_told(trained):
    _, watched, notes, _ = trained
    laps = [wire.read_lap(one) for one in notes.of(wire.Kind.LAP)]
    assert len(laps) == 5  # before each rollout but the first
    assert all(len(lap.poses) > 1 for lap in laps)
    rows = watched.metrics_file.read_text().count("\n") - 1
    assert rows - 1 <= len(notes.of(wire.Kind.METRICS)) <= rows
    assert notes.told[-1][0] == wire.Kind.END
    assert notes.closed
    json.dumps(notes.of(wire.Kind.METRICS), allow_nan=False)


def test_moments_are_played_evenly_and_a_new_episode_is_no_drive():
    grid = wire.Grid(0.0, 0.0, 0.001)
    line = Timeline(grid)

    def swarm(*xs, fresh=False):
        poses = np.zeros((len(xs), 1, 3), np.int16)
        poses[:, 0, 0] = np.array(xs) * 1000
        return wire.Swarm(0, poses, np.full((len(xs), 1), fresh))

    line.add(swarm(0.0), 10.0)
    assert line.at(10.5)[0][0, 0] == 0.0
    line.add(swarm(1.0, 2.0), 11.0)  # a second after the last: half a second for each moment
    assert line.at(11.0)[0][0, 0] == 0.0
    assert line.at(11.5)[0][0, 0] == pytest.approx(1.0)
    assert line.at(11.75)[0][0, 0] == pytest.approx(1.5)
    assert line.at(99.0)[0][0, 0] == 2.0
    line.add(swarm(9.0, fresh=True), 100.0)
    now, before = line.at(100.1)
    assert now[0, 0] == before[0, 0] == 9.0


def test_what_is_cut_short_or_not_a_message_ends_the_reading():
    good = wire.message(wire.Kind.END, {"words": "x"})
    assert len(list(wire.read(io.BytesIO(good * 2 + good[:-1])))) == 2
    assert list(wire.read(io.BytesIO(b"\x09\x01\x00\x00\x00a"))) == []
    assert list(wire.read(io.BytesIO(wire.HEAD.pack(0, wire.LARGEST + 1)))) == []


@pytest.mark.parametrize("size", [(1, 1), (300, 200), (1280, 720)])
def test_the_window_shows_swarm_lap_and_words_at_every_size(trained, size):
    *_, notes, _ = trained
    view, surface = Window(), pygame.Surface(size, 0, 32)
    view.draw(surface, 0.0)
    for k, (kind, content) in enumerate(notes.told):
        message = wire.message(kind, content)
        for one in wire.read(io.BytesIO(message)):
            view.hear(*one, float(k))
    view.draw(surface, 1000.0)
    with_all = pygame.surfarray.array3d(surface)
    for key in (pygame.K_s, pygame.K_l):
        view.handle(pygame.event.Event(pygame.KEYDOWN, key=key))
    view.draw(surface, 1000.0)
    if size[0] > 1:
        assert (with_all != pygame.surfarray.array3d(surface)).any()
    words = dict(lines(view.about, view.metrics, view.timesteps, view._lap))
    assert words["steps"] == "6,144 of 6,144"


def test_every_key_of_the_window_does_something():
    for row in LIVE_KEYS:
        view = Window()
        before = dict(vars(view))
        word = row.shown.split()[0].lower()
        key = pygame.K_SPACE if word == "space" else ord(word)
        view.handle(pygame.event.Event(pygame.KEYDOWN, key=key))
        assert vars(view) != before, row.shown


def until(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def test_a_window_that_is_closed_stops_nothing(trained, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    *_, notes, _ = trained
    window = WindowProcess()
    for kind, content in notes.told:
        window.put(kind, content)
    window._process.kill()
    window._process.wait()

    def told_in_vain():
        window.put(*notes.told[1])
        return window.closed

    until(told_in_vain)
    window.close()


def test_the_window_closes_when_the_training_is_over(trained, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    *_, notes, _ = trained
    window = WindowProcess()
    for kind, content in notes.told[:5]:
        window.put(kind, content)
    until(lambda: not window._kept)  # the window is open and reads
    window._process.stdin.close()
    assert window._process.wait(PATIENCE_S) == 0
    window.close()


def test_without_a_display_a_sentence_says_so(monkeypatch, caplog):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    window = WindowProcess()
    until(lambda: window.closed)
    (record,) = caplog.records
    assert "--live: no display to open a window on." in record.getMessage()
    assert "The training goes on without it." in record.getMessage()
    window.close()
