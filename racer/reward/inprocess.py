"""The reward file called plainly in this process: for pdb and print, without any protection."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from racer.errors import BadReward
from racer.reward.components import NAME as COMPONENTS
from racer.reward.components import Sums, Tally
from racer.reward.engine import Floats, RewardEngine, Rows, returned
from racer.reward.failure import Failure, printable
from racer.reward.file import RewardFile
from racer.reward.namespace import (
    Namespace,
    Nonsense,
    Reward,
    fresh,
    imported,
    line_of,
    looks_for_itself,
    number,
    place_beside,
    words_of,
)
from racer.reward.params import IS_REVERSED, Waypoints, params_of, values

_NOTHING = nullcontext()


class InProcessEngine(RewardEngine):
    """One namespace of the file per car, each call a plain Python call."""

    name = "inprocess"
    why = "plain Python in this process, for debugging; nothing stops a bad file here"

    def __init__(self, file: RewardFile, *, n: int, waypoints: Waypoints, seed: int = 0) -> None:
        super().__init__(file, waypoints)
        self._namespaces = [_namespace(file, seed + car) for car in range(n)]
        self._functions: list[Reward] = [one.function for one in self._namespaces]
        self._looks = looks_for_itself(file.code, file.served)
        self._tally = Tally()

    def _compute(self, rows: Rows, out: Floats) -> None:
        for car, row in enumerate(values(rows)):
            params = params_of(row, self.waypoints[row[IS_REVERSED]])
            try:
                with self._turn(car):
                    out[car] = number(self._functions[car](params))
            except Nonsense as error:
                raise Failure(car, self.file.line, returned(str(error))) from None
            except Exception as error:
                line = line_of(error, self.file.shown)
                raise Failure(car, line, _problem(error, self.file)) from error
            if self.file.components_line:
                self._tally.add(vars(self._namespaces[car].module).get(COMPONENTS))

    def take_components(self) -> Sums:
        return self._tally.take()

    def _turn(self, car: int) -> AbstractContextManager[object]:
        """What a call of this car finds by import and in files."""
        if not self._looks and self.file.served is None:
            return _NOTHING
        return self._served_turn(car)

    @contextmanager
    def _served_turn(self, car: int) -> Iterator[None]:
        with _serving(self.file), imported(self._namespaces[car], self.file.served):
            yield


def _serving(file: RewardFile) -> AbstractContextManager[None]:
    return _NOTHING if file.served is None else file.served.served()


def _problem(error: Exception, file: RewardFile) -> str:
    return printable(words_of(error) + place_beside(error, file.served))


def _namespace(file: RewardFile, seed: int) -> Namespace:
    try:
        with _serving(file):
            found = fresh(file.code, os.path.abspath(file.path), seed, served=file.served)
    except Exception as error:
        line = line_of(error, file.shown)
        raise BadReward(f"{file.shown}:{line}: {_problem(error, file)}") from error
    if not callable(found.function):
        raise BadReward(f"{file.shown}:{file.line}: reward_function is not a function.")
    return found
