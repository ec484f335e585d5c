"""The lab's page in a real browser: save, check, keys, both themes, another editor, a lost lab."""

import contextlib
import json

import pytest
from lab_at_work import REWARD
from lab_browser import lab_served, narrow, until
from lab_browser import opened as page_of
from render_recordings import MARKUP, Weaving, among, driven

from racer.config import Config, RaceConfig
from racer.evaluation import evaluate
from racer.reward.file import LESSONS
from racer.runs import Run

ORANGE = """() => {
  const shown = document.querySelector(".view canvas");
  const copy = new OffscreenCanvas(shown.width, shown.height);
  const g = copy.getContext("2d", { willReadFrequently: true });
  g.drawImage(shown, 0, 0);
  const d = g.getImageData(0, 0, copy.width, copy.height).data;
  let found = 0;
  for (let i = 0; i < d.length; i += 4)
    found += d[i] > 200 && d[i + 1] > 130 && d[i + 1] < 190 && d[i + 2] < 40;
  return found;
}"""


@contextlib.contextmanager
def opened(browser, address, theme="dark", motion="no-preference", **more):
    with page_of(browser, address, theme=theme, motion=motion, **more) as page:
        page.get_by_text("● connected").wait_for()
        yield page


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with lab_served(tmp_path_factory.mktemp("lab")) as found:
        yield found


def test_it_shows_the_cars_and_says_what_they_do(browser, running):
    lab, address = running
    with opened(browser, address) as page:
        lab.drafts.drives()
        lab.drafts.tell("driving: new cars after 0.4 s")
        page.get_by_text("driving: new cars after 0.4 s").wait_for()
        page.get_by_text("62 %").or_(page.get_by_text("63 %")).wait_for()
        assert "9.50 s" in page.locator(".facts").inner_text()
        label = page.locator(".view canvas")
        until(lambda: "laps 6" in label.get_attribute("aria-label"))
        until(lambda: page.evaluate(ORANGE) > 20)  # the orange car
        assert page.url.endswith("/")  # neither token nor secret stay in the address


def test_typing_is_checked_and_saved_by_keys_alone(browser, running):
    lab, address = running
    with opened(browser, address) as page:
        text = page.get_by_label("Reward function")
        text.focus()
        page.keyboard.press("Control+End")
        page.keyboard.type("    return params['speeed']")
        page.get_by_text("○ not saved").wait_for()
        page.get_by_role("button", name="line 3").first.wait_for()
        page.keyboard.press("Control+s")
        page.get_by_text("● saved").wait_for()
        assert lab.desk.text().endswith("params['speeed']")
        until(lambda: lab.drafts.asked[-1] == "save")
        page.get_by_role("button", name="line 3").first.click()
        chosen = "e => e.value.slice(e.selectionStart, e.selectionEnd)"
        assert text.evaluate(chosen) == "    return params['speeed']"
        page.keyboard.press("k")  # typed, not a command
        assert "keep" not in lab.drafts.asked
        page.get_by_role("button", name="Stop the picture").focus()
        page.keyboard.press("k")
        until(lambda: "keep" in lab.drafts.asked)


def test_another_editor_and_the_page_never_lose_a_text(browser, axe, tmp_path):
    with lab_served(tmp_path) as (lab, address), opened(browser, address) as page:
        text = page.get_by_label("Reward function")
        lab.desk.file.write_text("# from another editor, first time\n")
        until(lambda: text.input_value().startswith("# from another"))
        text.fill("# mine\n")
        lab.desk.file.write_text("# from another editor, a second time\n")
        page.get_by_text("The file was changed by another program.").wait_for()
        assert text.input_value() == "# mine\n"
        assert axe(page) == []
        page.get_by_role("button", name="Keep mine").click()
        until(lambda: lab.desk.text() == "# mine\n")


def test_two_tabs_of_one_lab_show_the_same_file_and_lose_no_text(browser, tmp_path):
    with lab_served(tmp_path) as (lab, address), opened(browser, address) as page:
        text = page.get_by_label("Reward function")
        with opened(browser, address, refused=["409 /api/save"]) as other:
            text.fill("# one\n")
            page.keyboard.press("Control+s")
            theirs = other.get_by_label("Reward function")
            until(lambda: theirs.input_value() == "# one\n")
            theirs.fill("# two\n")
            text.fill("# three\n")
            page.keyboard.press("Control+s")
            until(lambda: lab.desk.text() == "# three\n")
            other.get_by_text("The file was changed by another program.").wait_for()
            assert theirs.input_value() == "# two\n"
            other.get_by_label("Reward function").press("Control+s")
            other.get_by_role("button", name="Take the file's").click()
            assert theirs.input_value() == "# three\n"
        page.reload()  # it is told of the newest text alone, not of the ones before
        page.get_by_text("● connected").wait_for()
        lab.drafts.tell("first lap after 1.5 s")
        page.get_by_text("first lap after 1.5 s").first.wait_for()
        assert text.input_value() == "# three\n"


