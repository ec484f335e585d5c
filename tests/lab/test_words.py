"""The words of the pages: each in the one catalogue, in both languages, and none around it."""

import re
from importlib import resources
from pathlib import Path
from typing import get_args

import pytest
from lab_browser import class_served, lab_served, opened
from render_recordings import driven

import racer
from racer.config import Config
from racer.lab.core import garage, settings
from racer.lab.core.classroom.lessons import LESSONS
from racer.lab.core.classroom.room import Words
from racer.lab.core.elsewhere import Elsewhere
from racer.render import html, table, words
from racer.runs import Run
from racer.sim.types import STATUS_LABELS

CATALOGUE = words.catalogue()
PAGE = resources.files("racer.lab.web") / "page"
CODE = {path.name: path.read_text("utf-8") for path in PAGE.iterdir() if path.name.endswith(".js")}
OF_PLAYER = resources.files("racer.render") / "player"
PLAYER = "\n".join((OF_PLAYER / name).read_text("utf-8") for name in html.SCRIPTS[1:])
LISTED = r'\.\.\.\[((?:"[^"]*"(?:, )?)+)\]\s*\.map'  # titles of columns
# What data and arguments say, which pages look up: statuses and policies of runs, heads of tables.
LOOKED_UP = {
    *("created", "training", "killed", "best", "last", "true", "false", "runs", "lap time (s)"),
    *("completion (%)", "steps to first lap", "of optimal (%)"),
    "interquartile mean [95 % bootstrap interval] over runs",
}
# Every text of a page but those in elements of no language: code, names, values.
LOOSE = r"""() => {
  const found = [], units = /\b(s|m|k|kB|m\/s|k\/s|Hz|px)\b/g;
  const look = (text, node) => {
    if (node.closest('[translate="no"], button[lang], script, style, textarea, .behind')) return;
    let bare = text, before;
    do { before = bare; bare = bare.replace(/⟦[^⟦⟧]*⟧/g, ""); } while (bare !== before);
    if (/[a-z]{2}/i.test(bare.replace(units, ""))) found.push(text.trim().slice(0, 100));
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) look(node.data, node.parentElement);
  for (const name of ["aria-label", "title", "placeholder"])
    for (const node of document.querySelectorAll(`[${name}]:not(button[lang])`))
      look(node.getAttribute(name), node.getAttribute("translate") ? node.parentElement : node);
  return found;
}"""


def calls(code):
    """Texts that a page gives to `t`."""
    listed = [re.findall(r'"([^"]*)"', one) for one in re.findall(LISTED, code)]
    called = re.findall(r"""\bt\(\s*"((?:[^"\\]|\\.)*)\"""", code)
    return {text.replace('\\"', '"') for text in called}.union(*listed) - {""}


def keys(rows):
    return {text for row in rows for text in (row.shown, row.words)}


def test_every_word_of_the_pages_is_in_the_catalogue_and_no_other():
    statuses = {table.status_words(label) for label in STATUS_LABELS}
    player = calls(PLAYER) | keys(table.PLAYER_KEYS) | statuses
    assert player == set(CATALOGUE["player"])
    pages = set().union(*map(calls, CODE.values())) | keys(table.LAB_KEYS) | LOOKED_UP
    pages |= {name.replace("_", " ") for name in LESSONS}
    every = {text for part in CATALOGUE.values() for text in part}
    assert pages - every == set()
    assert set(CATALOGUE["lab"]) | set(CATALOGUE["class"]) <= pages
    assert set(CATALOGUE["state"]) == set(get_args(Words))
    assert len(every) == sum(map(len, CATALOGUE.values()))  # each in one part


def test_both_languages_fill_in_the_same_names():
    for part in CATALOGUE.values():
        for english, german in part.items():
            names = re.findall(r"\{\w+\}", english)
            assert len(names) == len(set(names)), english  # groups of a pattern
            assert set(re.findall(r"\{\w+\}", german)) <= set(names), english
            assert german.strip(), english


def test_every_setting_is_explained_in_both_languages():
    listed = settings.listed(Config())
    asked = {one[name] for one in listed for name in ("help", "unset")} - {""}
    assert asked | {"degrees"} == set(CATALOGUE["settings"])


def test_every_sentence_that_is_translated_is_one_that_python_says():
    source = "\n".join(p.read_text("utf-8") for p in Path(racer.__file__).parent.rglob("*.py"))
    source += "\n".join(CODE.values())
    whole = re.sub(r'"\s*\n\s*f?"', "", source).replace('\\"', '"')
    for sentence in (*CATALOGUE["said"], *CATALOGUE["recorded"]):
        pieces = [piece.split() for piece in re.split(r"\{\w+\}", sentence)]
        threes = [" ".join(w[k : k + 3]) for w in pieces for k in range(len(w) - 2)]
        enough = len(threes) // 3  # a piece may be made of several
        assert sum(three in whole for three in threes) >= enough, sentence


def test_no_text_of_a_page_goes_around_the_catalogue():
    for name, code in (*CODE.items(), ("player", PLAYER)):
        assert "innerHTML" not in code
        bare = re.findall(
            r'(?:textContent|ariaLabel|title|placeholder): "([^"]*[a-z]{3}[^"]*)"', code
        )
        assert bare == [], name


@pytest.fixture
def marked(monkeypatch):
    """The German of every text is the English in brackets, so that a page shows what it lacks."""
    made = {part: {en: f"⟦{en}⟧" for en in found} for part, found in CATALOGUE.items()}
    monkeypatch.setattr(words, "catalogue", lambda: made)


