"""The default vehicle: DeepRacer as its current simulators move it, the same as deepracer_v5."""

from __future__ import annotations

from racer.vehicles.deepracer_v5 import PARAMS

__all__ = ["PARAMS"]
