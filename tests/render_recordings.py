"""Recordings for tests of what shows them: driven in the engine, and texts that would be markup."""

import base64
import dataclasses
import json
import re
import zlib

import numpy as np

from racer.config import RaceConfig
from racer.evaluation import evaluate
from racer.recording.trace import AROUND
from racer.sim.types import BOX, OTHER_CAR

MARKUP = [
    "</script><script>document.hacked = 1</script>",
    "<!--<script>",
    "<img src=x onerror='document.hacked = 1'>",
    "]]>{{7*7}}${document.hacked=1}$recording \u2028 \u202e \"'`",
]


class Weaving:
    """Follows the road and weaves about its centre, so that a lap has numbers of every kind."""

    def __init__(self):
        self.step = 0

    def act(self, obs):
        self.step += 1
        angle = np.arctan2(obs[:, 10], obs[:, 9])
        steer = np.clip(1.5 * np.degrees(angle) / 30.0 + 0.1 * np.sin(self.step / 7.0), -1.0, 1.0)
        speed = np.clip(0.1 - 1.5 * np.abs(angle), -0.9, 0.1)
        return np.stack([steer, speed], axis=1).astype(np.float32)


def driven(track, laps):
    """A Trace of `laps` laps."""
    _, trace = evaluate(Weaving(), RaceConfig(track=track), laps=laps)
    return trace


def among(trace):
    """The same laps past a box and another car."""
    around = np.zeros((len(trace.rows), 2), AROUND)
    around["kind"], around["present"] = [BOX, OTHER_CAR], True
    around["length"], around["width"] = 0.4, 0.3
    around["x"], around["y"], around["yaw"] = zip(
        *map(trace.track.pose_at, (5.0, 9.0)), strict=True
    )
    return dataclasses.replace(trace, objects=around)


def recording_in(page):
    """The recording in a replay file, as its script reads it."""
    (text,) = re.findall(r'id="recording">(.*?)</script>', page, re.DOTALL)
    found = json.loads(text)
    return json.loads(inflated(found["about"])) | {"data": found["data"]}


def inflated(text):
    """Base 85 of raw deflate, with other letters for those that are markup."""
    back = text.encode().translate(bytes.maketrans(b",.:", b"&<>"))
    return zlib.decompress(base64.b85decode(back), -15)
