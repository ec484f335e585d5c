"""A3: the power goes."""

from __future__ import annotations

import shutil

import pytest
from fault_harness import config, fault, finish, run_in, same_as_straight
from power_model import KINDS, Disk, Keep, recorded, replay, unseen

from racer import api
from racer.config import Config
from racer.runs import Run
from racer.training import checkpoint, train
from racer.training.metrics import Metrics

NOTES = {"created": (Run, "create"), "saved": (checkpoint, "save")}
NOTES |= {"judged": (checkpoint, "save_best"), "trained": (train, "train")}


@fault("A3", "the power goes: what was not synced is lost, cut, or out of order")
def power_cut(effort, folder):
    root = folder / "disk"
    root.mkdir(parents=True)
    with recorded(root) as log, pytest.MonkeyPatch.context() as patch:
        take_notes(patch, log)
        api.train(config(), runs_dir=root / "a" / "runs", quiet=True)
    disk, told, cuts, resumed = Disk(root), {}, 0, 0
    for number, operation in enumerate(log):
        if operation[0] in NOTES:
            told[operation[0]] = operation[2][0]
        else:
            replay(disk, operation)
        if operation[0] not in NOTES and number % effort.of(1, 17):
            continue
        for kind in KINDS:
            left = folder / "left"
            disk.cut(left, Keep(kind, effort.rng))
            runs_dir = left / "a" / "runs"
            try:
                check_left(runs_dir, told)
                if "created" in told and cuts % effort.of(50, 100) == 0:
                    resumed += goes_on(runs_dir)
            except BaseException as error:
                raise AssertionError(f"cut at {number}, {kind}: {error} {told}") from error
            shutil.rmtree(left)
            cuts += 1
    missed = unseen(disk)
    assert all("/tb/" in name for name in missed), missed  # curves may be lost
    told = f"{cuts} cuts in {len(log)} operations"
    return f"{told}: all that was acknowledged stands, {resumed} resumed bit-equal"


def take_notes(patch, log):
    """Put into the log when a function has told its caller that something is saved."""
    for note, (module, name) in NOTES.items():
        real = getattr(module, name)

        def call(*args, _real=real, _note=note, **options):
            result = _real(*args, **options)
            steps = args[1].timesteps if _note in ("saved", "judged") else 0
            log.append((_note, "", (steps,)))
            return result

        patch.setattr(module, name, call)


def check_left(runs_dir, told):
    """What was told to be saved before the cut is there, and nothing half is in its place."""
    found = list(runs_dir.glob("[!.]*"))
    assert len(found) == 1 if "created" in told else len(found) < 2, found
    for folder in found:
        run = Run(folder)
        run.manifest()
        Config.from_toml(run.config_file)
        assert "def reward_function" in run.reward_file.read_text()
        assert not any(checkpoint.verify(run.checkpoints).values())
    if "saved" in told:
        newest = checkpoint.latest(run.checkpoints).state
        assert newest.timesteps >= told["saved"], newest.timesteps
        rows = newest.extra["metrics"]["rows"]
        assert len(Metrics.load(run.metrics_file, newest.extra["metrics"]).rows) == rows
    if "judged" in told:
        best = checkpoint.best(run.checkpoints)
        assert best is not None
        assert int(best.name.split("-")[1].split(".")[0]) >= told["judged"]
    if "trained" in told:
        assert run.manifest()["status"] == "finished"
        assert run.damaged() == []


def goes_on(runs_dir):
    """Whether there was something left to train; it ends as if the power had never gone."""
    if run_in(runs_dir).manifest()["status"] == "finished":
        return False
    finish(runs_dir)
    same_as_straight(runs_dir)
    return True
