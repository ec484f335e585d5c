"""A run comes back from S3 as it went there, or not at all; hostile content is not believed."""

import errno
import json
import os
import shutil

import pytest
from made_runs import made_run
from s3_server import KEYS, Network, s3

from racer import cli
from racer.errors import BadRun, ResourceError, UsageError
from racer.release import remote
from racer.runs import Run
from racer.storage import files


def contents(run):
    return {p.relative_to(run.folder): p.read_bytes() for p in run.folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def server():
    with s3() as port:
        yield port


@pytest.fixture
def bucket(server, monkeypatch):
    """The address of an empty bucket."""
    import s3fs

    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server}")
    s3fs.S3FileSystem(skip_instance_cache=True).mkdir("racer")
    yield "s3://racer/runs"
    s3fs.S3FileSystem(skip_instance_cache=True).rm("racer", recursive=True)


@pytest.fixture
def run(tmp_path):
    run = made_run(tmp_path / "runs")
    deeper = run.folder / "checkpoints" / "step-000000002048"
    deeper.mkdir(parents=True)
    (deeper / "state.safetensors").write_bytes(bytes(range(256)) * 3000)
    return run


def test_a_push_that_a_dead_network_stopped_goes_on_where_it_was(
    bucket, server, run, tmp_path, monkeypatch, capsys
):
    network = Network(server, files=3)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{network.port}")
    words = ["push", run.name, bucket, "--runs-dir", str(tmp_path / "runs")]
    assert cli.main(words) == 5
    assert "give the same command again" in capsys.readouterr().err
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server}")
    assert cli.main(["ls", bucket]) == 0
    assert "no runs at" in capsys.readouterr().out  # half a run is none
    assert cli.main(["pull", f"{bucket}/{run.name}", "--runs-dir", str(tmp_path / "other")]) == 3
    assert not list((tmp_path / "other").glob("*"))
    capsys.readouterr()
    assert cli.main(words) == 0
    assert "2 files sent, 3 were there already" in capsys.readouterr().out
    assert cli.main(["ls", bucket]) == 0
    assert run.name in capsys.readouterr().out
    assert cli.main(["pull", f"{bucket}/{run.name}", "--runs-dir", str(tmp_path / "other")]) == 0
    pulled = Run.open(run.name, tmp_path / "other")
    there = contents(pulled)
    assert there == {path: text for path, text in contents(run).items() if path.name[0] != "."}
    assert cli.main(["pull", f"{bucket}/{run.name}", "--runs-dir", str(tmp_path / "other")]) == 0
    assert "already here" in capsys.readouterr().out


def test_a_run_that_changed_is_readable_at_every_moment_of_its_push(run, tmp_path):
    bucket = str(tmp_path / "bucket")
    remote.push(run, bucket)
    run.record(tags=["changed"])
    before, _ = remote.pull(f"{bucket}/{run.name}", tmp_path / "before")
    assert before.manifest()["tags"] == []
    assert remote.push(run, bucket).sent == 1  # the manifest alone
    after, _ = remote.pull(f"{bucket}/{run.name}", tmp_path / "after")
    assert after.manifest()["tags"] == ["changed"]


def test_of_two_that_push_at_once_the_second_is_told(bucket, run, tmp_path, monkeypatch):
    """Two machines have made a run of the same name; neither saw the other's when it began."""
    other = Run(tmp_path / "made" / run.name)
    shutil.copytree(run.folder, other.folder)
    other.record(created="2020-01-01T00:00:00+00:00")
    real, order = remote.Far.commit, [other]

    def late(far, content, name, *, new):
        if order:
            remote.push(order.pop(), bucket)  # all of it, a moment before our list is written
        return real(far, content, name, new=new)

    monkeypatch.setattr(remote.Far, "commit", late)
    with pytest.raises(UsageError, match="another run named"):
        remote.push(run, bucket)
    pulled, _ = remote.pull(f"{bucket}/{run.name}", tmp_path / "here")
    assert pulled.manifest()["created"].startswith("2020")


