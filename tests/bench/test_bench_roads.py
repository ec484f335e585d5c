"""`racer bench roads`: when every built-in track is lapped, and what many roads cost."""

from racer.bench import roads


def test_learning_stops_when_every_track_is_lapped_and_says_what_is_missing_before(monkeypatch):
    monkeypatch.setattr(roads, "COUNT", 2)
    early = roads.first_lapped(0, most=16_384, every=8_192)
    assert early.cpu_s is None
    assert len(early.missing) == 13  # after one update nothing is lapped
    assert "not lapped: arrow, bean" in early.line()


def test_the_report_says_how_much_more_many_roads_cost():
    done = roads.Lapped(0, 100_000, 2.5, ())
    report = roads.Report({"cpu": "a CPU"}, (done,), ((2000.0, 2200.0), (2000.0, 2100.0)))
    shown = report.markdown()
    assert "| 0    | 100,000 |" in shown
    assert "7.5 %" in shown  # the median of 10 and 5
    assert done.line() == "seed 0: all lapped after 100,000 steps, 2.5 CPU s"
