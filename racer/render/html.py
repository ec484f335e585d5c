"""A recording as one HTML file that plays in any browser, offline, and asks nothing of anyone.

The numbers are rounded to what a person can see: 1 mm, 1 cm/s, 0.1°, 0.001 % of a lap; rewards
have five digits. Columns become differences of whole numbers, or differences of those where
that is shorter, their bytes are sorted by weight and deflated: a step with all params takes some
15 bytes. To run a reward on, use laps.npz.

A recording may come from anyone. Its texts reach the page as JSON in a script that is data, and the
player writes them as text; the page's policy allows the scripts and styles of this file by their
hash, and no request at all.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import zlib
from collections.abc import Iterator, Sequence
from importlib import resources
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.errors import UsageError, printable
from racer.render import scene, table, words
from racer.render.ghosts import REFERENCE, Ghost, Pace, seconds_from_line
from racer.render.scene import Playback
from racer.sim.types import BOX, LAP_COMPLETE, PARAMS, STATUS_LABELS

POSE = {"x": "car_x", "y": "car_y", "yaw": "yaw", "v": "v", "steer": "steer"}  # x, y: params' too
FLAGS = tuple(name for name in PARAMS.names or () if PARAMS[name].kind == "b")
# As many decimals as the player writes, more where it draws or computes with them. Counts have 1,
# all others 1000.
SCALES = {"heading": 10, "steering_angle": 10, "speed": 100, "projection_distance": 100}
SCALES |= {"v": 100, "steer": 100}
NAME_MAX = 60  # characters of a name from outside
# Modules of the player, each after those that it needs: in a file they are one script.
SCRIPTS = ("words.js", "parts.js", "drive.js", "stage.js", "strips.js", "player.js")
_INT = 2**31 - 1
_CLOSE = 1e-6  # m and rad
# Player and style take a third of their size deflated; the policy allows them by their hashes.
LOADER = """
const code = document.getElementById("code").textContent;
const packed = Uint8Array.from(atob(code), (letter) => letter.charCodeAt(0));
const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
const script = document.createElement("script");
script.type = "module";
script.textContent = await new Response(stream).text();
document.head.append(script);
"""
_STYLE = """
document.head.append(Object.assign(document.createElement("style"), {{ textContent: {} }}));
"""
_START = """
const recording = JSON.parse(document.getElementById("recording").textContent);
recording.table = {};
document.title = recording.title;
open(document.querySelector(".racer-player"), recording);
"""

Table = tuple[str, dict[str, tuple[NDArray[Any], int]]]  # name; column: values, scale


def page(
    playback: Playback,
    *,
    speed: float = 1.0,
    ghosts: Sequence[Ghost] = (),
    pace: Pace | None = None,
    reward: str = "",
) -> str:
    """The file's text.

    Args:
        playback: what to show, params and rewards of every step included.
        speed: of playback when it is opened.
        ghosts: laps to show beside it.
        pace: the fastest known lap: a ghost that can be switched on.
        reward: the source of the reward, to read beside the picture; empty leaves it out.

    Raises:
        UsageError: nothing to show.
    """
    if not len(playback.rows):
        raise UsageError("the recording has no steps, so there is nothing to show.")
    about = recording(playback, speed=speed, ghosts=ghosts, pace=pace, reward=reward)
    shown = json.dumps(about.pop("table"), separators=(",", ":"))
    style = themes() + _shorter(_source("player.css"))
    script = _STYLE.format(json.dumps(style)) + _code() + _START.format(shown)
    return Template(_source("page.html")).substitute(
        policy=policy([LOADER, script], [style]),
        recording=as_data(about),
        player=_deflated(script.encode()),
        loader=LOADER,
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
) -> dict[str, Any]:
    """What the player plays, as JSON holds it; `data` has the numbers of `tables`."""
    shown = [(ghost, True) for ghost in ghosts]
    if pace is not None and not any(ghost.name == REFERENCE for ghost in ghosts):
        shown.append((pace.ghost, False))
    tables = [_rows(playback), *_lines(playback), *_around(playback)]
    tables += [_ghost(k, ghost) for k, (ghost, _) in enumerate(shown)]
    listed, data = packed(tables)
    return {
        "title": scene.title_of(playback),
        "note": playback.note,
        "track": playback.track.name[:NAME_MAX],
        "dt": playback.dt,
        "speed": speed,
        "speeds": [float(v) for v in scene.speed_scale(playback.rows)],
        "start": np.round(scene.start_line(playback.track), 3).tolist(),
        "laps": list(_laps(playback, pace)),
        "around": _bodies(playback),
        "events": _events(playback),
        "ghosts": [_about_ghost(ghost, on) for ghost, on in shown],
        "center_m": _center(playback.rows),
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
        "color": _color_name(ghost.color),
        "dt": ghost.dt,
        "began": _began(ghost.rows, ghost.dt),
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


def themes() -> str:
    """The colours of both themes as CSS: by the system's wish, and by data-theme against it."""
    dark, light = (_variables(theme) for theme in (table.DARK, table.LIGHT))
    marks = "".join(
        f".{name}{{color:var(--{name})}}"
        for name in _colors(table.DARK)
        if name[:5] in ("ghost", "polic", "refer")
    )
    return (
        f":root{{color-scheme:light;{light}}}"
        f"@media(prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}{marks}"
    )


