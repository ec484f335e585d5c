"""From the text of one row to one LOG record: what every sim-trace format shares."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from racer.deepracer.logs.log import LOG, LOG_STATUSES, Log
from racer.errors import BadLog

# Columns of the official files, in the order of every version; the last ones came later.
COLUMNS = (
    "episode", "steps", "X", "Y", "yaw", "steer", "throttle", "action", "reward", "done",
    "all_wheels_on_track", "progress", "closest_waypoint", "track_len", "tstamp", "episode_status",
    "pause_duration", "obstacle_crash_counter", "wall_clock",
)  # fmt: skip
OPTIONAL = frozenset(
    {"action", "episode_status", "pause_duration", "obstacle_crash_counter", "wall_clock"}
)
_FIELDS = {
    "X": "x", "Y": "y", "yaw": "yaw_deg", "steer": "steer_deg", "throttle": "speed",
    "obstacle_crash_counter": "crashes",
}  # fmt: skip
_TRUTH = {"true": True, "false": False, "1": True, "0": False}
_FAR = 1e5  # m, deg, %, steps: beyond it a number is damage
_ANY_SIZE = ("tstamp", "reward", "episode", "steps")
_BLOCK = 4096  # rows are kept as objects until so many become an array
_ACTION_COMMA = re.compile(r"(\[[^\],]*),\s*([^\],]*\])")


Row = dict[str, Any]  # field of LOG → value, in the order of LOG
_EMPTY: Row = dict.fromkeys(LOG.names or (), 0) | {"action": -1}


class Damage(Exception):
    """A row that cannot be what it says; the message is the reason."""


def split(text: str) -> list[str]:
    """Fields of a row; a continuous action `[a, b]` or `"[a b]"` is one field."""
    text = _ACTION_COMMA.sub(r"\1 \2", text.strip())
    return [field.strip().strip('"') for field in text.split(",")]


def parse_row(fields: Sequence[str], columns: Sequence[str], line: int) -> Row:
    """The fields of LOG of one row.

    Raises:
        Damage: a field is missing or is not what its column holds.
    """
    if len(fields) != len(columns):
        raise Damage(f"{len(fields)} fields where the header has {len(columns)}")
    row = _EMPTY | {"line": line}
    status = ""
    for name, text in zip(columns, fields, strict=True):
        if name == "episode_status":
            status = text
        elif name == "action":
            row["action"] = int(text) if text.isascii() and text.isdigit() else -1
        elif name in ("done", "all_wheels_on_track"):
            if text.lower() not in _TRUTH:
                raise Damage(f"{name} is {text[:40]!r}, not True or False")
            row[name] = _TRUTH[text.lower()]
        elif name in COLUMNS and name != "wall_clock":
            row[_FIELDS.get(name, name)] = _number(text, name)
    row["status"] = _status(status) if status else _status_before_2019(row)
    return row


def _number(text: str, name: str) -> float:
    try:
        value = float("" if "_" in text else text)  # Python reads 1_0 as ten
    except ValueError:
        raise Damage(f"{name} is {text[:40]!r}, not a number") from None
    if not math.isfinite(value) or abs(value) > (1e12 if name in _ANY_SIZE else _FAR):
        raise Damage(f"{name} is {text[:40]!r}, which no log holds")
    if name in ("episode", "steps", "closest_waypoint") and (value < 0 or value % 1):
        raise Damage(f"{name} is {text[:40]!r}, not a count")
    return value


def _status(text: str) -> int:
    if text not in LOG_STATUSES:
        raise Damage(f"episode_status is {text[:40]!r}; known are {', '.join(LOG_STATUSES)}")
    return LOG_STATUSES.index(text)


def _status_before_2019(row: Row) -> int:
    """The oldest text logs have no status: a lap, or off the track, when the episode is done."""
    if not row["done"]:
        return LOG_STATUSES.index("prepare" if row["steps"] <= 1 else "in_progress")
    return LOG_STATUSES.index("lap_complete" if row["progress"] >= 100.0 else "off_track")


class RowReader:
    """Collects rows of one file until the end or the first damage.

    Args:
        source: the file's name, for messages.
        rounded: see Log.
    """

    def __init__(self, source: str, *, rounded: bool = False) -> None:
        self.source, self.rounded = source, rounded
        self.columns: Sequence[str] = COLUMNS
        self.notes: list[str] = []
        self._parts: list[np.ndarray] = []
        self._rows: list[Row] = []  # after those in _parts; never empty once there was one
        self._again = False

    def add(self, text: str, line: int) -> bool:
        """Read one row; False when it is damaged, and nothing after it should be read."""
        try:
            row = parse_row(split(text), self.columns, line)
            self._check_order(row)
        except Damage as damage:
            self.stop(line, str(damage))
            return False
        if len(self._rows) >= _BLOCK:
            self._parts.append(self._block())
            self._rows.clear()
        self._rows.append(row)
        return True

    def _block(self) -> np.ndarray:
        return np.array([tuple(row.values()) for row in self._rows], LOG)

    def stop(self, line: int, reason: str) -> None:
        """Note that everything from `line` on is left out.

        Raises:
            BadLog: nothing was read before.
        """
        where = f"{self.source}:{line}: {reason}"
        if not self._rows:
            raise BadLog(
                f"{where}. A sim-trace of DeepRacer is needed: a CSV with the columns "
                f"{','.join(COLUMNS[:4])},... or a text log with SIM_TRACE_LOG lines."
            )
        count = sum(map(len, self._parts)) + len(self._rows)
        self.notes.append(f"{where}; only the {count} rows before it are read")

    def _check_order(self, row: Row) -> None:
        """Episodes count up and steps count up in them; a first step may begin the count again."""
        if not self._rows:
            return
        last = self._rows[-1]
        episode, before = int(row["episode"]), int(last["episode"])
        steps, previous = int(row["steps"]), int(last["steps"])
        if episode > before or (episode == before and steps > previous):
            return
        if steps != 1:
            what = f"step {steps} of episode {episode} after step {previous} of episode {before}"
            raise Damage(f"{what}: rows are out of order")
        if not self._again:
            self.notes.append(
                f"{self.source}:{row['line']}: episodes count from {episode} again: "
                "several workers or trainings in one file"
            )
        self._again = True

    def log(self) -> Log:
        """What was read.

        Raises:
            BadLog: no row at all.
        """
        if not self._rows:
            raise BadLog(
                f"{self.source}: no step of a car in it. The simulator writes one row per step; "
                "give a file it has finished."
            )
        rows = np.concatenate([*self._parts, self._block()])
        gaps = int(np.sum((np.diff(rows["episode"]) == 0) & (np.diff(rows["steps"]) > 1)))
        if gaps:
            at = int(rows["line"][1:][np.diff(rows["steps"]) > 1][0])
            self.notes.append(f"{self.source}:{at}: steps are missing here ({gaps} gaps in all)")
        return Log(self.source, rows, self.rounded, tuple(self.notes))


def read_csv(content: bytes, source: str | Path) -> Log:
    """Read a sim-trace CSV of any version; columns go by the header.

    A file that is damaged somewhere is read up to there, and the log's notes say so.

    Raises:
        BadLog: not a sim-trace, or damaged before the first row; file, line and reason.
    """
    reader = RowReader(str(source))
    started = False
    for line, raw in enumerate(content.splitlines(), start=1):
        text = raw.decode("utf-8-sig", "replace").strip()
        if not text:
            continue
        if not started or text.startswith("episode,"):
            try:
                columns = _header(text)
            except Damage as damage:
                reader.stop(line, str(damage))
                break
            if started and columns != reader.columns:
                reader.notes.append(f"{source}:{line}: the columns change: two versions in a file")
            reader.columns, started = columns, True
        elif not reader.add(text, line):
            break
    return reader.log()


def _header(text: str) -> Sequence[str]:
    columns = split(text)
    missing = [name for name in COLUMNS if name not in columns and name not in OPTIONAL]
    if missing:
        raise Damage(f"no column {missing[0]!r} in the header, so this is no DeepRacer sim-trace")
    twice = [name for name in COLUMNS if columns.count(name) > 1]
    if twice:
        raise Damage(f"column {twice[0]!r} is there twice")
    return columns


# Behind a line, Docker's JSON has `\n","stream"` and a coloured terminal an escape.
_TRACE_LINE = re.compile(r"SIM_TRACE_LOG:\s*([^\\\x1b]*)")


def read_text(content: bytes, source: str | Path) -> Log:
    """Read the SIM_TRACE_LOG lines of a simulator's text log (robomaker, docker).

    Raises:
        BadLog: no such line, or the first one is damaged; file, line and reason.
    """
    reader = RowReader(str(source), rounded=True)
    for line, raw in enumerate(content.split(b"\n"), start=1):
        if b"SIM_TRACE_LOG" not in raw:
            continue
        found = _TRACE_LINE.search(raw.decode("utf-8", "replace"))
        text = found.group(1) if found else ""
        count = len(split(text))
        if not 15 <= count <= len(COLUMNS):
            reader.stop(line, f"{count} fields where a SIM_TRACE_LOG line has 15 to 19")
            break
        reader.columns = COLUMNS[:count]
        if not reader.add(text, line):
            break
    return reader.log()
