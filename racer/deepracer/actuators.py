"""What a physical car makes of an action: its throttle, and the pulses of its servo and its motor.

    angle     steering angle / the largest of the action space, left positive
    throttle  2.2 r - 1.2 r**2 for r = speed / the fastest of the action space, times the console's
              maximum speed, which is 0 until somebody sets it
    pulse     from the middle one towards the longest or the shortest, in proportion

So what counts is how an action's speed compares with the fastest one: metres per second are lost.

Source: the navigation and servo packages of the car's software; the calibration it comes with.
"""

from __future__ import annotations

from typing import NamedTuple

from racer.actions import Actions, Discrete


class Pulse(NamedTuple):
    """The lengths of a pulse in a period of 20 ms, in ns; with polarity -1, 1 is the shortest."""

    shortest: int
    middle: int
    longest: int
    polarity: int = 1


STEERING = Pulse(1_200_000, 1_450_000, 1_700_000)
MOTOR = Pulse(1_311_000, 1_446_000, 1_603_500, polarity=-1)


class Driven(NamedTuple):
    """An action and what becomes of it, at a maximum speed of 100 %."""

    steer_deg: float
    speed: float  # m/s
    throttle: float
    steering_ns: float
    motor_ns: float


def throttle(speed: float, fastest: float) -> float:
    """From -1 to 1, of a speed in an action space with this fastest one, m/s."""
    share = speed / fastest if fastest else 0.0
    return min(max(2.2 * share - 1.2 * share * share, -1.0), 1.0)


def pulse(value: float, kind: Pulse) -> float:
    """Length, ns, of the pulse that asks for `value` from -1 to 1."""
    turned = value * kind.polarity
    far = kind.longest - kind.middle if turned > 0.0 else kind.middle - kind.shortest
    return kind.middle + turned * far


def driven(actions: Actions) -> list[Driven]:
    """Every action of a list; of ranges both ends and the middle."""
    if isinstance(actions, Discrete):
        pairs = list(actions.choices)
    else:
        low, high = zip(actions.steer_deg, actions.speed, strict=True)
        pairs = [low, ((low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0), high]
    widest = max(abs(steer) for steer, _ in pairs)
    found = []
    for steer, speed in pairs:
        given = throttle(speed, actions.speed_max)
        angle = steer / widest if widest else 0.0
        found.append(Driven(steer, speed, given, pulse(angle, STEERING), pulse(given, MOTOR)))
    return found
