"""A reward given as a Python function, from a notebook: called as it is, in this process."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from racer.errors import BadReward, RewardFailed
from racer.reward import usage
from racer.reward.components import Tally
from racer.reward.engine import Cars, RewardEngine, Rows
from racer.reward.failure import Failure
from racer.reward.file import RewardFile
from racer.reward.inprocess import InProcessEngine
from racer.reward.params import Waypoints

RewardFunction = Callable[[dict[str, Any]], Any]

_STAND_IN = "def reward_function(params): ..."  # what the file would hold; nothing reads it


class FunctionEngine(InProcessEngine):
    """One function for all cars: what it remembers they share, and nothing stops it.

    Args:
        function: of params, a dict; returns a finite number.
        n: cars.
        waypoints: in the file's order.

    Raises:
        BadReward: it cannot be called with one argument.
    """

    why = "a Python function in this process; nothing stops a bad one here"

    def __init__(self, function: RewardFunction, *, n: int, waypoints: Waypoints) -> None:
        name = name_of(function)
        try:
            inspect.signature(function).bind({})
        except TypeError as error:
            raise BadReward(f"reward {name}: {error}; it takes one argument, params.") from None
        except ValueError:
            pass  # a built-in without a signature: its first call tells
        code = getattr(function, "__code__", None)
        path = Path(code.co_filename if code else name)
        RewardEngine.__init__(self, RewardFile(path, _STAND_IN, ast.parse(_STAND_IN)), waypoints)
        self.needs = usage.ALL
        self._functions = [function] * n
        self._looks = False  # it is no file that asks for its own module
        self._tally = Tally()  # stays empty: components are those of a file

    def _failed(self, failure: Failure, rows: Rows, cars: Cars | None) -> RewardFailed:
        """Without the command that repeats a call: that needs a reward file."""
        car, step = failure.car + self.first_car, rows[failure.car]["steps"]
        where = f"{self.file.shown}:{failure.line}"
        return RewardFailed(f"{where}: {failure.problem} (car {car}, step {step:.0f}).")


def name_of(function: RewardFunction) -> str:
    """What to call it: its own name, `lambda`, or the type of an object."""
    name: str = getattr(function, "__name__", type(function).__name__)
    return name.strip("<>")


def as_file(function: RewardFunction) -> RewardFile:
    """A reward file that records the function, as far as its source can be had.

    A `def` stands in it as it is, and scores wherever it uses nothing from around it. In place of
    anything else stands a reward_function that says to pass the function again.
    """
    name = name_of(function)
    head = (
        f"# The Python function {name}, given as train(reward={name}). Names from around it are\n"
    )
    head += f"# not here; where it uses some, give it again: evaluate(run, reward={name}).\n"
    try:
        source = textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError):
        source = ""
    if source.startswith("def ") and inspect.isfunction(function):
        alias = "" if name == "reward_function" else f"\n\nreward_function = {name}\n"
        return _file(name, f"{head}{source}\n{alias}")
    found = textwrap.indent(source or "Its source cannot be had.", "# ")
    again = f"the reward of this run is a Python function without a file: give reward={name}"
    stub = f"def reward_function(params):\n    raise NotImplementedError({again!r})\n"
    return _file(name, f"{head}{found}\n\n\n{stub}")


def _file(name: str, source: str) -> RewardFile:
    return RewardFile(Path(f"{name}.py"), source, ast.parse(source))
