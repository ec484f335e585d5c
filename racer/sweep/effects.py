"""What mattered: how much of the differences between runs each setting explains, and by chance.

For each setting, the share is the part of the variance of the runs' values that lies between its
groups (eta squared). Whether that is more than chance is found by permutation: shuffle the setting
and look how often the share is as large. In a grid, runs are shuffled only among those that agree
in every other setting, so one strong setting cannot hide or feign another; elsewhere whole
configurations are shuffled, because the seeds of one are no independent draws. With several
settings, Holm's correction keeps the chance of a single false alarm at 5 %.

Own code, because Optuna's importances come without a test of chance, and a setting that does
nothing gets a share of them too.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from racer.sweep.score import Configuration, Row, configurations, shown
from racer.sweep.space import Range, Space

SHUFFLES = 2000
ALPHA = 0.05
_BINS = 3  # groups of equal size that a range is cut into
_FEWEST = 4  # runs, to say anything at all
_FEW = 0.05  # of the runs: so few without every lap say nothing of the others

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Effect:
    """What one setting did.

    Args:
        key: of the setting.
        share: of the variance of the runs' values that it explains, 0 to 1.
        p: how often chance alone explains as much; after Holm's correction.
        best, worst: the value, or third of a range, with the best and the worst runs, and what
            they came to.
    """

    key: str
    share: float
    p: float
    best: str
    worst: str

    @property
    def real(self) -> bool:
        """Is it more than chance?"""
        return self.p < ALPHA


def compared(rows: Sequence[Row]) -> list[Row]:
    """The runs whose differences are looked at.

    Where nearly all complete every lap, those that do: completion counts so much more than laps
    that a single run without would outweigh the laps of hundreds.
    """
    whole = [row for row in rows if row.completion_pct >= 100.0]
    return whole if len(whole) >= (1.0 - _FEW) * len(rows) else list(rows)


def effects(rows: Sequence[Row], space: Space, *, grid: bool) -> list[Effect]:
    """Every setting that varies, the most important first; empty with too few runs."""
    rows = compared(rows)
    varied = [key for key in space if len({repr(row.settings[key]) for row in rows}) > 1]
    if len(rows) < _FEWEST or not varied:
        return []
    found = [_effect(rows, space, key, grid=grid) for key in varied]
    order = sorted(range(len(found)), key=lambda i: found[i].p)
    corrected, worst = list(found), 0.0
    for rank, i in enumerate(order):
        one = found[i]
        worst = max(worst, min(1.0, one.p * (len(found) - rank)))
        corrected[i] = dataclasses.replace(one, p=worst)
    return sorted(corrected, key=lambda one: (-one.share, one.key))


def _effect(rows: Sequence[Row], space: Space, key: str, *, grid: bool) -> Effect:
    values = np.array([row.value for row in rows])
    if isinstance(space[key], Range):
        groups, labels = _binned(rows, key)
    else:
        kinds = [repr(value) for value in space[key].ends()]
        groups = np.array([kinds.index(repr(row.settings[key])) for row in rows])
        labels = [shown(value) for value in space[key].ends()]
    share = _share(values, groups)
    shuffle = _within(rows, key) if grid else _whole(rows, groups)
    rng = np.random.default_rng(0)
    # A part in a million less: sums in another order are not the same to the bit.
    hits = sum(_share(values, shuffle(groups, rng)) >= share - 1e-6 for _ in range(SHUFFLES))
    there = [i for i in range(len(labels)) if (groups == i).any()]
    ends = [pick(there, key=lambda i: float(values[groups == i].mean())) for pick in (max, min)]
    best, worst = (f"{labels[i]} with {_came_to(rows, groups == i)}" for i in ends)
    return Effect(key, share, (hits + 1) / (SHUFFLES + 1), best, worst)


def _came_to(rows: Sequence[Row], mine: NDArray[np.bool_]) -> str:
    return Configuration(0, {}, tuple(itertools.compress(rows, mine.tolist()))).text


def _binned(rows: Sequence[Row], key: str) -> tuple[Ints, list[str]]:
    """Groups of a range: a low, a middle and a high third of what was drawn."""
    drawn = np.array([float(row.settings[key]) for row in rows])
    cuts = np.quantile(drawn, np.arange(1, _BINS) / _BINS)
    groups = np.searchsorted(cuts, drawn, "right").astype(np.int64)
    edges = [drawn.min(), *cuts, drawn.max()]
    return groups, [f"{a:.3g} to {b:.3g}" for a, b in itertools.pairwise(edges)]


def _share(values: Floats, groups: Ints) -> float:
    """Eta squared: between groups, of the whole."""
    total = float(((values - values.mean()) ** 2).sum())
    if total <= 1e-12:
        return 0.0
    counts = np.bincount(groups)
    sums = np.bincount(groups, values)
    kept = counts > 0
    between = (counts[kept] * (sums[kept] / counts[kept] - values.mean()) ** 2).sum()
    return float(between / total)


_Shuffle = Callable[[Ints, np.random.Generator], Ints]


def _within(rows: Sequence[Row], key: str) -> _Shuffle:
    """Among runs that agree in every other setting."""
    others = [repr([(k, v) for k, v in row.settings.items() if k != key]) for row in rows]
    kinds = {one: i for i, one in enumerate(dict.fromkeys(others))}
    strata = np.array([kinds[one] for one in others])
    in_order = np.argsort(strata, kind="stable")

    def shuffle(groups: Ints, rng: np.random.Generator) -> Ints:
        mixed = groups.copy()
        mixed[in_order] = groups[np.lexsort((rng.random(len(groups)), strata))]
        return mixed

    return shuffle


def _whole(rows: Sequence[Row], groups: Ints) -> _Shuffle:
    """Whole configurations."""
    numbers = np.array([row.number for row in rows])
    known, first, member = np.unique(numbers, return_index=True, return_inverse=True)

    def shuffle(_groups: Ints, rng: np.random.Generator) -> Ints:
        mixed: Ints = groups[first][rng.permutation(len(known))][member]
        return mixed

    return shuffle


def sentence(rows: Sequence[Row], space: Space, *, grid: bool) -> str:
    """What mattered, for people; honest when nothing did."""
    found = effects(rows, space, grid=grid)
    if not rows:
        return "No run is finished yet."
    best = configurations(rows)[0]
    if not found:
        return "Too few runs to say what mattered; at least 4 of several values are needed."
    left = len(rows) - len(compared(rows))
    without = f" Left out: {left} of {len(rows)} runs, which missed a lap." if left else ""
    real = [one for one in found if one.real]
    if real:
        also = [f"{one.key} ({100 * one.share:.0f} %)" for one in real[1:]]
        rest = [one.key for one in found if not one.real]
        return (
            f"{real[0].key} mattered most: it explains {100 * real[0].share:.0f} % of the "
            f"differences (best {real[0].best}; worst {real[0].worst})"
            f"{'; then ' + ', '.join(also) if also else ''}."
            f"{' ' + ' and '.join(rest) + ': no more than chance.' if rest else ''}{without}"
        )
    spread = [row.value for row in best.rows]
    seeds = (
        f" Seeds of the same settings differ by up to {max(spread) - min(spread):.0f} points of "
        "completion."
        if len(spread) > 1 and max(spread) - min(spread) >= 1
        else ""
    )
    few = " More seeds or more configurations may tell." if len(rows) < 100 else ""
    return (
        f"Nothing that varied mattered more than chance: {found[0].key} explains "
        f"{100 * found[0].share:.0f} % of the differences, and shuffled values often do as much "
        f"(p = {found[0].p:.2f}).{seeds}{few}{without}"
    )
