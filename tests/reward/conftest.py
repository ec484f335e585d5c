"""A closed line to drive on, rows around it, and a way to write reward files."""

import math

import pytest

from racer.reward.compiler.sample import plausible_rows


@pytest.fixture(scope="session")
def waypoints():
    angles = [2 * math.pi * k / 120 for k in range(120)]
    points = [(5 * math.cos(a), 3 * math.sin(a)) for a in angles]
    return [*points, points[0]]


@pytest.fixture(scope="session")
def rows(waypoints):
    return plausible_rows(waypoints, 400)


@pytest.fixture
def write(tmp_path):
    """Write a reward file and return its path."""

    def make(text, name="mine.py"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return make
