"""What a car sees is shown beside the road, as its policy is given it."""

import numpy as np
import pytest

from racer.cli import main
from racer.config import CameraConfig, RaceConfig
from racer.race import make_race
from racer.recording.trace import AROUND
from racer.render.scene import Pose
from racer.render.sight import Sight, sight_of
from racer.sim.types import BOX
from racer.tracks import Track


def test_the_inset_is_the_picture_that_a_policy_is_given():
    config = RaceConfig(observation="camera", camera=CameraConfig(stack=2))
    race = make_race(config, 1, with_reward=False)
    obs = race.reset()
    car = race.cars[0]
    sight = sight_of(race.track, config)
    seen = sight.picture(Pose(car["x"], car["y"], car["yaw"], 0.0, 0.0))
    np.testing.assert_array_equal(seen, np.repeat(obs[0, 1][..., None], 3, axis=2))
    assert sight_of(race.track, RaceConfig()) is None
    assert sight_of(race.track, None) is None


def test_boxes_are_seen_where_they_were_recorded():
    track = Track.load("oval")
    x, y, yaw = track.pose_at(0.0)
    around = np.zeros(1, AROUND)
    around["x"], around["y"], around["kind"] = x + np.cos(yaw), y + np.sin(yaw), BOX
    around["length"], around["width"], around["present"] = 0.4, 0.3, True
    sight, pose = Sight(track), Pose(x, y, yaw, 0.0, 0.0)
    assert (sight.picture(pose) != sight.picture(pose, around)).any()
    around["present"] = False
    np.testing.assert_array_equal(sight.picture(pose), sight.picture(pose, around))


def test_the_picture_has_an_inset_in_its_corner():
    pygame = pytest.importorskip("pygame")
    surface = pygame.Surface((800, 450), 0, 32)
    track = Track.load("oval")
    Sight(track).draw(surface, Pose(*track.pose_at(0.0), 0.0, 0.0))
    drawn = pygame.surfarray.array3d(surface).any(axis=2)
    assert drawn[:180, 300:].any()
    assert not drawn[220:].any()


def test_a_picture_of_the_view_from_a_place(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["track", "show", "oval", "--no-window", "--camera"]
    assert main([*words, "2.5", "--png", "seen.png"]) == 0
    assert (tmp_path / "seen.png").read_bytes().startswith(b"\x89PNG")
    assert "seen.png" in capsys.readouterr().out
