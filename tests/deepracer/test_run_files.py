import json
import os
import subprocess
import venv
from pathlib import Path

import numpy as np
import pytest

import racer.actions
from racer.actions import Continuous, Discrete
from racer.api import train
from racer.config import Config, RaceConfig
from racer.deepracer.logs import check_parity, open_logs
from racer.deepracer.run_files import SimTrace, metadata_of
from racer.errors import BadRun
from racer.race import make_race
from racer.recording.trace import TRACE
from racer.runs import Run

UTILS = "deepracer-utils==1.5.6"


@pytest.mark.parametrize(
    "actions",
    [Continuous((-20.0, 25.0), (0.5, 3.0)), Discrete(((-30.0, 1.0), (0.0, 2.5), (30.0, 1.0)))],
)
def test_metadata_is_read_back_as_the_same_actions(actions, tmp_path):
    path = tmp_path / "model_metadata.json"
    path.write_text(json.dumps(metadata_of(actions)))
    assert racer.actions.load(path) == actions


def test_metadata_names_the_algorithm():
    assert metadata_of(Continuous(), "sac")["training_algorithm"] == "sac"
    assert metadata_of(Continuous(), "ppo")["training_algorithm"] == "clipped_ppo"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short training: its policy is bad, its files are whole."""
    config = Config().override(
        {"train.timesteps": 40_000, "train.sim_trace_cars": 4, "eval.laps": 2}
    )
    return train(config, runs_dir=tmp_path_factory.mktemp("runs"), quiet=True)[0]


@pytest.fixture(scope="module")
def run_among(tmp_path_factory):
    """The same among boxes and a bot: many of its episodes end in a crash."""
    config = Config().override(
        {
            "train.timesteps": 20_000,
            "train.sim_trace_cars": 4,
            "eval.laps": 2,
            "race.others.race": "object_avoidance",
            "race.others.bots": 1,
        }
    )
    return train(config, runs_dir=tmp_path_factory.mktemp("among"), quiet=True)[0]


def test_a_run_has_the_official_folders(run):
    names = {
        str(path.relative_to(run.folder))
        for path in run.folder.rglob("*")
        if path.suffix in (".csv", ".json", ".py")
    }
    assert {
        "training-simtrace/0-iteration.csv",
        "metrics/TrainingMetrics.json",
        "model/model_metadata.json",
        "ip/hyperparameters.json",
        "reward_function.py",
    } <= names
    assert any(
        name.startswith("evaluation-") and name.endswith("0-iteration.csv") for name in names
    )
    assert (run.folder / "reward_function.py").read_bytes() == run.reward_file.read_bytes()
    assert run.damaged() == []


def test_what_a_run_writes_passes_parity(run, oval):
    logs = open_logs(run.folder)
    assert len(logs) >= 2
    for log in logs:
        assert log.notes == ()
        result = check_parity(log, oval)
        assert all(field.matches == field.rows and not field.nearby for field in result.fields)


def test_every_file_holds_twenty_whole_episodes(run):
    paths = sorted((run.folder / "training-simtrace").glob("*.csv"))
    seen = 0
    for number in range(len(paths)):
        (log,) = open_logs(run.folder / "training-simtrace" / f"{number}-iteration.csv")
        parts = log.episodes()
        assert len(parts) == 20
        assert log.rows["episode"][0] == seen
        seen += len(parts)
        for part in parts:
            assert log.rows["steps"][part.start] == 1
            assert log.rows["done"][part.stop - 1]
    metrics = json.loads((run.folder / "metrics/TrainingMetrics.json").read_text())["metrics"]
    assert [entry["episode"] for entry in metrics] == list(range(1, seen + 1))
    assert max(entry["trial"] for entry in metrics) == 20


def utils_python(folder):
    """A Python with deepracer-utils, whose pins are not ours: $RACER_UTILS_PYTHON or a new one."""
    given = os.environ.get("RACER_UTILS_PYTHON")
    if given:
        return given
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    done = subprocess.run([python, "-m", "pip", "install", "-q", UTILS], capture_output=True)
    if done.returncode:
        pytest.skip(f"{UTILS} cannot be installed here: {done.stderr.decode()[-200:]}")
    return python


ANALYSIS = """
import json, sys
from deepracer.logs import AnalysisUtils, DeepRacerLog
run = sys.argv[1]
found = {}
for name in ("load_training_trace", "load_evaluation_trace"):
    log = DeepRacerLog(run)
    getattr(log, name)()
    frame = log.dataframe()
    found[name] = [len(frame), int(frame.episode.nunique())]
log = DeepRacerLog(run)
log.load()
stats = AnalysisUtils.simulation_agg(log.dataframe())
found["episodes"], found["progress"] = len(stats), float(stats.progress.max())
found["complete"] = int(stats.complete.sum())
found["layout"] = str(log.fh.type)
found["actions"] = log.action_space()
found["rate"] = log.hyperparameters()["lr"]
found["crashed"] = int((log.dataframe().episode_status == "crashed").sum())
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def python_of_utils(tmp_path_factory):
    return utils_python(tmp_path_factory.mktemp("utils"))


@pytest.mark.slow  # installs deepracer-utils and what it needs
@pytest.mark.parametrize("name", ["run", "run_among"])
def test_the_official_tools_load_a_run(name, python_of_utils, request):
    run, python = request.getfixturevalue(name), python_of_utils
    done = subprocess.run(
        [python, "-c", ANALYSIS, str(run.folder)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    rows = sum(len(log.rows) for log in open_logs(run.folder / "training-simtrace"))
    assert found["layout"].endswith("DRFC_MODEL_SINGLE_WORKERS")
    assert found["load_training_trace"][0] == rows
    assert found["load_training_trace"][1] == found["episodes"] > 0
    assert found["load_evaluation_trace"][1] == 2
    assert (found["crashed"] > 0) == (name == "run_among")
    assert 0.0 < found["progress"] <= 100.0
    assert set(found["actions"]) == {"speed", "steering_angle"}
    assert found["rate"] == pytest.approx(1e-3)


def test_sim_traces_can_be_left_out(tmp_path):
    config = Config().override({"train.timesteps": 9000, "train.sim_trace_cars": 0, "eval.laps": 1})
    run, _ = train(config, runs_dir=tmp_path, quiet=True)
    assert not (run.folder / "training-simtrace").exists()
    assert not Path(run.folder / "metrics" / "TrainingMetrics.json").exists()


def test_steps_that_no_car_drove_are_not_gone_on_from(tmp_path):
    race = make_race(RaceConfig(), 2, with_reward=False)
    run = Run(tmp_path)
    trace = SimTrace(2)
    trace.on_start(run, race)
    rows, counts = trace.get_state()
    trace.set_state(rows, counts)
    trace.on_start(run, race)
    noise = np.random.default_rng(0).integers(0, 256, (3, TRACE.itemsize), np.uint8)
    for content, lengths in ((noise, [3, 0]), (noise[:, 1:], [3, 0]), (rows, [1, -1])):
        trace.set_state(content, counts | {"rows": lengths})
        with pytest.raises(BadRun):
            trace.on_start(run, race)
