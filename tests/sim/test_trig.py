"""The engine's own sine and cosine, against the C library's."""

import math

import numpy as np
import pytest

from racer.sim.jit import kernel
from racer.sim.trig import sincos


@kernel
def many(angles, sines, cosines):
    for i in range(angles.size):
        sines[i], cosines[i] = sincos(angles[i])


def both(angles):
    sines, cosines = np.empty_like(angles), np.empty_like(angles)
    many(angles, sines, cosines)
    return sines, cosines


@pytest.mark.parametrize("reach", [0.6, math.pi, 50.0, 1e5])
def test_equal_to_the_c_library_within_2e16(reach):
    angles = np.random.default_rng(0).uniform(-reach, reach, 200_000)
    sines, cosines = both(angles)
    assert np.abs(sines - np.sin(angles)).max() < 2e-16
    assert np.abs(cosines - np.cos(angles)).max() < 2e-16


def test_quarter_turns_and_zero():
    quarters = np.arange(-9, 10)
    sines, cosines = both(quarters * (math.pi / 2))
    np.testing.assert_allclose(sines, np.sin(quarters * (math.pi / 2)), rtol=0, atol=2e-16)
    np.testing.assert_allclose(cosines, np.cos(quarters * (math.pi / 2)), rtol=0, atol=2e-16)
    assert both(np.zeros(1)) == (0.0, 1.0)


def test_one_angle_gives_the_bits_of_many():
    angles = np.random.default_rng(0).uniform(-4.0, 4.0, 67)  # no multiple of a vector register
    sines, cosines = both(angles)
    for i in range(angles.size):
        assert both(angles[i : i + 1]) == (sines[i], cosines[i])