def test_back_goes_through_the_views_and_a_reload_stays_where_it_is(browser, looked_at):
    _, address = looked_at
    with opened(browser, address, motion="reduce") as page:
        now = page.locator("nav [aria-current=page]")
        for name in ("Garage", "Settings"):
            page.get_by_role("button", name=name, exact=True).click()
        page.go_back()
        until(lambda: now.inner_text() == "Garage")
        page.reload()
        page.get_by_text("● connected").wait_for()
        assert now.inner_text() == "Garage"
        page.go_back()
        until(lambda: now.inner_text() == "Lab")
        page.go_forward()
        until(lambda: now.inner_text() == "Garage")


def test_a_computer_that_slept_listens_again(browser, running):
    lab, address = running
    with opened(browser, address) as page:
        page.clock.install()
        page.clock.fast_forward(60_000)
        page.get_by_text("○ no connection").wait_for()
        page.get_by_text("● connected").wait_for()
        lab.drafts.tell("first lap after 9.5 s")
        page.get_by_text("first lap after 9.5 s").first.wait_for()


def test_what_the_edited_text_would_pay_is_shown_without_training(browser, tmp_path):
    driven("oval", laps=1).save(tmp_path / "laps.npz")
    with lab_served(tmp_path) as (lab, address), opened(browser, address, motion="reduce") as page:
        lab.drafts.shown.laps = tmp_path / "laps.npz"
        page.get_by_text("What would it pay?").click()
        page.get_by_text("steps are paid differently").wait_for()
        assert page.get_by_role("columnheader", name="edited").is_visible()
        page.get_by_label("Reward function").fill("def reward_function(params):\n    return 2.0\n")
        rows = driven("oval", laps=1).rows
        page.get_by_role("cell", name=f"{2.0 * len(rows):.2f}").wait_for()
        assert lab.drafts.asked == ["save"]


def test_axe_finds_nothing(browser, axe, running):
    lab, address = running
    with opened(browser, address, motion="reduce") as page:
        lab.drafts.drives()
        lab.drafts.tell("first lap after 2.0 s")
        page.get_by_text("The curve as a table").click()
        page.locator("table.lap td").first.wait_for()
        assert axe(page) == []
        page.get_by_role("button", name="Keys").click()
        assert axe(page) == []
        narrow(page)


def test_the_editor_indents_comments_and_undoes_by_keys_alone(browser, running):
    with opened(browser, running[1], motion="reduce") as page:
        text = page.get_by_label("Reward function")
        text.fill("")
        text.focus()
        page.keyboard.type("def f(params):\nif params:\nreturn 1.0\nx")
        assert text.input_value() == "def f(params):\n    if params:\n        return 1.0\n        x"
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Control+/")
        assert text.input_value().endswith("1.0\n    # x")
        page.keyboard.press("Control+/")
        page.keyboard.press("Control+A")
        page.keyboard.press("Tab")
        assert text.input_value().startswith("    def f(params):\n        if params:\n")
        page.keyboard.press("Control+z")
        assert text.input_value().startswith("def f(params):\n    if params:\n")
        behind = page.locator(".behind").text_content()
        assert behind.rstrip() == text.input_value().rstrip()
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")  # no trap
        assert not text.evaluate("e => e === document.activeElement")


def test_a_mark_stands_at_the_line_that_is_wrong(browser, axe, running):
    with opened(browser, running[1], motion="reduce") as page:
        page.get_by_label("Reward function").fill("def reward_function(params):\n    return (\n")
        page.locator(".line.error").wait_for()
        assert page.locator(".line.error").get_attribute("data-mark") == "✗"
        assert page.locator(".line").nth(1).get_attribute("class") == "line error"
        assert axe(page) == []


