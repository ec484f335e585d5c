"""Comparing runs: the statistics are known ones, and noise is called noise."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.stats

from racer.config import Config, RaceConfig
from racer.errors import BadRun, UnknownName, UsageError
from racer.runs import Run, comparison
from racer.tracks import Track
from racer.training import roads

RNG = np.random.default_rng(5)


def run_of(
    folder,
    reward,
    *,
    completion=100.0,
    lap=10.0,
    first=1000,
    track="oval",
    tags=(),
    settings=None,
    manifest=None,
):
    """A run as far as comparing reads it."""
    road = {} if track is None else {"race.track": track}
    config = Config().override({"race.reward": reward, **road, **(settings or {})})
    evaluation = {"completion_pct": completion, "laps": 5, "laps_completed": 5 * (lap is not None)}
    evaluation |= {"mean_lap_s": lap, "best_lap_s": lap}
    laps = "" if first is None else f"{first},1\n"
    texts = {
        "config.toml": config.to_toml(),
        "evaluation.json": json.dumps(evaluation),
        "metrics.csv": f"timesteps,laps\n500,0\n{laps}",
    }
    return Run.create(folder, [reward], texts=texts, manifest=manifest or {}, tags=tags)


def many(folder, reward, laps, **options):
    return [run_of(folder, reward, lap=float(lap), **options).name for lap in laps]


@pytest.mark.parametrize("n", range(1, 12))
def test_iqm_is_scipys_trimmed_mean(n):
    values = RNG.normal(size=(3, n))
    np.testing.assert_allclose(
        comparison.iqm(values), scipy.stats.trim_mean(values, 0.25, axis=-1), atol=1e-14
    )


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    hits = 0
    for trial in range(200):
        found = comparison.interval(RNG.normal(3.0, 1.0, 30), seed=trial)
        hits += found.low <= 3.0 <= found.high
    assert 170 <= hits <= 199  # 95 % of 200 is 190; a percentile bootstrap of 30 is a little short


def test_a_real_difference_is_named_with_its_size(tmp_path):
    slow = many(tmp_path, "center_line", RNG.normal(12, 0.2, 8))
    quick = many(tmp_path, "racing", RNG.normal(10, 0.2, 8))
    groups = comparison.groups_of(slow + quick, tmp_path)
    assert [len(group.runs) for group in groups] == [8, 8]
    text = comparison.verdict(groups)
    assert text.startswith("racing is better than center_line")
    assert "less lap time" in text
    assert "more than noise" in text
    shown = comparison.difference(groups[1].values["lap_time_s"], groups[0].values["lap_time_s"])
    assert shown.low < shown.iqm < shown.high < 0
    assert abs(shown.iqm + 2.0) < 0.3


def test_noise_is_called_noise(tmp_path):
    same = RNG.normal(12, 1.0, 6)
    names = many(tmp_path, "a", same) + many(tmp_path, "b", same[::-1] + 0.01)
    assert "do not differ by more than noise" in comparison.verdict(
        comparison.groups_of(names, tmp_path)
    )


def test_two_equal_runs_are_called_equal(tmp_path):
    names = many(tmp_path, "a", [12.0]) + many(tmp_path, "b", [12.0])
    text = comparison.verdict(comparison.groups_of(names, tmp_path))
    assert "did equally well" in text
    names += many(tmp_path, "c", [11.0])
    text = comparison.verdict(comparison.groups_of(names, tmp_path))
    assert text.startswith("c looks better than")


def test_completion_counts_before_lap_time(tmp_path):
    names = many(tmp_path, "reckless", [7.0] * 5, completion=60.0)
    names += many(tmp_path, "careful", [15.0] * 5)
    text = comparison.verdict(comparison.groups_of(names, tmp_path))
    assert text.startswith("careful is better than reckless: 40.00 % more completion")


def test_different_tracks_are_not_compared(tmp_path):
    names = many(tmp_path, "a", [10.0] * 4) + many(tmp_path, "a", [20.0] * 4, track="tight")
    assert "different tracks" in comparison.verdict(comparison.groups_of(names, tmp_path))


def on_roads(folder, typed):
    """Two seeds on each of `typed`: (--track or --tracks, its text, sha256)."""
    return [
        run_of(
            folder,
            "a",
            track=None,
            settings={f"race.{option}": text, "train.seed": seed},
            manifest={"track": {"sha256": sha256}},
        ).name
        for option, text, sha256 in typed
        for seed in (0, 1)
    ]


@pytest.mark.parametrize(
    ("option", "one", "other", "names"),
    [
        ("track", "d1/same.npy", "d2/same.npy", ["d1/same.npy", "d2/same.npy"]),
        ("track", "same.npy", "same.npy", ["same.npy (aaaaaaa)", "same.npy (bbbbbbb)"]),
        ("track", "d1/one.npy", "d2/other.npy", ["one", "other"]),
        ("tracks", "oval,odd/flower.npy", "bean, odd/flower.npy", ["oval,flower", "bean,flower"]),
        ("tracks", "d1/pack", "d2/pack", ["d1/pack", "d2/pack"]),
    ],
)
def test_other_roads_are_other_groups_whatever_the_file_is_called(
    tmp_path, option, one, other, names
):
    runs = on_roads(tmp_path, [(option, one, "a" * 64), (option, other, "b" * 64)])
    groups = comparison.groups_of(runs, tmp_path)
    assert [(group.label, len(group.runs)) for group in groups] == [(name, 2) for name in names]
    assert "different tracks" in comparison.verdict(groups)


def test_one_road_typed_in_two_ways_is_one_group(tmp_path):
    """Also beside another road, for which its folder must be named."""
    same = [("track", "d1/same.npy", "a" * 64), ("track", "./d1/same.npy", "a" * 64)]
    runs = on_roads(tmp_path, [*same, ("track", "d2/same.npy", "b" * 64)])
    groups = comparison.groups_of(runs, tmp_path)
    assert [len(group.runs) for group in groups] == [4, 2]


def test_a_reward_that_was_edited_is_another_one(tmp_path):
    """Also where its name stayed: else an edit would count as a seed."""
    texts = [("fast", "a"), ("rewards/fast.py", "a"), ("fast", "b"), ("fast", "b")]
    runs = [
        run_of(
            tmp_path,
            "fast",
            settings={"race.reward": name, "train.seed": seed},
            manifest={"reward": {"name": "fast", "sha256": text * 64}},
        ).name
        for seed, (name, text) in enumerate(texts)
    ]
    groups = comparison.groups_of(runs, tmp_path)
    assert [len(group.runs) for group in groups] == [2, 2]
    assert [group.label for group in groups] == ["fast (aaaaaaa)", "fast (bbbbbbb)"]


@pytest.mark.parametrize("kind", ["vehicle", "actions"])
def test_a_car_that_was_edited_is_another_one(kind, tmp_path):
    texts = ["a", "a", "b", "b"]
    runs = [
        run_of(
            tmp_path,
            "fast",
            settings={f"race.{kind}": "mine", "train.seed": seed},
            manifest={kind: {"name": "mine", "sha256": text * 64}},
        ).name
        for seed, text in enumerate(texts)
    ]
    groups = comparison.groups_of(runs, tmp_path)
    assert [group.label for group in groups] == ["mine (aaaaaaa)", "mine (bbbbbbb)"]
    older = run_of(tmp_path, "fast", settings={f"race.{kind}": "mine", "train.seed": 7}).name
    groups = comparison.groups_of([*runs, older], tmp_path)  # nobody knows what it drove
    assert [group.label for group in groups][2] == "mine (unknown)"
    assert [len(group.runs) for group in groups] == [2, 2, 1]
    groups = comparison.groups_of([*runs[:2], older], tmp_path)
    assert [len(group.runs) for group in groups] == [3]


def test_a_list_of_one_track_is_that_track(tmp_path):
    names = []
    for option in ("track", "tracks"):
        recorded = roads.recorded(RaceConfig(**{option: "oval"}), [Track.load("oval")])
        settings = {f"race.{option}": "oval"}
        for reward in ("a", "b"):
            run = run_of(tmp_path, reward, track=None, settings=settings, manifest=recorded)
            names.append(run.name)
    for some in (names, [names[0], names[3]]):  # both in one group; each in its own
        groups = comparison.groups_of(some, tmp_path)
        assert [group.label for group in groups] == ["a", "b"]
        assert "different tracks" not in comparison.verdict(groups)


def test_a_tag_over_several_tracks_is_told(tmp_path, caplog):
    for track in ("oval", "bean"):
        run_of(tmp_path, "a", track=track, tags=["mine"])
    comparison.groups_of(["mine"], tmp_path)
    assert "mine holds runs on several tracks (bean; oval)" in caplog.text


SEES, STACK, NET = "race.observation", "race.camera.stack", "train.network"


@pytest.mark.parametrize(
    ("one", "label", "label_without"),
    [
        ({SEES: "camera", NET: "small"}, "camera", "features"),
        ({SEES: "camera+features", STACK: 3}, "camera+features", "features"),
        ({STACK: 3}, "camera.stack=3", "camera.stack=1"),
        ({"race.randomize": "visual"}, "randomize=visual", "randomize=none"),
        ({"train.gamma": 0.9}, "gamma=0.9", "gamma=measured best"),
        ({"race.tracks": "generated:3"}, "generated:3", "oval"),
        ({"race.vehicle": "f1tenth", SEES: "lidar"}, "lidar, f1tenth", "features, deepracer"),
    ],
)
def test_runs_that_differ_by_more_than_the_seed_are_two_groups(tmp_path, one, label, label_without):
    names = []
    for settings in (one, {}):
        for seed in (0, 1):  # threads change no number
            more = {"train.seed": seed, "train.threads": 1 + seed, **settings}
            track = None if "race.tracks" in settings else "oval"
            names.append(run_of(tmp_path, "a", track=track, settings=more).name)
    groups = comparison.groups_of(names, tmp_path)
    assert {group.label: len(group.runs) for group in groups} == {label: 2, label_without: 2}


def test_two_single_runs_prove_nothing(tmp_path):
    names = many(tmp_path, "a", [10.0]) + many(tmp_path, "b", [20.0])
    assert "fewer than 3 runs" in comparison.verdict(comparison.groups_of(names, tmp_path))


def test_runs_without_a_lap_are_counted_not_averaged(tmp_path):
    names = [run_of(tmp_path, "a", completion=30.0, lap=None, first=None).name]
    names += many(tmp_path, "a", [10.0, 11.0])
    (group,) = comparison.groups_of(names, tmp_path)
    assert len(group.values["lap_time_s"]) == 2
    assert "(1 without)" in comparison.table([group])


def test_a_tag_stands_for_its_runs(tmp_path):
    many(tmp_path, "a", [10.0, 10.5], tags=["first-try"])
    (group,) = comparison.groups_of(["first-try"], tmp_path)
    assert (group.label, len(group.runs)) == ("first-try", 2)
    with pytest.raises(UnknownName):
        comparison.groups_of(["second-try"], tmp_path)


def test_a_tag_may_be_called_like_a_folder_here(tmp_path, monkeypatch):
    """The folder is no run, so the name is meant as the tag."""
    many(tmp_path / "runs", "a", [10.0, 10.5], tags=["rewards"])
    (tmp_path / "rewards").mkdir()
    monkeypatch.chdir(tmp_path)
    (group,) = comparison.groups_of(["rewards"], tmp_path / "runs")
    assert (group.label, len(group.runs)) == ("rewards", 2)
    (tmp_path / "tracks").mkdir()
    with pytest.raises(BadRun, match="not a run"):
        comparison.groups_of(["tracks"], tmp_path / "runs")


def test_the_same_run_twice_counts_once(tmp_path):
    (name,) = many(tmp_path, "a", [10.0])
    (group,) = comparison.groups_of([name, "latest"], tmp_path)
    assert len(group.runs) == 1


def test_a_run_that_was_not_evaluated_is_refused(tmp_path):
    run = run_of(tmp_path, "a")
    run.evaluation_file.unlink()
    with pytest.raises(BadRun, match="has no result yet"):
        comparison.groups_of([run.name], tmp_path)


def test_a_run_of_a_tag_that_was_not_evaluated_is_left_out_aloud(tmp_path, caplog):
    many(tmp_path, "a", [10.0, 10.5, 11.0], tags=["mine"])
    run = run_of(tmp_path, "a", tags=["mine"])
    run.evaluation_file.unlink()
    (group,) = comparison.groups_of(["mine"], tmp_path)
    assert len(group.runs) == 3
    assert f"not counted: {run.name}" in caplog.text
    for other in group.runs:
        other.evaluation_file.unlink()
    with pytest.raises(BadRun, match="has no result yet"):
        comparison.groups_of(["mine"], tmp_path)


def test_a_single_run_has_no_interval(tmp_path):
    names = many(tmp_path, "a", [10.0])
    text = comparison.table(comparison.groups_of(names, tmp_path))
    assert "10.00" in text.splitlines()[1]
    assert "[" not in text.splitlines()[1]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("evaluation.json", b'{"completion_pct": "x", "mean_lap_s": 1}'),
        ("evaluation.json", b'{"completion_pct": 1e999, "mean_lap_s": 1}'),
        ("metrics.csv", b"timesteps,laps\na,1\n"),
        ("metrics.csv", b"laps\n1\n"),
        ("metrics.csv", b"timesteps,laps_pct\n1,nan\n"),
        ("metrics.csv", b"timesteps,laps_pct\n1e3,0\n"),
        ("config.toml", b"x"),
        ("config.toml", b"\xff"),
        ("config.toml", b"[race]\nbogus = 1\n"),
        ("config.toml", b"race = 1\n"),
        ("config.toml", b"#" * (2**20 + 1)),
    ],
)
def test_a_damaged_run_is_refused_by_the_name_of_its_file(tmp_path, name, content):
    run = run_of(tmp_path, "a")
    (run.folder / name).write_bytes(content)
    with pytest.raises(BadRun, match=name.replace(".", r"\.")):
        comparison.groups_of([run.name], tmp_path)


def test_the_plot_is_a_png(tmp_path):
    names = many(tmp_path, "a", [10.0, 11.0]) + many(tmp_path, "b", [12.0, 13.0])
    comparison.picture(comparison.groups_of(names, tmp_path), tmp_path / "c.png")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_a_long_curve_is_thinned_out(tmp_path):
    run = run_of(tmp_path, "a")
    rows = "".join(f"{i},{int(i >= 9000)},{i / 100}\n" for i in range(1, 10_001))
    run.metrics_file.write_text("timesteps,laps,laps_pct\n" + rows)
    (group,) = comparison.groups_of([run.name], tmp_path)
    steps, laps = group.curves[0]
    assert 1000 < len(steps) <= 4096
    assert (np.diff(steps) > 0).all()
    assert np.allclose(laps, steps / 100)
    assert group.values["first_lap_steps"].tolist() == [9000.0]


def test_a_run_on_both_sides_is_refused_and_a_mixed_tag_told(tmp_path, caplog):
    a, b = run_of(tmp_path, "a"), run_of(tmp_path, "b")
    for run in (a, b):
        run.record(tags=["both"])
    with pytest.raises(UsageError, match="leave it out on one side"):
        comparison.groups_of(["both", a.name], tmp_path)
    assert "both holds runs of several rewards (a, b)" in caplog.text


def test_lap_times_are_told_in_percent_of_optimal_where_it_is_known(tmp_path, monkeypatch):
    names = many(tmp_path, "slow", [10.0, 10.1, 10.2]) + many(tmp_path, "quick", [8.0, 8.1, 8.2])
    plain = comparison.groups_of(names, tmp_path)
    assert "optimal" not in comparison.table(plain) + comparison.verdict(plain)
    monkeypatch.setattr(comparison, "share_of", lambda run: 80.0 if "slow" in run.name else 95.0)
    groups = comparison.groups_of(names, tmp_path)
    assert "of optimal (%)" in comparison.table(groups)
    assert comparison.verdict(groups).endswith("95.0 % of optimal, the other's 80.0 %.")