def _colors(theme: table.Theme) -> dict[str, table.Color]:
    """Every colour of a theme by the name that CSS calls it."""
    found = {name: color for name, color in theme._asdict().items() if name != "ghosts"}
    return found | {f"ghost{k}": color for k, color in enumerate(theme.ghosts)}


def _variables(theme: table.Theme) -> str:
    return "".join(
        "--{}:#{:02x}{:02x}{:02x};".format(name, *c) for name, c in _colors(theme).items()
    )


def _color_name(color: table.Color) -> str:
    return next((name for name, known in _colors(table.DARK).items() if known == color), "ghost0")


def packed(tables: Sequence[Table]) -> tuple[list[Any], str]:
    """All columns of all tables.

    Returns:
        Of each table the name, the number of rows and its columns: name, scale (0 for float32) and
        how often differences were taken. And their numbers, one column after the other, deflated,
        as base64.
    """
    listed: list[Any] = []
    raw = b""
    for name, columns in tables:
        kinds = []
        for key, (values, scale) in columns.items():
            order, content = _packed(values, scale)
            kinds.append([key, scale, order])
            raw += content
        listed.append([name, len(next(iter(columns.values()))[0]), kinds])
    return listed, _deflated(raw)


def _deflated(raw: bytes) -> str:
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(engine.compress(raw) + engine.flush()).decode()


def _packed(values: NDArray[Any], scale: int) -> tuple[int, bytes]:
    """How often differences of whole numbers were taken, and the bytes; float32 where scale is 0.

    Differences of differences are shorter where a column is smooth, as x is, and longer where it is
    noise, as what a policy commands. One that wraps is undone by a sum that does.
    """
    if not scale:
        bits = np.asarray(values, "<f4").view("<u4").astype("<u8")
        return 0, _planes((bits + 0x80) & 0xFFFFFF00)
    finite = np.nan_to_num(np.asarray(values, np.float64) * scale, nan=0.0)
    whole = np.round(np.clip(finite, -_INT, _INT)).astype(np.int64)
    once = np.diff(whole, prepend=0)
    found = [(1, _planes(once)), (2, _planes(np.diff(once, prepend=0)))]
    return min(found, key=lambda one: len(zlib.compress(one[1])))


def _planes(whole: NDArray[Any]) -> bytes:
    """The low four bytes of each number, sorted by weight."""
    return whole.astype("<i8").astype("<i4").view(np.uint8).reshape(-1, 4).T.tobytes()


