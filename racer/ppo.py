"""RacerPPO: Stable-Baselines3's PPO for now exactly as it is."""

from __future__ import annotations

from stable_baselines3 import PPO


class RacerPPO(PPO):
    """PPO."""
