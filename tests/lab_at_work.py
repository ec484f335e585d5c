"""A lab whose drafts are a script: for tests of what serves it and of its page."""

import json

from racer.config import Config
from racer.lab.core.desk import Desk
from racer.lab.web.app import Lab, application
from racer.lab.web.guard import Guard, Keys
from racer.render.live import wire
from racer.render.live.wire import Kind
from racer.tracks import Track

REWARD = "def reward_function(params):\n    return params['speed']\n"


class Shown:
    """A draft, as far as routes look at it."""

    laps = None


class ScriptedDrafts:
    """Notes what it is asked for; a test says what is told and heard."""

    def __init__(self, tell, hear):
        self.tell, self.hear = tell, hear
        self.asked, self.shown = [], Shown()
        self.config, self.starts_from = None, ""

    def start_from(self, parent, policy):
        self.asked.append(("from", parent, policy))
        self.starts_from = parent and f"{parent}, {policy}"

    def __getattr__(self, name):
        if name in ("save", "keep", "stop", "close"):
            return lambda: self.asked.append(name)
        raise AttributeError(name)

    def drives(self, track="oval", moments=4, cars=16, lap_s=9.5):
        """A start, a swarm, a lap and a row of metrics."""
        import numpy as np

        road = Track.load(track)
        grid = wire.Grid.of(road)
        facts = {"total": 100_000, "from": 0, "cars": cars, "dt": 1 / 15, "folder": "x"}
        self.hear(Kind.START, json.dumps(wire.start(road, title="a", **facts)).encode())
        s = np.linspace(0.0, road.length, cars, endpoint=False)
        x, y, yaw = np.array([road.pose_at(one) for one in s]).T
        poses = np.stack([grid.poses(x, y, yaw)] * moments)
        fresh = np.zeros((moments, cars), bool)
        self.hear(Kind.SWARM, wire.swarm_bytes(wire.Swarm(4096, poses, fresh)))
        self.hear(Kind.LAP, wire.lap_bytes(wire.Lap(4096, lap_s, poses[0])))
        row = {"timesteps": 4096, "laps": 1, "laps_pct": 62.5, "best_lap_s": 9.8, "seconds": 1.0}
        self.hear(Kind.METRICS, json.dumps(row | {"first_lap_after_s": 0.9}).encode())


def lab_of(folder, port, text=REWARD):
    """A guarded lab on a port, with its keys; `lab.drafts` once it runs."""
    file = folder / "mine.py"
    file.write_text(text, encoding="utf-8")
    lab = Lab(
        Config().override({"race.reward": str(file)}),
        lambda changed, other: Desk(other or file, changed),
        ScriptedDrafts,
    )
    keys = Keys()
    return lab, keys, Guard(application(lab, folder / "runs"), keys, port)
