"""`make reference`: of an archive from the network, only what is wanted, only where it belongs."""

import io
import re
import shutil
import tarfile

import pytest
import reference_data

TRACE = "x-1.0/tests/deepracer/logs/sample-drfc-1-logs/training-simtrace/7-iteration.csv"
TRACK = "x-1.0/tests/deepracer/track_utils/tracks/reinvent_base.npy"


def archive(path, *members):
    """A .tar.gz of (name, content) or (name, kind of link or device)."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = getattr(tarfile, content), "/etc/hostname"
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return path


def written(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}


def test_logs_and_the_track_are_taken_and_nothing_else(tmp_path):
    made = archive(tmp_path / "a.tar.gz", (TRACE, b"log"), (TRACK, b"npy"), ("x-1.0/setup.py", b""))
    reference_data.unpack(made, tmp_path / "out")
    assert written(tmp_path / "out") == {
        "sim-traces/drfc/training-7.csv",
        "tracks/reinvent_base.npy",
    }
    assert (tmp_path / "out" / "sim-traces" / "drfc" / "training-7.csv").read_bytes() == b"log"


@pytest.mark.parametrize(
    "member",
    [
        ("../../" + TRACE.replace("7", "../../../../evil"), b"out"),
        ("/" + TRACE.replace("/7-", "/7/../"), b"out"),
        (TRACE, "SYMTYPE"),
        (TRACE, "LNKTYPE"),
        (TRACE, "CHRTYPE"),
        (TRACE, "FIFOTYPE"),
    ],
)
def test_links_devices_and_paths_that_climb_write_nothing(tmp_path, member):
    made = archive(tmp_path / "a.tar.gz", member, (TRACK, b"npy"))
    reference_data.unpack(made, tmp_path / "out")
    assert written(tmp_path) == {"a.tar.gz", "out/tracks/reinvent_base.npy"}


def test_a_member_cannot_fill_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(reference_data, "SIZE_LIMIT", 10)
    made = archive(tmp_path / "a.tar.gz", (TRACE, b"0" * 11), (TRACK, b"npy"))
    reference_data.unpack(made, tmp_path / "out")
    assert written(tmp_path / "out") == {"tracks/reinvent_base.npy"}


def test_the_package_is_named_by_version_and_hash():
    (line,) = [
        line for line in reference_data.REQUIREMENT.read_text().splitlines() if line[0] != "#"
    ]
    assert re.fullmatch(r"deepracer_utils==\d+\.\d+\.\d+ --hash=sha256:[0-9a-f]{64}", line)


def test_an_existing_folder_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(SystemExit, match="exists already"):
        reference_data.fetch(tmp_path)
    assert written(tmp_path) == {"mine"}


def test_parity_prints_both_tables_and_says_what_has_no_track(reference, tmp_path, capsys):
    """On two of the logs, laid out as `make reference` does."""
    from tests import parity

    (tmp_path / "tracks").mkdir()
    shutil.copy(reference / "tracks" / "reinvent_base.npy", tmp_path / "tracks")
    for group, log in [("old", "v4_reinvent_base/evaluation"), ("new", "v5_a_to_z/training-12")]:
        (tmp_path / "sim-traces" / group).mkdir(parents=True)
        shutil.copy(reference / "logs" / f"{log}.csv", tmp_path / "sim-traces" / group)
    assert parity.main(tmp_path)
    printed = capsys.readouterr().out
    assert "| old | 1 | 650 | 100.00 % | 100.00 % | 100.00 % | 100.00 % |" in printed
    assert "| new | 1 | no file of this track (16.60 m) |" in printed
    assert len(re.findall(r"^\| (?:old|new) \| deepracer_v[45] ", printed, re.MULTILINE)) == 4
