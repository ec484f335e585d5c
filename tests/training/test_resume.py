"""A run goes on as if it had never stopped, and says when it is asked for something else."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from racer import api
from racer.api import resume
from racer.config import Config
from racer.errors import BadRun, ResourceError, RewardFailed, Stopped, UsageError
from racer.process import memory
from racer.runs import Run
from racer.training import checkpoint
from racer.training.listener import Listener
from racer.training.listeners.early_stop import EarlyStop, settled
from racer.training.listeners.tensorboard import Events
from racer.training.metrics import COLUMNS, Metrics

ROOT = Path(__file__).resolve().parents[2]
TOTAL = 24 * 512


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch):
    """Drawing takes longer than these trainings."""
    monkeypatch.setattr("racer.training.train.draw", lambda *_: None)


def config(**more):
    small = {
        "train.num_envs": 16,
        "train.n_steps": 32,
        "train.n_epochs": 2,
        "train.timesteps": TOTAL,
        "train.net_arch": [16],
        "race.reward_engine": "inprocess",
        "eval.laps": 1,
    }
    return Config().override(small | {k.replace("__", "."): v for k, v in more.items()})


def learn(folder, settings=None, **options):
    run, _ = api.train(settings or config(), runs_dir=folder, quiet=True, **options)
    return run


def outcome(run):
    """All bits a training ends with, clocks aside."""
    state = checkpoint.latest(run.checkpoints).state
    found = {name: array.tobytes() for name, array in state.arrays.items()}
    facts = {k: v for k, v in state.facts.items() if k not in ("episodes", "_total_timesteps")}
    found["facts"] = json.dumps(facts, sort_keys=True)
    found["policy"] = (run.folder / "policy.safetensors").read_bytes()
    found["weights"] = state.policy.to_bytes()
    found["metrics"] = run.metrics_file.read_bytes()
    found["evaluation"] = run.evaluation_file.read_bytes()
    found["laps"] = run.laps_file.read_bytes()
    official = [*run.folder.glob("training-simtrace/*"), *run.folder.glob("metrics/*.json")]
    return found | {path.name: path.read_bytes() for path in official}


def differing(a, b):
    a, b = outcome(a), outcome(b)
    return {name for name in a.keys() | b.keys() if a.get(name) != b.get(name)}


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("racer.training.train.draw", lambda *_: None)
        yield learn(tmp_path_factory.mktemp("straight"))


def interrupted(folder, monkeypatch, step, settings=None):
    """A run stopped by SIGINT at the `step`-th environment step."""
    from racer.envs.sb3 import RacerVecEnv

    real, seen = RacerVecEnv.step_wait, [0]

    def step_wait(self):
        seen[0] += 1
        if seen[0] == step:
            os.kill(os.getpid(), signal.SIGINT)
        return real(self)

    with monkeypatch.context() as patch:
        patch.setattr(RacerVecEnv, "step_wait", step_wait)
        with pytest.raises(Stopped, match="racer train --resume") as caught:
            learn(folder, settings)
    assert caught.value.exit_code == 130
    return Run.open("latest", folder)


def test_the_same_seed_gives_the_same_bits(straight, tmp_path):
    assert differing(straight, learn(tmp_path)) == set()


def test_another_process_and_hash_seed_give_the_same_bits(straight, tmp_path):
    config_file = tmp_path / "config.toml"
    config_file.write_text(config().to_toml())
    words = ["train", "--config", str(config_file), "--runs-dir", str(tmp_path / "runs")]
    environ = os.environ | {"PYTHONHASHSEED": "99", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "racer", *words]
    subprocess.run(command, check=True, env=environ, capture_output=True)
    assert differing(straight, Run.open("latest", tmp_path / "runs")) == set()


class Heard(Listener):
    """Remembers the rows it was told and what else, in order."""

    name = "heard"

    def __init__(self):
        self.rows, self.calls, self.given = [], [], None

    def on_start(self, run, race):
        self.calls.append("start")

    def on_step(self, infos):
        assert len(infos) == 16
        if self.calls[-1] != "step":
            self.calls.append("step")

    def on_metrics(self, row):
        self.rows.append(row)

    def on_checkpoint(self, state):
        self.calls.append("checkpoint")

    def on_end(self, result):
        self.calls.append(result)

    def get_state(self):
        return None, {"rows": len(self.rows)}

    def set_state(self, content, facts):
        assert content is None
        self.given = facts["rows"]


def test_a_listener_hears_the_start_the_steps_the_checkpoints_and_the_end(tmp_path):
    heard = Heard()
    _, result = api.train(config(), runs_dir=tmp_path, quiet=True, listeners=[heard])
    assert heard.calls[:2] == ["start", "checkpoint"]
    assert heard.calls[-3:] == ["step", "checkpoint", result]
    assert 0 < heard.rows[-1]["timesteps"] <= TOTAL


def test_a_listener_hears_of_an_end_without_a_result(tmp_path, monkeypatch):
    reward = tmp_path / "late.py"
    reward.write_text("def reward_function(params):\n    return 1.0 / (params['steps'] - 40)\n")
    heard = Heard()
    mended = "--accept-change, after mending the reward"
    with pytest.raises(RewardFailed, match=f"go on: .*racer train --resume .* {mended}"):
        learn(tmp_path, config(race__reward=str(reward)), listeners=[heard])
    assert heard.calls[-1] is None


def test_a_listener_gets_back_what_a_checkpoint_kept(tmp_path, monkeypatch):
    run = interrupted(tmp_path, monkeypatch, 100)
    first, second = Heard(), Heard()
    patched = {"train.time_limit_s": 1e-6}
    monkeypatch.setattr(Heard, "get_state", lambda self: (None, {"rows": 41}))
    resume(run, patched, quiet=True, listeners=[first])
    assert first.given is None  # nobody of that name was there before
    resume(run, patched, quiet=True, listeners=[second])
    assert second.given == 41


def test_two_listeners_of_one_name_are_refused(tmp_path):
    with pytest.raises(UsageError, match="'heard'"):
        learn(tmp_path, listeners=[Heard(), Heard()])
    assert list(tmp_path.iterdir()) == []


def test_watching_and_saving_change_no_bit(straight, tmp_path):
    often = config(train__checkpoint_every_s=0.0)
    heard = Heard()
    run = learn(tmp_path, often, listeners=[heard])
    assert len(heard.rows) >= 2
    assert differing(straight, run) == set()


@pytest.mark.parametrize("engine", ["worker", "auto"])
def test_reward_engines_change_no_bit(straight, tmp_path, engine):
    assert differing(straight, learn(tmp_path, config(race__reward_engine=engine))) == set()


PARTS = """
components = {}
def reward_function(params):
    components["speed"] = params["speed"] / 4.0
    components["middle"] = float(params["distance_from_center"] < 0.1)
    return components["speed"] * components["middle"]
