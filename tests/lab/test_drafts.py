"""Drafts of one file: what is shown, stopped and kept. The nursery is a script here."""

import json
import threading

import pytest

from racer.config import Config
from racer.lab.core.drafts import Drafts
from racer.lab.core.job import Job
from racer.lab.core.slot import slot
from racer.render.live.wire import Kind

GOOD = "def reward_function(params):\n    return 1.0\n"


class Script:
    """Trains nothing; the test says what each job tells."""

    def __init__(self, config, told):
        self.told = told
        self.ready = threading.Event()
        self.jobs, self.stopped = [], []

    def train(self, job):
        self.jobs.append(job)
        return len(self.jobs)

    def stop(self, number, *, save=False):
        self.stopped.append((number, save))
        how = {"stopped": "saved"} if save else {"killed": True}
        self.told(number, Kind.DONE, json.dumps(how).encode())

    def close(self):
        pass

    def starts(self, number, folder):
        folder.mkdir(parents=True)
        about = {"schema": 1, "name": folder.name, "created": "2026"}
        (folder / "manifest.json").write_text(json.dumps(about))
        self.told(number, Kind.START, json.dumps({"folder": str(folder)}).encode())

    def drives(self, number):
        self.told(number, Kind.SWARM, b"")

    def done(self, number, **how):
        self.told(number, Kind.DONE, json.dumps(how).encode())


RESULT = {"completion_pct": 100.0, "best_lap_s": 9.5}


@pytest.fixture
def desk(tmp_path):
    """Drafts of a file, with what was said and heard."""
    file = tmp_path / "mine.py"
    file.write_text(GOOD)
    config = Config().override({"race.reward": str(file)})
    with slot(tmp_path / "runs") as folder:
        said, heard = [], []
        made = Drafts(
            config,
            tmp_path / "runs",
            folder,
            job=Job(0, "", ""),
            tell=said.append,
            hear=lambda kind, content: heard.append(kind),
            made=Script,
        )
        made.file, made.said, made.heard = file, said, heard
        yield made


def save(desk, number, *, drives=True):
    desk.save()
    desk.nursery.starts(number, desk.folder / f"run-{number}")
    if drives:
        desk.nursery.drives(number)


def test_a_save_is_checked_trained_and_shown_from_its_first_cars_on(desk):
    save(desk, 1)
    assert desk.shown.number == 1
    assert desk.heard == [Kind.START, Kind.SWARM]
    assert [words.split(" after")[0] for words in desk.said] == [
        "checking",
        "warming up, once",
        "driving: new cars",
    ]
    row = {"laps": 3, "laps_pct": 96.0}
    desk.nursery.told(1, Kind.METRICS, json.dumps(row).encode())
    assert desk.said[-2].startswith("first lap after")
    assert desk.said[-1].startswith("95 % of laps after")


def test_the_old_draft_goes_when_the_new_one_drives_and_not_before(desk):
    save(desk, 1)
    save(desk, 2, drives=False)
    assert desk.shown.number == 1
    assert desk.nursery.stopped == []
    desk.nursery.drives(2)
    assert desk.shown.number == 2
    assert desk.nursery.stopped == [(1, False)]
    assert not (desk.folder / "run-1").exists()
    assert (desk.folder / "run-2").exists()


def test_an_error_in_the_file_leaves_the_old_driving(desk):
    save(desk, 1)
    desk.file.write_text("def reward_function(params:\n")
    desk.save()
    assert desk.nursery.jobs[1:] == []
    assert "mine.py:1:" in desk.said[-1]
    assert desk.said[-1].endswith("The old draft drives on.")
    desk.file.write_text(GOOD)
    save(desk, 2, drives=False)
    desk.nursery.done(2, error="mine.py:3: NameError: name 'x' is not defined.")
    assert desk.said[-1].endswith("not defined. The old draft drives on.")
    assert desk.shown.number == 1
    assert not (desk.folder / "run-2").exists()


def test_saves_that_never_drove_are_overtaken(desk):
    save(desk, 1, drives=False)
    save(desk, 2, drives=False)
    assert desk.nursery.stopped == [(1, False)]
    desk.nursery.drives(1)  # what it said before it heard
    assert desk.shown is None


def test_keep_makes_a_finished_draft_a_run(desk):
    save(desk, 1)
    desk.nursery.done(1, folder="x", result=RESULT)
    assert desk.said[-1] == "finished: 100 % of laps, best lap 9.50 s"
    desk.keep()
    kept = desk.runs_dir / "run-1"
    assert desk.said[-1] == f"kept: {kept}"
    assert json.loads((kept / "manifest.json").read_text())["name"] == "run-1"
    save(desk, 2)
    assert kept.exists()


def test_keep_before_the_end_keeps_it_at_the_end_whatever_is_saved_meanwhile(desk):
    desk.keep()
    assert desk.said[-1] == "nothing to keep: no draft drives yet"
    save(desk, 1)
    desk.keep()
    save(desk, 2)
    assert desk.nursery.stopped == []
    desk.nursery.done(1, folder="x", result=RESULT)
    assert (desk.runs_dir / "run-1").exists()


def test_a_kept_name_that_is_taken_gets_a_number(desk):
    (desk.runs_dir / "run-1").mkdir()
    save(desk, 1)
    desk.nursery.done(1, folder="x", result=RESULT)
    desk.keep()
    run = desk.runs_dir / "run-1-2"
    assert json.loads((run / "manifest.json").read_text())["name"] == "run-1-2"


def test_at_the_end_what_is_kept_is_saved_and_the_rest_is_gone(desk):
    save(desk, 1)
    desk.keep()
    save(desk, 2)
    desk.close()
    assert sorted(desk.nursery.stopped) == [(1, True), (2, False)]
    assert (desk.runs_dir / "run-1").exists()
    assert not (desk.folder / "run-2").exists()


def test_a_slot_has_one_owner_and_is_empty_at_first_and_at_last(tmp_path):
    left = tmp_path / ".draft" / "of-a-killed-one"
    left.mkdir(parents=True)
    with slot(tmp_path) as one, slot(tmp_path) as other:
        assert one != other
        assert not left.exists()
        (one / "draft").mkdir()
    assert list(tmp_path.iterdir()) == []
