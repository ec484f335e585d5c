"""`racer bench eyes`: learning from pixels timed by the CPU, and roads and colours never seen."""

import pytest

from racer.api import train
from racer.bench import eyes
from racer.bench.training import Learned
from racer.config import Config, EvalConfig, RaceConfig, TrainConfig
from racer.errors import UsageError


def trained(folder, observation):
    race = RaceConfig(observation=observation, reward="progress", randomize="visual")
    train_config = TrainConfig(timesteps=32, num_envs=4, n_steps=8, batch_size=32)
    config = Config(race, train_config, EvalConfig(laps=1))
    return str(train(config, runs_dir=folder, quiet=True)[0].folder)


@pytest.mark.slow
def test_policies_drive_unseen_roads_in_other_colours(tmp_path):
    found = eyes.unseen([trained(tmp_path, "camera")], ["oval", "bean"], tmp_path)
    assert [one.world for one in found] == list(eyes.WORLDS)
    assert {one.tracks for one in found} == {2}
    assert found[0].randomize == "visual"
    assert len({one.completion_pct for one in found}) > 1  # colours count, even for a beginner
    with pytest.raises(UsageError, match="sees features, which has no pictures"):
        eyes.unseen([trained(tmp_path, "features")], ["oval"], tmp_path)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"train.seed": "3"}, r"train.seed does not count here"),
        ({"race.camera.width": "8"}, r"race.camera.width = 8; allowed is 16"),
        ({"race.observation": "lidar"}, "what is learned sees lidar, which has no pictures"),
    ],
)
def test_settings_that_cannot_count_are_refused_before_anything_is_learned(settings, said):
    with pytest.raises(UsageError, match=said):
        eyes.bench(["oval"], seeds=1, seconds=1.0, tell=print, settings=settings)


def test_trainings_have_the_settings_that_are_given(monkeypatch):
    asked = []

    def learn(race, seed, seconds, **options):
        asked.append((race.track, race.observation, race.camera.stack, options["train"].algo))
        return Learned(race.track, race.reward, seed, 100, 1.0, 1.0, None, None, 0.0, None)

    monkeypatch.setattr(eyes, "learn", learn)
    more = {"race.observation": "stereo", "race.camera.stack": "3", "train.algo": "sac"}
    report = eyes.bench(["oval"], seeds=1, seconds=1.0, tell=print, settings=more)
    assert "From pixels, race.observation=stereo, race.camera.stack=3, train" in report.markdown()
    eyes.bench(["tight"], seeds=1, seconds=1.0, tell=print)
    assert asked == [("oval", "stereo", 3, "sac"), ("tight", "camera", 1, "ppo")]


def test_the_tables_show_medians_and_what_was_lapped():
    def one(seed, first, goal):
        return Learned("oval", "progress", seed, 60_000, 20.0, 10.0, first, goal, 100.0, 7.5)

    report = eyes.Report(
        {"cpu": "a CPU"}, 10.0, (one(0, 3.0, None), one(1, 4.0, 9.0), one(2, 5.0, 8.0))
    )
    shown = report.markdown()
    assert "| oval  |     3 |" in shown
    assert "4.0" in shown
    assert "9.0" in shown  # never counts as infinitely late
    assert "6,000" in shown  # steps per CPU second, not per second of the wall
    seen = [eyes.Unseen("a", "none", world, 13, 7, 71.6) for world in eyes.WORLDS]
    assert eyes.unseen_table(seen).count("7 of 13, 72 %") == len(eyes.WORLDS)
