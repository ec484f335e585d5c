"""Interrupted training ends with the same bits; damage is noticed, the last good state stands."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from toy_env import build

from racer.errors import BadRun, Diverged, ResourceError
from racer.storage import files
from racer.training import checkpoint
from racer.training.state import _check_reward, capture, restore, restore_log

stable_baselines3 = pytest.importorskip("stable_baselines3")

ALGOS = ("ppo", "sac")
BOUNDARY = {"ppo": 4 * 32, "sac": 4 * 2}  # env steps from one boundary to the next
TOTAL = {"ppo": 8 * 4 * 32, "sac": 40 * 4 * 2}


class SaveAt(stable_baselines3.common.callbacks.BaseCallback):
    """Saves at every boundary whose timesteps are asked for."""

    def __init__(self, folder, at):
        super().__init__()
        self.folder, self.at, self.paths = folder, set(at), []

    def _on_rollout_start(self):
        if self.model.num_timesteps in self.at:
            self.paths.append(checkpoint.save(self.folder, capture(self.model), keep=1000))

    def _on_step(self):
        return True


def bits(model):
    """Everything training has produced, as bytes."""
    return state_bits(capture(model))


def state_bits(state):
    arrays = state.arrays | {f"w.{k}": v for k, v in state.policy.weights.items()}
    arrays |= {f"r.{k}": v for k, v in (state.replay or {}).items()}
    facts = json.dumps(state.facts, sort_keys=True)
    return {k: v.tobytes() for k, v in arrays.items()} | {"facts": facts.encode()}


@pytest.fixture(scope="module", params=ALGOS)
def straight(request, tmp_path_factory):
    """(algo, checkpoints of an uninterrupted run, what it ended with)."""
    algo = request.param
    folder = tmp_path_factory.mktemp(algo) / "checkpoints"
    model = build(algo)
    keep = SaveAt(folder, range(0, TOTAL[algo], BOUNDARY[algo]))
    model.learn(TOTAL[algo], keep)
    return algo, keep.paths, bits(model)


def resumed(algo, state, total):
    random.seed(99)
    model = build(algo, seed=0)
    restore(state, model)
    return model.learn(total - model.num_timesteps, reset_num_timesteps=False)


def test_saving_changes_nothing(straight):
    algo, _, expected = straight
    assert bits(build(algo).learn(TOTAL[algo])) == expected


def test_resumed_at_random_points_training_ends_with_the_same_bits(straight):
    algo, paths, expected = straight
    assert len(paths) == TOTAL[algo] // BOUNDARY[algo]
    for path in random.Random(3).sample(paths[:-1], 5) + paths[:1]:
        found = bits(resumed(algo, checkpoint.load(path), TOTAL[algo]))
        assert {k for k in expected if found[k] != expected[k]} == set(), path.name


def test_resumed_in_another_process_training_ends_with_the_same_bits(straight, tmp_path):
    algo, paths, expected = straight
    code = f"""
import sys; sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}
from pathlib import Path
from test_checkpoint import *
model = resumed({algo!r}, checkpoint.load(Path({str(paths[3])!r})), {TOTAL[algo]})
checkpoint.save(Path({str(tmp_path)!r}), capture(model))
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert state_bits(checkpoint.latest(tmp_path).state) == expected


