"""What the user reads when a reward fails while running, with its params kept for replay."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from racer.errors import BadInput, RewardFailed, reason
from racer.process.typed import command
from racer.reward.params import KEYS, Waypoints, params_of

_GIVE = "Give the reward_failed_*.json of a failed run."


class Failure(Exception):
    """One call that failed, as an engine saw it; `reward_failed` turns it into a RewardFailed."""

    def __init__(self, car: int, line: int, problem: str) -> None:
        super().__init__(problem)
        self.car = car
        self.line = line
        self.problem = problem


def reward_failed(
    failure: Failure,
    path: str,
    row: Any,
    waypoints: Waypoints,
    *,
    episode: int | None = None,
    folder: Path | None = None,
) -> RewardFailed:
    """The sentence: file, line, problem, car, step, and the command that repeats the call.

    Args:
        failure: what happened.
        path: of the reward file.
        row: the PARAMS row of the call.
        waypoints: in its driving direction.
        episode: of the car, when known.
        folder: where the params are saved; the temporary folder by default.
    """
    params = params_of(row, waypoints)
    record = {
        "reward": path,
        "line": failure.line,
        "problem": failure.problem,
        "car": failure.car,
        "episode": episode,
        "step": params["steps"],
        "params": params,
    }
    where = f"car {failure.car}, " + (f"episode {episode}, " if episode is not None else "")
    text = f"{path}:{failure.line}: {failure.problem} ({where}step {params['steps']:.0f})."
    try:
        saved = _save(record, folder or Path(tempfile.gettempdir()), Path(path).stem)
    except OSError as error:
        return RewardFailed(f"{text} Its params could not be saved: {error.strerror}.")
    again = command("reward", "run", path, "--params", saved)
    return RewardFailed(f"{text} Repeat this call: {again}")


def printable(text: str) -> str:
    """Text of a reward on one line, without what a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _save(record: dict[str, Any], folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"reward_failed_{name}.json"
    descriptor, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(record, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    return path


def read_params(path: Path) -> dict[str, Any]:
    """The params of a saved failure, or of a JSON object of params.

    Raises:
        BadInput: not such a file.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read as params: {reason(error)}. {_GIVE}") from None
    found = found.get("params", found) if isinstance(found, dict) else {}
    missing = sorted(KEYS.keys() - found.keys())
    if missing:
        raise BadInput(f"{path} lacks these params: {', '.join(missing[:5])}. {_GIVE}")
    found["waypoints"] = [tuple(point) for point in found["waypoints"]]
    return {key: found[key] for key in KEYS}
