"""A recording as one HTML file that plays in any browser, offline, and asks nothing of anyone.

Its numbers are rounded to what a person can see, see `columns`. To run a reward on, use laps.npz.

A recording may come from anyone. Its texts reach the page as deflated JSON in a script that is
data, and the player writes them as text; the page's policy allows the scripts and styles of this
file by their hash, and no request at all.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterator, Sequence
from importlib import resources
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.errors import UsageError, printable
from racer.render import scene, table, words
from racer.render.columns import center, deflated, packed, tables_of
from racer.render.ghosts import REFERENCE, Ghost, Pace, seconds_from_line
from racer.render.scene import Playback
from racer.render.themes import color_name, themes
from racer.sim.types import BOX, LAP_COMPLETE, PARAMS, STATUS_LABELS

FLAGS = tuple(name for name in PARAMS.names or () if PARAMS[name].kind == "b")
NAME_MAX = 60  # characters of a name from outside
# Modules of the player, each after those that it needs: in a file they are one script.
SCRIPTS = ("bytes.js", "words.js", "parts.js", "drive.js", "stage.js", "strips.js", "player.js")
# Player and style take a third of their size deflated; the policy allows them by their hashes.
LOADER = """
const script = document.createElement("script");
script.type = "module";
const code = await inflated(document.getElementById("code").textContent);
script.textContent = new TextDecoder().decode(code);
document.head.append(script);
"""
_STYLE = """
document.head.append(Object.assign(document.createElement("style"), {{ textContent: {} }}));
"""
_START = """
const file = JSON.parse(document.getElementById("recording").textContent);
const about = JSON.parse(new TextDecoder().decode(await inflated(file.about)));
const recording = {{ ...about, data: file.data, table: {} }};
document.title = recording.title;
open(document.querySelector(".racer-player"), recording);
"""


def page(
    playback: Playback,
    *,
    speed: float = 1.0,
    ghosts: Sequence[Ghost] = (),
    pace: Pace | None = None,
    reward: str = "",
    numbers: Sequence[int] = (),
) -> str:
    """The file's text.

    Args:
        playback: what to show, params and rewards of every step included.
        speed: of playback when it is opened.
        ghosts: laps to show beside it.
        pace: the fastest known lap: a ghost that can be switched on.
        reward: the source of the reward, to read beside the picture; empty leaves it out.
        numbers: of the laps, from 0, where they are some of a recording.

    Raises:
        UsageError: nothing to show.
    """
    if not len(playback.rows):
        raise UsageError("the recording has no steps, so there is nothing to show.")
    about = recording(
        playback, speed=speed, ghosts=ghosts, pace=pace, reward=reward, numbers=numbers
    )
    shown = json.dumps(about.pop("table"), separators=(",", ":"))
    data, texts = about.pop("data"), as_data(about)
    style = themes() + _shorter(_source("player.css"))
    script = _STYLE.format(json.dumps(style)) + _code() + _START.format(shown)
    loader = _plain(_source("bytes.js")) + LOADER
    return Template(_source("page.html")).substitute(
        policy=policy([loader, script], [style]),
        recording=as_data({"about": deflated(texts.encode()), "data": data}),
        player=deflated(script.encode()),
        loader=loader,
    )


def policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """A Content-Security-Policy that allows these texts and nothing else."""
    allowed = (
        " ".join(f"'sha256-{_sha256(text)}'" for text in texts) for texts in (scripts, styles)
    )
    return (
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'"
    ).format(*allowed)


def as_data(found: Any) -> str:
    """JSON for a script element: no text in it can end the element or begin a comment."""
    text = json.dumps(found, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def recording(
    playback: Playback,
    *,
    speed: float = 1.0,
    ghosts: Sequence[Ghost] = (),
    pace: Pace | None = None,
    reward: str = "",
    numbers: Sequence[int] = (),
) -> dict[str, Any]:
    """What the player plays, as JSON holds it; `data` has the numbers of `tables`."""
    shown = [(ghost, True) for ghost in ghosts]
    if pace is not None and not any(ghost.name == REFERENCE for ghost in ghosts):
        shown.append((pace.ghost, False))
    listed, data = packed(tables_of(playback, [ghost for ghost, _ in shown]))
    return {
        "title": scene.title_of(playback),
        "note": playback.note,
        "track": playback.track.name[:NAME_MAX],
        "dt": playback.dt,
        "speed": speed,
        "speeds": [float(v) for v in scene.speed_scale(playback.rows)],
        "start": np.round(scene.start_line(playback.track), 3).tolist(),
        "laps": list(_laps(playback, pace, numbers)),
        "around": _bodies(playback),
        "events": _events(playback),
        "ghosts": [_about_ghost(ghost, on) for ghost, on in shown],
        "center_m": center(playback.rows),
        "params": list(PARAMS.names or ()),
        "whole": ["steps", *(name for name in PARAMS.names or () if PARAMS[name].kind == "i")],
        "reward": reward,
        "tables": listed,
        "table": shared(),
        "data": data,
    }


def _about_ghost(ghost: Ghost, on: bool) -> dict[str, Any]:
    return {
        "name": ghost.name[:NAME_MAX],
        "color": color_name(ghost.color),
        "dt": ghost.dt,
        **_times(ghost.rows, ghost.dt),
        "on": on,
    }


def shared() -> dict[str, Any]:
    """What the player shares with the window: `racer.render.table` and the shape of a car."""
    wheels = [
        (axle, side, turns)
        for axle, turns in ((scene.AXLE_FRONT, 1), (scene.AXLE_REAR, 0))
        for side in (scene.HALF_TRACK, -scene.HALF_TRACK)
    ]
    return {
        "keys": [row[:2] for row in table.PLAYER_KEYS],
        "actions": {key: what for row in table.PLAYER_KEYS for key, what in row.actions.items()},
        "params": table.PARAM_ROWS,
        "flags": FLAGS,
        "bad": table.BAD,
        "speeds": table.SPEEDS,
        "speedColors": table.SPEED_COLORS,
        "zoom": (table.ZOOM, table.ZOOM_MIN, table.ZOOM_MAX),
        "followScale": table.FOLLOW_SCALE,
        "hit": scene.HIT,
        "tape": (scene.TAPED, scene.TAPE),
        "shape": {
            "body": scene.BODY_OUTLINE.tolist(),
            "wheels": wheels,
            "wheel": (scene.WHEEL_RADIUS, scene.HALF_WHEEL),
            "length": scene.NOSE - scene.TAIL,
            "least": scene.CAR_PIXELS,
            "hollow": scene.HOLLOW_PIXELS,
            "trail": (scene.TRAIL_WIDTH, scene.TRAIL_PIXELS),
        },
    }


def _bodies(playback: Playback) -> list[dict[str, Any]]:
    """What each of them is: its size in m where it is a box, and its colour."""
    found = []
    for one in playback.objects[0] if len(playback.objects) else ():
        size = [round(float(one[name]), 3) for name in ("length", "width")]
        color = scene.BODIES.get(int(one["kind"]), scene.OTHER_BODY)
        found.append({"box": size if one["kind"] == BOX else None, "color": color})
    return found


def _events(playback: Playback) -> list[tuple[float, str]]:
    """What happened in a recorded race, by the seconds since its start."""
    found = []
    for one in _of_race(playback, "events"):
        time, text = (one.get("time_s"), one.get("words")) if isinstance(one, dict) else (0, 0)
        if isinstance(time, float) and math.isfinite(time) and isinstance(text, str):
            found.append((time, printable(text)[:NAME_MAX]))
    return found


def _names(playback: Playback, numbers: Sequence[int]) -> list[str]:
    """Of the laps; the laps of a race are its cars."""
    names = _of_race(playback, "names")
    if len(names) == len(numbers):
        return [printable(str(name))[:NAME_MAX] for name in names]
    return [f"lap {k + 1}" for k in numbers]


def _of_race(playback: Playback, what: str) -> list[Any]:
    """A list of what a recording, which may come from anyone, says of its race."""
    race = playback.meta.get("race")
    found = race.get(what) if isinstance(race, dict) else None
    return found if isinstance(found, list) else []


def _laps(
    playback: Playback, pace: Pace | None, numbers: Sequence[int]
) -> Iterator[dict[str, Any]]:
    parts = playback.episodes()
    names = _names(playback, numbers or range(len(parts)))
    for k, part in enumerate(parts):
        rows = playback.rows[part]
        status = int(rows["status"][-1])
        yield {
            "from": part.start,
            "to": part.stop,
            "name": names[k],
            "seconds": round(scene.seconds_of(playback, k, len(rows)), 4),
            "progress": round(float(np.nan_to_num(rows["params"]["progress"].max())), 2),
            "status": table.status_words(STATUS_LABELS[status]),
            "complete": status == LAP_COMPLETE,
            **_times(rows, playback.dt),
            "pace": pace.words(float("nan"), k) if pace else "",
        }


def _times(rows: NDArray[np.void], dt: float) -> dict[str, float]:
    """Seconds since the line at the first row and at the last."""
    seconds = seconds_from_line(rows, dt)
    return {"began": round(float(seconds[0]), 4), "ended": round(float(seconds[-1]), 4)}


def _code() -> str:
    """The player with its words, as one script."""
    return _plain(words.script(words.PLAYER) + "".join(map(_source, SCRIPTS)))


def _plain(modules: str) -> str:
    """Modules as one script."""
    return re.sub(r"^(import|export \{.*\} from) .*\n", "", _shorter(modules), flags=re.MULTILINE)


def _source(name: str) -> str:
    return (resources.files("racer.render") / "player" / name).read_text("utf-8")


def _shorter(text: str) -> str:
    """Without indentation and without lines that are comments alone."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not re.match(r"//", line))


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