def test_the_schedule_goes_on_where_it_was(tmp_path):
    options = {"learning_rate": lambda remaining: 1e-3 * remaining}
    whole = build("ppo", **options).learn(TOTAL["ppo"])
    keep = SaveAt(tmp_path, [TOTAL["ppo"] // 2])
    build("ppo", **options).learn(TOTAL["ppo"], keep)
    model = build("ppo", **options)
    restore(checkpoint.load(keep.paths[0]), model)
    model.learn(TOTAL["ppo"] - model.num_timesteps, reset_num_timesteps=False)
    assert bits(model) == bits(whole)


def test_a_checkpoint_holds_no_pickle(straight):
    _, paths, _ = straight
    for path in paths[5].iterdir():
        assert path.suffix in (".json", ".safetensors")
        assert b"\x80\x04" not in path.read_bytes()[:2]


def test_unwritten_log_values_come_back(straight):
    algo, paths, _ = straight
    model = build(algo)
    from stable_baselines3.common.logger import Logger

    logger = Logger(None, [])
    restore_log(checkpoint.load(paths[-1]), logger)
    assert "train/learning_rate" in logger.name_to_value
    assert model.num_timesteps == 0


def test_a_state_of_other_settings_is_refused(straight):
    algo, paths, _ = straight
    state = checkpoint.load(paths[4])
    with pytest.raises(BadRun, match=r"env\.cars is .* in the checkpoint"):
        restore(state, build(algo, n=8))
    with pytest.raises(BadRun, match=r"settings|train\.net_arch"):
        restore(state, build(algo, policy_kwargs={"net_arch": [8]}))
    other = "sac" if algo == "ppo" else "ppo"
    with pytest.raises(BadRun):
        restore(state, build(other))


@pytest.fixture
def saved(tmp_path):
    """Two committed checkpoints and the model that made them."""
    model = build("ppo")
    keep = SaveAt(tmp_path, [128, 256])
    model.learn(384, keep)
    return tmp_path, keep.paths, model


def test_any_damaged_byte_is_noticed_and_the_previous_one_is_used(saved):
    folder, (older, newer), _ = saved
    for name in (checkpoint.POLICY, checkpoint.ARRAYS, checkpoint.MANIFEST):
        content = (newer / name).read_bytes()
        for at in np.linspace(0, len(content) - 1, 16).astype(int):
            if name == checkpoint.MANIFEST and not content[at : at + 1].isdigit():
                continue
            flipped = bytearray(content)
            flipped[at] ^= 0x04
            (newer / name).write_bytes(flipped)
            if name != checkpoint.MANIFEST:
                assert checkpoint.problems(newer) == [
                    f"{name} is damaged: its sha256 differs from the manifest"
                ]
                found = checkpoint.latest(folder)
                assert found.folder == older
                assert name in found.skipped[0]
        for bad in (b"", content[: len(content) // 2], None):
            (newer / name).unlink(missing_ok=True)
            if bad is not None:
                (newer / name).write_bytes(bad)
            assert checkpoint.latest(folder).folder == older
        (newer / name).write_bytes(content)
    assert checkpoint.latest(folder).folder == newer


def test_with_every_checkpoint_damaged_the_reason_is_given(saved):
    folder, paths, _ = saved
    for path in paths:
        (path / checkpoint.ARRAYS).write_bytes(b"x")
    with pytest.raises(BadRun, match="sha256"):
        checkpoint.latest(folder)
    with pytest.raises(BadRun, match="nothing was saved"):
        checkpoint.latest(folder / "none")


def test_only_the_last_few_are_kept_and_what_stands_is_never_overwritten(saved):
    folder, (_, newer), model = saved
    state = capture(model)
    before = files.sha256(newer / checkpoint.MANIFEST)
    first = checkpoint.save(folder, state, keep=2)
    again = checkpoint.save(folder, state, keep=2)
    assert [first.name, again.name] == ["step-000000000384", "step-000000000384.2"]
    assert checkpoint.latest(folder).folder == again
    assert sorted(p.name for p in folder.iterdir()) == [first.name, again.name]
    assert before


def test_a_crash_at_any_call_of_a_save_leaves_a_usable_checkpoint(saved):
    from tests.storage.test_files import Stop, fail_at

    folder, (_, newer), model = saved
    state = capture(model)
    for number in range(1, 80):
        with pytest.MonkeyPatch.context() as patch:
            seen = fail_at(patch, number, Stop())
            try:
                checkpoint.save(folder, state)
            except Stop:
                pass
            else:
                assert seen[0] < number
                break
        found = checkpoint.latest(folder)
        assert found.state.timesteps in (256, 384)
        assert not found.skipped
    assert number > 20
    assert newer.name == "step-000000000256"


def test_a_full_disk_is_reported_and_loses_nothing(saved, monkeypatch):
    from tests.storage.test_files import fail_at

    folder, (_, newer), model = saved
    state = capture(model)
    fail_at(monkeypatch, 4, OSError(28, "No space left on device"))
    with pytest.raises(ResourceError, match="No space left"):
        checkpoint.save(folder, state)
    assert checkpoint.latest(folder).folder == newer


def test_leftovers_and_damaged_futures_are_set_aside_before_training(saved):
    folder, (older, newer), _ = saved
    (folder / ".racer-tmp-1-step-000000000999").mkdir()
    (newer / checkpoint.ARRAYS).write_bytes(b"x")
    checkpoint.tidy(folder, checkpoint.latest(folder).folder)
    assert sorted(p.name for p in folder.iterdir()) == [f"damaged-{newer.name}", older.name]


def test_best_is_completion_then_lap_time(saved):
    folder, _, model = saved
    half = {"completion_pct": 50.0, "lap_time_s": None}
    slow, quick = ({"completion_pct": 100.0, "lap_time_s": t} for t in (20.0, 10.0))
    assert checkpoint.better(half, None)
    assert checkpoint.better(slow, half)
    assert checkpoint.better(quick, slow)
    assert not checkpoint.better(slow, quick)
    state = capture(model)
    checkpoint.save_best(folder, state, slow)
    path = checkpoint.save_best(folder, state, quick)
    assert checkpoint.best(folder) == path
    assert files.read_json(path / "checkpoint.json")["score"] == quick
    assert len(list(folder.glob("best-*"))) == 1
    assert checkpoint.load_policy(path).to_bytes() == state.policy.to_bytes()


def test_nothing_that_is_not_finite_is_ever_saved(saved):
    _, _, model = saved
    model.policy.optimizer.state_dict()["state"][0]["exp_avg"][0] = float("nan")
    with pytest.raises(Diverged, match="exp_avg"):
        capture(model)
    model = build("ppo").learn(128)
    model.policy.action_net.bias.data[0] = float("inf")
    with pytest.raises(Diverged, match="action_net"):
        capture(model)


def lie(folder, **changes):
    """Rewrite a manifest as an attacker would."""
    path = folder / checkpoint.MANIFEST
    files.write_json(path, json.loads(path.read_text()) | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"schema": True},
        {"kind": "x"},
        {"files": {}},
        {"files": {"../../policy.safetensors": "0"}},
        {"facts": None},
        {"facts": {"num_timesteps": -1}},
        {"fields": {"env.cars": [["angle", "|O"]]}},
        {"fields": {"env.cars": [["angle", "<f8"]] * 10**5}},
        {"fields": {"env.cars": 1}},
        {"fields": {"none": []}},
        {"extra": []},
    ],
)
def test_a_lying_manifest_is_refused(saved, changes):
    _, (path, _), _ = saved
    lie(path, **changes)
    with pytest.raises(BadRun):
        checkpoint.load(path)


@pytest.mark.parametrize(
    "random_facts",
    [{}, {"python_gauss": None, "numpy": [0, 0], "actions": {}}, {"numpy": "x"}],
)
def test_lying_facts_are_refused(saved, random_facts):
    _, (path, _), _ = saved
    facts = json.loads((path / checkpoint.MANIFEST).read_text())["facts"]
    lie(path, facts=facts | {"random": random_facts})
    with pytest.raises(BadRun, match="random generators"):
        restore(checkpoint.load(path), build("ppo"))


@pytest.mark.parametrize(("held", "wanted"), [({"env.reward": 1}, {}), ({}, {"env.reward": 1})])
def test_what_a_reward_keeps_needs_the_engine_that_kept_it(held, wanted):
    with pytest.raises(BadRun, match="Resume with the same --reward-engine"):
        _check_reward(held, wanted)
    _check_reward(held, held)
