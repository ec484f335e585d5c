"""A class whose trainings and judge are scripts: for tests of its rules, routes and pages."""

import json
import sys
import threading
import time

import numpy as np

from racer.config import Config
from racer.lab.core.classroom.judging import Judging
from racer.lab.core.classroom.room import Room
from racer.lab.core.classroom.store import Store
from racer.lab.core.nursery import Nursery
from racer.lab.web.classroom import Classroom, application
from racer.lab.web.guard import hosts_of
from racer.lab.web.roles import OwnPages
from racer.render.live import wire
from racer.render.live.wire import Kind
from racer.tracks import Track

RACE = {"title": "Race", "track": "oval", "laps": 1, "ranking": "best", "resets": 3, "penalty_s": 3}


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def until(condition, patience=60.0):
    end = time.monotonic() + patience
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


# Answers each submission with a lap that follows from its number.
JUDGE = """
import json, sys
for line in sys.stdin:
    task = json.loads(line)
    lap = 7.0 + task["entry"] / 8
    result = {"score_s": lap, "best_lap_s": lap, "laps_completed": 3, "completion_pct": 100.0}
    print(json.dumps({"entry": task["entry"], "result": result}), flush=True)
"""
PARTS = ("config.toml", "manifest.json", "policy.safetensors", "reward.py")


class Script:
    """Stands for the nursery: a test says what is told about each job."""

    def __init__(self, config, told):
        self.told, self.ready = told, threading.Event()
        self.jobs, self.stopped, self.held = [], [], []

    def train(self, job):
        self.jobs.append(job)
        return len(self.jobs)

    def stop(self, number, *, save=False):
        self.stopped.append(number)
        self.told(number, Kind.DONE, b'{"killed":true}')

    def hold(self, number, *, on):
        self.held.append((number, on))

    def close(self):
        pass

    def drives(self, number, track="oval", cars=8):
        """Its cars drive: a start, a swarm, a lap of now, a row."""
        road = Track.load(track)
        folder = f"{self.jobs[number - 1].runs_dir}/draft-{number}"
        facts = {"total": 200_000, "from": 0, "cars": cars, "dt": 1 / 15, "folder": folder}
        self.told(number, Kind.START, json.dumps(wire.start(road, title="a", **facts)).encode())
        s = np.linspace(0.0, road.length, cars, endpoint=False)
        poses = wire.Grid.of(road).poses(*np.array([road.pose_at(one) for one in s]).T)
        fresh = np.zeros((4, cars), bool)
        swarm = wire.Swarm(4096, np.stack([poses] * 4), fresh)
        self.told(number, Kind.SWARM, wire.swarm_bytes(swarm))
        self.told(number, Kind.LAP, wire.lap_bytes(wire.Lap(4096, 9.5, poses)))
        row = {"timesteps": 4096, "laps": 1, "laps_pct": 62.5, "best_lap_s": 9.8, "seconds": 1.0}
        self.told(number, Kind.METRICS, json.dumps(row | {"first_lap_after_s": 0.9}).encode())

    def finishes(self, number, best_lap_s=9.5, completion_pct=100.0):
        """Its run lies on the disk, as far as a submission needs it."""
        from pathlib import Path

        folder = Path(self.jobs[number - 1].runs_dir) / f"draft-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        for name in PARTS:
            (folder / name).write_text('{"schema": 1, "name": "a", "created": "2026"}')
        result = {"completion_pct": completion_pct, "best_lap_s": best_lap_s}
        told = json.dumps({"folder": str(folder), "result": result}).encode()
        self.told(number, Kind.DONE, told)


def class_of(folder, port, *, slots=1, judge=JUDGE, host="127.0.0.1", real=False):
    """A class and its guarded application; `script` of it has the trainings that are not real."""
    made = []

    def nursery(config, told):
        made.append(Script(config, told))
        return made[0]

    store, entries = Store(folder / "class.sqlite"), folder / "entries"
    room = Room(Config(), slots=slots, made=Nursery if real else nursery)
    judging = Judging(store, entries, process=[sys.executable, "-c", judge])
    found = Classroom(store, room, judging, folder, f"http://{host}:{port}")
    found.script = made[0] if made else None
    return found, OwnPages(application(found), hosts_of(port, [host]))
