"""A small training in a forked process that can be hurt, and what must hold afterwards.

Forking a process that has torch loaded makes a trial cost a second instead of ten.
"""

from __future__ import annotations

import functools
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from racer import api, console
from racer.api import resume
from racer.config import Config
from racer.errors import RacerError
from racer.process.signals import steady_output
from racer.runs import Run, list_runs
from racer.training import checkpoint, train

STEPS = {"ppo": 12 * 256, "sac": 4096 + 8 * 60}  # SAC learns from step 4096 on
FAULTS: dict[str, Fault] = {}
Hook = Callable[[], None]


@dataclass(frozen=True)
class Fault:
    """A way to hurt it. `inject(effort, folder)` says what was tried, or asserts."""

    name: str
    title: str
    inject: Callable[[Effort, Path], str]


@dataclass
class Effort:
    """How many trials: the long form of `make faults`, or the short one of the tests."""

    long: bool
    rng: random.Random = field(default_factory=lambda: random.Random(7))

    def of(self, long: int, short: int) -> int:
        return long if self.long else short

    def quick(self, seconds: float, limit: float) -> bool:
        """Was it quick enough? Asked on the quiet machine of `make faults`, never in the tests."""
        return not self.long or seconds < limit


def fault(name: str, title: str):
    """Register a fault under its name in the list."""

    def register(inject):
        FAULTS[name] = Fault(name, title, inject)
        return inject

    return register


def config(algo="ppo", **more):
    """A training of about a second."""
    small = {
        "train.algo": algo,
        "train.num_envs": 8,
        "train.timesteps": STEPS[algo],
        "train.net_arch": [16],
        "train.checkpoint_every_s": 0.0 if algo == "ppo" else 0.1,
        "eval.laps": 1,
        "race.reward_engine": "inprocess",
    }
    if algo == "ppo":
        small |= {"train.n_steps": 32, "train.n_epochs": 2}
    return Config().override(small | {k.replace("__", "."): v for k, v in more.items()})


class Child:
    """A forked process that trains, and what it acknowledged as saved."""

    def __init__(self, body: Callable[[], None], *, hook: Hook | None = None):
        warm_up()
        self._acks, writing = os.pipe()
        log, self._log_name = tempfile.mkstemp(prefix="racer-fault-")
        self.pid = os.fork()
        if self.pid == 0:
            self._be_the_child(body, hook, writing, log)
        os.close(writing)
        os.close(log)
        self.acked: list[int] = []
        self._rest = b""

    def _be_the_child(self, body, hook, writing, log):
        code = 1
        try:
            os.setpgid(0, 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            sys.stdout = os.fdopen(1, "w", closefd=False)
            sys.stderr = os.fdopen(2, "w", closefd=False)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            acknowledge(writing)
            if hook is not None:
                hook()
            try:
                with steady_output(), console.for_a_command():
                    body()
                code = 0
            except RacerError as error:
                print(f"racer: {error}", file=sys.stderr, flush=True)
                code = error.exit_code
            except BaseException:
                traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def saved(self, count: int, timeout: float = 300.0) -> None:
        """Wait until `count` checkpoints are acknowledged or the child has ended."""
        limit = time.monotonic() + timeout
        while len(self.acked) < count and time.monotonic() < limit:
            if not self._read():
                return

    def _read(self) -> bool:
        content = os.read(self._acks, 65536)
        lines = (self._rest + content).split(b"\n")
        self._rest = lines.pop()
        self.acked += [int(line) for line in lines]
        return bool(content)

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid, number)

    def wait(self, timeout: float = 600.0) -> int:
        """The exit code, or minus the signal that ended it; reads the rest of the pipe."""
        limit = time.monotonic() + timeout
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > limit:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise AssertionError(f"did not end within {timeout} s: {self.log()[-2000:]}")
            time.sleep(0.005)
        while self._read():
            pass
        os.close(self._acks)
        code = os.waitstatus_to_exitcode(status)
        self.text = self.log()
        Path(self._log_name).unlink()
        assert "Traceback" not in self.text or code in (1, -9), self.text[-3000:]
        return code

    def log(self) -> str:
        return Path(self._log_name).read_text(errors="replace")


@functools.cache
def warm_up() -> None:
    """Import and compile before forking, once, what every training needs."""
    with tempfile.TemporaryDirectory() as folder:
        api.train(config(train__timesteps=256), runs_dir=Path(folder), quiet=True)


