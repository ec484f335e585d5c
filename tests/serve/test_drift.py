"""A log of the same road and car is as before; another road or another car is told."""

import json

import numpy as np
import pytest
from made_runs import cruising, made_run

from racer import cli, vehicles
from racer.config import Rules
from racer.errors import UsageError
from racer.race import Race
from racer.serve import drift, log
from racer.serve.served import Answer, RunPolicy
from racer.tracks import Track

STEPS, CARS = 150, 4
LINE = '{"policy": "x", "saw": [%s], "steering_angle_deg": 0, "speed_mps": 1}'


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made_run(tmp_path_factory.mktemp("drift"), cruising(-0.6))


@pytest.fixture(scope="module")
def drive(run):
    """Write a log as a service would whose cars drive on a road."""

    def drive(path, track="oval", seed=7, **changes):
        vehicle = vehicles.load("deepracer")
        for name, value in changes.items():
            vehicle[name] = value
        served = RunPolicy(run.name, run.folder.parent)
        rules = Rules(start="random", continuous=True)
        race = Race(
            Track.load(track),
            CARS,
            vehicle=vehicle,
            actions=served._race.actions,
            rules=rules,
            seed=seed,
        )
        written = log.Log(path, served.about.arrays, served.about.policy)
        race.reset()
        for step in range(STEPS):
            action = served._policy.act(race.obs)
            for i in range(CARS):
                seen = {"observation": race.obs[i : i + 1].copy()}
                written.answered(float(step), seen, served.act(seen))
            race.step(action)
            if race.done_count:
                race.reset(race.done)
        written.close()
        return path

    return drive


def test_the_same_road_and_car_from_other_places_is_as_before(run, drive, tmp_path):
    for seed in (7, 8):
        found = drift.compare(run, drive(tmp_path / f"log{seed}", seed=seed))
        assert found.parted == ()
        assert "sees and does what it did" in found.text()
    assert found.lines == STEPS * CARS


def test_another_road_is_told_by_what_lies_ahead(run, drive, tmp_path):
    found = drift.compare(run, drive(tmp_path / "log", track="s_bends"))
    names = {one.name for one in found.parted}
    assert names & {f"observation[{k}]" for k in range(6, 21)}  # the road ahead
    assert "as neither in training nor in evaluation" in found.text()


def test_another_car_is_told_by_its_speed(run, drive, tmp_path, capsys):
    path = drive(tmp_path / "log", speed_gain=0.8)  # a weaker battery
    words = ["drift", run.name, str(path), "--runs-dir", str(run.folder.parent)]
    assert cli.main(words) == 1
    shown = capsys.readouterr().out
    assert "observation[0] (speed)" in shown
    assert cli.main([*words, "--json", "-"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["features"][0]["name"] == "observation[0]"
    assert said["features"][0]["parted"]


def test_the_index_is_that_of_the_books():
    rng = np.random.default_rng(0)
    normal = drift.Reference(rng.normal(0, 1, 100_000))
    assert normal.index(rng.normal(0, 1, 10_000)) < 0.01
    # between normals a distance d apart it is d squared; ten bins see a little less
    assert normal.index(rng.normal(0.5, 1, 100_000)) == pytest.approx(0.25, rel=0.1)
    constant = drift.Reference(np.full(500, 0.76))
    assert constant.index(np.full(300, 0.7600001)) == pytest.approx(0.0)
    assert constant.index(np.full(300, 0.9)) > 5


def test_a_log_that_says_nothing_of_the_run_is_refused(run, tmp_path, capsys):
    array = RunPolicy(run.name, run.folder.parent).about.arrays[0]
    written = log.Log(tmp_path / "log", [array], "0" * 64)
    for _ in range(drift.LINES_MIN):
        written.answered(0.0, {"observation": np.zeros((1, 21), np.float32)}, Answer(0, 1.0, 2.0))
    written.close()
    with pytest.raises(UsageError, match="has 0 answers of this policy"):
        drift.compare(run, tmp_path / "log")
    strange = ("[]", "{}", "no log", *(LINE % x for x in ("NaN", "1e999", "1" * 400, '"x"', "[]")))
    (tmp_path / "other").write_text("\n".join(strange) + "\n")
    words = ["drift", run.name, str(tmp_path / "other"), "--runs-dir", str(run.folder.parent)]
    assert cli.main(words) == 3
    assert "no line of racer serve --log" in capsys.readouterr().err
