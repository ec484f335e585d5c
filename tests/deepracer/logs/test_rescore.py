import json

import pytest

from racer.cli import main
from racer.deepracer.logs import open_logs
from racer.deepracer.logs.rescore import called, new_rewards, rescore
from racer.errors import BadLog, RewardFailed
from racer.reward import make_engine
from racer.tracks import Track

REPLAYED = """
def reward_function(params):
    return {expression}
"""


def reward(tmp_path, expression, name="mine"):
    path = tmp_path / f"{name}.py"
    path.write_text(REPLAYED.format(expression=expression))
    return path


@pytest.fixture(scope="module")
def evaluation(reference):
    return (
        reference / "logs/v4_reinvent_base/evaluation.csv",
        reference / "tracks/reinvent_base.npy",
    )


BANDS = """
def reward_function(params):
    share = params["distance_from_center"] / params["track_width"]
    return 1.0 if share <= 0.1 else 0.5 if share <= 0.25 else 0.1 if share <= 0.5 else 1e-3
"""


def test_the_default_reward_gives_exactly_what_the_simulator_logged(evaluation, tmp_path):
    """The old logs were made with the default reward: bands of distance over track_width."""
    folder, track = evaluation[0].parent, Track.load(evaluation[1])
    path = tmp_path / "bands.py"
    path.write_text(BANDS)
    for log in open_logs(folder):
        engine = make_engine(path, n=1, waypoints=track.waypoints)
        again = new_rewards(log, track, engine)
        engine.close()
        assert (again == log.rows["reward"]).all()


def test_old_and_new_per_episode(evaluation, tmp_path):
    path, track = evaluation
    found = rescore(reward(tmp_path, "params['steps'] * 0.0 + 2.0"), path, track)
    assert [score.episode for score in found.scores] == [0, 1, 2]
    for score in found.scores:
        assert score.new == 2.0 * score.steps
    log = open_logs(path)[0]
    assert sum(score.old for score in found.scores) == pytest.approx(log.rows["reward"].sum())
    assert len(found.table().splitlines()) == 5
    assert found.to_json()["new_total"] == 2.0 * called(log).sum()


def test_params_are_those_of_the_row(evaluation, tmp_path):
    path, track = evaluation
    log, road = open_logs(path)[0], Track.load(track)
    for expression, column in (
        ("params['speed']", "speed"),
        ("params['steering_angle']", "steer_deg"),
        ("params['steps']", "steps"),
        ("params['progress']", "progress"),
        ("params['x']", "x"),
        ("float(params['all_wheels_on_track'])", "all_wheels_on_track"),
    ):
        path = reward(tmp_path, expression, column)
        engine = make_engine(path, n=1, waypoints=road.waypoints, engine="inprocess")
        again = new_rewards(log, road, engine)
        engine.close()
        assert again[1:] == pytest.approx(log.rows[column][1:].astype(float), abs=1e-9), column


def test_a_reward_that_fails_says_where(evaluation, tmp_path):
    path, track = evaluation
    with pytest.raises(RewardFailed):
        rescore(reward(tmp_path, "1 / (params['steps'] - 10)"), path, track)


def test_another_track_is_refused(evaluation, tmp_path):
    with pytest.raises(BadLog, match="driven on a track of"):
        rescore(reward(tmp_path, "1.0"), evaluation[0], "oval")


def test_the_command_prints_old_and_new(evaluation, tmp_path, capsys):
    path, track = evaluation
    mine, out = reward(tmp_path, "2.0"), tmp_path / "scores.json"
    command = ["reward", "replay", str(mine), str(path), "--track", str(track)]
    assert main([*command, "--json", str(out)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert len(json.loads(out.read_text())["episodes"]) == 3
    assert main([*command, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(out.read_text())
