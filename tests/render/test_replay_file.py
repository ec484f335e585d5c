"""The replay file: it holds the recording, asks nothing of anyone, and no text in it is markup."""

import base64
import dataclasses
import hashlib
import html.parser
import json
import re
import shutil
import subprocess
import zlib
from importlib import resources

import numpy as np
import pytest
from render_recordings import MARKUP, among, driven, recording_in

from racer import cli
from racer.errors import UsageError
from racer.recording.trace import Trace
from racer.render import html as replay
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
    raw, at, found = zlib.decompress(base64.b64decode(recording["data"]), -15), 0, {}
    for name, n, columns in recording["tables"]:
        for column, scale, order in columns:
            part = np.frombuffer(raw, np.uint8, 4 * n, at).reshape(4, n).T.copy()
            at += 4 * n
            whole = part.view("<i4")[:, 0]
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
        scale = replay.SCALES.get(name, 1000)
        kept, given = columns["rows", name], laps.rows["params"][name].astype(float)
        assert np.abs(kept - given).max() <= 0.5 / scale + 1e-12, name
    for name, column in replay.POSE.items():
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


def test_its_policy_allows_what_is_in_it_by_hash_and_nothing_else(text):
    parts = Parts(text)
    (allowed,) = [dict(attrs)["content"] for tag, attrs in parts.tags if attrs.get("http-equiv")]
    rules = dict(rule.strip().split(" ", 1) for rule in allowed.split(";"))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    assert set(rules) == {"script-src", "style-src"}
    blocks = _blocks(text)
    assert [kind for kind, _ in blocks] == ["application/json", "text/plain", "module"]
    player = zlib.decompress(base64.b64decode(blocks[1][1]), -15)
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
    code = zlib.decompress(base64.b64decode(_blocks(text)[1][1]), -15).decode()
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
