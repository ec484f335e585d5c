"""A user's reward file, found, explained when wrong, and run for N cars at the best safe speed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from racer.errors import BadConfig, BadReward
from racer.reward import prints
from racer.reward.engine import RewardEngine, Rows
from racer.reward.file import RewardFile, load, names
from racer.reward.inprocess import InProcessEngine
from racer.reward.params import Waypoints

if TYPE_CHECKING:
    from racer.reward.compiler.background import Ahead
    from racer.reward.compiler.engine import CompiledEngine

ENGINES = ("auto", "compiled", "worker", "inprocess")
SANDBOXES = ("auto", "strict")

__all__ = ["ENGINES", "SANDBOXES", "RewardEngine", "RewardFile", "load", "make_engine", "names"]


def make_engine(
    reward: str | Path | RewardFile,
    *,
    n: int,
    waypoints: Waypoints,
    engine: str = "auto",
    sandbox: str = "auto",
    seed: int = 0,
    sample_rows: Callable[[], Rows] | None = None,
    sample_of: bytes = b"",
    ahead: Ahead | None = None,
    objects: int = 0,
) -> RewardEngine:
    """The engine that computes a reward for `n` cars. The choice never changes a value.

    Args:
        reward: name, path or loaded file.
        n: number of cars.
        waypoints: centre line in the track file's order; rows with `is_reversed` get it reversed.
        engine: compiled, worker, inprocess, or auto: compiled where proven equal, else a worker.
        sandbox: auto, or strict: only a fully locked worker will do.
        seed: of `random` inside the reward, car i draws from seed + i.
        sample_rows: gives PARAMS rows of real driving that a compiled reward must get right, 1,000
            or more; rows made up around the centre line by default.
        sample_of: a hash of all that these rows depend on. With it they are driven only if no
            verdict on this reward is kept.
        ahead: is compiling this reward already, and is waited for.
        objects: around each car; the rows have room for them.

    Raises:
        UnknownName, BadReward: the file cannot be used.
        BadConfig: no such engine or sandbox.
        ResourceError: strict, and this machine cannot lock a process.
    """
    _check_choice(engine, sandbox)
    strict = sandbox == "strict"
    file = reward if isinstance(reward, RewardFile) else load(reward)
    if engine == "inprocess":
        return InProcessEngine(file, n=n, waypoints=waypoints, seed=seed)
    asked = "--sandbox strict" if strict else "--reward-engine worker"
    why_not = f"{asked} runs rewards in a worker"
    if engine == "auto" and not strict and file.components_line:
        where = f"{file.shown}:{file.components_line}"
        engine, why_not = "worker", f"{where}: components are read from plain Python"
    if engine != "worker" and not strict:
        refused = ahead.wait() if ahead else ""
        made = refused or _compiled(file, n, waypoints, sample_rows, sample_of, seed, objects)
        if isinstance(made, RewardEngine):
            prints.notice_compiled(file)
            return made
        if engine == "compiled":
            raise BadReward(f"{made}; this cannot be compiled. Use --reward-engine auto.")
        why_not = made
    return _worker(file, n, waypoints, seed, sandbox, objects, why_not)


def _worker(
    file: RewardFile,
    n: int,
    waypoints: Waypoints,
    seed: int,
    sandbox: str,
    objects: int,
    why_not: str,
) -> RewardEngine:
    """A guarded process, whose prints are shown."""
    from racer.reward.worker.engine import WorkerEngine

    show = prints.Prints(file.name, lambda: worker.failure_folder)
    worker = WorkerEngine(
        file,
        n=n,
        waypoints=waypoints,
        seed=seed,
        sandbox=sandbox,
        show=show,
        objects=objects,
    )
    worker.why_not = why_not
    return worker


def _check_choice(engine: str, sandbox: str) -> None:
    if engine not in ENGINES or sandbox not in SANDBOXES:
        allowed = f"engine {', '.join(ENGINES)}; sandbox {', '.join(SANDBOXES)}"
        raise BadConfig(
            f"no reward engine {engine!r} with sandbox {sandbox!r}. Allowed: {allowed}."
        )
    if sandbox == "strict" and engine in ("compiled", "inprocess"):
        raise BadConfig(f"--sandbox strict runs rewards in a worker, not {engine}.")


def _compiled(
    file: RewardFile,
    n: int,
    waypoints: Waypoints,
    sample_rows: Callable[[], Rows] | None,
    sample_of: bytes,
    seed: int,
    objects: int,
) -> RewardEngine | str:
    """A compiled engine that is proven equal to Python, now or before, or why there is none."""
    from racer.reward.compiler import verdicts
    from racer.reward.compiler.engine import CompiledEngine, NotCompiled
    from racer.reward.worker.engine import WorkerEngine

    def python(given: RewardFile, rows: int) -> RewardEngine:
        return WorkerEngine(
            given, n=1, waypoints=waypoints, seed=seed, capacity=rows, objects=objects
        )

    driven = sample_rows() if sample_rows and not sample_of else None
    key = verdicts.key(file, waypoints, sample_of if driven is None else driven, objects)
    known = verdicts.read(key)
    if known and known.why_not:
        return f"{file.shown}{known.why_not}"
    try:
        engine = CompiledEngine(file, waypoints, python, objects=objects)
    except NotCompiled as error:
        why = str(error)
        if verdicts.is_of_the_text(error):
            verdicts.write(key, verdicts.Verdict(0, why.removeprefix(file.shown)))
        return why
    if known is None:
        try:
            if sample_rows and driven is None:
                driven = sample_rows()
            known = verdicts.Verdict(_prove(engine, waypoints, driven, seed, objects))
        except NotCompiled as error:
            return str(error)  # not kept: its Python may have failed for reasons of this moment
        verdicts.write(key, known)
    engine.start(n)
    engine.why = f"compiled; equal to Python on {known.rows} rows"
    return engine


def _prove(
    engine: CompiledEngine, waypoints: Waypoints, driven: Rows | None, seed: int, objects: int
) -> int:
    """Compare with plain Python, in a worker; how many rows were compared."""
    from racer.reward.compiler.engine import prove
    from racer.reward.compiler.sample import plausible_rows
    from racer.reward.worker.engine import WorkerEngine

    rows = [plausible_rows(waypoints, objects=objects)] + ([] if driven is None else [driven])
    most = max(map(len, rows))
    plain = WorkerEngine(
        engine.file, n=1, waypoints=waypoints, seed=seed, capacity=most, objects=objects
    )
    with closing(plain):
        return sum(prove(engine, plain, some) for some in rows)
