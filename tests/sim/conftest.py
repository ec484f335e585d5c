"""The track of the official logs, with objects on it."""

import pytest
from official_road import Road

from racer.tracks import Track


@pytest.fixture(scope="module")
def base(reference):
    return Road(Track.load(reference / "tracks" / "reinvent_base.npy"))


@pytest.fixture(scope="module")
def back(base):
    return Road(base.track.reversed())
