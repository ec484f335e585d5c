"""Thirty scripted students in one class: how long saves wait, memory, processes, scores.

By hand, with the figures: python -m tests.lab.test_class_soak 30 600
"""

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

REWARD = "def reward_function(params):\n    return params['speed'] * {k} + {n} / 1e6\n"
WARM_S = 300.0
PROC = Path("/proc")


class Student(threading.Thread):
    """Saves another reward as soon as the last one drives, and submits what has finished."""

    def __init__(self, address, code, name, until):
        super().__init__(daemon=True)
        self.address, self.until, self.name_ = address, until, name
        self.rng = random.Random(name)
        self.key = self.ask("enter", {"code": code, "name": name})["key"]
        self.waits, self.entries, self.saves = [], set(), 0

    def ask(self, path, content=None):
        data = None if content is None else json.dumps(content).encode()
        headers = {"origin": self.address, "x-racer-secret": getattr(self, "key", "")}
        request = urllib.request.Request(f"{self.address}/api/{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return {"error": error.read().decode()}

    def run(self):
        while time.monotonic() < self.until:
            with contextlib.suppress(OSError):
                self.save()
                self.saves += 1
            time.sleep(self.rng.uniform(5.0, 40.0))

    def save(self):
        about = self.ask("about")
        text = REWARD.format(k=self.rng.randint(1, 9), n=self.rng.randrange(10**6))
        began = time.monotonic()
        self.ask("save", {"text": text, "base": about["base"]})
        while time.monotonic() < self.until:
            state = self.ask("me")["state"]
            if state in ("learning", "resting", "finished") and len(self.waits) <= self.saves:
                self.waits.append(time.monotonic() - began)
            if state in ("finished", "error", "stopped"):
                break
            time.sleep(0.5)
        answer = self.ask("submit", {"run": "", "key": f"{self.name_}-{self.rng.random()}"})
        self.entries |= {answer["entry"]} if "entry" in answer else set()


def descendants(pid):
    """Processes below one, and their memory, kB: shared pages are counted once."""
    children = {}
    for path in PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, waiting = [], [pid]
    while waiting:
        found += (below := children.get(waiting.pop(), []))
        waiting += below
    return found


def memory(pids):
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            rollup = (PROC / str(pid) / "smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1])
    return total


def soak(folder, students, seconds):
    """Serve a class, let it work, kill it, and say what was seen."""
    command = [sys.executable, "-m", "racer", "lab", "--class", "--no-browser"]
    server = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    said = ""
    while "Ctrl-C" not in said:
        said += server.stderr.readline()
    address, code = re.search(r"class +(\S+) +code (\w+)", said).groups()
    secret = re.search(r"teacher#(\S+)", said)[1]
    request = urllib.request.Request(
        f"{address}/api/class/race", b'{"track": "new", "laps": 1}',
        {"origin": address, "x-racer-secret": secret},
    )  # fmt: skip
    urllib.request.urlopen(request).close()
    first = Student(address, code, "Student 0", time.monotonic() + WARM_S)
    while first.ask("me")["state"] not in ("finished", "error") and time.monotonic() < first.until:
        time.sleep(0.5)
    end = time.monotonic() + seconds
    people = [first] + [Student(address, code, f"Student {k}", end) for k in range(1, students)]
    first.until = end
    peaks = []
    for one in people:
        one.start()
    while time.monotonic() < end:
        peaks.append(memory([server.pid, *descendants(server.pid)]) / 1e3)
        time.sleep(max(seconds / 60.0, 1.0))
    below = descendants(server.pid)
    used = cpu_of(server.pid)
    server.send_signal(signal.SIGKILL)
    server.communicate()
    for one in people:
        one.join(60.0)
    until = time.monotonic() + 20.0
    while any((PROC / str(pid)).exists() for pid in below) and time.monotonic() < until:
        time.sleep(0.1)
    waits = sorted(wait for one in people for wait in one.waits)
    return {
        "students": students,
        "seconds": seconds,
        "saves_that_drove": len(waits),
        "save_to_driving_median_s": waits[len(waits) // 2] if waits else None,
        "save_to_driving_p95_s": waits[int(0.95 * (len(waits) - 1))] if waits else None,
        "memory_max_mb": round(max(peaks)),
        "memory_mb": [round(peak) for peak in peaks[:: max(len(peaks) // 10, 1)]],  # evenly in time
        "server_cpu_s": used,
        "orphans": sum((PROC / str(pid)).exists() for pid in below),
        **scores(folder, set().union(*(one.entries for one in people))),
    }


def cpu_of(pid):
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scores(folder, submitted):
    """What is judged after the next start, as the server would do it, of what was answered."""
    from racer.lab.core.classroom.judging import Judging
    from racer.lab.core.classroom.store import Store

    store = Store(folder / "class" / "class.sqlite")
    judging = Judging(store, folder / "class" / "entries")
    until = time.monotonic() + WARM_S
    while store.waiting() and time.monotonic() < until:
        time.sleep(0.1)
    judging.close()
    found = [row["entry"] for row in store.read("SELECT entry FROM scores ORDER BY entry")]
    store.close()
    return {
        "submitted": len(submitted),
        "scores": len(found),
        "lost": len(submitted - set(found)),
        "doubled": len(found) - len(set(found)),
    }


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a class is for Linux")
def test_a_class_at_work_leaves_no_process_and_loses_no_score(tmp_path):
    found = soak(tmp_path, students=4, seconds=60.0)
    assert (found["orphans"], found["lost"], found["doubled"]) == (0, 0, 0)
    assert found["memory_max_mb"] < 2000


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        told = soak(Path(scratch), int(sys.argv[1]), float(sys.argv[2]))
    print(json.dumps(told, indent=2))