"""


def test_components_of_a_reward_are_logged_and_go_on_to_the_same_bits(tmp_path, monkeypatch):
    reward = tmp_path / "parts.py"
    reward.write_text(PARTS)
    settings = config(race__reward=str(reward), race__reward_engine="auto")
    whole = learn(tmp_path / "a", settings)
    header, first, *_ = whole.metrics_file.read_text().splitlines()
    assert header.split(",") == [*COLUMNS, "component_middle", "component_speed"]
    middle, speed = map(float, first.split(",")[-2:])
    assert 0.0 < middle < 1.0
    assert 0.25 < speed < 1.0  # of 4 m/s, within the action space
    run = interrupted(tmp_path / "b", monkeypatch, 200, settings)
    resume(run, {}, quiet=True)
    assert differing(whole, run) == set()
    settings = config(race__reward=str(reward), train__timesteps=TOTAL // 2)
    longer = learn(tmp_path / "c", settings)
    resume(longer, {"train.timesteps": TOTAL}, quiet=True)
    assert "metrics" not in differing(whole, longer)


@pytest.mark.parametrize("step", [1, 70, 200, 500])
def test_a_stopped_run_goes_on_to_the_same_bits(straight, tmp_path, monkeypatch, step):
    run = interrupted(tmp_path, monkeypatch, step)
    assert run.manifest()["status"] == "stopped"
    resume(run, {}, quiet=True)
    assert differing(straight, run) == set()
    assert run.manifest()["resumed"][0]["changes"] == []
    assert run.damaged() == []


def test_a_run_that_has_a_best_policy_but_no_checkpoint_begins_anew(
    straight, tmp_path, monkeypatch
):
    run = interrupted(tmp_path, monkeypatch, 200)
    for folder in checkpoint.steps(run.checkpoints):
        shutil.rmtree(folder)
    assert checkpoint.best(run.checkpoints)
    resume(run, {}, quiet=True)
    assert differing(straight, run) == set()


def test_sac_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    settings = Config().override(
        {
            "train.algo": "sac",
            "train.num_envs": 32,
            "train.timesteps": 4096 + 32 * 30,
            "train.net_arch": [16],
            "eval.laps": 1,
        }
    )
    whole = learn(tmp_path / "a", settings)
    run = interrupted(tmp_path / "b", monkeypatch, 140, settings)
    resume(run, {}, quiet=True)
    assert differing(whole, run) == set()


def killed(folder, settings, step):
    """A run whose process was killed at the `step`-th environment step."""
    from racer.envs.sb3 import RacerVecEnv

    pid = os.fork()
    if pid == 0:
        real, seen = RacerVecEnv.step_wait, [0]

        def step_wait(self):
            seen[0] += 1
            if seen[0] == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(self)

        try:
            RacerVecEnv.step_wait = step_wait
            learn(folder, settings)
        finally:
            os._exit(0)  # not reached; never the rest of the tests
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    return Run.open("latest", folder)


# Newer Pythons warn of forking with threads; torch's pool is not used in these trainings.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_killed_run_that_sees_a_randomised_world_goes_on_to_the_same_bits(tmp_path):
    small = config(train__num_envs=8, train__timesteps=4 * 256, train__checkpoint_every_s=0.0)
    settings = small.override(
        {
            "race.observation": "camera+features",
            "race.randomize": "visual+physics",
            "race.camera.width": 40,
            "race.camera.height": 40,
            "race.camera.stack": 2,
        }
    )
    whole = learn(tmp_path / "whole", settings)
    run = killed(tmp_path / "killed", settings, step=32 + 32 + 20)
    assert checkpoint.latest(run.checkpoints).state.timesteps == 2 * 256
    resume(run, {}, quiet=True)
    assert differing(whole, run) == set()


def test_asking_for_more_is_like_having_asked_at_once(straight, tmp_path):
    run = learn(tmp_path, config(train__timesteps=TOTAL // 2))
    with pytest.raises(UsageError, match="Ask for more"):
        resume(run, {}, quiet=True)
    resume(run, {"train.timesteps": TOTAL}, quiet=True)
    # The best is chosen among more policies, as the first half ended with one; all else is equal.
    assert differing(straight, run) <= {"policy", "evaluation"}


def test_a_finished_run_with_nothing_left_to_train_is_left_as_it_is(straight):
    before = {p: p.read_bytes() for p in straight.folder.rglob("*") if p.is_file()}
    with pytest.raises(UsageError, match=r"has trained 12,288 of 12,288 steps\. Ask for more"):
        resume(straight, {}, quiet=True)
    after = {p: p.read_bytes() for p in straight.folder.rglob("*") if p.is_file()}
    assert after == before


def test_a_training_that_never_began_leaves_no_run(straight, tmp_path):
    with pytest.raises(BadRun, match="hidden layers"):
        learn(tmp_path / "runs", config(train__net_arch=[8]), parent=straight)
    assert list((tmp_path / "runs").iterdir()) == []


def test_another_setting_is_refused_or_recorded(tmp_path, monkeypatch):
    run = interrupted(tmp_path, monkeypatch, 100)
    with pytest.raises(UsageError, match=r"train\.learning_rate was None, now 0\.0001"):
        resume(run, {"train.learning_rate": 1e-4}, quiet=True)
    resume(run, {"train.learning_rate": 1e-4}, accept_change=True, quiet=True)
    assert "learning_rate" in run.manifest()["resumed"][0]["changes"][0]
    assert Config.from_toml(run.config_file).train.learning_rate == 1e-4


def test_a_change_of_a_file_beside_the_reward_is_refused_or_recorded(tmp_path):
    mine, table = tmp_path / "mine.py", tmp_path / "k.json"
    mine.write_text("K = float(open('k.json').read())\ndef reward_function(p): return K\n")
    table.write_text("1.0")
    run = learn(tmp_path, config(race__reward=str(mine), train__timesteps=512))
    copy, more = run.folder / "reward_files" / "k.json", {"train.timesteps": 1024}
    assert copy.read_text() == "1.0"
    table.write_text("2.0")
    with pytest.raises(UsageError, match=r"k\.json beside the reward .* differs"):
        resume(run, more, quiet=True)
    assert (copy.read_text(), run.damaged()) == ("1.0", [])
    resume(run, more, accept_change=True, quiet=True)
    assert (copy.read_text(), run.damaged()) == ("2.0", [])
    copy.write_text("3.0")
    assert run.damaged() == ["reward_files/k.json changed since it was written"]


def test_other_sizes_cannot_be_accepted(tmp_path, monkeypatch):
    run = interrupted(tmp_path, monkeypatch, 100)
    for settings, what in (
        ({"train.net_arch": [8]}, r"hidden layers are .* here \[8\]"),
        ({"race.actions": "discrete"}, "continuous actions, this action space has"),
    ):
        with pytest.raises(BadRun, match=what):
            resume(run, settings, accept_change=True, quiet=True)


def test_a_new_run_starts_from_old_weights(straight, tmp_path):
    parent = checkpoint.policy_of(straight.folder)
    run = learn(tmp_path, config(train__timesteps=512, train__learning_rate=0.0), parent=straight)
    assert run.manifest()["parent"]["name"] == straight.name
    weights = checkpoint.latest(run.checkpoints).state.policy.weights
    assert all(weights[name].tobytes() == parent.weights[name].tobytes() for name in weights)


def test_the_time_limit_ends_training_with_a_result(tmp_path):
    run = learn(tmp_path, config(train__timesteps=10**9, train__time_limit_s=0.5))
    assert "time limit" in run.manifest()["ended_by"]
    assert run.evaluation_file.is_file()
    assert run.manifest()["status"] == "finished"


def test_a_training_that_does_not_fit_into_memory_is_refused(tmp_path, monkeypatch):
    run = interrupted(tmp_path / "a", monkeypatch, 100)
    manifest = run.manifest()
    monkeypatch.setattr(memory, "_machine", lambda: 100e3)
    with pytest.raises(ResourceError, match="MiB for its buffers, 0 MiB are free"):
        learn(tmp_path / "b")
    assert not (tmp_path / "b").exists()
    with pytest.raises(ResourceError, match="for its buffers"):
        resume(run, {}, quiet=True)
    assert run.manifest() == manifest
    monkeypatch.undo()
    assert memory.free() > 2**20


def rows(times, laps_pct=100.0):
    return [{"laps_pct": laps_pct, "lap_time_s": t} for t in times]


def test_settled_means_laps_are_completed_and_no_longer_get_shorter():
    assert settled(rows([10.0] * 20))
    assert not settled(rows([10.0] * 19))
    assert not settled(rows([10.0] * 20, laps_pct=90.0))
    assert not settled(rows([10.0] * 10 + [9.8] * 10))
    assert settled(rows([20.0] * 50 + [10.0] * 20))


def test_early_stopping_remembers_the_rows_of_before_a_break():
    before, after = EarlyStop(), EarlyStop()
    for row in rows([10.0] * 19):
        assert before.on_metrics(row) is None
    after.set_state(*before.get_state())
    assert "settled" in after.on_metrics(rows([10.0])[0])
    with pytest.raises(BadRun, match="early_stop"):
        after.set_state(None, {})


def test_metrics_survive_a_torn_file(tmp_path):
    metrics = Metrics()
    for step in (1000, 2000, 3000):
        names = ("policy_loss", "value_loss", "entropy", "approx_kl", "std")
        metrics.sample(step, dict.fromkeys(names, step / 3))
    path = tmp_path / "metrics.csv"
    metrics.save(path)
    facts = metrics.to_facts()
    again = Metrics.load(path, facts)
    again.save(tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()
    path.write_bytes(path.read_bytes()[:-3])
    assert [row["timesteps"] for row in Metrics.load(path, facts).rows] == [1000, 2000]


def test_metrics_of_a_gigabyte_are_read_as_far_as_needed(tmp_path):
    metrics, path = Metrics(), tmp_path / "metrics.csv"
    for step in range(5):
        metrics.sample(step, dict.fromkeys(COLUMNS[-5:], 0.0))
    metrics.save(path)
    os.truncate(path, 2**30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(Metrics.load(path, metrics.to_facts()).rows) == 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_tensorboard_reads_the_events_and_a_resumed_file_replaces_the_overlap(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for start, steps in ((0, (1, 2, 3)), (2, (2, 3, 4))):
        events = Events(tmp_path, start)
        for step in steps:
            events.write(step, {"x": float(step + 10 * start)})
        events.close()
        (path,) = tmp_path.glob("events.out.tfevents.[0-9][0-9]*")
        path.rename(tmp_path / f"events.out.tfevents.{start}")  # a session a second later
    found = EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in found.Scalars("x")] == [(1, 1), (2, 22), (3, 23), (4, 24)]


def test_no_kernel_uses_fastmath():
    for path in (ROOT / "racer").rglob("*.py"):
        assert not re.search(r"fastmath\s*=", path.read_text()), path
