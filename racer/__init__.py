"""racer: write a reward, train in seconds, watch the car drive.

    Track        a road, by name or from a file           racer.Track.load("oval")
    Race         the engine: N cars, every buffer
    RacerEnv     one car as a Gymnasium Env               gymnasium.make("racer:Racer-v0")
    RacerVectorEnv   N cars as a Gymnasium VectorEnv
    RacerVecEnv  N cars as a Stable-Baselines3 VecEnv
    Config       every setting of a run, to and from TOML
    RacerError   base of every error that is the user's to fix

Training and judging: `from racer.training.train import train`,
`from racer.evaluation import evaluate`.

Names are imported when first used, so `import racer` costs nothing and never loads torch.
"""

from __future__ import annotations

import importlib
from typing import Any

from racer.envs.registration import register_with_gymnasium

__version__ = "0.1.0"

_HOMES = {
    "Config": "racer.config",
    "Race": "racer.race",
    "RacerEnv": "racer.envs.env",
    "RacerError": "racer.errors",
    "RacerVecEnv": "racer.envs.sb3",
    "RacerVectorEnv": "racer.envs.vector_env",
    "Track": "racer.tracks",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'racer' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


register_with_gymnasium()
