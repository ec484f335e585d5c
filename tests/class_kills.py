"""A class that is killed again and again while everybody submits: no score is lost, none doubled.

The real server over HTTP, with trainings and a judge that are scripts. Every student sends each
submission twice, and again to the next server where the answer was lost. By hand, with the figures:

    python -m tests.class_kills 200
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path

TESTS = Path(__file__).parent
STUDENTS = 10
SERVER = """
import sys
from pathlib import Path
import uvicorn
from class_at_work import class_of
from racer.lab.web.server import listening
bound = listening(0)
port = bound.getsockname()[1]
found, app = class_of(Path(sys.argv[1]), port, slots=9)
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(port, flush=True)
Server(uvicorn.Config(app, log_level="error", ws="none")).run(sockets=[bound])
"""


class Student(threading.Thread):
    """Submits one run to one server, twice; hears of the entry, or of nothing."""

    def __init__(self, home, secret, key):
        super().__init__(daemon=True)
        self.home, self.secret, self.key = home, secret, key
        self.entry, self.heard = None, 0

    def run(self):
        for _ in range(2):
            data = json.dumps({"run": "r1", "key": self.key}).encode()
            headers = {"origin": self.home, "x-racer-secret": self.secret}
            request = urllib.request.Request(f"{self.home}/api/submit", data, headers)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    self.entry = json.load(answer)["entry"]
                    self.heard += 1
            except (OSError, ValueError, HTTPException):
                continue  # the server was killed


def moved_in(folder):
    """A class with an open race and students who each have a run: (person, secret) of each."""
    from class_at_work import PARTS

    from racer.lab.core.classroom import races
    from racer.lab.core.classroom.store import Store

    with contextlib.closing(Store(folder / "class.sqlite")) as store:
        store.open_race(races.settings_of({"track": "oval", "laps": 1}))
        people = [store.join(f"Student {k}", "progress") for k in range(STUDENTS)]
    for person, _ in people:
        run = folder / "people" / str(person) / "runs" / "r1"
        run.mkdir(parents=True)
        for name in PARTS:
            (run / name).write_text('{"schema": 1, "name": "r1", "created": "2026"}')
    return people


def started(folder):
    """A server and where it listens."""
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder)], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": paths},
    )  # fmt: skip
    return server, f"http://127.0.0.1:{int(server.stdout.readline())}"


def killed(folder, kills, seed):
    """What was answered, over so many servers, and what there is after the last one."""
    rng, people = random.Random(seed), moved_in(folder)
    waiting = [None] * STUDENTS  # the key whose answer was lost
    answered, asked, left = {}, 0, []
    for turn in range(kills):
        server, home = started(folder)
        sent = []
        for k, (_, secret) in enumerate(people):
            key = waiting[k] or f"key-{turn:04}-{k:04}"
            asked += waiting[k] is None
            sent.append(Student(home, secret, key))
            sent[-1].start()
        most = rng.randrange(2 * STUDENTS)  # answers before the end, and a moment more
        while sum(one.heard for one in sent) < most and any(one.is_alive() for one in sent):
            time.sleep(0.001)
        time.sleep(rng.random() * 0.02)
        below = children(server.pid)
        server.send_signal(signal.SIGKILL)
        server.communicate()
        left += below
        for k, one in enumerate(sent):
            one.join(60.0)
            waiting[k] = one.key if one.entry is None else None
            if one.entry is not None:
                assert answered.setdefault(one.key, one.entry) == one.entry
    return {"kills": kills, "sent": asked} | after(folder, answered) | {"orphans": alive(left)}


def after(folder, answered):
    """What the next start judges, as the server does it."""
    from class_at_work import class_of

    found, _ = class_of(folder, 0)
    end = time.monotonic() + 120.0
    while found.store.waiting() and time.monotonic() < end:
        time.sleep(0.05)
    found.judging.close()
    rows = found.store.read("SELECT key, entry FROM scores JOIN entries ON entry = id")
    ok = found.store.read("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    found.store.close()
    keys = [row["key"] for row in rows]
    return {
        "answered": len(answered),
        "scores": len(rows),
        "lost": sum({"key": k, "entry": e} not in rows for k, e in answered.items()),
        "doubled": len(keys) - len(set(keys)),
        "whole": ok,
    }


def children(pid):
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(one) for one in text.split()]
    return []


def alive(pids):
    """How many are there still, some seconds later."""
    end = time.monotonic() + 20.0
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < end:
        time.sleep(0.1)
    return sum(Path(f"/proc/{pid}").exists() for pid in pids)


if __name__ == "__main__":
    sys.path[:0] = [str(TESTS)]
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(killed(Path(scratch), int(sys.argv[1]), seed=3), indent=2))
