"""Checkpoints on disk: complete or absent, the last few kept, the best kept, damage noticed.

    checkpoints/step-000000016384/
        checkpoint.json       counters, schedules, episode logs, sha256 of the other files
        policy.safetensors    the weights, playable as they are
        state.safetensors     optimizers, random generators, the cars, the last observation
        replay.safetensors    SAC only: the filled part of the replay buffer
    checkpoints/best-000000012288/     checkpoint.json and policy.safetensors

A folder is written under a temporary name, every file synced, and renamed. No pickle is written
or read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racer.errors import BadRun
from racer.policy import FILE as POLICY
from racer.policy import Policy
from racer.storage import files, foreign, tensors
from racer.training.state import COUNTERS, State

SCHEMA = 1
KIND = "racer-checkpoint"
MANIFEST, ARRAYS, REPLAY = "checkpoint.json", "state.safetensors", "replay.safetensors"
DAMAGED = "damaged-"
ANOTHER = "Use another checkpoint, or train again."
BEST, LAST = "best", "last"  # words for a checkpoint on the command line


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read back whole; `skipped` says which newer ones were not."""

    folder: Path
    state: State
    skipped: tuple[str, ...] = ()


def save(checkpoints: Path, state: State, *, keep: int = 2) -> Path:
    """Commit `state` as the newest checkpoint, then forget all but the last `keep`.

    Raises:
        ResourceError: the disk is full, read-only or gone; what was saved before stands.
    """
    return _commit(checkpoints, "step", state, {"extra": state.extra}, keep)


def save_best(checkpoints: Path, state: State, score: Mapping[str, float | None]) -> Path:
    """Keep the policy of `state` as the best one, with the score that made it so."""
    return _commit(checkpoints, "best", state, {"score": dict(score)}, 1)


def better(score: Mapping[str, Any], than: Mapping[str, Any] | None) -> bool:
    """Completion first, then lap time; never the reward, which is the user's to get wrong.

    Of equals the later is better: it has learned for longer.

    Args:
        score: {"completion_pct": %, "lap_time_s": s or None when no lap was completed}.
    """
    return than is None or _rank(score) >= _rank(than)


def best(checkpoints: Path) -> Path | None:
    """The folder of the best policy that is not damaged."""
    return next((f for f in _folders(checkpoints, "best") if not problems(f)), None)


def latest(checkpoints: Path) -> Checkpoint:
    """The newest checkpoint that reads back whole.

    Raises:
        BadRun: there is none; says what is wrong with each.
    """
    skipped: list[str] = []
    for folder in _folders(checkpoints, "step"):
        try:
            return Checkpoint(folder, load(folder), tuple(skipped))
        except BadRun as error:
            skipped.append(str(error))
    reason = " ".join(skipped) or "nothing was saved yet."
    raise BadRun(f"{checkpoints} has no usable checkpoint: {reason} Train again.")


def steps(checkpoints: Path) -> list[Path]:
    """Folders of checkpoints to go on from, newest first, whole or not."""
    return _folders(checkpoints, "step")


def tidy(checkpoints: Path, keep: Path | None) -> None:
    """Clear what a crash left half written; set aside what is newer than `keep` and damaged."""
    if not checkpoints.is_dir():
        return
    with files.disk_errors(str(checkpoints)):
        files.remove_leftovers(checkpoints)
        for folder in _folders(checkpoints, "step"):
            if folder == keep:
                break
            aside = folder.with_name(DAMAGED + folder.name)
            if aside.exists():
                files.remove_folder(aside)
            folder.rename(aside)


def load(folder: Path) -> State:
    """Read one checkpoint, every byte checked against its manifest.

    Raises:
        BadRun: damaged, incomplete, foreign or newer.
    """
    wrong = problems(folder)
    if wrong:
        raise BadRun(f"{folder}: {wrong[0]}.")
    manifest = files.read_json(folder / MANIFEST)
    _check_facts(folder, manifest)
    arrays = tensors.read(folder / ARRAYS, manifest["fields"])
    rows = tensors.read(folder / REPLAY, {}) if REPLAY in manifest["files"] else None
    return State(Policy.load(folder), arrays, manifest["facts"], rows, manifest["extra"])


def load_policy(folder: Path) -> Policy:
    """The policy of a checkpoint or of `best`, checked against the manifest."""
    wrong = problems(folder)
    if wrong:
        raise BadRun(f"{folder}: {wrong[0]}.")
    return Policy.load(folder)


def policy_of(run_folder: Path, which: str = "") -> Policy:
    """A policy of a run.

    Args:
        run_folder: the run.
        which: "best", "last", or the number of a step that a checkpoint was kept of; "" is the
            finished policy, else the best so far, else the newest checkpoint's.

    Raises:
        BadRun: there is none that is whole, or none of that step; says which there are.
    """
    checkpoints = run_folder / "checkpoints"
    if which not in ("", BEST):
        return load_policy(_chosen(checkpoints, which))
    finished = run_folder / POLICY
    folder = None if finished.exists() and not which else best(checkpoints)
    if folder is None and finished.exists():  # an imported run has no checkpoints
        return Policy.load(run_folder)
    return load_policy(folder or latest(checkpoints).folder)


def step_of(run_folder: Path, which: str) -> int | None:
    """The step that `policy_of(run_folder, which)` was saved at; None for an imported policy."""
    checkpoints = run_folder / "checkpoints"
    folder = best(checkpoints) if which == BEST else _chosen(checkpoints, which)
    return None if folder is None else _step(folder)


