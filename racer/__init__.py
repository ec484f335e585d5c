"""racer: write a reward, train in seconds, watch the car drive.

    train, resume    from a Config to a run; go on with a run
    evaluate         laps of a policy or a run, from the start line
    make_race        N cars on a track, as a RaceConfig names them

    Config           every setting of a run, to and from TOML; its parts are RaceConfig with Rules,
                     Others, TrainConfig and EvalConfig
    Run              the folder that holds one training
    Result           what evaluation found        Trace    every step of recorded laps
    compare          runs side by side, a Comparison: which is better, and is that more than noise?
    Policy           a trained policy, played without torch
    Listener         hears a training: for files, displays and controls of your own

    Track            a road, by name or from a file           racer.Track.load("oval")
    Race             the engine: N cars, every buffer
    RacerEnv         one car as a Gymnasium Env               gymnasium.make("racer:Racer-v0")
    RacerVectorEnv   N cars as a Gymnasium VectorEnv
    RacerVecEnv      N cars as a Stable-Baselines3 VecEnv
    parallel_env     several cars on one road as a PettingZoo ParallelEnv

    vehicle          the numbers of a vehicle of your own
    kernel, bind     a compiled function, and a call of it with its arrays: for observations
    RacerError       base of every error that is the user's to fix

These names are the public API; everything else may change without notice. They are imported when
first used, so `import racer` costs nothing and never loads torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from racer.envs.registration import register_with_gymnasium

if TYPE_CHECKING:
    from racer.api import evaluate, resume, train
    from racer.config import Config, EvalConfig, Others, RaceConfig, Rules, TrainConfig
    from racer.envs.env import RacerEnv
    from racer.envs.parallel import parallel_env
    from racer.envs.sb3 import RacerVecEnv
    from racer.envs.vector_env import RacerVectorEnv
    from racer.errors import RacerError
    from racer.evaluation import Result
    from racer.policy import Policy
    from racer.race import Race, make_race
    from racer.recording.trace import Trace
    from racer.runs import Run
    from racer.runs.comparison import Comparison, compare
    from racer.sim.jit import kernel
    from racer.sim.native_call import bind
    from racer.tracks import Track
    from racer.training.listener import Listener
    from racer.vehicles import vehicle

__version__ = "0.1.0"

_HOMES = {
    "Comparison": "racer.runs.comparison",
    "Config": "racer.config",
    "EvalConfig": "racer.config",
    "Listener": "racer.training.listener",
    "Others": "racer.config",
    "Policy": "racer.policy",
    "Race": "racer.race",
    "RaceConfig": "racer.config",
    "RacerEnv": "racer.envs.env",
    "RacerError": "racer.errors",
    "RacerVecEnv": "racer.envs.sb3",
    "RacerVectorEnv": "racer.envs.vector_env",
    "Result": "racer.evaluation",
    "Rules": "racer.config",
    "Run": "racer.runs",
    "Trace": "racer.recording.trace",
    "Track": "racer.tracks",
    "TrainConfig": "racer.config",
    "bind": "racer.sim.native_call",
    "compare": "racer.runs.comparison",
    "evaluate": "racer.api",
    "kernel": "racer.sim.jit",
    "make_race": "racer.race",
    "parallel_env": "racer.envs.parallel",
    "resume": "racer.api",
    "train": "racer.api",
    "vehicle": "racer.vehicles",
}

__all__ = [
    "Comparison",
    "Config",
    "EvalConfig",
    "Listener",
    "Others",
    "Policy",
    "Race",
    "RaceConfig",
    "RacerEnv",
    "RacerError",
    "RacerVecEnv",
    "RacerVectorEnv",
    "Result",
    "Rules",
    "Run",
    "Trace",
    "Track",
    "TrainConfig",
    "bind",
    "compare",
    "evaluate",
    "kernel",
    "make_race",
    "parallel_env",
    "resume",
    "train",
    "vehicle",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'racer' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


register_with_gymnasium()
