"""The pages of a class in a browser: by keys alone, both themes and languages, axe, 320 pixels."""

import contextlib
import re
import threading
import time
import tomllib
from importlib import resources
from typing import get_args

import pytest
import uvicorn
from class_at_work import class_of
from made_runs import cruising, made_run

from racer.lab.core.classroom import races
from racer.lab.core.classroom.judge import judged
from racer.lab.core.classroom.room import Words
from racer.lab.web.server import listening

PAGE = resources.files("racer.lab.web") / "page"
OURS = ("class.js", "door.js", "bar.js", "teacher.js", "projector.js")


@contextlib.contextmanager
def serving(folder):
    """A class in a thread, and its address."""
    bound = listening(0)
    found, app = class_of(folder, bound.getsockname()[1], slots=9)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="websockets-sansio"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    until(lambda: server.started)
    try:
        yield found
    finally:
        server.should_exit = True
        thread.join()


def until(condition, patience=60.0):
    end = time.monotonic() + patience
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


@contextlib.contextmanager
def opened(browser, found, path, *, theme="dark", locale="en-US"):
    context = browser.new_context(color_scheme=theme, reduced_motion="reduce", locale=locale)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.seen, page.foreign = [], []
    page.on("console", lambda message: page.seen.append(message.text))
    page.on("pageerror", lambda error: page.seen.append(str(error)))
    home = found.address
    page.on("request", lambda r: page.foreign.append(r.url) if not r.url.startswith(home) else 0)
    page.goto(home + path)
    yield page
    strange = [url for url in page.foreign if not url.startswith(("data:", "ws://127.0.0.1"))]
    seen = [words for words in page.seen if "status of 40" not in words]  # it was refused
    assert (strange, seen) == ([], [])
    context.close()


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("class")) as found:
        yield found


def narrow(page):
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_student_comes_in_trains_and_submits_by_keys_alone(browser, axe, room):
    with opened(browser, room, "/?lesson=progress") as page:
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
        script = room.script
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


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_teacher_sees_everybody(browser, axe, room, theme):
    room.store.join(f"Ben {theme}", "heading")
    with opened(browser, room, f"/teacher#{room.teacher}", theme=theme) as page:
        page.get_by_text(f"Ben {theme}").first.wait_for()
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
        narrow(page)


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
        assert axe(page) == []
        narrow(page)
    with opened(browser, room, f"/projector#{room.guest}") as page:
        page.get_by_role("cell", name="Zoë").wait_for()
        assert room.store.code not in page.content()
    room.store.close_race()


def test_the_pages_are_german_where_the_browser_is(browser, room):
    with opened(browser, room, "/", locale="de-DE") as page:
        page.get_by_text("Code der Klasse").wait_for()
        assert page.evaluate("document.documentElement.lang") == "de"
        page.get_by_role("button", name="English").click()
        page.get_by_text("Code of the class").wait_for()


def test_every_word_of_the_pages_is_in_the_catalogue_and_no_other():
    text = (resources.files("racer.render") / "words.toml").read_text("utf-8")
    known = tomllib.loads(text)
    code = "\n".join((PAGE / name).read_text("utf-8") for name in OURS)
    called = set(re.findall(r"""\bt\(\s*"((?:[^"\\]|\\.)*)\"""", code))
    listed = re.search(r"\.\.\.\[(\"place\".*?)\]\.map", code)
    called |= set(re.findall(r'"([^"]+)"', listed[1]))
    assert called == set(known["class"])
    assert set(known["state"]) == set(get_args(Words))
    for part in known.values():
        for english, german in part.items():
            assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", german))


def test_no_text_of_a_page_goes_around_the_catalogue():
    for name in OURS:
        code = (PAGE / name).read_text("utf-8")
        assert "innerHTML" not in code
        bare = re.findall(r'(?:textContent|ariaLabel|title): "([^"]*[a-z]{3}[^"]*)"', code)
        assert bare == [], name