def _chosen(checkpoints: Path, which: str) -> Path:
    """The folder of the last checkpoint, or of the one of a step."""
    steps, kept = _folders(checkpoints, "step"), _folders(checkpoints, "best")
    found = steps if which == LAST else [f for f in steps + kept if which == str(_step(f))]
    if found:
        return found[0]
    named = [f"{_step(f)} ({LAST})" if f == steps[0] else str(_step(f)) for f in steps]
    named += [f"{_step(f)} ({BEST})" for f in kept]
    there = f"It has: {', '.join(named)}." if named else "It has none."
    asked = "checkpoint" if which == LAST else f"checkpoint of step {which}"
    raise BadRun(f"{checkpoints.parent} has no {asked}. {there} Try --checkpoint {BEST}.")


def _step(folder: Path) -> int:
    return int(folder.name.split("-")[1].split(".")[0])


def problems(folder: Path) -> list[str]:
    """What is wrong with a checkpoint folder; empty when every file is as it was written."""
    try:
        manifest = files.read_json(folder / MANIFEST)
        _check_manifest(folder, manifest)
    except BadRun as error:
        return [str(error)]
    found = []
    for name, digest in manifest["files"].items():
        path = folder / name
        if path.is_symlink() or not path.is_file():
            found.append(f"{name} is missing")
        elif files.sha256(path) != digest:
            found.append(f"{name} is damaged: its sha256 differs from the manifest")
    return found


def verify(checkpoints: Path) -> dict[str, list[str]]:
    """Folder name → problems, for every checkpoint kept."""
    kept = _folders(checkpoints, "step") + _folders(checkpoints, "best")
    return {folder.name: problems(folder) for folder in kept}


def _commit(checkpoints: Path, kind: str, state: State, more: dict[str, Any], keep: int) -> Path:
    about = {"schema": SCHEMA, "kind": KIND, "timesteps": state.timesteps} | more
    with files.disk_errors(f"a checkpoint in {checkpoints}"):
        if not checkpoints.is_dir():  # a run folder that vanished is not made again
            checkpoints.mkdir(exist_ok=True)
            files.sync_folder(checkpoints.parent)
        before = _folders(checkpoints, kind)
        target = checkpoints / f"{kind}-{state.timesteps:012d}"
        again = 1
        while target.exists():  # trained on from here before: never touch what stands
            again += 1
            target = checkpoints / f"{kind}-{state.timesteps:012d}.{again}"
        files.commit_folder(target, lambda tmp: _write(tmp, kind, state, about))
        for old in before[keep - 1 :]:
            files.remove_folder(old)
    return target


def _write(tmp: Path, kind: str, state: State, about: dict[str, Any]) -> None:
    hashes = {POLICY: files.write_synced(tmp / POLICY, state.policy.to_bytes())}
    if kind == "step":
        plain = {name: tensors.as_bytes(array) for name, array in state.arrays.items()}
        hashes[ARRAYS] = files.write_synced(tmp / ARRAYS, *tensors.chunks(plain))
        fields = {n: a.dtype.descr for n, a in state.arrays.items() if a.dtype.names}
        about = about | {"facts": state.facts, "fields": fields}
        if state.replay is not None:
            hashes[REPLAY] = files.write_synced(tmp / REPLAY, *tensors.chunks(state.replay))
    files.write_synced(tmp / MANIFEST, files.json_bytes(about | {"files": hashes}))


def _folders(checkpoints: Path, kind: str) -> list[Path]:
    """Newest first."""
    found = []
    for path in checkpoints.glob(f"{kind}-*"):
        match = re.fullmatch(kind + r"-(\d{12,})(?:\.(\d+))?", path.name)
        if match and path.is_dir() and not path.is_symlink():
            found.append((int(match[1]), int(match[2] or 1), path))
    return [path for _, _, path in sorted(found, reverse=True)]


def _rank(score: Mapping[str, Any]) -> tuple[float, float]:
    lap = score.get("lap_time_s")
    return float(score["completion_pct"]), -math.inf if lap is None else -float(lap)


def _check_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    where = folder / MANIFEST
    schema = manifest.get("schema")
    if manifest.get("kind") != KIND or type(schema) is not int or schema < 1:
        raise BadRun(f"{where} is not a racer checkpoint.")
    if schema > SCHEMA:
        raise BadRun(f"{where} has schema {schema}; this racer reads up to {SCHEMA}. Upgrade.")
    foreign.check(manifest, foreign.CHECKPOINT, str(where), advice=ANOTHER)
    if not {POLICY} <= manifest["files"].keys() <= {POLICY, ARRAYS, REPLAY}:
        raise BadRun(f"{where} does not list the files of a checkpoint. {ANOTHER}")


def _check_facts(folder: Path, manifest: dict[str, Any]) -> None:
    """The types that `restore` relies on; a manifest may come from anyone."""
    where = str(folder / MANIFEST)
    counters = {"facts": foreign.FACTS | dict.fromkeys(COUNTERS, int)}
    foreign.check(manifest, foreign.RESUMABLE | counters, where, advice=ANOTHER)
    for name in COUNTERS:
        if not 0 <= manifest["facts"][name] < 2**63:
            raise BadRun(f"{where}: facts.{name} must be 0 to 2^63 - 1. {ANOTHER}")
    for name, entry in manifest["facts"]["log"].items():
        pair = len(entry) == 2 and isinstance(entry[1], list) and not isinstance(entry[0], list)
        if not pair:
            raise BadRun(f"{where}: facts.log.{name} must be a number and a list. {ANOTHER}")
