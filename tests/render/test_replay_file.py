"""The replay file: it holds the recording, asks nothing of anyone, and no text in it is markup."""

import base64
import dataclasses
import hashlib
import html.parser
import json
import re
import shutil
import subprocess
from importlib import resources

import numpy as np
import pytest
from render_recordings import MARKUP, among, driven, inflated, recording_in

from racer import cli
from racer.errors import UsageError
from racer.recording.trace import Trace
from racer.render import fit
from racer.render import html as replay
from racer.render.columns import POSE, SCALES
from racer.render.ghosts import DARK, Ghost, ghost_of
from racer.render.table import ACTIONS, PLAYER_KEYS
from racer.render.viewer import Viewer
from racer.reward.file import LESSONS
from racer.tracks import Track


@pytest.fixture(scope="module")
def laps(oval):
    """Five laps of a car that weaves, as the engine drives and scores them."""
    return driven("oval", laps=5)


@pytest.fixture(scope="module")
def text(laps):
    return replay.page(laps, reward="def reward_function(params):\n    return 1.0\n")


def unpacked(recording):
    """Columns of every table, as the player computes them."""
    raw, at, found = inflated(recording["data"]), 0, {}
    for name, n, columns in recording["tables"]:
        for column, scale, order in columns:
            part = np.frombuffer(raw, np.uint8, 4 * n, at).reshape(4, n).T.copy()
            at += 4 * n
            whole = part.view("<i4")[:, 0]
            if scale:  # the lowest bit is the sign
                whole = (part.view("<u4")[:, 0] >> 1).astype(np.int32) ^ -(whole & 1)
            for _ in range(order):
                whole = np.cumsum(whole, dtype=np.int32)
            found[name, column] = whole / scale if scale else part.view("<f4")[:, 0]
    assert at == len(raw)
    if (ahead := recording["center_m"]) is not None:  # the pose follows from the params
        yaw = found["rows", "yaw"] = np.radians(found["rows", "heading"])
        found["rows", "car_x"] = found["rows", "x"] - ahead * np.cos(yaw)
        found["rows", "car_y"] = found["rows", "y"] - ahead * np.sin(yaw)
    return found


