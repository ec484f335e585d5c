"""Track files as people have them: dirty ones load, wrong ones are refused with the reason."""

import re
import resource
import time

import numpy as np
import pytest

from racer.errors import BadTrack
from racer.tracks import Track, io, validation


def _ring(rows=60, radius=2.0, turn=1.0):
    angle = np.linspace(0, turn * 2 * np.pi, rows, endpoint=False)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _table(rows=60):
    table = np.hstack([_ring(rows, 2.0), _ring(rows, 1.6), _ring(rows, 2.4)])
    return np.concatenate([table, table[:1]])


def _save(tmp_path, table):
    path = tmp_path / "t.npy"
    np.save(path, table, allow_pickle=True)  # object arrays are made here to be refused there
    return path


def test_reference_tracks_load_and_the_open_one_is_refused(reference):
    refused = []
    for path in sorted((reference / "tracks").glob("*.npy")):
        try:
            center, _, _ = io.read(path)
        except BadTrack as error:
            refused.append((path.stem, str(error)))
            continue
        np.testing.assert_array_equal(center, np.load(path)[:, :2])  # the file's own numbering
    if (reference / "tracks" / "Straight_track.npy").is_file():
        assert [name for name, _ in refused] == ["Straight_track"]
        assert "the track is open: its last row is 5.71 m from its first" in refused[0][1]
    else:
        assert refused == []


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", ">f4", "<f2"])
def test_number_types_and_byte_orders_are_converted(tmp_path, dtype):
    center, inner, outer = io.read(_save(tmp_path, _table().astype(dtype)))
    assert center.dtype == inner.dtype == outer.dtype == np.dtype("f8")
    np.testing.assert_allclose(center, _table()[:, :2], atol=2e-3)


def test_fortran_order_is_read_as_it_is_meant(tmp_path):
    center, _, _ = io.read(_save(tmp_path, np.asfortranarray(_table())))
    np.testing.assert_array_equal(center, _table()[:, :2])


def test_first_row_is_repeated_once_whether_the_file_does_or_not(tmp_path):
    closed = io.read(_save(tmp_path, _table()))
    unclosed = io.read(_save(tmp_path, _table()[:-1]))
    np.testing.assert_array_equal(closed, unclosed)
    rounded = _table()
    rounded[-1] += 1e-4
    np.testing.assert_array_equal(io.read(_save(tmp_path, rounded)), closed)


def test_duplicate_rows_of_npy_keep_their_number(tmp_path):
    table = np.insert(_table(), 7, _table()[7], axis=0)
    center, _, _ = io.read(_save(tmp_path, table))
    assert len(center) == len(table)


def test_swapped_borders_are_sorted_by_area(tmp_path):
    center, inner, outer = io.read(_save(tmp_path, _table()[:, [0, 1, 4, 5, 2, 3]]))
    assert validation.area(inner) < validation.area(center) < validation.area(outer)


def _with(row, column, value):
    table = _table()
    table[row, column] = value
    return table


def _figure_eight():
    angle = np.linspace(0, 2 * np.pi, 81)
    center = np.stack([3 * np.sin(angle), 1.5 * np.sin(2 * angle)], axis=1) + 0.01
    return np.hstack([center, center * 0.8, center * 1.2])


def _crossed_borders():
    table = _table()
    table[20:30, 2:4], table[20:30, 4:6] = table[20:30, 4:6].copy(), table[20:30, 2:4].copy()
    return table


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (_table()[:0], "0 rows"),
        (_table()[:3], "3 rows; a track needs at least 4"),
        (_with(5, 3, np.nan), "row 5 has a value that is not a finite number"),
        (_with(6, 0, np.inf), "row 6 has a value"),
        (_with(7, 1, 1e200), "row 7 is over 100 km away"),
        (_table()[:30], "the track is open"),
        (np.tile(_table()[:1], (9, 1)), "fewer than 3 different places"),
        (_figure_eight(), "crosses itself between row 40 and row 79"),
        (_crossed_borders(), "the inner border at row 19 crosses"),
        (_table() * 0.2, "row 0: the road is 0.160 m wide"),
        (_table() * 1e-9, "the road is 0.000 m wide"),
        (_table()[:, :4], "its shape is (61, 4)"),
        (_table()[:, 0], "its shape is (61,)"),
        (np.array([None, {}], dtype=object), "it holds object"),
        (_table().astype(complex), "it holds complex128"),
        (_table().astype(str), "it holds <U"),
        (np.zeros(5, dtype=[("x", "f8")]), "Track files hold plain numbers"),
    ],
)
def test_what_is_no_track_is_refused_with_the_row(tmp_path, table, sentence):
    with pytest.raises(BadTrack) as refusal:
        io.read(_save(tmp_path, table))
    assert str(refusal.value).startswith(str(tmp_path / "t.npy"))
    assert sentence in str(refusal.value)


def test_figure_eight_through_a_shared_point_is_refused(tmp_path):
    table = _figure_eight()
    table[40] = table[0]  # both passes at the very same waypoint
    with pytest.raises(BadTrack, match=r"crosses itself|turns by"):
        io.read(_save(tmp_path, table))


