import io
import json
import os
import tarfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from racer.deepracer.logs import LOG_STATUSES, open_logs, read_one
from racer.deepracer.logs.rows import COLUMNS
from racer.errors import BadLog


def text(lines):
    return "\n".join(lines).encode()


def test_every_row_of_a_real_log_is_read(reference):
    path = reference / "logs/v5_a_to_z/training-12.csv"
    log = open_logs(path)[0]
    assert len(log.rows) == 1089  # lines of the file, less its header
    assert len(log.episodes()) == 20
    assert log.notes == ()
    row = log.rows[1]
    assert (row["episode"], row["steps"], row["action"]) == (240, 2, -1)
    assert row["x"] == -1.542420647357321  # all digits
    assert row["steer_deg"] == -12.146447161225812
    assert LOG_STATUSES[row["status"]] == "in_progress"


def test_columns_go_by_their_header(csv_lines):
    order = [*COLUMNS[:17]]
    order.reverse()
    swapped = [",".join(reversed(line.split(","))) for line in csv_lines]
    plain, other = read_one(text(csv_lines), "a"), read_one(text(swapped), "b")
    assert (plain.rows == other.rows).all()


@pytest.mark.parametrize("extra", [0, 1, 2])
def test_all_versions_are_read(csv_lines, extra):
    lines = [
        line + "".join(f",{name if k == 0 else 7}" for name in COLUMNS[17 : 17 + extra])
        for k, line in enumerate(csv_lines)
    ]
    assert len(read_one(text(lines), "a").rows) == 80


@pytest.mark.parametrize("action", ["[5.0 1.5]", "[5.0, 1.5]", '"[5.0, 1.5]"', "[5.0,1.5]"])
def test_continuous_actions_in_every_spelling(csv_lines, action):
    lines = [line.replace(",1.5,3,", f",1.5,{action},") for line in csv_lines]
    log = read_one(text(lines), "a")
    assert (log.rows["action"] == -1).all()
    assert (log.rows["reward"] == 1.0).all()


def test_windows_line_ends_blank_lines_and_a_byte_order_mark_are_fine(csv_lines):
    content = b"\xef\xbb\xbf" + "\r\n".join([*csv_lines, "", ""]).encode()
    log = read_one(content, "a")
    assert len(log.rows) == 80
    assert log.notes == ()


def damaged(lines, at, change):
    return [*lines[:at], change(lines[at]), *lines[at + 1 :]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda line: line[:25], "fields where the header has 17"),
        (lambda line: line.replace(",1.5,", ",fast,"), "throttle is 'fast'"),
        (lambda line: line.replace("in_progress", "flying"), "episode_status is 'flying'"),
        (lambda line: line.replace(",1.5,", ",nan,"), "throttle is 'nan'"),
        (lambda line: line.replace("False,True", "False,perhaps"), "all_wheels_on_track"),
        (lambda line: line + ",7", "18 fields where the header has 17"),
        (lambda line: "0,2.0" + line[line.index(",", 3) :], "out of order"),
        (lambda line: "\0\0\0\0", "fields where the header has 17"),
    ],
)
def test_damage_is_read_up_to_and_named(csv_lines, change, reason):
    log = read_one(text(damaged(csv_lines, 30, change)), "some.csv")
    assert len(log.rows) == 29
    assert len(log.notes) == 1
    assert "some.csv:31:" in log.notes[0]  # the header is line 1
    assert reason in log.notes[0]


def test_rows_in_another_order_are_noticed(csv_lines):
    log = read_one(text([*csv_lines[:10], *csv_lines[20:30], *csv_lines[10:20]]), "a.csv")
    assert any("step 10 of episode 0 after step 29" in note for note in log.notes)
    assert len(log.rows) == 19
    assert any("steps are missing" in note for note in log.notes)


def test_workers_in_one_file_are_told_apart(csv_lines):
    log = read_one(text([*csv_lines, *csv_lines[1:], *csv_lines[1:41], *csv_lines[1:41]]), "a.csv")
    assert len(log.episodes()) == 6
    assert np.unique(log.sections()).tolist() == [0, 1, 2, 3]
    assert len(log.notes) == 1
    assert "a.csv:82: episodes count from 0 again" in log.notes[0]


