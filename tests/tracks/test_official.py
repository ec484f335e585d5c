"""A track of the official simulator without a file: the message says where files come from."""

import pytest

from racer.errors import UnknownName
from racer.tracks import Track


@pytest.mark.parametrize("name", ["reinvent_base", "Vegas_track.npy", "2022_april_pro_cw"])
def test_an_official_name_gets_a_hint(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownName, match="deepracer-race-data"):
        Track.load(name)


def test_another_name_gets_none():
    with pytest.raises(UnknownName) as raised:
        Track.load("ovl")
    assert "deepracer-race-data" not in str(raised.value)
