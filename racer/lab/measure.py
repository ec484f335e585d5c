"""`racer bench lab`: how long one waits for the lab, by the clock and in processor time.

Everything is measured on the real thing: the warm process trains, a server answers, and where
Playwright and a Chromium are there, a browser draws. The clock counts what else the machine does;
processor time does not.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from racer.config import Config
from racer.reward.file import LESSONS

RUNS = 1000
LOOKS = 60
WATCHED_S = 5.0
_PATIENCE_S = 180.0


class Row(NamedTuple):
    """One number.

    Attributes:
        what: was measured.
        clock_s, cpu_s: None where it has none, or nothing here tells.
        note: what else there is to say.
    """

    what: str
    clock_s: float | None
    cpu_s: float | None
    note: str = ""


Tell = Callable[[str], None]


def bench(tell: Tell) -> list[Row]:
    """Every number, one after the other; some two minutes."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for part in (saves, looks, garage, live, starts, swarm):
            tell(f"measuring {part.__name__}")
            rows += part(folder)
    return rows


def saves(folder: Path) -> Iterator[Row]:
    """From a save to new driving: oval, `center_line`, 256 cars."""
    from racer.lab.core.drafts import Drafts
    from racer.lab.core.job import Job

    file = folder / "mine.py"
    shutil.copy(LESSONS / "center_line.py", file)
    config = Config().override({"race.reward": str(file), "train.timesteps": 200_000})
    began = time.monotonic()
    cpu: dict[str, float] = {}
    done = threading.Event()

    def look(words: str) -> None:
        for name, text in (("frame", "driving"), ("lap", "first lap"), ("most", "95 %")):
            if words.startswith(text):
                cpu[name] = spent(os.getpid()) - before
        if words.startswith("finished"):
            done.set()

    (folder / "drafts").mkdir()
    drafts = Drafts(config, folder / "runs", folder / "drafts", job=Job(0, "", ""), tell=look)
    try:
        drafts.nursery.ready.wait(_PATIENCE_S)
        before = spent(os.getpid())
        yield Row("the warm process is ready, once", time.monotonic() - began, _known(before))
        drafts.save()
        done.wait(_PATIENCE_S)
        seconds = drafts.shown.seconds if drafts.shown else {}
        for name, what in (
            ("frame", "first new cars"),
            ("lap", "first lap"),
            ("most", "95 % laps"),
        ):
            yield Row(f"save → {what}", seconds.get(name), _known(cpu.get(name, 0.0)))
        laps = drafts.shown.laps if drafts.shown else None
        if laps is not None:
            shutil.copy(laps, folder / "laps.npz")
    finally:
        drafts.close()


def looks(folder: Path) -> Iterator[Row]:
    """Paying recorded laps by an edited text, and looking into steps of them."""
    from racer.lab.core.looker import Looker

    laps, looker = folder / "laps.npz", Looker()
    path = LESSONS / "racing_line.py"
    text = path.read_text(encoding="utf-8")
    try:
        steps = len(looker.trace(laps).rows)
        with timed() as first:
            looker.paid(laps, path, text)
        with timed() as again:
            looker.paid(laps, path, text + "# edited\n")
        yield Row("re-score, the first time", *first(), f"{steps} steps of racing_line")
        yield Row("re-score while typing", *again(), "a process of its own for each text")
        draw = random.Random(0)
        remembers = "SEEN = []\n" + text
        for source, what in ((text, "any step in the debugger"), (remembers, "that remembers")):
            times: list[tuple[float, float]] = []
            looker.look(laps, path, source, 0)
            for _ in range(LOOKS):
                with timed() as one:
                    looker.look(laps, path, source, draw.randrange(steps))
                times.append(one())
            clock, cpu = (statistics.median(column) for column in zip(*times, strict=True))
            worst = max(cpu for _, cpu in times)
            name = what if source is text else f"the same of a reward {what}"
            yield Row(name, clock, cpu, f"median of {LOOKS}; at most {1e3 * worst:.0f} ms")
    finally:
        looker.close()


def garage(folder: Path) -> Iterator[Row]:
    """The first page of a thousand runs."""
    from racer.lab.core.garage import Garage
    from racer.runs import Run

    runs = folder / "many"
    result = {"completion_pct": 100.0, "best_lap_s": 9.0, "mean_lap_s": 9.5}
    for number in range(RUNS):
        run = Run(runs / f"2026-01-01-run-{number:04}")
        run.folder.mkdir(parents=True)
        run.config_file.write_text(Config().to_toml())
        run.manifest_file.write_text(
            json.dumps({"schema": 1, "created": f"2026-01-01T{number:06}", "status": "finished"})
        )
        run.evaluation_file.write_text(json.dumps(result))
    for sort in ("created", "lap"):
        with timed() as one:
            Garage(runs).page("", sort, 0)
        yield Row(f"garage of {RUNS} runs, first page by {sort}", *one())


