"""Does a served policy still see and do what it did in training and evaluation? Its log, compared.

Each number that the policy sees, and the two it commands, has a distribution in the log. Cars drive
anew, from the run, for two more: as in an evaluation, and at random as in training. They are
compared by the population stability index: over ten bins that hold a tenth of the reference each,
the sum of (p - q) ln(p / q). By custom 0.25 is a large shift. But a lap has few bends, so a short
log differs from its own reference by more than that; how much is measured, with pieces of the
reference that are as long as the log. Only more than half as much again is a shift.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from racer import console, observations, vehicles
from racer.config import RaceConfig
from racer.errors import UsageError
from racer.evaluation import Driver
from racer.policy import Sampler
from racer.policy.inputs import parts
from racer.race import make_race, pack_of
from racer.runs import Run
from racer.serve import log as logs
from racer.serve.arrays import Array
from racer.storage import files
from racer.training.checkpoint import policy_of

log = console.log(__name__)

LARGE = 0.25  # of the index, for long logs
OUTSIDE_PCT = 5.0  # of values outside what was ever seen
LINES_MIN = 300  # 20 s; fewer are a piece of a lap
COMMANDS = ("steering_angle_deg", "speed_mps")
_BINS = 10
_CARS, _STEPS = 64, 150  # of each reference: pieces of 10 s, from everywhere on the road
_TRIES, _MORE = 40, 1.5  # of pieces as long as the log; how much more than they is a shift
_PARTS_MAX = 200  # more have no limit above LARGE
_SMALLEST = 1e-4  # a share, so that an empty bin counts as nearly none
_ROW = re.compile(r"^\| (\d+)(?: \+ (\d+)k)? \| ([^|]+?) \|", re.MULTILINE)

Floats = npt.NDArray[np.float64]


class Feature(NamedTuple):
    """One number, in the log and in the references."""

    name: str
    meaning: str
    mean: float  # in the log
    evaluation_mean: float
    training_mean: float
    from_evaluation: float  # the index
    from_training: float
    evaluation_limit: float  # what the index may be
    training_limit: float
    outside_pct: float  # values of the log outside both references

    @property
    def shift(self) -> float:
        """How far it is from the nearer of the two; 1 is the limit."""
        return min(
            self.from_evaluation / self.evaluation_limit, self.from_training / self.training_limit
        )

    @property
    def parted(self) -> bool:
        """Is it as in neither?"""
        return self.shift > 1.0 or self.outside_pct > OUTSIDE_PCT


@dataclass(frozen=True)
class Drift:
    """What was found: every feature, the furthest first, and how many answers were read."""

    features: tuple[Feature, ...]
    lines: int

    @property
    def parted(self) -> tuple[Feature, ...]:
        """The features that are as in neither."""
        return tuple(one for one in self.features if one.parted)

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        rows = [one._asdict() | {"parted": one.parted} for one in self.features]
        return {"drifted": bool(self.parted), "answers": self.lines, "features": rows}

    def table(self, count: int = 12) -> str:
        """The furthest features, for people."""
        rows = [
            (
                one.name,
                f"{one.mean:.3f}",
                f"{one.evaluation_mean:.3f}",
                f"{one.training_mean:.3f}",
                f"{one.from_evaluation:.2f} ({one.evaluation_limit:.2f})",
                f"{one.from_training:.2f} ({one.training_limit:.2f})",
                f"{one.outside_pct:.1f} %",
                "parted" if one.parted else "",
            )
            for one in self.features[:count]
        ]
        heads = ("", "mean", "evaluation", "training", "PSI (limit)", "PSI (limit)", "outside", "")
        return console.table(heads, rows, right=(1, 2, 3, 4, 5, 6))

    def text(self) -> str:
        """A sentence or two."""
        if not self.parted:
            return (
                f"In {self.lines} answers the policy sees and does what it did in evaluation or "
                "training: no number has shifted."
            )
        first = self.parted[0]
        about = f" ({first.meaning})" if first.meaning else ""
        return (
            f"In {self.lines} answers {len(self.parted)} of {len(self.features)} numbers are as "
            f"neither in training nor in evaluation. The furthest is {first.name}{about}: "
            f"{first.mean:.3f} on average instead of {first.evaluation_mean:.3f} in evaluation. "
            "What was learned need not hold here: look at the track and the car."
        )


def compare(run: Run, path: Path, *, checkpoint: str = "") -> Drift:
    """The log of a served policy beside its training and evaluation.

    Args:
        run: whose policy was served.
        path: of the log.
        checkpoint: which of its policies.

    Raises:
        BadLog: not such a log. BadRun: no usable policy.
        UsageError: it is another policy's, or too short to say anything.
    """
    policy = policy_of(run.folder, checkpoint)
    lines = _of_policy(path, files.hashed(policy.to_bytes()), run.name)
    config = run.config().race
    fluent = dataclasses.replace(config.rules, start="random", continuous=True)
    judged, names = _driven(policy, dataclasses.replace(config, rules=fluent))
    trained, _ = _driven(Sampler(policy), config)
    served = [[*line["saw"], *(line[name] for name in COMMANDS)] for line in lines]
    if {len(row) for row in served} != {len(names)}:
        raise UsageError(f"{path} holds another observation than {run.name} has.")
    meanings = _meanings(config)
    found = [
        _feature(name, meanings.get(name, ""), *columns)
        for name, *columns in zip(
            names,
            np.array(served).T,
            np.moveaxis(judged, 2, 0),
            np.moveaxis(trained, 2, 0),
            strict=True,
        )
    ]
    found.sort(key=lambda one: (-one.shift, -one.outside_pct))
    return Drift(tuple(found), len(lines))


def _of_policy(path: Path, policy: str, run: str) -> list[dict[str, Any]]:
    """The lines of a log that are of this policy."""
    lines, torn = logs.read(path)
    if torn:
        log.warning("%d lines of %s are torn and left out.", torn, path)
    ours = [line for line in lines if line["policy"] == policy[: logs.DIGITS]]
    if 0 < len(ours) < len(lines):
        log.warning("%d lines of %s are of another policy.", len(lines) - len(ours), path)
    if len(ours) < LINES_MIN:
        raise UsageError(
            f"{path} has {len(ours)} answers of this policy of {run}; at least {LINES_MIN} are "
            "needed. Serve longer, or name the run and --checkpoint that were served."
        )
    return ours


def _driven(driver: Driver, config: RaceConfig) -> tuple[Floats, list[str]]:
    """What cars see and are told on pieces of the road: (cars, steps, features); and the names."""
    each = config.others.learners  # cars of a world
    worlds = max(-(-_CARS // each), len(pack_of(config).tracks))
    race = make_race(config, worlds * each, with_reward=False)
    arrays = [
        Array(p.key or "observation", p.shape, p.dtype) for p in parts(race.observation_space)
    ]
    rows = []
    race.reset()
    for _ in range(_STEPS):
        obs = observations.copied(race.obs)
        seen = obs if isinstance(obs, dict) else {arrays[0].name: obs}
        race.step(driver.act(obs))
        kept = [one.kept(seen[one.name]) for one in arrays]
        rows.append(np.concatenate([*kept, race.commands], axis=1))
        if race.done_count:
            race.reset(race.done)
    return np.stack(rows, axis=1), [name for one in arrays for name in one.features] + list(
        COMMANDS
    )


def _feature(name: str, meaning: str, served: Floats, judged: Floats, trained: Floats) -> Feature:
    """One number: (N,) in the log, (cars, steps) in each reference."""
    low, high = min(judged.min(), trained.min()), max(judged.max(), trained.max())
    margin = _margin(np.array([low, high]))
    by_evaluation, by_training = Reference(judged), Reference(trained)
    outside = (served < low - margin) | (served > high + margin)
    return Feature(
        name,
        meaning,
        float(served.mean()),
        float(judged.mean()),
        float(trained.mean()),
        by_evaluation.index(served),
        by_training.index(served),
        _limit(by_evaluation, judged, len(served)),
        _limit(by_training, trained, len(served)),
        100.0 * float(outside.mean()),
    )


def _limit(reference: Reference, pieces: Floats, count: int) -> float:
    """What the index may be for `count` numbers: more than parts of pieces (cars, steps) have.

    The parts are as long as drives between two starts may be; half of them begin with the start.
    """
    rng = np.random.default_rng(0)
    cars, steps = pieces.shape
    worst = 0.0
    for k in range(_TRIES):
        length = steps // (1 + k % 3)
        parts = min(-(-count // length), _PARTS_MAX)
        starts = rng.integers(0, steps - length + 1, parts) * (k % 2)
        rows = starts[:, None] + np.arange(length)
        drawn = pieces[rng.integers(0, cars, parts)[:, None], rows]
        worst = max(worst, reference.index(drawn.ravel()[:count]))
    return max(LARGE, _MORE * worst)


class Reference:
    """A distribution to compare others with.

    Args:
        values: of any shape; their first and last tenth, and those between, are the bins.
    """

    def __init__(self, values: Floats) -> None:
        edges = np.quantile(values, np.linspace(0.0, 1.0, _BINS + 1))
        margin = _margin(edges)
        inner = [float(edges[0]) - margin]
        for edge in edges[1:-1].tolist():
            if edge - inner[-1] > margin:
                inner.append(edge)
        self._edges = np.array([-np.inf, *inner, float(edges[-1]) + margin, np.inf])
        self._shares = self._of(values)

    def index(self, values: Floats) -> float:
        """The population stability index of other values."""
        p, q = self._of(values), self._shares
        return float(np.sum((p - q) * np.log(p / q)))

    def _of(self, values: Floats) -> Floats:
        """The share of the values in each bin."""
        return np.maximum(np.histogram(values, self._edges)[0] / values.size, _SMALLEST)


def _margin(values: npt.NDArray[np.float64]) -> float:
    """Differences below this mean nothing, so that rounding moves no value to another bin."""
    return 0.01 * max(float(values.max() - values.min()), 0.1)


def _meanings(config: RaceConfig) -> dict[str, str]:
    """Number → meaning, from the tables in the observations' docstrings, where they have one."""
    several = config.observation.split("+")
    vehicle = vehicles.load(config.vehicle)
    found: dict[str, str] = {}
    for name in several:
        view = observations.make(name, vehicle, config.sensors)
        array = name if len(several) > 1 else "observation"
        for start, every, meaning in _ROW.findall(inspect.getdoc(type(view)) or ""):
            last = int(start) + (100 * int(every) if every else 1)
            places = range(int(start), last, int(every or 1))
            found |= {f"{array}[{k}]": meaning for k in places}
    return found
