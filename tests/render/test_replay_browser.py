"""The replay file in a real browser: from a file, without a network, by keys, in both themes."""

import contextlib
import dataclasses

import pytest
from render_recordings import MARKUP, among, driven

from racer.recording.trace import Trace
from racer.render import html as replay
from racer.render import scene
from racer.render.ghosts import Pace, ghost_of
from racer.render.table import DARK, LIGHT

PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def laps(oval):
    return driven("oval", laps=2)


@pytest.fixture(scope="module")
def file(laps, tmp_path_factory):
    """A replay with one ghost, the first lap, and the second lap as the fastest known."""
    first, second = (laps.rows[part] for part in laps.episodes())
    ghost = dataclasses.replace(ghost_of(laps, "first", DARK.ghosts[0], laps.track), rows=first)
    best = dataclasses.replace(ghost, name="reference", rows=second, color=DARK.reference)
    path = tmp_path_factory.mktemp("replay") / "lap.html"
    source = "def reward_function(params):\n    return 1.0\n"
    text = replay.page(laps, ghosts=[ghost], pace=Pace(best, [97.14, None]), reward=source)
    path.write_text(text, encoding="utf-8")
    return path


@contextlib.contextmanager
def opened(browser, path, theme="dark", motion="no-preference", size=(1200, 800), locale="en-US"):
    """A page without a network; what it asked for and complained of is in `page.seen`."""
    context = browser.new_context(
        offline=True,
        color_scheme=theme,
        reduced_motion=motion,
        viewport={"width": size[0], "height": size[1]},
        locale=locale,
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.seen = []
    page.on("request", lambda request: page.seen.append(request.url))
    page.on("console", lambda message: page.seen.append(message.text))
    page.on("pageerror", lambda error: page.seen.append(str(error)))
    page.goto(path.as_uri())
    page.get_by_role("slider").wait_for()
    assert page.seen == [path.as_uri()]
    yield page
    assert page.seen == [path.as_uri()]
    context.close()


@pytest.fixture(scope="module")
def still(browser, file):
    """The page as it opens for people who want no motion: paused at the first step."""
    with opened(browser, file, motion="reduce") as page:
        yield page


def step(page):
    return int(page.get_by_role("slider").input_value())


def lap(page):
    return page.get_by_label("Lap", exact=True).input_value()


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


# Two rows of a table are as good as all: axe takes seconds over thousands of cells.
FEW = "document.querySelectorAll('table.lap tbody tr').forEach((row, i) => i > 1 && row.remove())"
COUNT = """name => {
  const shown = document.querySelector(".view canvas"), [r, g, b] = name;
  const c = new OffscreenCanvas(shown.width, shown.height);
  const copy = c.getContext("2d", { willReadFrequently: true });
  copy.drawImage(shown, 0, 0);
  const d = copy.getImageData(0, 0, c.width, c.height).data, found = [0, 0, 0];
  for (let i = 0; i < d.length; i += 4)
    if (Math.abs(d[i] - r) + Math.abs(d[i + 1] - g) + Math.abs(d[i + 2] - b) < 12) {
      found[0]++; found[1] += (i / 4) % c.width; found[2] += Math.floor(i / 4 / c.width);
    }
  return [found[0], found[1] / found[0], found[2] / found[0], c.width, c.height];
}"""


def painted(page, color):
    """How many pixels of the picture have a colour, and the middle of them."""
    count, x, y, *size = page.evaluate(COUNT, list(color))
    return count, (x, y), size


def test_it_plays_by_itself_from_a_file_without_a_network(browser, file):
    with opened(browser, file) as page:
        page.evaluate(
            "new Promise(done => { const look = () => +document.querySelector('input[type=range]')"
            ".value > 3 ? done() : setTimeout(look, 20); look(); })"
        )
        assert page.title() == page.locator("h1").inner_text()
        assert painted(page, DARK.car)[0] > 30


def test_the_car_is_drawn_where_it_was(still, laps):
    press(still, "r", "ArrowRight", "ArrowRight")
    row = laps.rows[step(still)]
    count, (x, y), (width, height) = painted(still, DARK.car)
    outer = laps.track.outer
    low, high = outer.min(axis=0), outer.max(axis=0)
    scale = min((width - 40) / (high - low)[0], (height - 40) / (high - low)[1])
    middle = (low + high) / 2
    assert count > 30
    assert x == pytest.approx(width / 2 + scale * (row["x"] - middle[0]), abs=4)
    assert y == pytest.approx(height / 2 - scale * (row["y"] - middle[1]), abs=4)


def test_keys_do_what_they_do_in_the_window(still, laps):
    last = len(laps.rows[laps.episodes()[0]]) - 1
    press(still, "r")
    assert (step(still), lap(still)) == (0, "0")
    press(still, ".", ".", ".", ",")
    assert step(still) == 2
    press(still, "ArrowRight")
    assert step(still) == 2 + round(1 / laps.dt)
    press(still, "ArrowLeft", "ArrowLeft", "ArrowLeft")
    assert step(still) == 0
    press(still, *["ArrowRight"] * 40)
    assert step(still) == last
    press(still, "n")
    assert (step(still), lap(still)) == (0, "1")
    press(still, "p")
    assert lap(still) == "0"
    press(still, "ArrowUp")
    assert "2× speed" in still.locator(".note").inner_text()
    press(still, "ArrowDown")
    few = painted(still, DARK.car)[0]
    press(still, "f")
    assert painted(still, DARK.car)[0] > 2 * few
    press(still, "f", "+", "+", "+")
    assert painted(still, DARK.center)[0] != 0
    press(still, "0")
    assert painted(still, DARK.car)[0] == few
    press(still, "h")
    assert still.get_by_role("dialog").is_visible()
    press(still, "Escape")
    assert not still.get_by_role("dialog").is_visible()
    press(still, " ")
    assert still.get_by_role("button", name="Play or pause").inner_text() == "Pause"
    press(still, " ", "r")
    assert still.get_by_role("button", name="Play or pause").inner_text() == "Play"


def test_it_says_what_the_reward_was_given_and_what_it_answered(still, laps):
    press(still, "r", "ArrowRight", "ArrowRight", "ArrowRight")
    row = laps.rows[step(still)]
    cells = dict(
        line.split("\t")[:2]
        for line in still.locator(".inspector table").inner_text().split("\n")
        if "\t" in line
    )
    params = row["params"]
    assert cells["progress"] == f"{params['progress']:.1f}"
    assert cells["heading"] == f"{params['heading']:.1f}"
    assert cells["x"] == f"{params['x']:.2f}"
    assert cells["all_wheels_on_track"] == str(bool(params["all_wheels_on_track"]))
    assert cells["closest_waypoints"] == f"{params['prev_waypoint']}, {params['next_waypoint']}"
    assert float(still.locator(".big").inner_text()) == pytest.approx(row["reward"], rel=1e-3)


def test_ghosts_are_hollow_and_their_gap_is_what_the_window_says(still, laps, file):
    first, second = (laps.rows[part] for part in laps.episodes())
    gap = ghost_of(laps, "x", DARK.ghosts[0], laps.track)
    gap = dataclasses.replace(gap, rows=first).gap(second, laps.dt)
    press(still, "n", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight")
    said = still.locator(".gaps li").inner_text().split()[-2]
    assert float(said) == pytest.approx(gap[step(still)], abs=0.011)
    assert painted(still, DARK.ghosts[0])[0] > 10
    still.get_by_role("slider").fill(str(len(second) - 1))
    press(still)
    said = still.locator(".gaps li").inner_text().split()[-2]
    assert float(said) == pytest.approx(gap[-1], abs=0.011)  # at the line
    press(still, "g")
    assert painted(still, DARK.ghosts[0])[0] == 0
    assert still.locator(".gaps li").count() == 0
    press(still, "g")
    still.get_by_role("checkbox", name="reference").check()
    press(still)
    assert still.locator(".gaps li").count() == 2
    still.get_by_role("checkbox", name="reference").uncheck()
    press(still, "p")


def test_a_lap_is_there_as_a_table(still, laps):
    still.get_by_text("This lap as a table").click()
    press(still)
    rows = still.locator("table.lap tbody tr")
    assert rows.count() == len(laps.rows[laps.episodes()[int(lap(still))]])
    assert "projection_distance" in still.locator("table.lap thead").inner_text()
    still.get_by_text("This lap as a table").click()
    press(still)
    assert still.locator("table.lap").count() == 0


def test_pictures_have_words_before_the_first_frame_is_drawn(browser, file):
    with opened(browser, file) as page:
        page.add_init_script("window.requestAnimationFrame = () => 0")
        page.reload()
        page.get_by_role("slider").wait_for()
        pictures = page.locator("canvas[role=img]")
        words = [one.get_attribute("aria-label") or "" for one in pictures.all()]
        assert [bool(one) for one in words] == [True, True], words
        page.seen[:] = page.seen[:1]


def test_both_themes_have_their_colours_and_axe_finds_nothing(browser, axe, file):
    with opened(browser, file, "dark", "reduce") as page:
        for theme, colors in (("light", LIGHT), ("dark", DARK)):
            page.emulate_media(color_scheme=theme)
            press(page)
            assert painted(page, colors.car)[0] > 30
            assert painted(page, colors.road)[0] > 5000
        page.get_by_text("This lap as a table").click()
        page.get_by_text("The reward's source").click()
        page.locator("table.lap td").first.wait_for()
        page.evaluate(FEW)
        assert axe(page) == []
        press(page, "h")
        assert axe(page) == []
        press(page, "Escape")
        page.get_by_role("button", name="Dark or light").click()
        press(page)
        assert painted(page, LIGHT.road)[0] > 5000


@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
def test_it_flows_on_a_screen_320_pixels_wide(browser, file, locale):
    with opened(browser, file, motion="reduce", size=(320, 640), locale=locale) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert painted(page, DARK.car)[0] > 10


@pytest.mark.parametrize("hostile", MARKUP)
def test_hostile_texts_are_shown_and_not_obeyed(browser, laps, tmp_path, hostile):
    track = dataclasses.replace(laps.track, name=hostile)
    bad = Trace(track, laps.rows, laps.dt, {"title": hostile}, hostile)
    ghost = dataclasses.replace(ghost_of(laps, hostile, DARK.ghosts[0], laps.track))
    path = tmp_path / "bad.html"
    path.write_text(replay.page(bad, reward=hostile, ghosts=[ghost]), encoding="utf-8")
    with opened(browser, path, motion="reduce") as page:
        assert page.locator("h1").text_content() == hostile[:60]
        assert page.locator("pre").text_content() == hostile
        assert page.evaluate("document.hacked") is None
        assert page.locator("img").count() == 0


def test_boxes_and_other_cars_are_drawn_and_axe_finds_nothing(browser, axe, laps, tmp_path):
    path = tmp_path / "among.html"
    path.write_text(replay.page(among(laps)), encoding="utf-8")
    count = """(colors) => {
      const c = document.querySelector("canvas"), found = colors.map(() => 0);
      const copy = new OffscreenCanvas(c.width, c.height);
      const g = copy.getContext("2d", { willReadFrequently: true });
      g.drawImage(c, 0, 0);
      const pixels = g.getImageData(0, 0, c.width, c.height).data;
      for (let i = 0; i < pixels.length; i += 4)
        colors.forEach((one, k) => (found[k] += one.every((value, j) => value === pixels[i + j])));
      return found;
    }"""
    with opened(browser, path, motion="reduce") as page:
        page.wait_for_function(f"() => ({count})({[list(scene.CARDBOARD)]})[0] > 20")
        assert page.evaluate(count, [scene.OTHER_BODY])[0] > 20
        assert axe(page) == []
