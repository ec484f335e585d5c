"""The reward file called plainly in this process: for pdb and print, without any protection."""

from __future__ import annotations

from contextlib import nullcontext
from types import ModuleType

from racer.errors import BadReward
from racer.reward.components import NAME as COMPONENTS
from racer.reward.components import Sums, Tally
from racer.reward.engine import Floats, RewardEngine, Rows, returned
from racer.reward.failure import Failure, printable
from racer.reward.file import RewardFile
from racer.reward.namespace import (
    Nonsense,
    Reward,
    fresh,
    imported,
    line_of,
    looks_for_itself,
    number,
)
from racer.reward.params import Waypoints, params_of

_NOTHING = nullcontext()


class InProcessEngine(RewardEngine):
    """One namespace of the file per car, each call a plain Python call."""

    name = "inprocess"
    why = "plain Python in this process, for debugging; nothing stops a bad file here"

    def __init__(self, file: RewardFile, *, n: int, waypoints: Waypoints, seed: int = 0) -> None:
        super().__init__(file, waypoints)
        self._modules = [_module(file, seed + car) for car in range(n)]
        self._functions: list[Reward] = [vars(one)["reward_function"] for one in self._modules]
        self._looks = looks_for_itself(file.code)
        self._tally = Tally()

    def _compute(self, rows: Rows, out: Floats) -> None:
        for car, row in enumerate(rows.tolist()):
            params = params_of(row, self.waypoints[row[18]])
            try:
                with imported(self._modules[car]) if self._looks else _NOTHING:
                    out[car] = number(self._functions[car](params))
            except Nonsense as error:
                raise Failure(car, self.file.line, returned(str(error))) from None
            except Exception as error:
                line = line_of(error, self.file.shown)
                raise Failure(car, line, printable(f"{type(error).__name__}: {error}")) from error
            if self.file.components_line:
                self._tally.add(vars(self._modules[car]).get(COMPONENTS))

    def take_components(self) -> Sums:
        return self._tally.take()


def _module(file: RewardFile, seed: int) -> ModuleType:
    try:
        module = fresh(file.code, file.shown, seed)
    except Exception as error:
        line = line_of(error, file.shown)
        problem = printable(f"{type(error).__name__}: {error}")
        raise BadReward(f"{file.shown}:{line}: {problem}") from error
    if not callable(vars(module).get("reward_function")):
        raise BadReward(f"{file.shown}:{file.line}: reward_function is not a function.")
    return module
