"""The three environments: Gymnasium `Env` and `VectorEnv`, Stable-Baselines3 `VecEnv`."""
