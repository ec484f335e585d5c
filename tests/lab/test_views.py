"""Debugger, garage and settings over HTTP: what they answer, and what they never do."""

import io
import json
import shutil
import threading
import time
import zipfile

import pytest
from lab_at_work import REWARD, lab_of
from made_runs import cruising, made_run
from render_recordings import MARKUP, Weaving, driven
from starlette.testclient import TestClient

from racer.config import Config
from racer.errors import UsageError
from racer.evaluation import evaluate
from racer.lab.core import settings
from racer.lab.core.elsewhere import Elsewhere
from racer.lab.web.app import application
from racer.reward.file import LESSONS
from racer.runs import Run

PORT = 8124
HOME = f"http://127.0.0.1:{PORT}"
LESSON = (LESSONS / "center_line.py").read_text()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder with one run, as a training leaves it, without a training."""
    config = Config().override({"train.timesteps": 2048, "race.reward": "center_line"})
    result, trace = evaluate(Weaving(), config.race, laps=1)
    metrics = "timesteps,laps,laps_pct,best_lap_s\n2048,1,50.0,9.5\n"
    run = Run.create(
        tmp_path_factory.mktemp("kept"),
        ["one"],
        texts={"config.toml": config.to_toml(), "reward.py": LESSON, "metrics.csv": metrics},
        manifest={"status": "finished"},
        tags=["first"],
    )
    trace.save(run.laps_file)
    run.evaluation_file.write_text(json.dumps(result.to_json()))
    (run.checkpoints / "step-000000002048").mkdir(parents=True)
    run.seal()
    return run.folder.parent


@pytest.fixture
def page(kept, tmp_path):
    """A page that was let in, of a lab with two runs."""
    (first,) = kept.glob("2*")
    for name in ("one", "two"):
        shutil.copytree(first, tmp_path / "runs" / name)
        Run(tmp_path / "runs" / name).record(name=name)
    lab, keys, app = lab_of(tmp_path, PORT)
    with TestClient(app, base_url=HOME, follow_redirects=False) as client:
        client.get(f"/?token={keys.token}")
        client.headers |= {"origin": HOME, "x-racer-secret": keys.page}
        client.lab, client.runs = lab, tmp_path / "runs"
        lab.drafts.config = lab.config
        yield client


def ask(page, path, **content):
    answer = page.post(f"/api/{path}", json=content)
    found = answer.json()
    assert answer.status_code == (400 if "error" in found else 200), found
    return found


def test_every_route_that_tells_or_changes_something_takes_the_second_secret(page):
    del page.headers["x-racer-secret"]
    asked = list(page.lab.drafts.asked)
    ways = [route for route in application(page.lab, page.runs).routes if route.path != "/ws/live"]
    assert len(ways) > 18
    for route in ways:
        if route.path.startswith("/api/"):
            for method in ("GET", "POST"):
                assert page.request(method, route.path).status_code == 403
        else:
            told = page.get(route.path.replace("{name}", "x")).text
            assert LESSON not in told
            assert REWARD not in told
    assert page.lab.drafts.asked == asked


def test_the_draft_and_every_run_can_be_scrubbed_and_paid(page, tmp_path):
    assert "no laps yet" in ask(page, "laps", run="")["error"]
    driven("oval", laps=2).save(tmp_path / "laps.npz")
    page.lab.drafts.shown.laps = tmp_path / "laps.npz"
    found = ask(page, "laps", run="", ghosts=["one"])
    assert len(found["laps"]) == 2
    assert [ghost["name"] for ghost in found["ghosts"]] == ["one"]
    same = ask(page, "pay", run="", text=LESSON)
    assert same["same"] == same["steps"] == len(same["new"])  # to the bit
    other = ask(page, "pay", run="", text=REWARD)
    assert other["same"] < other["steps"]
    assert ask(page, "laps", run="two")["reward"] == LESSON
    assert ask(page, "pay", run="two", text=LESSON)["same"] > 0
    assert page.get(ask(page, "open", run="two")["path"]).status_code == 200
    assert page.lab.desk.text() == REWARD  # looking writes nothing


def test_a_step_is_looked_into_with_the_text_that_is_edited(page):
    found = ask(page, "look", run="one", text=REWARD + "# edited\n", row=3)
    assert found["new"] == pytest.approx(found["new"])
    assert found["lines"][0]["line"] == 2
    assert [line for line, _ in found["events"]] == [2]
    assert found["why"][0]["text"].startswith("returned")
    assert ask(page, "look", run="one", text=REWARD, row=10**9)["row"] > 3  # the last one
    text = "def reward_function(params):\n    while True:\n        pass\n"
    assert "longer than 1 s" in ask(page, "look", run="one", text=text, row=0)["error"]
    assert "mine.py:1:" in ask(page, "look", run="one", text="def f(:\n", row=0)["error"]
    ask(page, "look", run="one", text=REWARD, row="x")
    assert page.lab.drafts.asked == ["save"]


@pytest.mark.parametrize("name", ["..", "../x", "/etc", "a/b", ".draft", "", "nope", "x" * 300])
def test_a_run_is_a_name_of_the_list_and_no_path(page, name):
    for path in ("run", "clone", "pack", "evaluate"):
        assert "error" in ask(page, path, run=name, kind="zip")
    for path in ("delete", "restore"):
        assert "error" in ask(page, path, runs=[name])
    assert Run(page.runs / "one").manifest_file.is_file()


def test_the_garage_finds_sorts_and_shows(page):
    found = ask(page, "runs", words="", sort="name", start=0)
    assert [run["name"] for run in found["runs"]] == ["one", "two"]
    assert found["runs"][0]["tags"] == ["first"]
    assert ask(page, "runs", words="tw", sort="lap")["total"] == 1
    assert ask(page, "runs", words="", sort="created", start=5)["runs"] == []
    run = ask(page, "run", run="one")
    assert run["reward"] == LESSON
    assert ["train.timesteps", "2048"] in run["settings"]
    assert run["policies"][-1][0] == "last"
    assert run["curve"]["timesteps"]
    compared = ask(page, "compare", runs=["one", "two"])
    assert "One group" in compared["verdict"]
    assert "choose 2" in ask(page, "compare", runs=["one"])["error"]


def test_eight_runs_are_compared_and_raced_in_as_many_colours(page):
    names = ["one", *(f"other-{k}" for k in range(8))]
    for name in names[1:]:
        shutil.copytree(page.runs / "one", page.runs / name)
    assert ask(page, "compare", runs=names[:8])["rows"][0][1] == "8"
    assert "2 to 8" in ask(page, "compare", runs=names)["error"]
    ghosts = ask(page, "laps", run="one", ghosts=names[1:8])["ghosts"]
    assert [ghost["color"] for ghost in ghosts] == [f"ghost{k}" for k in range(7)]


def test_a_run_that_is_deleted_comes_back_as_it_was(page):
    before = Run(page.runs / "one").manifest()
    assert ask(page, "delete", runs=["one", "two"])["names"] == ["one", "two"]
    assert ask(page, "runs", words="", sort="created", start=0)["total"] == 0
    assert sorted(ask(page, "bin")["runs"]) == ["one", "two"]
    shutil.copytree(page.runs / ".bin" / "one", page.runs / "one")
    assert "has this name now" in ask(page, "restore", runs=["one"])["error"]
    assert ask(page, "delete", runs=["one"])["names"] == ["one-2"]  # both are in the bin
    ask(page, "restore", runs=["one", "two"])
    assert Run(page.runs / "one").manifest() == before
    assert Run.open("two", page.runs).damaged() == []
    with Run(page.runs / "two").lock():
        assert "in use" in ask(page, "delete", runs=["two"])["error"]
    assert ask(page, "bin")["runs"] == ["one-2"]


def test_a_run_is_evaluated_on_another_track_by_the_command_itself(page):
    run = made_run(page.runs, cruising(0.0)).name
    found = ask(page, "evaluate", run=run, track="s_bends")
    assert found["laps"] == 5
    assert found["laps_completed"] + (found["completion_pct"] < 100.0) > 0
    assert "no track 'nowhere'" in ask(page, "evaluate", run=run, track="nowhere")["error"]


def test_what_drives_a_run_ends_with_the_lab(tmp_path):
    run, lab = made_run(tmp_path, cruising(0.0)), Elsewhere()
    heard = []

    def drive():
        with pytest.raises(UsageError):
            lab.drive(run.folder, "oval", tmp_path)
        heard.append("ended")

    thread = threading.Thread(target=drive)
    thread.start()
    while lab._process is None:
        time.sleep(0.01)
    lab.close()
    thread.join(20.0)
    assert heard == ["ended"]


def test_a_long_list_is_read_page_by_page(page):
    for number in range(60):
        folder = page.runs / f"more-{number:03}"
        folder.mkdir()
        for name in ("manifest.json", "config.toml"):
            shutil.copy(page.runs / "one" / name, folder / name)
    found = ask(page, "runs", words="", sort="created", start=50)
    assert found["total"] == 62
    assert len(found["runs"]) == 12


def test_a_run_is_packed_whole_and_as_a_page(page):
    (page.runs / "one" / "link").symlink_to("/etc/passwd")
    assert "error" in ask(page, "pack", run="one", kind="zip")  # a run with links is none
    (page.runs / "one" / "link").unlink()
    answer = page.get(ask(page, "pack", run="one", kind="zip")["path"])
    assert answer.headers["content-disposition"] == 'attachment; filename="one.zip"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(page.runs / "unpacked")
    assert Run.open("one", page.runs / "unpacked").damaged() == []
    path = ask(page, "pack", run="two", kind="html", source=True)["path"]
    assert "racer-player" in page.get(path).text
    assert page.get(path).status_code == 404  # good for once
    assert "html or zip" in ask(page, "pack", run="two", kind="exe")["error"]


def test_a_clone_has_a_file_of_its_own_with_the_settings_of_the_run(page):
    found = ask(page, "clone", run="one", policy="")
    assert found["text"] == LESSON
    assert found["file"].endswith("one.py")
    assert page.lab.desk.file.name == "one.py"
    assert page.lab.config.train.timesteps == 2048
    assert page.lab.config.race.reward == found["file"]
    assert (page.runs.parent / "mine.py").read_text() == REWARD  # what was edited before
    assert page.lab.drafts.asked[-1] == "save"
    again = ask(page, "clone", run="one", policy="last")
    assert again["file"].endswith("one-2.py")
    assert page.lab.drafts.asked[-2] == ("from", str((page.runs / "one").resolve()), "last")
    assert "best or last" in ask(page, "clone", run="one", policy="x")["error"]


def test_a_clone_takes_the_files_beside_its_reward_along(page):
    beside = page.runs / "two" / "reward_files"
    beside.mkdir()
    (beside / "table.py").write_text("FAST = 3.0\n")
    found = ask(page, "clone", run="two", policy="")
    folder = page.lab.desk.file.parent
    assert found["file"].endswith("two/mine.py") or found["file"].endswith("two\\mine.py")
    assert (folder / "table.py").read_text() == "FAST = 3.0\n"


def test_settings_are_a_form_of_the_one_table(page):
    listed = ask(page, "settings")["settings"]
    groups = {one["key"].rpartition(".")[0] for one in listed}
    assert {"race", "race.rules", "race.others", "race.camera", "race.lidar", "train"} <= groups
    assert all(one["help"] for one in listed)
    found = ask(page, "set", settings={"race.others.race": "object_avoidance", "train.seed": "7"})
    assert found["seed"] == 7
    assert page.lab.config.race.others.boxes == 6
    assert page.lab.drafts.asked[-1] == "save"
    before = page.lab.config
    for key, value in [("train.seed", "x"), ("race.track", "ovl"), ("nope", "1")]:
        assert key in ask(page, "set", settings={key: value})["error"] or value == "ovl"
    assert "nothing was changed" in ask(page, "set", settings=[])["error"]
    assert page.lab.config == before


def test_a_setting_that_may_be_unset_is_unset_by_an_empty_field():
    config = Config().override({"race.others.race": "object_avoidance", "race.others.obstacles": 3})
    assert settings.changed(config, {"race.others.obstacles": " "}).race.others.obstacles is None
    fixed = settings.changed(config, {"race.reward": "other"})
    assert fixed.race.reward == config.race.reward


@pytest.mark.parametrize("hostile", MARKUP)
def test_hostile_runs_cross_as_data_only(page, hostile):
    manifest = json.loads((page.runs / "one" / "manifest.json").read_text())
    manifest["tags"] = [hostile]
    (page.runs / "one" / "manifest.json").write_text(json.dumps(manifest))
    (page.runs / "two" / "config.toml").write_text(
        f"[race]\ntrack = {json.dumps(hostile)}\nx = 1\n"
    )
    answer = page.post("/api/runs", json={"sort": "name"})
    assert answer.headers["content-type"] == "application/json"
    one, two = answer.json()["runs"]
    assert one["tags"] == [hostile[:60]]
    assert "no setting 'race.x'" in two["problem"]


def test_hostile_recordings_are_refused_in_a_sentence(page):
    laps = page.runs / "one" / "laps.npz"
    whole = laps.read_bytes()
    for content in (b"", b"PK\x03\x04", whole[:1000], b"<script>" * 100):
        laps.write_bytes(content)
        for path in ("laps", "pay", "look"):
            said = ask(page, path, run="one", text=REWARD, row=0)["error"]
            assert "\n" not in said
    laps.write_bytes(whole)
    assert ask(page, "laps", run="one")["laps"]
