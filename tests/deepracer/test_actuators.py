"""What a physical car makes of actions: measured rows of the reference."""

import pytest

from racer.actions import Continuous, Discrete
from racer.deepracer.actuators import MOTOR, STEERING, driven, pulse, throttle


@pytest.mark.parametrize(
    ("speed", "given"),
    [(0.1, 0.208), (0.25, 0.475), (0.5, 0.8), (0.75, 0.975), (11 / 12, 1.0), (1.0, 1.0)],
)  # row 106, of a fastest speed of 1 m/s
def test_the_throttle_of_a_speed(speed, given):
    assert throttle(speed, 1.0) == pytest.approx(given, abs=1e-12)
    assert throttle(2.0 * speed, 2.0) == pytest.approx(given, abs=1e-12)  # only their ratio counts


@pytest.mark.parametrize(
    ("kind", "value", "length_ns"),
    [
        (STEERING, 1.0, 1_700_000),
        (STEERING, -0.5, 1_325_000),
        (STEERING, 0.0, 1_450_000),
        (MOTOR, 0.0, 1_446_000),
        (MOTOR, 0.3, 1_405_500),
        (MOTOR, 0.5, 1_378_500),
        (MOTOR, 1.0, 1_311_000),
        (MOTOR, -0.5, 1_524_750),
    ],
)  # row 108
def test_the_pulses_of_servo_and_motor(kind, value, length_ns):
    assert pulse(value, kind) == pytest.approx(length_ns)


def test_what_becomes_of_an_action_space():
    listed = driven(Discrete(((-20.0, 0.5), (0.0, 1.0), (10.0, 0.5))))
    assert [one.throttle for one in listed] == pytest.approx([0.8, 1.0, 0.8])
    assert [one.steering_ns for one in listed] == pytest.approx([1_200_000, 1_450_000, 1_575_000])
    ranged = driven(Continuous((-30.0, 30.0), (1.0, 2.0)))
    assert [(one.steer_deg, one.speed) for one in ranged] == [(-30, 1), (0, 1.5), (30, 2)]
    assert [one.throttle for one in ranged] == pytest.approx([0.8, 0.975, 1.0])
    still = driven(Discrete(((0.0, 0.0),)))[0]
    assert (still.throttle, still.steering_ns) == (0.0, 1_450_000)
