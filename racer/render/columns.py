"""The numbers of a recording as few bytes, for the player of the browser.

They are rounded to what a person can see: 1 mm, 1 cm/s, 0.1°, 0.001 % of a lap; rewards have five
digits. Columns become differences of whole numbers, or differences of those where that is shorter,
their bytes are sorted by weight and deflated: a step with all params takes some 10 bytes.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from racer.render.ghosts import Ghost
from racer.render.scene import Playback
from racer.sim.types import PARAMS

POSE = {"x": "car_x", "y": "car_y", "yaw": "yaw", "v": "v", "steer": "steer"}  # x, y: params' too
# As many decimals as the player writes, more where it draws or computes with them. Counts have 1,
# all others 1000.
SCALES = {"heading": 10, "steering_angle": 10, "speed": 100, "projection_distance": 100}
SCALES |= {"v": 100, "steer": 100}
_NO_MARKUP = bytes.maketrans(b"&<>", b",.:")
_INT = 2**31 - 1
_CLOSE = 1e-6  # m and rad

Table = tuple[str, dict[str, tuple[NDArray[Any], int]]]  # name; column: values, scale


def tables_of(playback: Playback, ghosts: Sequence[Ghost]) -> list[Table]:
    """All that the player draws: every step, the track's lines, what is around, and ghosts."""
    tables = [_rows(playback), *_lines(playback), *_around(playback)]
    return tables + [_ghost(k, ghost) for k, ghost in enumerate(ghosts)]


def packed(tables: Sequence[Table]) -> tuple[list[Any], str]:
    """All columns of all tables.

    Returns:
        Of each table the name, the number of rows and its columns: name, scale (0 for float32) and
        how often differences were taken. And their numbers, one column after the other, deflated,
        as text.
    """
    listed: list[Any] = []
    contents = []
    for name, columns in tables:
        kinds = []
        for key, (values, scale) in columns.items():
            order, content = _packed(values, scale)
            kinds.append([key, scale, order])
            contents.append(content)
        listed.append([name, len(next(iter(columns.values()))[0]), kinds])
    return listed, deflated(*contents)


def deflated(*contents: bytes) -> str:
    """Each with codes of its own, as text: columns have numbers of their own kinds.

    Base 85 takes a quarter more than bytes, where base 64 takes a third.
    """
    engine = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    parts = [engine.compress(part) + engine.flush(zlib.Z_PARTIAL_FLUSH) for part in contents]
    return base64.b85encode(b"".join(parts) + engine.flush()).translate(_NO_MARKUP).decode()


def _packed(values: NDArray[Any], scale: int) -> tuple[int, bytes]:
    """How often differences of whole numbers were taken, and the bytes; float32 where scale is 0.

    Differences of differences are shorter where a column is smooth, as x is, and longer where it is
    noise, as what a policy commands. One that wraps is undone by a sum that does. The sign is the
    lowest bit, so that a small number has zeros before it, whatever its sign.
    """
    if not scale:
        bits = np.asarray(values, "<f4").view("<u4").astype("<u8")
        return 0, _planes(((bits + 0x80) & 0xFFFFFF00).astype("<u4"))
    finite = np.nan_to_num(np.asarray(values, np.float64) * scale, nan=0.0)
    once = np.round(np.clip(finite, -_INT, _INT)).astype(np.int64)
    found = []
    for order in (1, 2, 3):
        once = np.diff(once, prepend=0)
        low = once.astype("<i4")
        found.append((order, _planes(low << 1 ^ low >> 31)))
    return min(found, key=lambda one: len(zlib.compress(one[1])))


def _planes(whole: NDArray[Any]) -> bytes:
    """The four bytes of each number, sorted by weight."""
    return whole.view(np.uint8).reshape(-1, 4).T.tobytes()


def _rows(playback: Playback) -> Table:
    rows = playback.rows
    columns: dict[str, tuple[NDArray[Any], int]] = {}
    for name in PARAMS.names or ():
        kind = PARAMS[name].kind
        columns[name] = (rows["params"][name], _scale(name) if kind == "f" else 1)
    known = ("v", "steer") if center(rows) is not None else POSE
    columns |= {POSE[name]: (_turning(rows, name), _scale(name)) for name in known}
    columns["reward"] = (rows["reward"], 0)
    return "rows", columns


def _scale(name: str) -> int:
    return SCALES.get(name, 1000)


def center(rows: NDArray[np.void]) -> float | None:
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
