"""Write recordings as the official simulator writes its logs: sim-trace CSV, lines, metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from racer.actions import Actions, Discrete
from racer.deepracer.logs.log import LOG_STATUSES, Log
from racer.deepracer.logs.recompute import NEARER, nearer_waypoint
from racer.deepracer.logs.rows import COLUMNS
from racer.sim.types import CRASHED, IN_PROGRESS, STATUS_LABELS
from racer.tracks import Track

WRITTEN = COLUMNS[:18]  # all but the wall clock, which would make equal runs write unequal files
# `episode_status` in metrics files, by the status in sim-traces.
LABELS = {
    "in_progress": "In progress",
    "lap_complete": "Lap complete",
    "off_track": "Off track",
    "crashed": "Crashed",
    "immobilized": "Immobilized",
    "reversed": "Reversed",
    "time_up": "Time Up",
}
_PARAMS = (
    "steps", "x", "y", "heading", "steering_angle", "speed", "all_wheels_on_track", "progress",
    "track_length",
)  # fmt: skip
_EPISODE_GAP = 1  # frames between the last row of an episode and the next one's prepare frame


class Written(NamedTuple):
    """One row of a sim-trace; fields are WRITTEN, numbers still numbers."""

    episode: int
    steps: float
    x: float
    y: float
    yaw_deg: float
    steer_deg: float
    speed: float
    action: str
    reward: float
    done: bool
    all_wheels_on_track: bool
    progress: float
    closest_waypoint: int
    track_len: float
    tstamp: float
    status: str
    pause_s: float
    crashes: int = 0

    def csv(self) -> str:
        """The row with all digits."""
        return ",".join(map(str, self))

    def line(self) -> str:
        """The row as the simulator prints it."""
        return (
            f"SIM_TRACE_LOG:{self.episode},{self.steps:.0f},{self.x:.4f},{self.y:.4f},"
            f"{self.yaw_deg:.4f},{self.steer_deg:.2f},{self.speed:.2f},{self.action},"
            f"{self.reward:.4f},{self.done},{self.all_wheels_on_track},{self.progress:.4f},"
            f"{self.closest_waypoint},{self.track_len:.2f},{self.tstamp:.3f},{self.status},"
            f"{self.pause_s:.2f},{self.crashes}"
        )


def csv_text(rows: Iterable[Written]) -> str:
    """A sim-trace CSV."""
    return "\n".join([",".join(WRITTEN), *(row.csv() for row in rows), ""])


def written_rows(
    rows: np.ndarray,
    track: Track,
    actions: Actions,
    *,
    dt: float,
    began_s: float = 0.0,
    pauses: Sequence[Sequence[int]] = (),
) -> Iterator[Written]:
    """What the simulator would write about the episodes in `rows`.

    Every episode begins with a `prepare` frame, in which the car is held and nothing is scored. In
    a lap that begins rolling there is none, and steps go on counting.

    Args:
        rows: (R,) TRACE, episodes one after the other.
        track: as driven; waypoints of episodes driven the other way are counted along them.
        dt: s between rows.
        began_s: simulated time at the first row.
        pauses: (first row, rows) in which the car was held for a penalty.
    """
    columns = [rows["params"][name].tolist() for name in _PARAMS]  # plain numbers: 10x quicker
    nearest = _closest(rows["params"], track).tolist()
    held, crashes = _held(rows, pauses, dt).tolist(), _crashes(rows).tolist()
    ends = np.append(np.diff(rows["episode"]) != 0, True).tolist()
    states = zip(
        rows["episode"].tolist(), rows["reward"].tolist(), rows["status"].tolist(),
        *columns, nearest, held, crashes, ends, strict=True,
    )  # fmt: skip
    clock = began_s
    for (
        episode, reward, status, steps, x, y, yaw, steer, speed, wheels, progress, length,
        waypoint, pause, crashed, end,
    ) in states:  # fmt: skip
        clock += dt
        label = "pause" if pause > 0.0 else STATUS_LABELS[status]
        done = end and status != IN_PROGRESS
        action = _action(actions, steer, speed)
        made = Written(
            episode, steps, x, y, yaw, steer, speed, action, reward, done, wheels, progress,
            waypoint, length, round(clock, 6), label, pause, crashed,
        )  # fmt: skip
        if steps == 2.0:
            yield made._replace(steps=1.0, reward=0.0, done=False, status="prepare")
            clock += dt
            made = made._replace(tstamp=round(clock, 6))
        yield made
        clock += dt * _EPISODE_GAP if end else 0.0


def from_log(log: Log) -> Iterator[Written]:
    """The rows of a log that was read; continuous actions are those that it commanded."""
    for row in log.rows:
        steer, speed, action = float(row["steer_deg"]), float(row["speed"]), int(row["action"])
        yield Written(
            int(row["episode"]),
            float(row["steps"]),
            float(row["x"]),
            float(row["y"]),
            float(row["yaw_deg"]),
            steer,
            speed,
            str(action) if action >= 0 else f"[{steer} {speed}]",
            float(row["reward"]),
            bool(row["done"]),
            bool(row["all_wheels_on_track"]),
            float(row["progress"]),
            int(row["closest_waypoint"]),
            float(row["track_len"]),
            float(row["tstamp"]),
            LOG_STATUSES[int(row["status"])],
            float(row["pause_duration"]),
            int(row["crashes"]),
        )


def _held(rows: np.ndarray, pauses: Sequence[Sequence[int]], dt: float) -> np.ndarray:
    """(R,) s that the car has been held for when each row is written; 0 when it drives."""
    held = np.zeros(len(rows))
    for first, count in pauses:
        held[first : first + count] = np.arange(1, count + 1) * dt
    return held


def _crashes(rows: np.ndarray) -> np.ndarray:
    """(R,) how often the car has crashed in its episode so far: obstacle_crash_counter."""
    total = np.cumsum(rows["status"] == CRASHED)
    first = np.append(True, np.diff(rows["episode"]) != 0)
    before = np.where(first, total - (rows["status"] == CRASHED), 0)
    counted: np.ndarray = total - np.maximum.accumulate(before)
    return counted


def _closest(params: np.ndarray, track: Track) -> np.ndarray:
    """(R,) the nearer of the waypoints around each pose, numbered in driving direction."""
    found = np.zeros(len(params), np.int64)
    for reverse in (False, True):
        mine = params["is_reversed"] == reverse
        points = track.center[::-1] if reverse else track.center
        found[mine] = nearer_waypoint(points, *(params[name][mine] for name in NEARER))
    return found


def _action(actions: Actions, steer: float, speed: float) -> str:
    if isinstance(actions, Discrete):
        return str(min(range(len(actions.choices)), key=lambda k: _apart(actions, k, steer, speed)))
    return f"[{steer} {speed}]"


def _apart(actions: Discrete, k: int, steer: float, speed: float) -> float:
    return abs(actions.choices[k][0] - steer) + abs(actions.choices[k][1] - speed)


def training_metrics(
    rows: Sequence[Written], per_iteration: int, *, first: int = 0
) -> list[dict[str, Any]]:
    """What TrainingMetrics.json says of the episodes in `rows`.

    Args:
        per_iteration: episodes between two updates of the policy; `trial` counts in them.
        first: how many episodes there were before.
    """
    return [
        {
            "reward_score": round(sum(row.reward for row in part)),
            **_times(part),
            "episode": number + 1,
            "trial": number % per_iteration + 1,
            "phase": "training",
            "completion_percentage": int(part[-1].progress),
            "episode_status": LABELS[part[-1].status],
        }
        for number, part in enumerate(_episodes(rows), first)
    ]


def training_file(metrics: list[dict[str, Any]]) -> dict[str, Any]:
    """TrainingMetrics.json of `training_metrics`."""
    return {"metrics": metrics, "version": 2.0, "best_model_metric": "progress"}


def evaluation_metrics(rows: Sequence[Written], counts: Sequence[dict[str, int]]) -> dict[str, Any]:
    """Evaluation metrics JSON.

    Args:
        counts: per lap, the official `*_count` fields that are not 0.
    """
    metrics = []
    for number, part in enumerate(_episodes(rows)):
        names = ("crash", "immobilized", "off_track", "reversed", "reset")
        metrics.append(
            {
                "completion_percentage": int(part[-1].progress),
                **_times(part),
                "episode_status": LABELS[part[-1].status],
                **{f"{name}_count": counts[number].get(f"{name}_count", 0) for name in names},
                "trial": number + 1,
            }
        )
    return {"metrics": metrics, "version": 2.0}


def _times(part: Sequence[Written]) -> dict[str, int]:
    frame = part[1].tstamp - part[0].tstamp if len(part) > 1 else 0.0
    start = round(1000.0 * (part[0].tstamp - frame))  # a stamp is the end of its frame
    end = round(1000.0 * part[-1].tstamp)
    return {"metric_time": end, "start_time": start, "elapsed_time_in_milliseconds": end - start}


def _episodes(rows: Sequence[Written]) -> Iterator[list[Written]]:
    part: list[Written] = []
    for row in rows:
        if part and row.episode != part[-1].episode:
            yield part
            part = []
        part.append(row)
    if part:
        yield part
