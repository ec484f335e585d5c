"""Setup: what a reference lap belongs to: a road, a vehicle, its actions, and a rule."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass

import numpy as np

from racer import actions as action_spaces
from racer import vehicles
from racer.actions import Actions
from racer.config import RaceConfig, Rules
from racer.errors import BadConfig, did_you_mean
from racer.race import track_of
from racer.tracks import Track

# Rule → wheels that may be off the road. Officially a car is off the track when all four are.
RULES = {"official": 3, "strict": 0}
_NO_CAP = 1_000_000  # steps


@dataclass(frozen=True, eq=False)
class Setup:
    """A road, a vehicle, its actions, and the rule of the road.

    Args:
        track: in driving direction.
        vehicle: (1,) VEHICLE.
        rule: of RULES.
        control_hz, substeps: of the race.
    """

    track: Track
    vehicle: np.ndarray
    actions: Actions
    rule: str = "official"
    control_hz: float = 15.0
    substeps: int = 2

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            near = did_you_mean(self.rule, RULES)
            raise BadConfig(f"rule {self.rule!r}; allowed is {', '.join(RULES)}.{near}")

    @classmethod
    def of(cls, config: RaceConfig, rule: str = "official") -> Setup:
        """The setup of a race.

        Raises:
            UnknownName, BadTrack, BadActions: a name or file that cannot be used.
        """
        track = track_of(config)
        return cls.on(track.reversed() if config.rules.reverse else track, config, rule)

    @classmethod
    def on(cls, track: Track, config: RaceConfig, rule: str = "official") -> Setup:
        """The setup of a race on `track`, as a recording holds it, in driving direction.

        Raises:
            UnknownName, BadActions: a name or file that cannot be used.
        """
        return cls(
            track,
            vehicles.load(config.vehicle),
            action_spaces.load(config.actions),
            rule,
            config.rules.control_hz,
            config.rules.substeps,
        )

    @property
    def wheels_off(self) -> int:
        """How many wheels may be off the road."""
        return RULES[self.rule]

    @property
    def rules(self) -> Rules:
        """Lap after lap from the line."""
        return Rules(
            start="line",
            continuous=True,
            max_steps=_NO_CAP,
            control_hz=self.control_hz,
            substeps=self.substeps,
        )

    def with_rule(self, rule: str) -> Setup:
        """The same by another rule."""
        return dataclasses.replace(self, rule=rule)

    @property
    def key(self) -> str:
        """Hash of all of it: names do not count, numbers do.

        The road counts to a micrometre, because sines differ in the last bit between platforms.
        """
        digest = hashlib.sha256()
        for points in (self.track.center, self.track.inner, self.track.outer):
            micrometres = np.rint(points * 1e6).astype("<i8")
            digest.update(str(points.shape).encode() + micrometres.tobytes())
        digest.update(vehicles.numbers(self.vehicle).encode())
        digest.update(f"{self.actions!r}{self.rule}{self.control_hz!r}{self.substeps}".encode())
        return digest.hexdigest()