def acknowledge(descriptor: int) -> None:
    """Tell the parent the timesteps of every checkpoint when its save has returned."""
    save = checkpoint.save

    def saved(folder, state, **options):
        path = save(folder, state, **options)
        os.write(descriptor, b"%d\n" % state.timesteps)
        return path

    checkpoint.save = saved


def without_pictures() -> None:
    """Leave out the pictures: they are not what is hurt here."""
    train.draw = lambda run: None


def start(runs_dir: Path, settings=None, *, hook: Hook | None = None) -> Child:
    """Begin a training in `runs_dir`."""

    def body():
        without_pictures()
        api.train(settings or config(), runs_dir=runs_dir)

    return Child(body, hook=hook)


def go_on(runs_dir: Path, *, hook: Hook | None = None, **options) -> Child:
    """Resume the newest run in `runs_dir`."""

    def body():
        without_pictures()
        resume(Run.open("latest", runs_dir), options.pop("settings", {}), **options)

    return Child(body, hook=hook)


def finish(runs_dir: Path) -> None:
    """Resume to the end; it must work."""
    child = go_on(runs_dir)
    assert child.wait() == 0, child.text[-3000:]


def run_in(runs_dir: Path) -> Run:
    (run,) = list_runs(runs_dir)
    return run


def check_whole(runs_dir: Path, acked: list[int]) -> int:
    """Rule G: the newest checkpoint is whole and no older than what was acknowledged."""
    run = run_in(runs_dir)
    run.manifest()
    assert not any(checkpoint.verify(run.checkpoints).values())
    if not acked and not checkpoint.verify(run.checkpoints):
        return 0  # hurt before the first one
    newest = checkpoint.latest(run.checkpoints).state.timesteps
    assert newest >= max(acked, default=0), (newest, acked)
    return newest


def outcome(runs_dir: Path) -> dict[str, object]:
    """Everything a training ends with but clocks: weights, moments, generators, cars, metrics."""
    run = run_in(runs_dir)
    state = checkpoint.latest(run.checkpoints).state
    facts = dict(state.facts)
    facts["episodes"] = [{k: v for k, v in e.items() if k != "t"} for e in facts["episodes"]]
    found: dict[str, object] = {f"state {k}": v.tobytes() for k, v in state.arrays.items()}
    found |= {f"weight {k}": v.tobytes() for k, v in state.policy.weights.items()}
    found |= {f"replay {k}": v.tobytes() for k, v in (state.replay or {}).items()}
    found["facts"] = facts
    found["metrics"] = run.metrics_file.read_bytes()
    for path in [
        *run.folder.glob("training-simtrace/*"),
        run.folder / "metrics/TrainingMetrics.json",
    ]:
        found[path.name] = path.read_bytes()
    found["policy"] = (run.folder / "policy.safetensors").read_bytes()
    return found


_STRAIGHT: dict[str, tuple[dict[str, object], float]] = {}


def straight(algo: str = "ppo") -> tuple[dict[str, object], float]:
    """What an uninterrupted training ends with, and how long it saves checkpoints."""
    if algo not in _STRAIGHT:
        folder = Path(tempfile.mkdtemp(prefix="racer-straight-"))
        child = start(folder, config(algo))
        child.saved(1)
        began = time.monotonic()
        assert child.wait() == 0, child.text[-3000:]
        _STRAIGHT[algo] = outcome(folder), time.monotonic() - began
        shutil.rmtree(folder)
    return _STRAIGHT[algo]


def same_as_straight(runs_dir: Path, algo: str = "ppo") -> None:
    """0 differing bits."""
    expected, found = straight(algo)[0], outcome(runs_dir)
    assert found.keys() == expected.keys()
    assert {name for name in expected if found[name] != expected[name]} == set()


def at_call(module, name: str, number: int, act: Callable[[], None]) -> None:
    """Run `act` just before the `number`-th call of `module.name`."""
    real, seen = getattr(module, name), [0]

    def call(*args, **kwargs):
        seen[0] += 1
        if seen[0] == number:
            act()
        return real(*args, **kwargs)

    setattr(module, name, call)


def tell(number: int) -> Hook:
    return lambda: os.kill(os.getpid(), number)


def children_of(pid: int) -> list[int]:
    """Processes whose parent is `pid`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def checkpoint_of(runs_dir: Path) -> checkpoint.State:
    """The newest state of a short training made in `runs_dir`."""
    child = start(runs_dir, config(train__timesteps=256))
    assert child.wait() == 0, child.text
    return checkpoint.latest(run_in(runs_dir).checkpoints).state