def _rows(playback: Playback) -> Table:
    rows = playback.rows
    columns: dict[str, tuple[NDArray[Any], int]] = {}
    for name in PARAMS.names or ():
        kind = PARAMS[name].kind
        columns[name] = (rows["params"][name], _scale(name) if kind == "f" else 1)
    known = ("v", "steer") if _center(rows) is not None else POSE
    columns |= {POSE[name]: (_turning(rows, name), _scale(name)) for name in known}
    columns["reward"] = (rows["reward"], 0)
    return "rows", columns


def _scale(name: str) -> int:
    return SCALES.get(name, 1000)


def _center(rows: NDArray[np.void]) -> float | None:
    """How far ahead of the pose the params have x and y, m; None where that is not one number.

    Where it is one, the pose follows from x, y and heading and is not in the file.
    """
    params, yaw = rows["params"], rows["yaw"]
    x, y = params["x"] - rows["x"], params["y"] - rows["y"]
    ahead = float(np.mean(x * np.cos(yaw) + y * np.sin(yaw)))
    turned = np.exp(1j * (np.radians(params["heading"]) - yaw))
    off = np.abs(x + 1j * y - ahead * np.exp(1j * yaw)).max() + np.abs(turned - 1.0).max()
    return ahead if off < _CLOSE else None


def _lines(playback: Playback) -> Iterator[Table]:
    for name in ("center", "inner", "outer"):
        line = getattr(playback.track, name)
        yield name, {"x": (line[:, 0], 1000), "y": (line[:, 1], 1000)}


def _ghost(number: int, ghost: Ghost) -> Table:
    rows = ghost.rows
    pose = {POSE[name]: (_turning(rows, name), 1000) for name in ("x", "y", "yaw")}
    progress = rows["params"]["progress"], _scale("progress")
    return f"ghost{number}", {**pose, "progress": progress}


def _turning(rows: NDArray[np.void], name: str) -> NDArray[Any]:
    """A column; yaw without jumps of a whole turn."""
    return np.unwrap(rows[name]) if name == "yaw" else rows[name]


def _around(playback: Playback) -> Iterator[Table]:
    """Where each box, bot and other car is at every row, whether it is there, and is hit."""
    for k in range(playback.objects.shape[1]):
        one = playback.objects[:, k]
        where = {name: (_turning(one, name), 1000) for name in ("x", "y", "yaw")}
        yield f"around{k}", where | {name: (one[name], 1) for name in ("present", "hit")}


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


def _names(playback: Playback, count: int) -> list[str]:
    """Of the laps; the laps of a race are its cars."""
    names = _of_race(playback, "names")
    if len(names) == count:
        return [printable(str(name))[:NAME_MAX] for name in names]
    return [f"lap {k + 1}" for k in range(count)]


def _of_race(playback: Playback, what: str) -> list[Any]:
    """A list of what a recording, which may come from anyone, says of its race."""
    race = playback.meta.get("race")
    found = race.get(what) if isinstance(race, dict) else None
    return found if isinstance(found, list) else []


def _laps(playback: Playback, pace: Pace | None) -> Iterator[dict[str, Any]]:
    parts = playback.episodes()
    names = _names(playback, len(parts))
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
            "began": _began(rows, playback.dt),
            "pace": pace.words(float("nan"), k) if pace else "",
        }


def _began(rows: NDArray[np.void], dt: float) -> float:
    """Seconds since the line at the first row."""
    return round(float(seconds_from_line(rows, dt)[0]), 4)


def _code() -> str:
    """The player with its words, as one script."""
    parts = words.script(words.PLAYER) + "".join(map(_source, SCRIPTS))
    return re.sub(r"^(import|export \{.*\} from) .*\n", "", _shorter(parts), flags=re.MULTILINE)


def _source(name: str) -> str:
    return (resources.files("racer.render") / "player" / name).read_text("utf-8")


def _shorter(text: str) -> str:
    """Without indentation and without lines that are comments alone."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not re.match(r"//", line))


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
