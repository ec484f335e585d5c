"""Visual randomisation: another world in every episode of every car, the same for the same seed."""

import numpy as np
import pytest

from racer import observations
from racer.config import CameraConfig, RaceConfig, Sensors
from racer.errors import BadConfig
from racer.evaluation.drive import from_the_line
from racer.race import make_race

SMALL = CameraConfig(width=40, height=30, color="rgb")


def varied(n, seed=0, observation="camera"):
    config = RaceConfig(observation=observation, camera=SMALL, randomize="visual")
    return make_race(config, n, with_reward=False, seed=seed)


@pytest.fixture(scope="module")
def means():
    """Mean level of the lowest row's road, over many episodes from one place: (300, 3)."""
    race = varied(300)
    race.reset()
    race.cars["x"], race.cars["y"], race.cars["yaw"] = race.track.pose_at(0.0)
    return race.refresh()[:, :, 25:, :12].astype(float).mean(axis=(2, 3))


def test_light_and_colours_vary_within_what_is_documented(means):
    plain = make_race(RaceConfig(observation="camera", camera=SMALL), 1, with_reward=False)
    plain.reset()
    plain.cars["x"], plain.cars["y"], plain.cars["yaw"] = plain.track.pose_at(0.0)
    usual = plain.refresh()[0, :, 25:, :12].astype(float).mean(axis=(1, 2))
    ratio = means / usual
    assert ratio.min() > 0.6 * 0.9 * 0.8 * 0.9  # a line's wear takes some more
    assert ratio.max() < 1.4 * 1.1 * 1.2 * 1.1
    assert np.ptp(ratio, axis=0).min() > 0.5
    tint = means[:, 0] / means[:, 2]
    assert tint.std() > 0.02


def test_the_same_seed_sees_the_same_in_any_batch():
    race, one = varied(3, seed=4, observation="stereo"), varied(1, seed=6, observation="stereo")
    for each in (race, one):
        each.reset()
        each.step(np.zeros((each.n, 2), np.float32))
    np.testing.assert_array_equal(observations.take(race.obs, 2), one.obs[0])
    again = varied(3, seed=4, observation="stereo")
    again.reset()
    np.testing.assert_array_equal(again.step(np.zeros((3, 2), np.float32)), race.obs)


def test_an_episode_keeps_its_light_and_the_next_has_another():
    race = varied(1)
    first = race.reset().copy()
    race.cars["steps"] += 1  # nothing moves: noise alone is new
    moved = np.abs(race.refresh().astype(int) - first).max()
    assert 0 < moved <= 25
    race.cars["episode"] += 1
    assert np.abs(race.refresh().astype(int).mean() - first.mean()) > 1.0


def test_evaluations_are_driven_in_the_usual_light():
    config = RaceConfig(observation="camera", randomize="visual")
    assert config.sensors.varied
    assert from_the_line(config, continuous=True).randomize == "none"
    assert not Sensors().varied
    with pytest.raises(BadConfig, match=r"race.randomize = 'light'; allowed is none, visual"):
        RaceConfig(randomize="light")
