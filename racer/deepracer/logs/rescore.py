"""Score a log with another reward: what would each episode have earned?"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from racer import console
from racer.deepracer.logs.convert import open_driven
from racer.deepracer.logs.log import LOG_STATUSES, PARK, PAUSE, PREPARE, Log
from racer.deepracer.logs.recompute import recompute
from racer.reward import RewardEngine, make_engine
from racer.sim.types import CAR, PARAMS
from racer.tracks import Track

_HEADS = ("episode", "result", "progress", "steps", "old", "new")


@dataclass(frozen=True)
class Score:
    """One episode of a log under two rewards."""

    source: str
    episode: int
    steps: int  # scored ones: not those in which the simulator held the car
    progress_pct: float  # the furthest it came
    status: str
    old: float  # sum of the rewards in the log
    new: float  # sum of the rewards recomputed


@dataclass(frozen=True)
class Replay:
    """Every episode, and what reading the log noticed."""

    scores: tuple[Score, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "episodes": [dataclasses.asdict(score) for score in self.scores],
            "old_total": sum(score.old for score in self.scores),
            "new_total": sum(score.new for score in self.scores),
            "notes": list(self.notes),
        }

    def table(self) -> str:
        """For people."""
        parts = []
        for source, scores in itertools.groupby(self.scores, lambda score: score.source):
            rows = [
                (
                    str(score.episode),
                    score.status.replace("_", " "),
                    f"{score.progress_pct:.1f} %",
                    str(score.steps),
                    f"{score.old:.4f}",
                    f"{score.new:.4f}",
                )
                for score in scores
            ]
            parts += [source, console.table(_HEADS, rows, right=(0, 2, 3, 4, 5))]
        return "\n".join(parts)


def rescore(reward: str | Path, path: str | Path, track: str | Path | Track) -> Replay:
    """Score every episode of the logs behind `path` with `reward`.

    The reward sees the params that the simulator computed from the logged pose and action, in the
    order of the log; one namespace of its file per log, as in one simulator.

    Raises:
        BadLog, BadTrack, BadReward, UnknownName: an input that cannot be used.
        RewardFailed: the reward raised or returned no finite number.
    """
    road = track if isinstance(track, Track) else Track.load(track)
    logs = open_driven(path, road)
    scores: list[Score] = []
    for log in logs:
        engine = make_engine(reward, n=1, waypoints=road.waypoints)
        try:
            scores += _score(log, new_rewards(log, road, engine))
        finally:
            engine.close()
    return Replay(tuple(scores), tuple(note for log in logs for note in log.notes))


def new_rewards(log: Log, track: Track, engine: RewardEngine) -> np.ndarray:
    """(R,) what `engine` gives for each row; 0 where the simulator does not call the reward."""
    found = recompute(log, track)
    rewards = np.zeros(len(log.rows))
    params, cars, reward = np.zeros(1, PARAMS), np.zeros(1, CAR), np.zeros(1)
    for i in np.flatnonzero(called(log)).tolist():
        params[0], cars[0] = found.params[i], found.cars[i]  # an engine is bound to its arrays
        engine.compute(params, cars, reward)
        rewards[i] = reward.item()
    return rewards


def called(log: Log) -> np.ndarray:
    """(R,) bool: is the reward called in this row?"""
    free: np.ndarray = ~np.isin(log.rows["status"], (PREPARE, PAUSE, PARK))
    return free


def _score(log: Log, rewards: np.ndarray) -> list[Score]:
    scored = called(log)
    return [
        Score(
            log.source,
            int(log.rows["episode"][part.start]),
            int(scored[part].sum()),
            float(log.rows["progress"][part].max()),
            LOG_STATUSES[int(log.rows["status"][part.stop - 1])],
            float(log.rows["reward"][part].sum()),
            float(rewards[part].sum()),
        )
        for part in log.episodes()
    ]
