"""A trained policy: one file on disk, a player that needs no torch, weights in and out of SB3."""

from racer.policy.player import FILE, Policy, from_model, into_model
from racer.policy.sampling import Sampler
from racer.policy.wider import widened

__all__ = [
    "FILE",
    "Policy",
    "Sampler",
    "from_model",
    "into_model",
    "widened",
]
