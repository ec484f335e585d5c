"""`racer bench lab`: its parts that need no training, and its table."""

import shutil

from render_recordings import driven

from racer.lab import measure
from racer.reward.file import LESSONS


def test_looks_and_the_garage_are_measured_on_the_real_thing(tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "RUNS", 12)
    monkeypatch.setattr(measure, "LOOKS", 3)
    driven("oval", laps=1).save(tmp_path / "laps.npz")
    shutil.copy(LESSONS / "center_line.py", tmp_path / "mine.py")
    rows = [*measure.looks(tmp_path), *measure.garage(tmp_path)]
    assert len(rows) == 6
    assert all(row.clock_s > 0.0 and row.cpu_s >= 0.0 for row in rows)
    assert "garage of 12 runs" in measure.markdown(rows)


def test_the_table_has_a_line_for_each_number_and_none_for_what_nothing_tells():
    rows = [measure.Row("a", 0.05, None), measure.Row("b", None, 1.25, "so")]
    assert measure.markdown(rows).splitlines()[2:] == [
        "| a | 50 ms |  |  |",
        "| b |  | 1.25 s | so |",
    ]