def test_a_newcomer_is_told_one_thing_after_the_other(browser, axe, tmp_path):
    driven("oval", laps=1).save(tmp_path / "laps.npz")
    text = (LESSONS / "center_line.py").read_text()
    with lab_served(tmp_path, text) as (lab, address), opened(browser, address) as page:
        told = page.locator(".first")
        lab.drafts.drives()
        page.get_by_text('Change 1.0 to params["speed"]').wait_for()
        assert axe(page) == []
        page.keyboard.press("Control+s")  # nothing was changed
        page.get_by_text("● saved").wait_for()
        page.get_by_label("Reward function").fill(text.replace("1.0", "(1.0"))
        page.keyboard.press("Control+s")  # does not parse
        page.locator(".findings .error").wait_for()
        assert "Change 1.0" in told.inner_text()
        page.get_by_label("Reward function").fill(text.replace("1.0", 'params["speed"]'))
        page.keyboard.press("Control+s")
        page.get_by_text("Wait until they have finished.").wait_for()
        for words in ("checking", "finished: 100 % of laps, best lap 9.80 s"):  # of the old cars
            lab.drafts.tell(words)
        page.get_by_role("button", name="Deutsch").click()  # loads the page anew
        page.get_by_text("der graue Geist").wait_for()
        page.get_by_role("button", name="English").click()
        page.get_by_text("● connected").wait_for()
        lab.drafts.drives(lap_s=8.2)
        page.get_by_text("8.20 s, 1.30 s faster").wait_for()
        lab.drafts.tell("driving: new cars after 0.4 s")
        lab.drafts.shown.laps = tmp_path / "laps.npz"
        lab.drafts.tell("finished: 100 % of laps, best lap 8.20 s")
        page.get_by_text("Press Look into its laps").wait_for()
        page.get_by_role("button", name="Look into its laps").click()
        page.get_by_text("Keep in the lab makes this draft a run").wait_for()
        narrow(page)
        lab.drafts.tell("kept: runs/one")
        told.wait_for(state="hidden")
    with lab_served(tmp_path, REWARD) as (_, address), opened(browser, address) as page:
        assert not page.locator(".first").is_visible()  # no newcomer


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory):
    """A lab whose draft has laps, and whose folder has two runs, one among objects."""
    folder = tmp_path_factory.mktemp("looked")
    result, trace = evaluate(Weaving(), RaceConfig(track="oval"), laps=1)
    trace.save(folder / "laps.npz")
    texts = {"config.toml": Config().to_toml(), "reward.py": REWARD, "metrics.csv": "timesteps\n"}
    about = {"status": "finished"}
    for name, laps in (("first", trace), ("second", among(trace))):
        run = Run.create(folder / "runs", [name], texts=texts, manifest=about, tags=[MARKUP[2]])
        laps.save(run.laps_file)
        run.evaluation_file.write_text(json.dumps(result.to_json()))
    with lab_served(folder) as (lab, address):
        lab.drafts.shown.laps = folder / "laps.npz"
        lab.drafts.config = lab.config
        yield lab, address


def test_a_step_is_looked_into_by_keys_alone(browser, axe, looked_at):
    with opened(browser, looked_at[1], motion="reduce") as page:
        page.keyboard.press("2")
        page.get_by_text("line 2: returned").wait_for()
        assert "1 of 1" not in page.locator(".walked").inner_text()
        page.keyboard.press("F10")
        page.get_by_text("line 2, 1 of 1").wait_for()
        with page.expect_response("**/api/look"):
            page.get_by_label("Reward function").dispatch_event("input")
        page.wait_for_timeout(100)
        page.get_by_text("line 2, 1 of 1").wait_for()  # asked once more, it stays
        assert page.locator(".line.now").count() == 1
        assert axe(page) == []
        before = page.locator(".paid").inner_text()
        page.keyboard.press(".")
        until(lambda: page.locator(".paid").inner_text() != before)
        text = page.get_by_label("Reward function")
        text.fill("def reward_function(params):\n    print('hello')\n    return 0.0\n")
        page.get_by_text("steps are paid differently by the edited text").wait_for()
        page.get_by_text("line 3: returned 0").wait_for()
        assert page.get_by_label("What this call printed").inner_text() == "hello\n"
        assert page.locator(".line.ran").count() == 2
        page.get_by_text("Lines that ran, as a table").click()
        assert axe(page) == []
        narrow(page)


def test_runs_are_found_and_their_laps_raced_by_keys_alone(browser, axe, looked_at, monkeypatch):
    monkeypatch.setattr("racer.lab.core.garage._policies", lambda run: [["best", 4096]])
    with opened(browser, looked_at[1], "light", "reduce") as page:
        page.keyboard.press("3")
        page.get_by_role("button", name="first").wait_for()
        assert page.evaluate("document.hacked") is None
        page.get_by_role("searchbox").fill("first")
        page.get_by_text("1 to 1 of 1").wait_for()
        page.get_by_role("button", name="first").press("Enter")
        page.get_by_role("button", name="Evaluate").wait_for()
        assert axe(page) == []
        drawn = "document.querySelector('.garage canvas').toDataURL()"
        light = page.evaluate(drawn)
        page.emulate_media(color_scheme="dark")
        until(lambda: page.evaluate(drawn) != light)
        with page.expect_download() as fetched:
            page.get_by_role("button", name="One page with the laps").press("Enter")
        assert fetched.value.suggested_filename.endswith("first.html")
        page.get_by_role("button", name="Look into its laps").last.press("Enter")
        page.get_by_text("line 2: returned").wait_for()
        assert page.get_by_label("Recording").input_value().endswith("first")
        page.get_by_role("button", name="Garage").click()
        narrow(page)


