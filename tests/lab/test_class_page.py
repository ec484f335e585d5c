"""The pages of a class in a browser: by keys alone, both themes and languages, axe, 320 pixels."""

import contextlib
import http.client
import sys
import tomllib
from pathlib import Path

import pytest
from lab_browser import class_served, narrow, until
from lab_browser import opened as page_of
from made_runs import cruising, made_run

from racer.lab.core.classroom import lessons, races
from racer.lab.core.classroom.judge import judged
from racer.lab.web.server import HERE, addresses_of


def opened(browser, found, path, **more):
    return page_of(browser, found.address + path, **more)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    with class_served(tmp_path_factory.mktemp("class")) as found:
        yield found


def test_a_student_of_a_lesson_s_link_reaches_its_goal_and_submits_by_keys_alone(
    browser, axe, room
):
    asked = ["401 /api/me", "400 /api/enter"]  # who is not in yet comes to the door
    with opened(browser, room, "/lab?lesson=progress", refused=asked) as page:
        page.get_by_label("Code of the class").wait_for()
        assert axe(page) == []
        page.keyboard.type("zzzzzz")
        page.keyboard.press("Tab")
        page.keyboard.type("Anna")
        page.keyboard.press("Enter")
        page.get_by_text("this is not the code").wait_for()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Control+a")
        page.keyboard.type(room.store.code.lower())
        page.keyboard.press("Enter")
        page.get_by_text("goal: a lap of at most 7.6 s").wait_for()
        page.get_by_text("● connected").wait_for()
        assert page.url == room.address + "/lab"  # neither secret nor lesson stay in the address
        script, told = room.script, len(room.script.jobs)
        script.drives(told)
        script.finishes(told, 7.7)
        page.get_by_text("finished: 100 % of laps, best lap 7.70 s").wait_for()
        page.get_by_label("Reward function").focus()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text("def reward_function(params):\n    return params['speed']\n")
        page.keyboard.press("Control+s")
        until(lambda: len(script.jobs) > told)
        (student,) = (one for one in room.store.people() if one["name"] == "Anna")
        config = tomllib.loads(script.jobs[-1].config)
        assert config["race"]["reward"].endswith(f"people/{student['id']}/progress.py")
        assert "return params['speed']" in Path(config["race"]["reward"]).read_text()
        assert page.get_by_text("✓ goal reached").count() == 0
        script.drives(len(script.jobs))
        script.finishes(len(script.jobs), 7.0)
        page.get_by_text("✓ goal reached").wait_for()
        room.store.open_race({**races.settings_of({"track": "oval"}), "title": "Final"})
        page.get_by_text("Race, and my runs").focus()
        page.keyboard.press("Enter")
        page.get_by_text("The race is open: Final").wait_for()
        page.get_by_role("button", name="Submit the draft that drives").focus()
        page.keyboard.press("Enter")
        page.get_by_role("cell", name="Anna").wait_for()
        assert axe(page) == []
        narrow(page)
        room.store.close_race()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a class is for Linux")
def test_a_link_of_a_lesson_leads_to_a_goal_that_a_real_training_reaches(
    browser, tmp_path, monkeypatch
):
    monkeypatch.setattr(lessons, "STEPS", 100_000)  # half of what a class gives
    with class_served(tmp_path, real=True) as room:
        _, key = room.store.join("Anna", lessons.FIRST)
        link = f"/lab?lesson=stay_on_track#{key}"
        with opened(browser, room, link) as page:
            page.set_default_timeout(300_000)
            page.get_by_text("goal: a lap of at most 9.0 s").wait_for()
            page.get_by_text("● connected").wait_for()
            solution = lessons.lesson(lessons.lesson("stay_on_track").solution).text
            page.get_by_label("Reward function").fill(solution)
            page.keyboard.press("Control+s")
            page.get_by_text("✓ goal reached").wait_for()
        (row,) = room.store.read("SELECT lesson, best_lap_s FROM goals")
        assert row["lesson"] == "stay_on_track"
        assert row["best_lap_s"] <= 9.0