@pytest.fixture
def kept(tmp_path):
    """A folder with a recording and two runs that have it."""
    trace = driven("oval", laps=1)
    trace.save(tmp_path / "laps.npz")
    texts = {"config.toml": Config().to_toml(), "reward.py": "", "metrics.csv": "timesteps\n"}
    for name in ("one", "two"):
        run = Run.create(tmp_path / "runs", [name], texts=texts, manifest={"status": "finished"})
        trace.save(run.laps_file)
    return tmp_path


REWARD = """import time
def reward_function(params):
    print(time.time())
    if "speeed" in params: return 1
    return 0.5 if params["steps"] == 1 else min(params["speed"], 1.0)
"""


def test_no_text_of_the_lab_is_missing_in_german(browser, marked, kept):
    with (
        lab_served(kept, REWARD) as (lab, address),
        opened(browser, address, locale="de-AT") as page,
    ):
        lab.drafts.shown.laps = kept / "laps.npz"
        page.get_by_text("⟦● connected⟧").wait_for()
        lab.drafts.drives()
        lab.drafts.tell("mine.py:3: does not parse: it. The old draft drives on.")
        lab.drafts.tell("driving: new cars after 0.4 s")
        page.get_by_text("⟦driving: new cars after 0,4 s⟧").wait_for()
        page.get_by_text("⟦The curve as a table⟧").click()
        page.locator(".findings li").nth(3).wait_for()
        page.get_by_text("⟦What would it pay?").click()
        page.get_by_text("steps are paid differently").wait_for()
        assert page.evaluate(LOOSE) == []


def test_no_text_of_debugger_garage_and_settings_is_missing_in_german(
    browser, marked, kept, monkeypatch
):
    driven_there = {"laps": 5, "laps_completed": 4, "completion_pct": 91.2, "best_lap_s": 9.5}
    monkeypatch.setattr(garage, "step_of", lambda _folder, _which: 5000)
    monkeypatch.setattr(Elsewhere, "drive", lambda *_: driven_there)
    with (
        lab_served(kept, REWARD) as (lab, address),
        opened(browser, address, locale="de-AT", refused=["400 /api/set"]) as page,
    ):
        lab.drafts.shown.laps = kept / "laps.npz"
        lab.drafts.config = lab.config
        page.get_by_role("button", name="⟦Debugger⟧").click()
        page.get_by_text("⟦line 5: ⟧⟦returned").wait_for()
        page.keyboard.press("F10")
        page.get_by_text("⟦Lines that ran, as a table⟧").click()
        page.get_by_text("⟦This lap as a table⟧").click()
        page.locator("table.lap tbody tr").nth(9).wait_for()
        assert page.evaluate(LOOSE) == [], "debugger"
        page.get_by_role("button", name="⟦Garage⟧").click()
        page.get_by_role("button", name="-one").click()
        page.get_by_label("⟦on the track⟧").fill("s_bends")
        page.get_by_role("button", name="⟦Evaluate⟧").click()
        page.get_by_text("⟦4 of 5 laps completed, 91 % of the way⟧, ⟦best lap 9,50 s⟧").wait_for()
        assert page.evaluate(LOOSE) == []
        for box in page.locator("table.runs input").all():
            box.check()
        page.get_by_role("button", name="⟦Put the chosen runs into the bin⟧").click()
        page.get_by_text("⟦2 in the bin.⟧").wait_for()
        page.get_by_text("⟦The bin⟧").click()
        page.get_by_role("button", name="-one⟧").wait_for()
        assert page.evaluate(LOOSE) == []
        page.get_by_role("button", name="⟦Settings⟧").click()
        box = page.get_by_label("track", exact=True)
        box.fill("nowhere")
        box.press("Enter")
        page.get_by_text("⟦no track 'nowhere'. Known:").wait_for()
        assert page.evaluate(LOOSE) == []


def test_no_text_of_a_class_is_missing_in_german(browser, marked, tmp_path):
    with class_served(tmp_path) as room:
        for path, sign in (("", "Come in"), ("/teacher#" + room.teacher, "Send to all")):
            with opened(browser, room.address + path, locale="de") as page:
                page.get_by_text(f"⟦{sign}⟧").wait_for()
                assert page.evaluate(LOOSE) == []
        key = room.store.join("A1", "heading")[1]
        with opened(browser, f"{room.address}/lab#{key}", locale="de") as page:
            page.get_by_text("⟦● connected⟧").wait_for()
            room.script.drives(len(room.script.jobs))
            room.script.finishes(len(room.script.jobs), 9.7)
            page.get_by_text("⟦finished: 100 % of laps, best lap 9,70 s⟧").wait_for()
            assert page.evaluate(LOOSE) == []


def test_a_replay_is_german_where_the_browser_is_and_changes_at_a_press(browser, tmp_path, marked):
    file = tmp_path / "lap.html"
    file.write_text(html.page(driven("oval", laps=2), reward=REWARD), encoding="utf-8")
    with opened(browser, file.as_uri(), locale="de-DE") as page:
        page.get_by_label("⟦Step of the lap⟧").wait_for()
        page.keyboard.press(".")
        page.get_by_text("⟦The reward's source⟧").click()
        page.get_by_text("⟦This lap as a table⟧").click()
        assert page.evaluate(LOOSE) == []
        page.wait_for_function("document.querySelector('input[type=range]').value === '1'")
        page.get_by_role("button", name="English").press("Enter")
        page.get_by_label("Step of the lap").wait_for()
        page.wait_for_function("document.querySelector('input[type=range]').value === '1'")
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.locator("button[lang=de]").evaluate("e => e === document.activeElement")
