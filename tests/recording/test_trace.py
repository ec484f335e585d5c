"""Recordings: what is written is read; what was cut short or altered is refused."""

import io
import zipfile

import numpy as np
import pytest
from recorder import Recorder

from racer.errors import BadRun
from racer.recording.trace import TRACE, Trace
from racer.sim.types import CAR, LAP_COMPLETE, OFF_TRACK, PARAMS
from racer.tracks import Track

DT = 1 / 15


@pytest.fixture(scope="module")
def oval():
    return Track.load("oval")


@pytest.fixture
def trace(oval):
    """Two cars for 30 steps; car 1 leaves the track at step 20."""
    recorder = Recorder(oval, DT)
    cars, params = np.zeros(2, CAR), np.zeros(2, PARAMS)
    for step in range(30):
        cars["x"], cars["v"] = [0.1 * step, 0.2 * step], [1.5, 3.0]
        recorder.before(cars)
        params["steps"], params["progress"] = step + 2, [step / 29 * 100, step * 2.0]
        cars["status"] = [LAP_COMPLETE if step == 29 else 0, OFF_TRACK if step == 19 else 0]
        recorder.after(cars, params, np.array([1.0, 0.1]), np.array([True, step < 20]))
    return recorder.trace(title="two cars")


@pytest.fixture
def path(trace, tmp_path):
    path = tmp_path / "laps.npz"
    trace.save(path)
    return path


def test_a_saved_trace_is_read_back_to_the_bit(trace, path):
    again = Trace.load(path)
    np.testing.assert_array_equal(again.rows, trace.rows)
    assert (again.dt, again.meta, again.note) == (DT, {"title": "two cars"}, "")
    assert again.track.sha256 == trace.track.sha256
    assert again.track.name == "oval"


def test_equal_traces_are_equal_files(trace, path, tmp_path):
    mixed = np.random.default_rng(0).permutation(trace.rows)
    Trace(trace.track, mixed, DT, trace.meta).save(tmp_path / "other.npz")
    assert (tmp_path / "other.npz").read_bytes() == path.read_bytes()


def test_frames_out_of_order_in_a_file_are_played_in_order(trace, path):
    with np.load(path, allow_pickle=False) as found:
        arrays = dict(found)
    np.savez(path, **arrays | {"rows": np.random.default_rng(0).permutation(arrays["rows"])})
    np.testing.assert_array_equal(Trace.load(path).rows, trace.rows)


def test_numpy_reads_the_file_too(trace, path):
    with np.load(path, allow_pickle=False) as arrays:
        assert arrays["rows"].dtype == TRACE
        assert len(arrays["rows"]) == len(trace.rows)


def test_laps_tell_how_long_and_how_it_ended(trace):
    first, second = trace.laps()
    assert first.seconds == pytest.approx(29 * DT)  # 30 states are 29 steps apart
    assert (first.complete, first.status, first.progress_pct) == (True, "lap_complete", 100.0)
    assert second.seconds == pytest.approx(19 * DT)
    assert (second.complete, second.status, second.progress_pct) == (False, "off_track", 38.0)
    assert trace.best() == first


def test_rows_are_sorted_whatever_order_they_come_in(trace):
    mixed = np.random.default_rng(0).permutation(trace.rows)
    np.testing.assert_array_equal(Trace(trace.track, mixed, DT).rows, trace.rows)


def test_an_empty_trace_has_no_laps(oval):
    empty = Recorder(oval, DT).trace()
    assert empty.laps() == []
    assert empty.best() is None


def test_a_recording_cut_anywhere_is_refused_with_what_to_do(path):
    content = path.read_bytes()
    for size in range(2, len(content), 512):
        for tail in (b"", bytes(len(content) - size)):  # a file may lose its tail to zeroes
            path.write_bytes(content[:size] + tail)
            with pytest.raises(BadRun, match=r"cut short or damaged\. Copy it again"):
                Trace.load(path)


def test_a_changed_byte_is_noticed(trace, path):
    content = path.read_bytes()
    start = content.rindex(trace.rows[-1:].tobytes()[:48])
    for at in range(start, start + 48):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(BadRun, match="cut short or damaged"):
            Trace.load(path)


def _npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _about(text):
    return np.frombuffer(text.encode(), np.uint8)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not a recording"),
        (b"\0" * 4096, "not a recording"),
        (b"PK\x03\x04" + b"\xff" * 40, "cut short or damaged"),
        (_npz(meta=np.zeros(3)), "not a recording"),
        (_npz(meta=_about("[]")), "not a recording"),
        (_npz(meta=_about("[" * 100_000)), "not a recording"),
        (_npz(meta=_about('{"version": 1, "dt_s": 0, "track": ""}')), "dt_s must be"),
        (_npz(meta=_about('{"version": 1, "dt_s": "0.1", "track": ""}')), "dt_s must be a whole"),
        (_npz(meta=_about('{"version": 9, "dt_s": 0.1}')), "a recording of version 9"),
        (_npz(meta=_about('{"version": 1, "dt_s": 0.1, "track": "t"}')), "its track is missing"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path, content, sentence):
    path = tmp_path / "laps.npz"
    path.write_bytes(content)
    with pytest.raises(BadRun) as refusal:
        Trace.load(path)
    assert sentence in str(refusal.value)


def test_objects_in_a_recording_are_never_unpickled(path, tmp_path):
    class Boom:
        def __reduce__(self):
            return (print, ("unpickled",))

    bad = tmp_path / "bad.npz"
    np.savez(bad, meta=np.array([Boom()], dtype=object))
    with pytest.raises(BadRun, match="no arrays of numbers"):
        Trace.load(bad)


@pytest.mark.parametrize("shape", ["(1152921504606846976,)", "(2147483648,)", "(-1,)", "()", "'x'"])
def test_a_size_that_a_header_claims_is_not_believed(path, trace, shape):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    lying = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(64)
    with zipfile.ZipFile(path, "w") as file:
        for name in ("meta", "center", "inner", "outer", "rows"):
            file.writestr(f"{name}.npy", lying)
    with pytest.raises(BadRun, match="not a recording"):
        Trace.load(path)


def test_a_compressed_archive_is_refused_unopened(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("meta.npy", b"\0" * 50_000_000)
    with pytest.raises(BadRun, match="compressed"):
        Trace.load(path)


def test_a_bad_track_in_a_recording_is_a_bad_recording(trace, tmp_path):
    path = tmp_path / "laps.npz"
    about = _about('{"version": 1, "dt_s": 0.1, "track": "t"}')
    line = trace.track.center
    path.write_bytes(_npz(meta=about, center=line, inner=line, outer=line, rows=trace.rows))
    with pytest.raises(BadRun, match="borders"):
        Trace.load(path)


def test_a_nan_pose_ends_the_recording_there(trace, path):
    rows = trace.rows.copy()
    rows["x"][12] = np.nan
    Trace(trace.track, rows, DT).save(path)
    part = Trace.load(path)
    assert len(part.rows) == 12
    assert part.note == "recording ends at 0.7 s, before a damaged step"  # 12 rows, 11 steps