def test_a_full_disk_is_not_a_matter_of_credentials(run, tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    words = ["push", run.name, str(tmp_path / "far"), "--runs-dir", str(tmp_path / "runs")]
    assert cli.main(words) == 5
    said = capsys.readouterr().err
    assert "No space left on device. What was saved before is intact. Free some space" in said
    assert "credentials" not in said


def test_no_credentials_is_a_sentence(run, monkeypatch, tmp_path, capsys):
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert cli.main(["ls", "s3://nobody/runs"]) == 5
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def pushed(run, tmp_path):
    """A run in a folder, its index, and a function that pulls it with another index."""
    far = tmp_path / "far"
    remote.push(run, str(far))
    path = far / run.name / remote.INDEX

    def pull(**changes):
        index = json.loads(path.read_text()) | changes
        path.write_text(json.dumps(index))
        return remote.pull(str(far / run.name), tmp_path / "here")

    pull.index, pull.folder = json.loads(path.read_text()), far / run.name
    return pull


def test_a_folder_does_as_well(pushed, run):
    pulled, fetched = pushed()
    assert fetched
    assert contents(pulled).keys() == {p for p in contents(run) if p.name[0] != "."}


NAMES = [
    "../evil",
    "/etc/evil",
    "a/../../evil",
    "C:evil",
    "a\\b",
    ".lock",
    "a/.b",
    "con.txt",
    "",
    "a//b",
]
NAMES += ["manifest.json/x", "MANIFEST.json", "a. ", "x" * 300, "a/b/c/d/e/f/g", "a\nb"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_elsewhere_is_refused(pushed, name, tmp_path):
    one = pushed.index["files"]["reward.py"]
    with pytest.raises(BadRun, match="Hostile"):
        pushed(files=pushed.index["files"] | {name: one})
    assert not (tmp_path / "here").exists()
    assert not list(tmp_path.glob("*evil*"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bytes": 10**13}, "more than"),
        ({"bytes": -1}, "size"),
        ({"sha256": "../../../etc/passwd"}, "hash"),
        ({"sha256": "0" * 64}, "is missing"),
        ({"bytes": 3}, "more than 3 bytes"),
    ],
)
def test_a_file_that_is_not_what_the_index_says_is_refused(pushed, change, reason, tmp_path):
    files = pushed.index["files"]
    with pytest.raises(BadRun, match=reason):
        pushed(files=files | {"reward.py": files["reward.py"] | change})
    assert not list((tmp_path / "here").glob("*"))


def test_a_disk_that_is_full_keeps_nothing(pushed, tmp_path, monkeypatch):
    def full(path, chunks):
        if path.name == "reward.py":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, chunks)

    real = files.write_streamed
    monkeypatch.setattr(files, "write_streamed", full)
    with pytest.raises(ResourceError, match="No space left"):
        pushed()
    assert not list((tmp_path / "here").iterdir())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 0, 9))
    with pytest.raises(ResourceError, match="has room for 9"):
        pushed()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(pushed):
    (pushed.folder / remote.INDEX).unlink()
    os.mkfifo(pushed.folder / remote.INDEX)
    with pytest.raises(BadRun, match="no file"):
        remote.pull(str(pushed.folder), pushed.folder.parent / "here")


def test_a_flipped_bit_is_found_both_ways(pushed, run, tmp_path):
    path = pushed.folder / "files" / pushed.index["files"]["policy.safetensors"]["sha256"]
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadRun, match="another hash"):
        pushed()
    assert not list((tmp_path / "here").glob("*"))
    assert remote.push(run, str(pushed.folder.parent)).sent == 1  # it is sent anew
    pushed()


def test_another_run_of_the_name_is_not_overwritten(pushed, run, tmp_path):
    other = Run(tmp_path / "made" / run.name)
    shutil.copytree(run.folder, other.folder)
    other.record(created="2020-01-01T00:00:00+00:00")
    with pytest.raises(UsageError, match="another run named"):
        remote.push(other, str(pushed.folder.parent))
    pulled, _ = pushed()
    pulled.record(tags=["mine"])
    with pytest.raises(UsageError, match="was changed"):
        pushed()


def test_what_is_no_place_for_runs_is_refused(run):
    for url in ("http://x/y", "zip://a::s3://b", "s3://", "ftp://x", "s3:/x/y"):
        with pytest.raises(UsageError, match="no place for runs"):
            remote.push(run, url)


def test_without_the_library_the_extra_is_named(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    assert cli.main(["ls", "s3://racer"]) == 5
    assert "pip install 'racer[cloud]'" in capsys.readouterr().err