class Parts(html.parser.HTMLParser):
    """What a parser of HTML sees: tags with their attributes, texts by tag."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts = [], {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags:
            self.texts.setdefault(self.tags[-1][0], []).append(data)


def test_it_holds_every_param_and_reward_to_the_stated_precision(laps, text):
    columns = unpacked(recording_in(text))
    for name in laps.rows["params"].dtype.names:
        scale = SCALES.get(name, 1000)
        kept, given = columns["rows", name], laps.rows["params"][name].astype(float)
        assert np.abs(kept - given).max() <= 0.5 / scale + 1e-12, name
    for name, column in POSE.items():
        turned = np.remainder(columns["rows", column] - laps.rows[name] + np.pi, 2 * np.pi) - np.pi
        coarse = (
            5e-3 if name in ("v", "steer") else 1e-3
        )  # of yaw by 0.05°; of x by 0.5 mm and that
        assert np.abs(turned).max() <= coarse + 1e-12, name
    kept, given = columns["rows", "reward"], laps.rows["reward"]
    assert (np.abs(kept - given) <= 1e-5 * np.abs(given)).all()
    for line in ("center", "inner", "outer"):
        kept = np.stack([columns[line, "x"], columns[line, "y"]], 1)
        assert np.abs(kept - getattr(laps.track, line)).max() <= 0.5e-3 + 1e-9
    (first, *_) = recording_in(text)["laps"]
    assert (first["from"], first["to"]) == (0, laps.episodes()[0].stop)
    assert first["seconds"] == pytest.approx(laps.meta["lap_times_s"][0], abs=1e-4)


@pytest.mark.parametrize("track", ["oval", "s_bends"])
def test_five_laps_past_objects_with_two_ghosts_take_at_most_40_kb(track):
    trace = driven(track, laps=5)
    assert [lap.complete for lap in trace.laps()] == [True] * 5
    source = (LESSONS / "center_line.py").read_text()
    ghosts = [ghost_of(trace, name, DARK.ghosts[0], trace.track) for name in ("a", "b")]
    assert len(replay.page(among(trace), reward=source, ghosts=ghosts).encode()) <= 40_000


def long(laps, steps):
    """Laps of so many steps each, by a driver that is never the same."""
    parts, noise = [], np.random.default_rng(0)
    for k, part in enumerate(laps.episodes()):
        rows = laps.rows[part][np.linspace(0, part.stop - part.start - 1, steps).astype(int)]
        rows["episode"], rows["time"] = k, np.arange(steps) * laps.dt
        for name in ("x", "y", "heading", "speed", "steering_angle", "distance_from_center"):
            rows["params"][name] += noise.normal(0.0, 0.02, steps)
        rows["reward"] = noise.random(steps) * (1 + k)
        parts.append(rows)
    meta = laps.meta | {"lap_times_s": [30.0, 28.0, 29.0, 32.0, 31.0]}
    return Trace(laps.track, np.concatenate(parts), laps.dt, meta)


@pytest.mark.parametrize("steps", [60, 300, 500, 4500])
def test_of_long_laps_the_best_ones_that_fit_are_in_it_and_it_says_so(laps, steps):
    given = long(laps, steps)
    order = [1, 2, 0, 4, 3]  # by time
    made = fit.page(given, reward="# " * 500)
    found = recording_in(made.text)
    kept = sorted(order[: made.laps])
    assert [lap["name"] for lap in found["laps"]] == [f"lap {k + 1}" for k in kept]
    times = [given.meta["lap_times_s"][k] for k in kept]
    assert [lap["seconds"] for lap in found["laps"]] == times
    assert (made.laps == made.of == 5) == (steps == 60)
    note = "" if made.laps == 5 else f"{made.laps} of 5 laps, so that the file is small"
    assert found["note"] == note
    assert len(made.text) <= fit.SIZE_MAX or made.laps == 1
    if made.laps < 5:
        more = fit.Some.of(given, sorted(order[: made.laps + 1]))
        assert len(replay.page(more, reward="# " * 500)) > fit.SIZE_MAX
    assert len(recording_in(fit.page(given, most=10**9).text)["laps"]) == 5
    race = dataclasses.replace(given, meta=given.meta | {"race": {"names": list("abcde")}})
    assert len(recording_in(fit.page(race).text)["laps"]) == 5


def test_its_policy_allows_what_is_in_it_by_hash_and_nothing_else(text):
    parts = Parts(text)
    (allowed,) = [dict(attrs)["content"] for tag, attrs in parts.tags if attrs.get("http-equiv")]
    rules = dict(rule.strip().split(" ", 1) for rule in allowed.split(";"))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    assert set(rules) == {"script-src", "style-src"}
    blocks = _blocks(text)
    assert [kind for kind, _ in blocks] == ["application/json", "text/plain", "module"]
    player = inflated(blocks[1][1])
    hashes = [_hash(one) for one in (blocks[2][1].encode(), player)]
    assert rules["script-src"] == " ".join(hashes)
    style, *_ = re.findall(rb'textContent: ("(?:[^"\\]|\\.)*")', player)
    assert rules["style-src"] == _hash(json.loads(style).encode())
    assert "url(" not in text
    assert "@import" not in text
    for tag, attrs in parts.tags:
        assert not {name for name in attrs if name.startswith("on") or name in ("src", "href")}, tag


def _blocks(text):
    """Kind and content of each script element."""
    return re.findall(r"<script type=\"([\w/]+)\"[^>]*>(.*?)</script>", text, re.DOTALL)


def _hash(content):
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"


@pytest.mark.parametrize("hostile", MARKUP)
def test_markup_in_names_rewards_and_notes_stays_text(playback, text, hostile):
    track = dataclasses.replace(playback.track, name=hostile)
    bad = Trace(track, playback.rows, playback.dt, {"title": hostile}, hostile)
    ghost = Ghost(hostile, playback.rows[playback.episodes()[0]], playback.dt)
    made = replay.page(bad, reward=hostile, ghosts=[ghost])
    assert [tag for tag, _ in Parts(made).tags] == [tag for tag, _ in Parts(text).tags]
    found = recording_in(made)
    assert found["title"] == found["track"] == found["ghosts"][0]["name"] == hostile[:60]
    assert found["reward"] == hostile
    (data,) = re.findall(r'id="recording">(.*?)</script>', made, re.DOTALL)
    assert not set(data) & set("<>&\u2028\u2029")
    assert data.isascii()


def test_numbers_that_are_none_do_not_stop_it(playback):
    rows = playback.rows.copy()
    rows["params"]["track_width"] = [np.nan, np.inf, -1e300] + [1.0] * (len(rows) - 3)
    rows["reward"][0] = np.nan
    columns = unpacked(recording_in(replay.page(dataclasses.replace(playback, rows=rows))))
    assert columns["rows", "track_width"][3] == 1.0
    assert np.isnan(columns["rows", "reward"][0])


def test_no_steps_are_nothing_to_show(playback):
    with pytest.raises(UsageError, match="no steps"):
        replay.page(dataclasses.replace(playback, rows=playback.rows[:0]))


def test_ghosts_are_in_it_and_the_fastest_known_lap_can_be_switched_on(playback):
    from racer.render.ghosts import Pace

    other = ghost_of(playback, "other", DARK.ghosts[1], playback.track)
    best = dataclasses.replace(other, name="reference", color=DARK.reference)
    found = recording_in(replay.page(playback, ghosts=[other], pace=Pace(best, [97.14])))
    assert [(g["name"], g["color"], g["on"]) for g in found["ghosts"]] == [
        ("other", "ghost1", True),
        ("reference", "reference", False),
    ]
    assert found["laps"][0]["pace"] == "97.1 % of optimal"
    x = unpacked(found)["ghost0", "car_x"]
    assert np.abs(x - other.rows["x"]).max() <= 0.5e-3 + 1e-9


def test_window_and_page_have_the_same_keys(text, playback):
    table = replay.recording(playback)["table"]
    assert table["actions"].items() < ACTIONS.items()
    assert set(ACTIONS) - set(table["actions"]) == {"q", "Escape"}  # a page has no window to close
    assert [tuple(row) for row in table["keys"]] == [row[:2] for row in PLAYER_KEYS]
    player = (resources.files("racer.render") / "player" / "player.js").read_text("utf-8")
    for action in table["actions"].values():
        assert re.search(rf"^ +{action}: \(\) =>", player, re.MULTILINE), action
        assert hasattr(Viewer(playback), f"_{action}")


def test_the_player_is_javascript_that_needs_no_other_file(text, tmp_path):
    if shutil.which("node") is None:
        pytest.skip("no node to check the player with")
    code = inflated(_blocks(text)[1][1]).decode()
    assert not re.search(r"^(import|export) .*from ", code, re.MULTILINE)
    (tmp_path / "player.mjs").write_text(code, encoding="utf-8")
    done = subprocess.run(
        ["node", "--check", str(tmp_path / "player.mjs")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_command_writes_it_and_says_whether_the_source_is_in_it(
    laps, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    laps.save("laps.npz")
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    laps.save(run / "laps.npz")
    (run / "manifest.json").write_text(json.dumps({"schema": 1, "name": "one", "created": "2026"}))
    (run / "config.toml").write_text("")
    (run / "reward.py").write_text("# mine </script>\n")
    assert cli.main(["watch", "one", "--html", "lap.html", "--ghost", "laps.npz"]) == 0
    assert "--no-source leaves it out" in capsys.readouterr().out
    found = recording_in((tmp_path / "lap.html").read_text("utf-8"))
    assert found["reward"] == "# mine </script>\n"
    assert found["ghosts"][0]["name"] == "laps"
    monkeypatch.setattr("racer.render.fit.SIZE_MAX", 20_000)
    assert cli.main(["watch", "one", "--html", "lap.html"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"lap.html: 1 of 5 laps, \d+ kB\nThe best ones: all are more than 20 kB", said)
    assert cli.main(["watch", "one", "--html", "lap.html", "--all-laps"]) == 0
    assert "lap.html: 5 laps" in capsys.readouterr().out
    assert cli.main(["watch", "one", "--html", "lap.html", "--no-source", "--speed", "2"]) == 0
    assert "source" not in capsys.readouterr().out
    found = recording_in((tmp_path / "lap.html").read_text("utf-8"))
    assert (found["reward"], found["speed"]) == ("", 2.0)
    with pytest.raises(SystemExit, match="2"):
        cli.main(["watch", "one", "--html", "lap.txt"])
    assert "must end in .html" in capsys.readouterr().err


def test_a_track_with_a_long_line_is_drawn_where_it_is():
    track = Track.load("s_bends")
    found = recording_in(replay.page(driven("s_bends", laps=1)))
    outer = np.stack([unpacked(found)["outer", axis] for axis in "xy"], 1)
    assert np.abs(outer - track.outer).max() <= 0.5e-3 + 1e-9