def test_on_an_address_of_the_network_only_its_own_pages_and_people_pass(browser, tmp_path):
    (host, *_) = addresses_of("0.0.0.0")
    if host == HERE:
        pytest.skip("this machine has no address but its own")
    with class_served(tmp_path, host) as room:
        port = room.address.rpartition(":")[2]

        def asked(path="/api/class", to=host, **headers):
            there = http.client.HTTPConnection(to, int(port), timeout=30)
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            there.request("GET", path, headers=given)
            with contextlib.closing(there):
                return there.getresponse().status

        assert (asked("/"), asked(), asked(x_racer_secret="x")) == (200, 401, 401)
        assert asked(x_racer_secret=room.teacher) == 200
        for name in ("evil.example", f"evil.example:{port}", host, f"192.0.2.77:{port}"):
            assert asked(host=name, x_racer_secret=room.teacher) == 403
        for origin in ("https://evil.example", f"http://127.0.0.1:{port}", "null"):
            assert asked(origin=origin, x_racer_secret=room.teacher) == 403
        with pytest.raises(ConnectionRefusedError):
            asked(to=HERE)
        with opened(browser, room, "/") as page:  # no secure context, as on the machines of a class
            page.get_by_label("Code of the class").fill(room.store.code)
            page.get_by_label("Your name here").fill("Ada")
            page.keyboard.press("Enter")
            page.get_by_text("● connected").wait_for()
            assert page.url == room.address + "/lab"


def test_the_teacher_sees_everybody(browser, axe, room):
    room.store.join("Ruth", "heading")
    with opened(browser, room, f"/teacher#{room.teacher}") as page:
        page.get_by_text("Ruth").first.wait_for()
        page.get_by_text(room.store.code).wait_for()
        page.get_by_role("button", name="Send to all").focus()
        page.keyboard.press("Enter")
        until(lambda: room.offer == "center_line")
        page.get_by_role("button", name="Pause the room").focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Go on").wait_for()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Pause the room").wait_for()
        assert axe(page) == []
        page.get_by_role("button", name="Reward: Ruth").press("Enter")
        page.get_by_role("dialog").wait_for()
        assert axe(page) == []
        page.keyboard.press("Escape")
        narrow(page)


CORNER = """() => {  // how red the picture of the race is, where there is no road
  const g = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  g.drawImage(document.querySelector(".view canvas"), 0, 0);
  return g.getImageData(0, 0, 1, 1).data[0];
}"""


def test_the_race_is_driven_on_the_projector(browser, axe, room, tmp_path):
    run = made_run(tmp_path / "runs", cruising(0.0))
    race = room.store.open_race(races.settings_of({"track": "oval", "laps": 1}))
    number, _ = room.store.join("Zoë <3"[:3], "progress")
    folder = races.deposit(run.folder, room.entries)
    result = judged(room.entries / folder, room.store.race())
    entry, _ = room.store.enter(race, number, "key-000001", folder, "draft")
    room.store.score(entry, result)
    with opened(browser, room, f"/projector#{room.teacher}", theme="light") as page:
        page.get_by_text(room.store.code).wait_for()
        page.get_by_role("button", name="Start the race").focus()
        page.keyboard.press("Enter")
        page.get_by_text("Zoë wins: 7.80 s").first.wait_for()
        for dark in (True, False):
            page.emulate_media(color_scheme="dark" if dark else "light")
            until(lambda dark=dark: (page.evaluate(CORNER) < 128) == dark, 20.0)
        assert axe(page) == []
        narrow(page)
    asked = ["401 /api/class/choices"]  # who is no teacher has no choices
    with opened(browser, room, f"/projector#{room.guest}", refused=asked) as page:
        page.get_by_role("cell", name="Zoë").wait_for()
        assert room.store.code not in page.content()
        assert axe(page) == []
    room.store.close_race()


def test_the_pages_are_german_where_the_browser_is_and_fit_a_narrow_screen(browser, room):
    _, key = room.store.join("Ida", "progress")
    for path, sign in (
        (f"/teacher#{room.teacher}", "Link machen"),
        (f"/projector#{room.teacher}", "Rennen starten"),
        (f"/lab#{key}", "● verbunden"),
    ):
        with opened(browser, room, path, locale="de-DE") as page:
            page.get_by_text(sign).wait_for()
            narrow(page)
    with opened(browser, room, "/", locale="de-DE") as page:
        page.get_by_text("Code der Klasse").wait_for()
        narrow(page)
        assert page.evaluate("document.documentElement.lang") == "de"
        page.get_by_role("button", name="English").click()
        page.get_by_text("Code of the class").wait_for()
