"""Listener: what hears a training and changes nothing in it: files, progress bars, live views.

    on_start(run, race)     before the first step; after `set_state` when a run goes on
    on_step(infos)          after every step of all cars; infos[i] says how car i's episode ended
    on_policy(policy)       after an update, before the next steps; policy() is what was learned
    on_metrics(row)         a new row of metrics.csv
    on_log(step, values)    what Stable-Baselines3 logged, by name, e.g. train/loss
    on_checkpoint(state)    a moment that training can go on from; keep on disk what is not yet
    on_end(result)          the end: the evaluation, or None when an error cut the training short

A listener with a `name` can carry something over a resume: `get_state` is asked when a checkpoint
is made, `set_state` gets it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from racer.errors import UsageError

if TYPE_CHECKING:
    from racer.evaluation import Result
    from racer.policy import Policy
    from racer.race import Race
    from racer.runs import Run
    from racer.training.state import State

Saved = tuple[NDArray[Any] | None, dict[str, Any]]
RESERVED = frozenset({"metrics", "keeper"})  # what a checkpoint calls the training's own


class Listener:
    """Hears a training; override what you need.

    Attributes:
        name: of its state in a checkpoint; empty when it has none to keep.
    """

    name = ""

    def on_start(self, run: Run, race: Race) -> None:
        """Training is about to begin, or to go on."""

    def on_step(self, infos: Sequence[Mapping[str, Any]]) -> None:
        """Every car made a step: race.params, race.rewards, race.done; infos as RacerVecEnv's."""

    def on_policy(self, policy: Callable[[], Policy]) -> None:
        """An update is done; `policy()` is the policy of this moment, if you want to drive it."""

    def on_metrics(self, row: Mapping[str, float]) -> str | None:
        """A new row of metrics.csv; return why training should end here, or None."""
        return None

    def on_log(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers that Stable-Baselines3 logged at `step`."""

    def on_checkpoint(self, state: State) -> None:
        """Training can go on from `state`."""

    def on_end(self, result: Result | None) -> None:
        """Training is over; None when an error ended it."""

    def get_state(self) -> Saved:
        """An array or None, and facts that JSON can hold."""
        return None, {}

    def set_state(self, content: NDArray[Any] | None, facts: Mapping[str, Any]) -> None:
        """Go on from what `get_state` gave.

        Raises:
            BadRun: it is damaged; a checkpoint may come from anyone.
        """


class Listeners:
    """All listeners of a training, in the order in which they are told.

    Raises:
        UsageError: two of one name, or a name the training needs itself.
    """

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._all = tuple(listeners)
        names = [one.name for one in self._all if one.name]
        for name in names:
            if names.count(name) > 1 or name in RESERVED:
                raise UsageError(f"a listener cannot be called {name!r} here: the name is taken.")
        # Most do nothing at a step, and there are hundreds of thousands.
        self._at_steps = [
            one.on_step for one in self._all if type(one).on_step is not Listener.on_step
        ]
        self._at_policies = [
            one.on_policy for one in self._all if type(one).on_policy is not Listener.on_policy
        ]

    def start(self, run: Run, race: Race) -> None:
        """Tell them that it begins."""
        for one in self._all:
            one.on_start(run, race)

    def step(self, infos: Sequence[Mapping[str, Any]]) -> None:
        """Tell those that want to know of a step."""
        for on_step in self._at_steps:
            on_step(infos)

    def policy(self, policy: Callable[[], Policy]) -> None:
        """Tell them that there is a new policy."""
        for on_policy in self._at_policies:
            on_policy(policy)

    def metrics(self, row: Mapping[str, float]) -> str:
        """Tell them a row; the first reason to end here, or an empty text."""
        reasons = [one.on_metrics(row) for one in self._all]
        return next((why for why in reasons if why), "")

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Tell them what was logged."""
        for one in self._all:
            one.on_log(step, values)

    def checkpoint(self, state: State) -> None:
        """Tell them a moment to keep."""
        for one in self._all:
            one.on_checkpoint(state)

    def end(self, result: Result | None) -> None:
        """Tell them that it is over."""
        for one in self._all:
            one.on_end(result)

    def save_into(self, state: State) -> None:
        """Put what each wants back into `state`."""
        for one in self._all:
            if one.name:
                content, state.extra[one.name] = one.get_state()
                if content is not None:
                    state.arrays[one.name] = np.asarray(content)

    def load_from(self, state: State) -> None:
        """Give each back what it put into `state`.

        Raises:
            BadRun: it is damaged.
        """
        for one in self._all:
            if one.name and one.name in state.extra:
                one.set_state(state.arrays.get(one.name), state.extra[one.name])
