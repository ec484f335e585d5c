"""Straights and arcs: corners get their radius, and those without room are left out."""

import numpy as np
import pytest

from racer.tracks import arcs

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def around(line):
    return np.hypot(*(np.roll(line, -1, axis=0) - line).T).sum()


def test_a_square_of_20_m_has_four_quarter_circles():
    line = arcs.rounded(SQUARE, np.full(4, 1.0), 0.5, 20.0)
    assert around(line) == pytest.approx(20.0, rel=0.01)
    middle = line.mean(axis=0)
    # sides are (20 - 2 pi) / 4 + 2 = 5.43 m apart; the arc's middle is 1.59 m nearer than 3.84 m
    reach = np.hypot(*(line - middle).T)
    assert np.ptp(line, axis=0) == pytest.approx([5.43, 5.43], abs=0.06)
    assert reach.max() == pytest.approx(0.5 * 5.43 * 2**0.5 - (2**0.5 - 1.0), abs=0.06)


def test_a_corner_without_room_for_its_arc_is_left_out():
    spike = np.insert(SQUARE, 1, [[0.5, 0.0], [0.51, -0.9], [0.52, 0.0]], axis=0)
    line = arcs.rounded(spike, np.full(7, 1.0), 0.8, 20.0)
    assert around(line) == pytest.approx(20.0, rel=0.01)
    height, width = np.ptp(line[:, 1]), np.ptp(line[:, 0])
    assert height < 1.2 * width  # the spike would have made it nearly twice as high


def test_a_triangle_without_room_gives_nothing():
    assert arcs.rounded(SQUARE[:3], np.full(3, 5.0), 4.0, 10.0).size == 0