@settings(max_examples=150)
@given(st.data())
def test_no_damage_is_a_traceback_or_silence(csv_lines, data):
    """Cut, overwrite and repeat bytes anywhere: refused, noted, or harmless - never another row."""
    content = bytearray(text(csv_lines[:30]))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        piece = data.draw(st.binary(max_size=6))
        content[at : at + data.draw(st.integers(0, 12))] = piece
    try:
        log = read_one(bytes(content), "a.csv")
    except BadLog:
        return
    assert len(log.rows) <= 31
    assert len(log.rows) >= 28 or log.notes


def test_two_versions_in_one_file(csv_lines):
    newer = [csv_lines[0] + ",obstacle_crash_counter", *(f"{x},0" for x in csv_lines[41:])]
    log = read_one(text([*csv_lines[:41], *newer]), "a.csv")
    assert len(log.rows) == 80
    assert "a.csv:42: the columns change" in log.notes[0]
    without_header = read_one(text([*csv_lines[:41], *newer[1:]]), "a.csv")
    assert len(without_header.rows) == 40
    assert "a.csv:42: 18 fields where the header has 17" in without_header.notes[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no step of a car"),
        (b"time,x,y\n1,2,3\n", "no column 'episode'"),
        (b"\x93NUMPY\x01\x00v\x00{'descr'", "no column 'episode'"),
        (b"SIM_TRACE_LOG:1,2,3\n", "3 fields where a SIM_TRACE_LOG line has 15 to 19"),
        (b"{}", "no column 'episode'"),
    ],
)
def test_foreign_files_are_refused_with_the_reason(content, reason):
    with pytest.raises(BadLog, match=reason):
        read_one(content, "foreign.csv")


def test_a_header_alone_is_no_log(csv_lines):
    with pytest.raises(BadLog, match="no step of a car"):
        read_one(text(csv_lines[:1]), "empty.csv")


def trace_lines(csv_lines):
    """The same rows as a simulator prints them to its text log, among other lines."""
    lines = ["Loading model...", "Successfully loaded: action space"]
    for line in csv_lines[1:]:
        f = line.split(",")
        numbers = [f"{float(v):.4f}" for v in (*f[2:5],)]
        lines.append(
            f"2020-01-01 12:00 SIM_TRACE_LOG:{f[0]},{int(float(f[1]))},{','.join(numbers)},"
            f"{float(f[5]):.2f},{float(f[6]):.2f},{f[7]},{float(f[8]):.4f},{f[9]},{f[10]},"
            f"{float(f[11]):.4f},{f[12]},{float(f[13]):.2f},{f[14]},{f[15]},{float(f[16]):.2f}"
        )
        lines.append("some other line, with, commas")
    return lines


def test_text_logs_hold_the_same_rows_with_four_digits(csv_lines):
    log = read_one(text(trace_lines(csv_lines)), "robomaker.log")
    exact = read_one(text(csv_lines), "a.csv")
    assert log.rounded
    assert len(log.rows) == 80
    for name in ("x", "y", "progress"):
        assert np.abs(log.rows[name] - exact.rows[name]).max() <= 5.1e-5
    for name in ("steps", "status", "closest_waypoint", "episode"):
        assert (log.rows[name] == exact.rows[name]).all()


@pytest.mark.parametrize(
    "saved",
    [
        lambda lines: text(json.dumps({"log": f"{line}\n", "stream": "o"}) for line in lines),
        lambda lines: text(f"simapp-1  | \x1b[32m{line}\x1b[0m" for line in lines),
        lambda lines: text(lines).decode().encode("utf-16"),
    ],
    ids=["docker's json", "colours", "powershell"],
)
def test_text_logs_are_read_as_people_save_them(saved, csv_lines):
    lines = trace_lines(csv_lines)
    log = read_one(saved(lines), "robomaker.log")
    assert (log.rows == read_one(text(lines), "robomaker.log").rows).all()


def write_folder(folder, csv_lines, csv_path):
    path = folder / csv_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text(csv_lines))


