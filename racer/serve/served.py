"""The policy behind a service: a run's, played by NumPy, or an ONNX file's, by onnxruntime.

Neither needs torch, and a file of ours needs nothing of racer's simulator either.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from racer.errors import BadRun
from racer.process.extras import extra
from racer.serve.arrays import Array, Arrays, BadRequest, number
from racer.storage import files

EXTRA, WHAT = "serve", "racer serve"
_MAX_FILE = 256 * 2**20  # bytes
_FAR = 1e4  # m
_AGAIN = "Write it with racer export RUN --onnx FILE."


class Answer(NamedTuple):
    """What to do: the action, as the policy gives it, and what it means."""

    action: list[float] | int  # steering and speed in [-1, 1], or the number of a choice
    steering_angle_deg: float  # left positive
    speed_mps: float


@dataclass(frozen=True)
class About:
    """What is served: the name of the run, the policy's sha256, what it sees."""

    name: str
    policy: str
    arrays: tuple[Array, ...]


class Served(Protocol):
    """What a service asks."""

    about: About

    def act(self, arrays: Arrays) -> Answer:
        """The action for one car."""

    def see(self, params: Mapping[str, Any]) -> Arrays:
        """What the car of these params would see.

        Raises:
            BadRequest: it cannot be computed.
        """


class OnnxPolicy:
    """A file that `racer export --onnx` wrote.

    Raises:
        BadRun: not such a file. ResourceError: onnxruntime is not installed.
    """

    def __init__(self, path: Path) -> None:
        content = files.read_limited(path, _MAX_FILE)
        with extra(EXTRA, WHAT):
            import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # it is small
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
            said = self._session.get_modelmeta().custom_metadata_map
            seen = json.loads(said["racer.observation"])["arrays"]
            arrays = [Array(str(a["name"]), tuple(a["shape"]), str(a["dtype"])) for a in seen]
            name, hashes = json.loads(said["racer.run"]), json.loads(said["racer.hashes"])
            self.about = About(str(name), str(hashes["policy.safetensors"]), tuple(arrays))
            self.act({a.name: np.zeros((1, *a.shape), a.dtype) for a in arrays})
        except Exception as error:  # whatever a foreign file makes the runtime raise
            reason = (str(error) or type(error).__name__).splitlines()[0][:200]
            raise BadRun(
                f"{path} is not a policy that racer exported: {reason}. {_AGAIN}"
            ) from error

    def act(self, arrays: Arrays) -> Answer:
        """The action for one car."""
        action, command = self._session.run(["action", "command"], arrays)
        return _answer(action, command)

    def see(self, params: Mapping[str, Any]) -> Arrays:
        """An ONNX file does not know the road."""
        raise BadRequest(
            "this service has an ONNX file, which knows no track: send an observation, or let it "
            "serve the run."
        )


class RunPolicy:
    """The policy of a run, and the road and car that it was trained with.

    Raises:
        BadRun: the run has no usable policy, or one for another observation or action space.
    """

    def __init__(self, name: str, runs_dir: Path, checkpoint: str = "") -> None:
        from racer.policy.inputs import parts
        from racer.race import make_race, track_of
        from racer.runs import Run
        from racer.training.checkpoint import policy_of

        run = Run.open(name, runs_dir)
        config = run.config().race
        self._policy = policy_of(run.folder, checkpoint)
        cars, tracks = config.others.learners, [track_of(config)]  # the first car is asked about
        self._race = make_race(config, cars, with_reward=False, tracks=tracks)
        space: Any = self._race.actions.space
        discrete = hasattr(space, "n")
        actions = int(space.n) if discrete else int(space.shape[0])
        seen = self._race.observation_space
        self._policy.check(observation=seen, actions=actions, discrete=discrete)
        arrays = [Array(one.key or "observation", one.shape, one.dtype) for one in parts(seen)]
        self._keys = [one.key for one in parts(seen)]
        self.about = About(run.name, files.hashed(self._policy.to_bytes()), tuple(arrays))
        self._decode = self._race.actions.bind(self._race.action_buffer, self._race.commands)
        self._race.reset()
        nose = self._race.cars[0]  # kernels are loaded now, not while somebody waits
        here = {"x": nose["nose_x"].item(), "y": nose["nose_y"].item()}
        self.act(self.see(here | dict.fromkeys(("heading", "speed", "steering_angle"), 0.0)))

    def act(self, arrays: Arrays) -> Answer:
        """The action for one car."""
        obs = arrays if self._keys[0] else next(iter(arrays.values()))
        action = self._policy.act(obs)
        self._race.action_buffer[...] = action
        self._decode()
        return _answer(action, self._race.commands)

    def see(self, params: Mapping[str, Any]) -> Arrays:
        """What the car sees at x, y (m, its nose) with heading (deg), speed, steering_angle (deg).

        Speed and wheels are taken to be where the params say. How fast the car turns is not in
        them: it follows from both, as in a steady bend.
        """
        from racer import observations
        from racer.sim.replay import measure_poses

        pose = [[number(params, k, _FAR) for k in ("x", "y", "heading")]]
        race, car = self._race, self._race.cars[0]
        start = np.zeros(1), np.ones(1, np.bool_)
        road = race.track.arrays, race.vehicle
        measure_poses(race.cars[:1], race.params[:1], np.array(pose), *start, *road)
        vehicle = race.vehicle[0]
        car["v"] = number(params, "speed", 100.0)
        car["steer"] = math.radians(number(params, "steering_angle", 90.0))
        turn = car["v"] * math.tan(car["steer"]) / vehicle["effective_wheelbase"]
        limit = vehicle["lateral_grip"] / max(abs(car["v"]), 1e-9)
        car["yaw_rate"] = min(max(turn, -limit), limit)
        obs = observations.copied(observations.take(race.refresh(), slice(0, 1)))
        return obs if isinstance(obs, dict) else {self.about.arrays[0].name: obs}


def load(name: str, runs_dir: Path, checkpoint: str = "") -> Served:
    """What `racer serve NAME` serves: an ONNX file, or a run."""
    if Path(name).suffix == ".onnx":
        return OnnxPolicy(Path(name))
    return RunPolicy(name, runs_dir, checkpoint)


def _answer(action: Any, command: Any) -> Answer:
    first: list[float] | int = np.asarray(action)[0].tolist()
    return Answer(first, float(command[0][0]), float(command[0][1]))
