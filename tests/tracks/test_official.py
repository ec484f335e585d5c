"""A track of the official simulator without a file: the message says where files come from."""

import pytest

from racer.errors import UnknownName
from racer.tracks import Track, official


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("reinvent_base", "reinvent_base.npy"),
        ("Vegas_track.npy", "Vegas_track.npy"),
        ("2022_april_pro_cw", "2022_april_pro_cw.npy"),
        ("vegas_TRACK", "Vegas_track.npy"),  # the file's own spelling, to be found by it
        ("2024_reinvent_champ_cw", "2024_reinvent_champ_cw.npy"),
    ],
)
def test_an_official_name_gets_a_hint(name, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownName, match="deepracer-race-data") as raised:
        Track.load(name)
    assert f"download {file} " in str(raised.value)


@pytest.mark.parametrize("name", ["ovl", "2022_december_open", "Oval_track_cw"])
def test_another_name_gets_none(name):
    """Also those that look like official ones: a hint would send people to a file that is not."""
    with pytest.raises(UnknownName) as raised:
        Track.load(name)
    assert "deepracer-race-data" not in str(raised.value)


def test_the_simulator_has_127_routes():
    assert len(set(official.NAMES)) == 127
