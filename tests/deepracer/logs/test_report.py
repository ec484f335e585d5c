import shutil
from pathlib import Path

import pytest

from racer.deepracer.logs.report import report

PAGE = Path(__file__).resolve().parents[3] / "docs" / "fidelity.md"


SHORT = ("v4_reinvent_base/evaluation.csv", "v5_a_to_z/training-5.csv")


@pytest.mark.parametrize("names", [SHORT, pytest.param((), marks=pytest.mark.slow)])
def test_the_page_shows_what_the_command_prints(names, reference, tmp_path):
    """Of two logs, or of all."""
    logs = reference / "logs"
    for name in names:
        (tmp_path / name).parent.mkdir()
        shutil.copy(logs / name, tmp_path / name)
    text = PAGE.read_text(encoding="utf-8")
    shown = text.split("<!-- report: racer log report -->")[1].split("<!-- end of report -->")[0]
    printed, notes = report(tmp_path if names else logs, reference / "tracks")
    missing = {row[0] for row in _cells(shown)} - {row[0] for row in _cells(printed)}
    if not names:
        assert all(
            any(name in note for note in notes) for name in missing
        )  # no file of their track
    # worst differences near 1e-13 depend on the machine's last digits
    assert [row for row in _cells(shown) if row[0] not in missing] == _cells(printed)
    assert _cells(printed)


def _cells(text):
    rows = [line.split("|")[1:-1] for line in text.strip().splitlines() if line.startswith("|")]
    return [[cell.split("(worst")[0].strip() for cell in row] for row in rows]


def test_a_log_without_its_track_is_left_out_and_named(csv_lines, tmp_path, oval):
    from tests.deepracer.logs.test_read import trace_lines

    length = csv_lines[1].split(",")[13]
    (tmp_path / "a.csv").write_text("\n".join(csv_lines).replace(length, "16.6"))
    (tmp_path / "b.log").write_text("\n".join([*trace_lines(csv_lines), "SIM_TRACE_LOG:1,2"]))
    tracks = Path(oval.source).parent
    text, notes = report(tmp_path, tracks)
    assert "| b.log | oval | 80 |" in text
    assert "a.csv" not in text
    assert ["a.csv: no track in" in note for note in notes] == [1, 0]
    assert "b.log:163: 2 fields" in notes[1]
