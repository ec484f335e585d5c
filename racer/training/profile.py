"""Where the time of a run goes: clocks around the calls of a Race and of the model that learns."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from racer import console
from racer.race import Race

REST = "SB3 loops, callbacks"
_RACE = {  # part → calls of a Race
    "action decoding": ("_decode",),
    "judging and params": ("_begin", "_finish"),
    "physics": ("_advance",),
    "observation": ("_observe",),
    "resets": ("_reset",),
}
_MODEL = {  # part → calls of an SB3 model
    "policy": ("_act", "_evaluate"),
    "update": ("train",),
}


class Profile:
    """Seconds per part of a run; a call inside another counts for the inner one only."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self.total_s = 0.0
        self._inner = [0.0]  # seconds of the calls inside each call that is running
        self._wrapped: list[tuple[Any, str, Any]] = []

    def watch(self, owner: Any, names: tuple[str, ...], part: str) -> None:
        """Time the methods `names` of `owner`, those it has, as `part`."""
        for name in names:
            call = getattr(owner, name, None)
            if call is not None:
                self._wrapped.append((owner, name, vars(owner).get(name)))
                setattr(owner, name, self._timed(call, part))

    def watch_race(self, race: Race) -> None:
        """Time every part of a race's step, which is then done part by part."""
        self._wrapped.append((race, "_all", race._all))
        race._all = race._by_parts
        for part, names in _RACE.items():
            self.watch(race, names, part)
        if race.reward is not None:
            self.watch(race.reward, ("submit", "collect"), "reward")
        self.watch(race, ("step", "reset"), "calls between kernels")

    def release(self) -> None:
        """Take every clock off again."""
        for owner, name, own in reversed(self._wrapped):
            if own is None:
                delattr(owner, name)
            else:
                setattr(owner, name, own)
        self._wrapped.clear()

    def _timed(self, call: Callable[..., Any], part: str) -> Callable[..., Any]:
        self.seconds.setdefault(part, 0.0)
        self.calls.setdefault(part, 0)
        inner = self._inner

        def timed(*args: Any, **kwargs: Any) -> Any:
            inner.append(0.0)
            began = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                took = time.perf_counter() - began
                self.seconds[part] += took - inner.pop()
                self.calls[part] += 1
                inner[-1] += took

        return timed

    def table(self) -> str:
        """Parts, longest first, with seconds and share; they add up to the whole."""
        parts = dict(self.seconds)
        parts[REST] = max(0.0, self.total_s - sum(parts.values()))
        rows = []
        for part, seconds in sorted(parts.items(), key=lambda item: -item[1]):
            calls = f"{self.calls[part]:,}" if part in self.calls else ""
            share = 100.0 * seconds / max(self.total_s, 1e-9)
            rows.append((part, f"{seconds:.2f}", f"{share:.1f} %", calls))
        rows.append(("all of learning", f"{self.total_s:.2f}", "100.0 %", ""))
        return console.table(("part", "seconds", "share", "calls"), rows, right=(1, 2, 3))


@contextlib.contextmanager
def profiled(model: Any, race: Race) -> Iterator[Profile]:
    """Time what `model` does on `race` until the end of the block."""
    profile = Profile()
    profile.watch_race(race)
    profile.watch(model.env, ("step",), "SB3 door")
    for part, names in _MODEL.items():
        profile.watch(model, names, part)
    profile.watch(model.policy, ("forward", "predict_values"), "policy")
    began = time.perf_counter()
    try:
        yield profile
    finally:
        profile.total_s = time.perf_counter() - began
        profile.release()