def live(folder: Path) -> Iterator[Row]:
    """What `--live` costs a training: processor time inside the listener and its thread."""
    from racer import api
    from racer.render.live.outbox import Outbox
    from racer.training.listeners.live import Live

    config = Config().override(
        {"race.reward": str(folder / "mine.py"), "train.timesteps": 400_000, "eval.laps": 1}
    )
    listener = Live(config, lambda: Outbox(lambda whole: None))
    inside = [0.0]
    for name in ("on_start", "on_step", "on_policy", "on_metrics", "on_end"):
        setattr(listener, name, _counted(getattr(listener, name), inside))
    began = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        api.train(config, runs_dir=folder / "live", listeners=[listener], quiet=True)
    whole = time.process_time() - began
    yield Row("--live, of a training of 400,000 steps", None, inside[0], f"{inside[0] / whole:.1%}")


def starts(folder: Path) -> Iterator[Row]:
    """From the command to the page, the second time."""
    for number in (1, 2):
        with serving(folder) as (process, address, began):
            seconds = time.monotonic() - began
            if number == 2:
                yield Row("racer lab → it serves, second start", seconds, _known(_own(process.pid)))
                yield from _usable(address)


def swarm(folder: Path) -> Iterator[Row]:
    """256 cars at 15 Hz to one viewer: what the server uses, and what a browser draws."""
    with serving(folder) as (process, address, _):
        drawn = _drawn(address)
        if drawn is None:
            return
        used, rate, total = drawn(process.pid)
        note = f"{rate:.0f} pictures a second drawn, {used / total:.1%} of a core for the server"
        yield Row("swarm of 256 while it learns", total, used, note)


# -- clocks


@contextlib.contextmanager
def timed() -> Iterator[Callable[[], tuple[float, float]]]:
    """(clock, processor time) of the block, with the processes that it started."""
    began, cpu = time.monotonic(), _all()
    found: list[tuple[float, float]] = []
    yield lambda: found[0]
    found.append((time.monotonic() - began, _all() - cpu))


def _all() -> float:
    """Of this process, the processes below it, and those below it that have ended, s."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system + spent(os.getpid())


def spent(pid: int) -> float:
    """Processor time of all processes below one, s; 0 where nothing tells."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = path.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    waiting, total = list(parents.get(pid, [])), 0.0
    while waiting:
        one = waiting.pop()
        total += _own(one)
        waiting += parents.get(one, [])
    return total


def _own(pid: int) -> float:
    """Processor time of one process and of its children that have ended, s; Linux only."""
    if sys.platform != "linux":
        return 0.0
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _known(seconds: float) -> float | None:
    return seconds or None


def _counted(method: Callable[..., Any], inside: list[float]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        began = time.thread_time()
        try:
            return method(*args)
        finally:
            inside[0] += time.thread_time() - began

    return call


# -- a server and a browser


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, float]]:
    """A lab in a process of its own: the process, its address, when it was started."""
    words = ["lab", str(folder / "mine.py"), "--no-browser", "--runs-dir", str(folder / "served")]
    words += ["--set", "train.timesteps=3000000"]
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "racer", *words], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    address = ""
    try:
        for line in process.stderr:
            if found := re.search(r"http://\S+", line):
                address = found[0]
                break
        port = int(re.findall(r":(\d+)/", address)[0])
        with socket.create_connection(("127.0.0.1", port), _PATIENCE_S):
            yield process, address, began
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=20)
        process.kill()


def _browser() -> str:
    """Where a Chromium is that Playwright could drive; empty where there is none."""
    import importlib.util

    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return found if found and importlib.util.find_spec("playwright") else ""


@contextlib.contextmanager
def _opened(address: str) -> Iterator[tuple[Any, float]]:
    """A page that can be used, and how long that took."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_browser(), args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(1e3 * _PATIENCE_S)
        began = time.monotonic()
        page.goto(address)
        page.locator("textarea").wait_for()
        page.get_by_text("● connected").wait_for()
        yield page, time.monotonic() - began
        browser.close()


def _usable(address: str) -> Iterator[Row]:
    if _browser():
        with _opened(address) as (_, seconds):
            yield Row("address → usable page, in Chromium", seconds, None, "headless")


def _drawn(address: str) -> Callable[[int], tuple[float, float, float]] | None:
    if not _browser():
        return None

    def watch(pid: int) -> tuple[float, float, float]:
        with _opened(address) as (page, _):
            page.get_by_text("driving: new cars").first.wait_for()
            page.evaluate(_COUNT)
            began, used = time.monotonic(), _own(pid)
            page.wait_for_timeout(1e3 * WATCHED_S)
            seconds, used = time.monotonic() - began, _own(pid) - used
            return used, page.evaluate("window.pictures") / seconds, seconds

    return watch


_COUNT = """() => {
  window.pictures = 0;
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...args) {
    window.pictures++;
    return draw.apply(this, args);
  };
}"""


def markdown(rows: list[Row]) -> str:
    """A table."""
    lines = ["| | clock | processor time | |", "|---|---|---|---|"]
    for row in rows:
        cells = [_seconds(row.clock_s), _seconds(row.cpu_s), row.note]
        lines.append(f"| {row.what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{1e3 * value:.0f} ms" if value < 0.1 else f"{value:.2f} s"
