"""Write into a run what the official simulator writes, where its tools look for it.

training-simtrace/N-iteration.csv          steps of training episodes, 20 to a file
evaluation-<date>/evaluation-simtrace/     steps of the evaluation laps
metrics/TrainingMetrics.json, metrics/evaluation/evaluation-<date>.json
model/model_metadata.json, ip/hyperparameters.json, reward_function.py

The layout is that of a DeepRacer-for-cloud model folder with a single worker.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import racer.actions
from racer import console
from racer.actions import Actions
from racer.config import Config
from racer.deepracer import hyperparameters
from racer.deepracer.hyperparameters import EPISODES_PER_ITERATION
from racer.deepracer.logs.write import (
    Written,
    csv_text,
    evaluation_metrics,
    training_file,
    training_metrics,
    written_rows,
)
from racer.errors import BadRun
from racer.evaluation import Result
from racer.race import Race
from racer.recording.trace import TRACE, Trace
from racer.runs import Run
from racer.sim.types import IN_PROGRESS, PARAMS, STATUS_LABELS
from racer.storage import files
from racer.tracks import Track
from racer.training.listener import Listener, Saved
from racer.training.state import State

TRAINING = "training-simtrace"
METRICS = Path("metrics") / "TrainingMetrics.json"
_METRICS_LIMIT = 2**30  # bytes
_ROW: Any = TRACE.fields
# Status of a lap → the field of the evaluation metrics that counts it.
_COUNTED = {
    "crashed": "crash_count",
    "off_track": "off_track_count",
    "immobilized": "immobilized_count",
    "reversed": "reversed_count",
}
_LAST = max(found[1] + found[0].itemsize for found in dict(PARAMS.fields or {}).values())
_PADDING = slice(_ROW["params"][1] + _LAST, _ROW["reward"][1])  # the bytes after PARAMS
log = console.log(__name__)
_NUMBERS = ("steps", "x", "y", "heading", "steering_angle", "speed", "progress", "track_length")


def metadata_of(actions: Actions, algo: str = "ppo") -> dict[str, Any]:
    """A model_metadata.json: the action space in the official form, version 5.

    The sensor is the one every official file names; policies trained here do not look at it.
    """
    return {
        **racer.actions.described(actions),
        "training_algorithm": "sac" if algo == "sac" else "clipped_ppo",
        "sensor": ["FRONT_FACING_CAMERA"],
        "neural_network": "DEEP_CONVOLUTIONAL_NETWORK_SHALLOW",
        "version": "5",
    }


def write_model(folder: Path, config: Config) -> None:
    """The settings of the run in `folder`, as official tools read them.

    Raises:
        ResourceError: the disk is full or read-only.
    """
    actions = racer.actions.load(config.race.actions)
    with files.disk_errors(str(folder)):
        _json(folder / "model" / "model_metadata.json", metadata_of(actions, config.train.algo))
        _json(folder / "ip" / "hyperparameters.json", hyperparameters.official(config.train))
        source = (folder / "reward.py").read_bytes()
        files.write_atomic(folder / "reward_function.py", source)


def write_evaluation(folder: Path, config: Config, trace: Trace) -> None:
    """The evaluation laps of the run in `folder`.

    Raises:
        ResourceError: the disk is full or read-only.
    """
    rows = _rows(config, trace)
    counts = [{_COUNTED[lap.status]: 1} if lap.status in _COUNTED else {} for lap in trace.laps()]
    name = f"evaluation-{datetime.datetime.now(datetime.UTC):%Y%m%d%H%M%S}"
    with files.disk_errors(str(folder)):
        _text(folder / name / "evaluation-simtrace" / "0-iteration.csv", csv_text(rows))
        _json(folder / "metrics" / "evaluation" / f"{name}.json", evaluation_metrics(rows, counts))


def write_sim_trace(path: Path, config: Config, trace: Trace) -> None:
    """A recording of laps driven with `config` as a sim-trace CSV.

    Raises:
        ResourceError: the disk is full or read-only.
    """
    with files.disk_errors(str(path)):
        _text(path, csv_text(_rows(config, trace)))


def _rows(config: Config, trace: Trace) -> list[Written]:
    actions = racer.actions.load(config.race.actions)
    pauses = trace.meta.get("pauses", [])
    return list(written_rows(trace.rows, trace.track, actions, dt=trace.dt, pauses=pauses))


class OfficialFiles(Listener):
    """Writes, when a training has a result, its settings and laps as official tools read them.

    Args:
        config: of the training.
    """

    def __init__(self, config: Config) -> None:
        self._config = config

    def on_start(self, run: Run, race: Race) -> None:
        self._run = run

    def on_end(self, result: Result | None) -> None:
        if result is not None:
            write_model(self._run.folder, self._config)
            write_evaluation(self._run.folder, self._config, Trace.load(self._run.laps_file))


class SimTrace(Listener):
    """Writes the episodes of the first cars of a training as sim-traces, 20 to a file.

    Of a training on several tracks, only cars on the first track are written.

    Only whole episodes are written. `get_state` and `set_state` go on in the middle of one.

    Args:
        cars: how many of them.
    """

    name = "sim_trace"

    def __init__(self, cars: int) -> None:
        self._cars = cars
        self._open: list[np.ndarray] = []  # episodes for the next file
        self._files = 0
        self._metrics: list[dict[str, Any]] = []
        self._saved = 0  # of them
        self._clock = 0.0
        self._given: tuple[Any, Mapping[str, Any]] | None = None
        self._stale = True  # whether files of later steps may lie there

    def on_start(self, run: Run, race: Race) -> None:
        self._race, self._folder = race, run.folder
        each = 1 + len(race.others.rivals)
        on_first = int((race.roads == 0).sum()) // each  # a file holds waypoints of one track
        self._steps: list[tuple[list[bytes], list[float]]] = [
            ([], []) for _ in range(min(self._cars, on_first))
        ]
        if self._given is not None:
            self._go_on(*self._given)

    def get_state(self) -> Saved:
        """What no file holds yet, as bytes of TRACE rows (R, itemsize), and counters for JSON."""
        begun = [_episode(*steps, IN_PROGRESS) for steps in self._steps]
        parts = [*self._open, *begun]
        counts = {"files": self._files, "clock": self._clock, "open": len(self._open)}
        joined = bytearray().join(part.tobytes() for part in parts)
        content = np.frombuffer(joined, np.uint8).reshape(-1, TRACE.itemsize)
        content[:, _PADDING] = 0  # equal states are equal bytes
        return content, counts | {"rows": [len(part) for part in parts]}

    def set_state(self, content: np.ndarray | None, facts: Mapping[str, Any]) -> None:
        """Go on from `get_state`; files that were begun after it are written again."""
        self._given = content, facts  # checked at the start, when the track is known

    def on_step(self, infos: Sequence[Mapping[str, Any]]) -> None:
        if self._stale:
            self._forget_later_files()
        race = self._race
        each = race.n // len(infos)  # opponents have no row of infos
        for number, (params, rewards) in enumerate(self._steps):
            car = number * each
            if not params and race.params["steps"][car] != 2.0:
                continue  # an episode that began before us
            row = race.params[car : car + 1].tobytes()  # 10x quicker than copies of rows
            params.append(row[: PARAMS.itemsize])  # without the objects
            rewards.append(race.rewards.item(car))
            if race.done[car]:
                status = STATUS_LABELS.index(infos[number]["status"])
                self._open.append(_episode(params, rewards, status))
                params.clear()
                rewards.clear()
        if len(self._open) >= EPISODES_PER_ITERATION:
            self._write(self._open[:EPISODES_PER_ITERATION])
            del self._open[:EPISODES_PER_ITERATION]

    def on_checkpoint(self, state: State) -> None:
        """Write TrainingMetrics.json: the episodes of all files so far."""
        self._save()

    def on_end(self, result: Result | None) -> None:
        """Write TrainingMetrics.json, and what there is of a first file."""
        if result is None:
            return
        if not self._files and self._open:
            self._write(self._open)
            self._open = []
        self._save()

    def _go_on(self, content: Any, counts: Mapping[str, Any]) -> None:
        try:
            self._files, self._clock = int(counts["files"]), float(counts["clock"])
            rows = _checked(content, self._race.track)
            lengths = [int(length) for length in counts["rows"]]
            if min(self._files, *lengths) < 0 or sum(lengths) != len(rows):
                raise ValueError("its lengths do not add up")
            parts = np.split(rows, np.cumsum(lengths))[: len(lengths)]
            done = int(counts["open"])
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadRun(f"the checkpoint's sim-trace is damaged: {error}.") from error
        self._open = parts[:done]
        for (params, rewards), part in zip(self._steps, parts[done:], strict=False):
            params.extend(row.tobytes() for row in part["params"])
            rewards.extend(part["reward"].tolist())
        self._metrics = _kept(self._folder / METRICS, self._files * EPISODES_PER_ITERATION)

    def _save(self) -> None:
        if len(self._metrics) != self._saved:
            with files.disk_errors(str(self._folder)):
                _json(self._folder / METRICS, training_file(self._metrics))
            self._saved = len(self._metrics)

    def _forget_later_files(self) -> None:
        """Remove files of a training that goes on from before them."""
        self._stale = False
        for path in (self._folder / TRAINING).glob("*-iteration.csv"):
            number = path.name.removesuffix("-iteration.csv")
            if number.isdecimal() and int(number) >= self._files:
                with files.disk_errors(str(path)):
                    path.unlink(missing_ok=True)

    def _write(self, episodes: Sequence[np.ndarray]) -> None:
        first = self._files * EPISODES_PER_ITERATION
        for number, episode in enumerate(episodes):
            episode["episode"] = first + number
        race = self._race
        rows = list(
            written_rows(
                np.concatenate(episodes), race.track, race.actions, dt=race.dt, began_s=self._clock
            )
        )
        self._clock = rows[-1].tstamp + race.dt
        path = self._folder / TRAINING / f"{self._files}-iteration.csv"
        with files.disk_errors(str(path)):
            _text(path, csv_text(rows))
        self._files += 1
        self._metrics += training_metrics(rows, EPISODES_PER_ITERATION, first=first)


def _episode(params: list[bytes], rewards: list[float], status: int) -> np.ndarray:
    """(R,) TRACE of an episode that ended with `status`; without poses of the model origin."""
    rows = np.zeros(len(params), TRACE)
    rows["params"] = np.frombuffer(b"".join(params), PARAMS)
    rows["reward"] = rewards
    rows["status"] = IN_PROGRESS
    rows["status"][-1:] = status
    return rows


def _checked(content: np.ndarray, track: Track) -> np.ndarray:
    """(R,) TRACE from bytes that may come from anyone; refuses what cannot be written out."""
    if content.dtype != np.uint8 or content.shape[1:] != (TRACE.itemsize,):
        raise ValueError(f"{content.dtype} {content.shape}")
    rows: np.ndarray = np.ascontiguousarray(content).reshape(-1).view(TRACE).copy()
    params = rows["params"]
    whole = (rows["status"] >= 0) & (rows["status"] < len(STATUS_LABELS))
    for name in ("prev_waypoint", "next_waypoint"):
        whole &= (params[name] >= 0) & (params[name] < len(track.center))
    for column in (rows["reward"], *(params[name] for name in _NUMBERS)):
        whole &= np.isfinite(column)
    if not whole.all():
        raise ValueError("a step that no car could have driven")
    return rows


def _kept(path: Path, count: int) -> list[dict[str, Any]]:
    """The first `count` episodes of a TrainingMetrics.json, as far as they can be read."""
    found: Any = []
    with contextlib.suppress(BadRun):
        found = files.read_json(path, limit=_METRICS_LIMIT).get("metrics")
    kept = found[:count] if isinstance(found, list) else []
    if len(kept) < count:
        missing = count - len(kept)
        log.warning("%s lacks %d episodes; it has a gap.", path, missing)
    return kept


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_atomic(path, text.encode())


def _json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_json(path, content)