@pytest.mark.parametrize(
    "layout", ["sim-trace/{}-iteration.csv", "training-simtrace/{}-iteration.csv",
               "1/training-simtrace/{}-iteration.csv"],
)  # fmt: skip
def test_folders_and_archives_of_every_layout(tmp_path, csv_lines, layout):
    for k in (10, 2, 0):
        write_folder(tmp_path / "model", csv_lines, layout.format(k))
    (tmp_path / "model/metrics.csv").write_text("a,b\n1,2\n")
    (tmp_path / "model/reward_function.py").write_text("")
    logs = open_logs(tmp_path / "model")
    assert [log.source.split("/")[-1].split("-")[0] for log in logs] == ["0", "2", "10"]
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "model", "model")
    packed = open_logs(tmp_path / "model.tar.gz")
    assert [(log.rows == logs[0].rows).all() for log in packed] == [True] * 3


def test_one_bad_file_of_a_folder_is_left_out_and_named(tmp_path, csv_lines):
    write_folder(tmp_path, csv_lines, "sim-trace/0-iteration.csv")
    write_folder(tmp_path, csv_lines[:1], "sim-trace/1-iteration.csv")
    (log,) = open_logs(tmp_path)
    assert "1-iteration.csv" in log.notes[0]


def test_a_cut_archive_and_an_empty_folder_are_refused(tmp_path, csv_lines):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        info = tarfile.TarInfo("sim-trace/0-iteration.csv")
        content = np.random.default_rng(0).bytes(100_000)  # does not compress away
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    (tmp_path / "cut.tar.gz").write_bytes(packed.getvalue()[:5000])
    with pytest.raises(BadLog, match="not a whole archive"):
        open_logs(tmp_path / "cut.tar.gz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadLog, match="no sim-trace CSV"):
        open_logs(tmp_path / "empty")
    with pytest.raises(BadLog, match="does not exist"):
        open_logs(tmp_path / "missing.csv")


def test_links_to_logs_are_followed_and_an_unreadable_file_does_not_stop_a_folder(
    tmp_path, csv_lines
):
    write_folder(tmp_path, csv_lines, "real.csv")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a-iteration.csv").symlink_to(tmp_path / "real.csv")
    with (tmp_path / "folder/b-iteration.csv").open("wb") as file:
        file.truncate(600 * 2**20)  # more than is read of one file
    (log,) = open_logs(tmp_path / "folder")
    assert "b-iteration.csv has 629145600 bytes" in log.notes[0]
    assert len(open_logs(tmp_path / "folder/a-iteration.csv")[0].rows) == 80


@pytest.mark.parametrize(
    ("name", "reason"),
    [("a.tar.gz", "is not a whole archive: file could not be opened successfully. Copy"),
     ("a.csv.gz", "packed files"), ("a.zip", "packed files"), ("pipe.csv", "is a pipe")],
)  # fmt: skip
def test_what_is_no_plain_log_is_refused_in_one_line(tmp_path, csv_lines, name, reason):
    path = tmp_path / name
    if name == "pipe.csv":
        os.mkfifo(path)
    else:
        path.write_bytes(text(csv_lines))
    with pytest.raises(BadLog, match=reason) as raised:
        open_logs(path)
    assert "\n" not in str(raised.value)


def test_line_ends_of_old_macs_are_line_ends(csv_lines):
    log = read_one("\r".join(csv_lines).encode(), "a")
    assert len(log.rows) == 80
    assert log.rows["line"][-1] == 81


def test_a_number_is_what_csv_files_call_one(csv_lines):
    with pytest.raises(BadLog, match="a:2: steps is '1_0', not a number"):
        read_one(text([csv_lines[0], csv_lines[1].replace("0,1.0,", "0,1_0,")]), "a")


def test_many_rows_are_read_in_order(csv_lines):
    lines = [f"{k}{csv_lines[1][1:]}" for k in range(9000)]  # more than two blocks
    log = read_one(text([csv_lines[0], *lines, "x"]), "a")
    assert (log.rows["episode"] == np.arange(9000)).all()
    assert "a:9002: 1 fields where the header has 17; only the 9000 rows" in log.notes[0]
