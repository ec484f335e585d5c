"""Packs: several tracks from one text; what cannot be used is named, and the rest goes on."""

import shutil

import numpy as np
import pytest

from racer.errors import BadConfig, BadTrack, UnknownName
from racer.tracks import Track, generate, packs
from racer.tracks.track import BUILTIN


@pytest.fixture
def folder(tmp_path):
    for name in ("oval", "bean"):
        shutil.copy(BUILTIN / f"{name}.txt", tmp_path)
    return tmp_path


def names(pack):
    return [track.name for track in pack.tracks]


def test_generated_circuits_are_those_of_their_seeds():
    pack = packs.load("generated:2:7")
    assert [track.sha256 for track in pack.tracks] == [
        generate.generated(seed).sha256 for seed in (7, 8)
    ]
    assert names(packs.load("generated:2")) == ["generated_0", "generated_1"]
    assert Track.load(pack.tracks[1].source).sha256 == pack.tracks[1].sha256


def test_a_folder_is_its_track_files_by_name(folder):
    (folder / "notes.md").write_text("not a track")
    (folder / "_draft.txt").write_text("not yet")
    pack = packs.load(str(folder))
    assert names(pack) == ["bean", "oval"]
    assert pack.left_out == ()


def test_names_files_folders_and_seeds_can_be_mixed(folder):
    pack = packs.load(f"tight, {folder / 'oval.txt'},generated:1")
    assert names(pack) == ["tight", "oval", "generated_0"]


def test_a_broken_file_is_named_and_the_rest_goes_on(folder):
    (folder / "broken.txt").write_text("straight four\n")
    pack = packs.load(str(folder))
    assert names(pack) == ["bean", "oval"]
    assert len(pack.left_out) == 1
    assert "broken.txt" in pack.left_out[0]


def test_an_open_track_is_named_and_the_rest_goes_on(folder):
    oval = Track.load("oval")
    rows = np.hstack([oval.center, np.roll(oval.center, 0), oval.center])[: len(oval.center) // 2]
    np.save(folder / "half.npy", rows)
    (why,) = packs.load(str(folder)).left_out
    assert "half.npy" in why
    assert "open" in why


def test_the_same_road_twice_is_named_and_counted_once(folder):
    shutil.copy(folder / "oval.txt", folder / "zero.txt")
    pack = packs.load(str(folder))
    assert names(pack) == ["bean", "oval"]
    (why,) = pack.left_out
    assert why == f"{folder / 'zero.txt'} is the same road as {folder / 'oval.txt'}."


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(BadTrack, match="holds no track"):
        packs.load(str(tmp_path))


def test_a_folder_of_broken_files_says_why(tmp_path):
    (tmp_path / "broken.txt").write_text("straight four\n")
    with pytest.raises(BadTrack, match=r"no track that can be used: .*broken\.txt"):
        packs.load(str(tmp_path))


@pytest.mark.parametrize(
    "text", ["", " , ", "generated:0", "generated:1001", "generated:x", "generated:3:4:5"]
)
def test_a_text_that_means_nothing_is_refused(text):
    with pytest.raises(BadConfig, match="tracks = "):
        packs.load(text)


def test_a_misspelt_name_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="oval"):
        packs.load("bean,ovall")


def test_a_track_in_use_is_not_indexed_again():
    first = packs.load("oval,bean")
    assert packs.load("bean,oval").tracks[0].arrays is first.tracks[1].arrays