def test_runs_are_compared_and_driven_past_objects_and_axe_finds_nothing(browser, axe, looked_at):
    with opened(browser, looked_at[1], motion="reduce") as page:
        page.keyboard.press("3")
        for box in (page.get_by_label("Choose").nth(k) for k in (0, 1)):
            box.check()
        page.get_by_role("button", name="Compare the chosen runs").press("Enter")
        page.get_by_role("heading", name="Comparison").wait_for()
        assert axe(page) == []
        page.get_by_role("button", name="Show their best laps together").press("Enter")
        page.get_by_text("line 2: returned").wait_for()
        assert page.locator(".gaps li").count() == 1
        runs = page.get_by_label("Recording")
        runs.select_option(
            next(o for o in runs.locator("option").all_inner_texts() if "second" in o)
        )
        page.locator(".gaps li").wait_for(state="detached")  # the other recording is shown
        page.get_by_text("line 2: returned").wait_for()
        assert axe(page) == []
        narrow(page)


def test_german_views_fit_a_narrow_screen(browser, looked_at):
    with page_of(browser, looked_at[1], locale="de-DE") as page:
        page.get_by_text("● verbunden").wait_for()
        for key, sign in (
            ("1", "Runden ansehen"),
            ("2", "Zeile ›"),
            ("3", "1 bis 2 von 2"),
            ("4", "Übliche Werte"),
        ):
            page.locator("nav button").first.focus()
            page.keyboard.press(key)
            page.get_by_text(sign).locator("visible=true").first.wait_for()
            narrow(page)


def test_a_setting_is_found_changed_and_refused_in_a_sentence(browser, axe, looked_at):
    lab, address = looked_at
    with opened(browser, address, motion="reduce", refused=["400 /api/set"]) as page:
        page.keyboard.press("4")
        page.get_by_label("track", exact=True).wait_for()
        assert axe(page) == []
        page.get_by_role("searchbox").fill("others")
        box = page.get_by_label("obstacles", exact=True)
        box.fill("999")
        box.press("Enter")
        page.get_by_role("alert").get_by_text("race.others.obstacles = 999").wait_for()
        assert box.evaluate("e => e === document.activeElement")
        page.get_by_label("race", exact=True).select_option("object_avoidance")
        box.fill("2")
        box.press("Enter")
        page.get_by_text("Saved. The next cars drive").wait_for()
        assert lab.config.race.others.boxes == 2
        narrow(page)


@pytest.mark.parametrize("hostile", MARKUP[::2])
def test_hostile_texts_stay_text(browser, tmp_path, hostile):
    with lab_served(tmp_path, f"# {hostile}\n") as (lab, address), opened(browser, address) as page:
        lab.drafts.tell(hostile)
        page.locator(".said p").first.wait_for()
        assert page.locator(".said p").first.text_content() == hostile
        assert page.get_by_label("Reward function").input_value() == f"# {hostile}\n"
        assert page.evaluate("document.hacked") is None
        assert page.locator("img").count() == 0


def test_without_the_secret_the_page_says_what_to_open(browser, running):
    _, address = running
    context = browser.new_context()
    page = context.new_page()
    page.goto(address.split("#")[0])
    page.get_by_text("Open the address that racer lab printed").wait_for()
    assert page.locator("textarea").count() == 0
    context.close()


def test_a_lab_that_is_gone_is_said_and_the_text_is_kept(browser, tmp_path):
    with lab_served(tmp_path) as (_, address), opened(browser, address, lost=True) as page:
        page.get_by_label("Reward function").fill("# not saved yet\n")
        page.context.set_offline(True)
        page.keyboard.press("Control+s")
        page.get_by_text("The lab does not answer.").wait_for()
        assert page.get_by_label("Reward function").input_value() == "# not saved yet\n"
        page.context.set_offline(False)


def test_a_page_that_stays_open_while_the_lab_is_started_again_keeps_its_text(browser, tmp_path):
    context = browser.new_context(locale="en-US", reduced_motion="reduce")
    page = context.new_page()
    with lab_served(tmp_path) as (_, address):
        page.goto(address)
        page.get_by_text("● connected").wait_for()
        page.get_by_label("Reward function").fill("# not saved yet\n")
    page.get_by_text("No connection to the lab.").wait_for()
    page.on("dialog", lambda dialog: dialog.accept())  # leave a page with a text that is not saved
    port = int(address.split(":")[2].split("/")[0])
    with lab_served(tmp_path, port=port) as (_, address):  # other keys
        page.get_by_text("The lab was started again.").wait_for()
        page.goto(address)
        page.get_by_text("● connected").wait_for()
        assert page.get_by_label("Reward function").input_value() == "# not saved yet\n"
    context.close()
