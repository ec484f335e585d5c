"""Fidelity: does a vehicle move like the one in the log, given the same commands?"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.config import Rules
from racer.deepracer.logs.log import PARK, PAUSE, PREPARE, Log
from racer.errors import BadLog
from racer.sim.models.kinematic import new_block
from racer.sim.replay import replay
from racer.sim.types import CAR, SIM

HORIZONS = (1, 5, 10, 15)  # steps
SKIP = 3  # rows of an episode from which speed and steering are not yet known well
CLOCKS = ("fixed", "log")
_DT = 1.0 / 15.0  # s
_DT_RANGE = (0.02, 0.2)  # s; other differences of time stamps are pauses of the simulator


@dataclass(frozen=True)
class Fidelity:
    """Errors after each of HORIZONS, from every logged state.

    Args:
        clock: `fixed` drives 1/15 s a step, as the engine does; `log` the time that really passed
            between two rows of the log.
        states: how many states were driven on from, per horizon.
        position: (H, 2) m, median and 90th percentile.
        heading: (H, 2) rad.
        driven: (H,) m, median distance the logged car moved.
    """

    clock: str
    states: tuple[int, ...]
    position: np.ndarray
    heading: np.ndarray
    driven: np.ndarray

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it; one entry per horizon."""
        return {
            "clock": self.clock,
            "steps": {
                str(h): {
                    "states": self.states[i],
                    "driven_m": float(self.driven[i]),
                    "position_median_m": float(self.position[i, 0]),
                    "position_p90_m": float(self.position[i, 1]),
                    "heading_median_deg": float(np.degrees(self.heading[i, 0])),
                    "heading_p90_deg": float(np.degrees(self.heading[i, 1])),
                }
                for i, h in enumerate(HORIZONS)
            },
        }


def check_fidelity(logs: list[Log], vehicle: np.ndarray, clock: str = "fixed") -> Fidelity:
    """Replay the commands of `logs` open loop from each logged state.

    Raises:
        BadLog: no stretch of the logs is long enough.
    """
    errors = open_loop(logs, vehicle, clock)
    used = [np.flatnonzero(np.isfinite(errors[:, h - 1, 0])) for h in HORIZONS]
    if not used[-1].size:
        raise BadLog(
            f"{logs[0].source}: no stretch of {SKIP + HORIZONS[-1] + 1} steps without a pause, "
            "so nothing to compare. Give a log of a car that drives."
        )
    rows = np.concatenate([log.rows for log in logs])
    pairs = list(zip(used, HORIZONS, strict=True))
    position, heading = (np.array([_spread(errors[u, h - 1, k]) for u, h in pairs]) for k in (0, 1))
    place: NDArray[np.float64] = np.stack([rows["x"], rows["y"]], axis=1)
    driven = np.array([np.median(np.hypot(*(place[u + h] - place[u]).T)) for u, h in pairs])
    return Fidelity(clock, tuple(int(u.size) for u in used), position, heading, driven)


def check_clocks(logs: list[Log], vehicle: np.ndarray) -> list[Fidelity]:
    """`check_fidelity` with each of CLOCKS."""
    return [check_fidelity(logs, vehicle, clock) for clock in CLOCKS]


def own_clock(results: list[Fidelity]) -> Fidelity:
    """The result with the clock that the log keeps: the one that predicts a single step better.

    Older simulators took poses every 1/15 s whatever their stamps say, newer ones when they stamp.
    """
    return min(results, key=lambda result: float(result.position[0, 0]))


def open_loop(logs: list[Log], vehicle: np.ndarray, clock: str) -> np.ndarray:
    """(R, 15, 2) distance (m) and heading (rad) error after 1..15 steps; NaN where not driven."""
    sim = np.zeros(1, SIM)
    sim["substeps"] = Rules().substeps
    scratch, block = np.zeros(2, CAR), new_block()
    parts = []
    for log in logs:
        rows = log.rows
        errors = np.full((len(rows), HORIZONS[-1], 2), np.nan)
        dts = time_steps(rows, clock)
        commands = clipped(rows, vehicle)
        noses = np.stack([rows["x"], rows["y"], rows["yaw_deg"]], axis=1)
        for part in driven_parts(log):
            replay(
                scratch,
                noses[part],
                commands[part],
                dts[part],
                SKIP,
                vehicle,
                sim,
                block,
                errors[part],
            )
        parts.append(errors)
    return np.concatenate(parts)


def driven_parts(log: Log) -> list[slice]:
    """Stretches of consecutive steps in which the car drives by itself and time does not jump."""
    rows = log.rows
    cut = np.zeros(len(rows), np.bool_)  # between row k and k + 1
    held = np.isin(rows["status"], (PREPARE, PAUSE, PARK))
    cut[:-1] = np.diff(held.astype(int)) != 0
    cut[1:] |= np.diff(rows["tstamp"]) > _DT_RANGE[1]  # stamps are one frame late
    parts = []
    for run in log.runs():
        edges = np.flatnonzero(cut[run][:-1]) + 1 + run.start
        parts += [
            slice(a, b)
            for a, b in itertools.pairwise([run.start, *edges.tolist(), run.stop])
            if not held[a] and b - a > SKIP + 1
        ]
    return parts


def clipped(rows: np.ndarray, vehicle: np.ndarray) -> np.ndarray:
    """(R, 2) steering angle (rad) and speed (m/s) the vehicle is told to reach."""
    limit = float(vehicle["steer_max"][0])
    steer = np.clip(np.radians(rows["steer_deg"]), -limit, limit)
    speed = np.clip(rows["speed"], vehicle["speed_min"][0], vehicle["speed_max"][0])
    return np.stack([steer, speed * vehicle["speed_gain"][0]], axis=1)


def time_steps(rows: np.ndarray, clock: str) -> np.ndarray:
    """(R,) s from the pose of each row to the next one.

    The time stamp of a row is one frame later than its pose, so the time between the poses of rows
    k and k + 1 is the one between the stamps of k - 1 and k.
    """
    dts = np.full(len(rows), _DT)
    if clock == "log":
        stamps = np.diff(rows["tstamp"])
        ok = (stamps > _DT_RANGE[0]) & (stamps < _DT_RANGE[1])
        dts[1:][ok] = stamps[ok]
    return dts


def _spread(values: np.ndarray) -> tuple[float, float]:
    return float(np.median(values)), float(np.percentile(values, 90))
