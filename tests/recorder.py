"""Record what a race drives, step by step, as tests need it; the product records its own drives."""

import numpy as np

from racer.recording.trace import TRACE, Trace


class Recorder:
    """Collects a trace from a race: `before` each step, `after` it, `trace` at the end.

    Cars must not be reset between `before` and `after`.
    """

    def __init__(self, track, dt):
        self.track, self.dt = track, dt
        self._parts = []

    def before(self, cars):
        """Keep s_t: (N,) CAR."""
        rows = np.zeros(len(cars), TRACE)
        rows["car"] = np.arange(len(cars))
        for name in ("episode", "x", "y", "yaw", "v", "steer"):
            rows[name] = cars[name]
        self._parts.append(rows)

    def after(self, cars, params, rewards, keep=None):
        """Keep what was made of s_t: (N,) CAR, PARAMS, float64; only rows of `keep` (N,) bool."""
        rows = self._parts[-1]
        rows["params"], rows["reward"], rows["status"] = params, rewards, cars["status"]
        rows["time"] = (params["steps"] - 2.0) * self.dt  # the first action is step 2
        if keep is not None:
            self._parts[-1] = rows[keep]

    def trace(self, **meta):
        """Everything recorded so far."""
        rows = np.concatenate(self._parts) if self._parts else np.zeros(0, TRACE)
        return Trace(self.track, rows, self.dt, meta)
