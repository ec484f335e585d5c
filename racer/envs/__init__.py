"""Doors into a Race: Gymnasium `Env` and `VectorEnv`, Stable-Baselines3 `VecEnv`."""