def _header(shape, descr="<f8"):
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"PK\x03\x04 not a track",
        _header((10**9, 6)) + b"\0" * 480,
        _header((2**62, 6)),
        _header((-4, -6)) + b"\0" * 192,
        _header((10, 6)) + b"\0" * 300,
        _header((1, 6), "|O") + b"cos\nsystem\n(S'true'\ntR.",
        _header("(" * 3000),
        b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{",
    ],
)
def test_damaged_and_hostile_npy_is_refused_quickly_and_small(tmp_path, content):
    path = tmp_path / "t.npy"
    path.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    with pytest.raises(BadTrack):
        io.read(path)
    assert time.process_time() - start < 3.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "t.csv"
    with path.open("wb") as file:
        file.truncate(3_000_000_000)  # sparse
    with pytest.raises(BadTrack, match="over 4 MB"):
        io.read(path)


def test_a_scribble_of_the_most_rows_is_refused_soon(tmp_path):
    table = np.random.default_rng(0).uniform(-5, 5, (validation.ROWS_MAX, 6))
    start = time.process_time()
    with pytest.raises(BadTrack):
        io.read(_save(tmp_path, table))
    assert time.process_time() - start < 3.0


CSV = "# x_m, y_m, w_tr_right_m, w_tr_left_m"


def _csv(tmp_path, header, order=(0, 1, 2, 3), separator=", ", rows=60):
    columns = np.hstack([_ring(rows), np.full((rows, 1), 0.3), np.full((rows, 1), 0.5)])
    lines = [separator.join(f"{v:.6f}" for v in row) for row in columns[:, order]]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


@pytest.mark.parametrize(
    ("header", "order", "separator"),
    [
        (CSV, (0, 1, 2, 3), ","),
        ("x_m;y_m;w_tr_left_m;w_tr_right_m", (0, 1, 3, 2), ";"),
        ("# made by hand\n#\n# w_tr_right_m, y_m, x_m, w_tr_left_m", (2, 1, 0, 3), " , "),
        ("# no header at all", (0, 1, 2, 3), ","),
    ],
)
def test_csv_columns_are_read_by_header(tmp_path, header, order, separator):
    center, inner, outer = io.read(_csv(tmp_path, header, order, separator))
    np.testing.assert_allclose(center[:-1], _ring(), atol=1e-6)
    np.testing.assert_array_equal(center[0], center[-1])
    # counter-clockwise: left is inside
    np.testing.assert_allclose(np.hypot(*inner.T), 1.5, atol=1e-5)
    np.testing.assert_allclose(np.hypot(*outer.T), 2.3, atol=1e-5)


def test_csv_may_have_decimal_commas(tmp_path):
    plain = io.read(_csv(tmp_path, CSV))
    path = tmp_path / "t.csv"
    comma = path.read_text().replace(", ", ";").replace(",", ";").replace(".", ",")
    path.write_text(comma)
    assert ";" in comma
    for one, other in zip(plain, io.read(path), strict=True):
        assert (np.asarray(one) == np.asarray(other)).all()


def test_csv_may_have_quoted_cells(tmp_path):
    plain = io.read(_csv(tmp_path, CSV[2:]))
    path = tmp_path / "t.csv"
    path.write_text(re.sub(r"[^,\n]+", r'"\g<0>"', path.read_text().replace(", ", ",")))
    for one, other in zip(plain, io.read(path), strict=True):
        assert (np.asarray(one) == np.asarray(other)).all()


def test_csv_drops_duplicate_rows(tmp_path):
    path = _csv(tmp_path, CSV)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:9], lines[8], *lines[9:], lines[1]]))
    assert len(io.read(path)[0]) == 61


def _edit(line, text):
    def edit(lines):
        lines[line - 1] = text
        return lines

    return edit


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (_edit(5, "1,2,nan,0.3"), "line 5 has a value that is not a finite number"),
        (_edit(5, "1,2,wide,0.3"), "line 5 has a value"),
        (_edit(5, "1,2,0.3"), "line 5 has 3 columns"),
        (_edit(5, "1.9,0.7,-0.3,0.3"), "line 5: a width is negative"),
        (_edit(1, "s_m; x_m; y_m; psi_rad"), "no column 'w_tr_right_m'"),
        (lambda lines: lines[:1], "fewer than 3 different places"),
        (lambda lines: lines[:30], "the track is open"),
        (lambda lines: ["# nothing"], "0 columns and no header"),
    ],
)
def test_bad_csv_is_refused_with_its_line(tmp_path, edit, sentence):
    path = _csv(tmp_path, CSV)
    path.write_text("\n".join(edit(path.read_text().splitlines())))
    with pytest.raises(BadTrack) as refusal:
        io.read(path)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("name", ["t.csv", "t.txt"])
def test_binary_in_a_text_file_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xff\xfe\x00\x01" * 99)
    with pytest.raises(BadTrack, match="not a text file"):
        io.read(tmp_path / name)


@pytest.mark.parametrize("name", ["none.npy", "folder.npy", "t.json"])
def test_missing_files_and_foreign_suffixes_are_refused(tmp_path, name):
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(BadTrack, match=r"no such file|not a track file"):
        io.read(tmp_path / name)


def test_crossing_finds_what_an_independent_library_finds():
    from shapely import LineString

    rng = np.random.default_rng(1)
    for _ in range(60):
        a, b = rng.normal(size=(2, 70, 2)).cumsum(axis=1) + rng.uniform(-9, 9, (2, 1, 2))
        assert (validation.crossing(a, b) is not None) == LineString(a).crosses(LineString(b))


def test_a_full_size_circuit_is_refused_before_it_is_indexed():
    t = np.linspace(0.0, 2.0 * np.pi, 200)
    t[-1] = 0.0
    ring = np.stack([300.0 * np.cos(t), 200.0 * np.sin(t)], axis=1)
    with pytest.raises(BadTrack, match="600 x 400 m"):
        Track("circuit", ring, ring * 0.99, ring * 1.01)
