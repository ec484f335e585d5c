"""The tables of docs/fidelity.md: parity and fidelity of every log in a folder, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from racer import vehicles
from racer.deepracer.logs.fidelity import HORIZONS, check_clocks, own_clock
from racer.deepracer.logs.find import open_logs
from racer.deepracer.logs.log import Log
from racer.deepracer.logs.parity import check_parity
from racer.errors import BadLog, BadTrack
from racer.tracks import Track

PRESETS = ("deepracer_v4", "deepracer_v5")
_SAME_LENGTH = 1e-6  # of the length: a CSV holds it with all digits
_ROUNDED_LENGTH = 5.1e-3  # m: a text log with two


def report(folder: Path, tracks: Path) -> tuple[str, list[str]]:
    """Parity of every log with the engine, and how well each preset follows it.

    Args:
        folder: holds logs, at any depth.
        tracks: a folder of track files; each log is given the one it was driven on.

    Returns:
        The tables, and notes: what was odd about a log, and which ones have no track there.

    Raises:
        BadLog: no log, or no log whose track is there.
    """
    found: list[tuple[Log, Track]] = []
    notes: list[str] = []
    for log in open_logs(folder):
        notes += log.notes
        try:
            found.append((log, _track_of(log, tracks)))
        except BadLog as error:
            notes.append(f"left out: {error}")
    if not found:
        raise BadLog(notes[-1].removeprefix("left out: "))
    logs, roads = zip(*found, strict=True)
    names = [str(Path(log.source).relative_to(folder)) for log in logs]
    parity = _parity_table(logs, roads, names)
    return f"{parity}\n\n{_fidelity_table(logs, names)}\n", notes


def _track_of(log: Log, tracks: Path) -> Track:
    """The track of the recorded length on which most of the log is computed again.

    The clockwise and the counter-clockwise file of one road have the same length.
    """
    recorded = float(np.median(log.rows["track_len"]))
    off = _ROUNDED_LENGTH if log.rounded else _SAME_LENGTH * recorded
    found: list[tuple[float, Track]] = []
    for path in sorted(p for p in tracks.iterdir() if p.suffix in (".npy", ".csv", ".txt")):
        try:
            track = Track.load(path)
        except BadTrack:
            continue
        if abs(track.length - recorded) <= off:
            matches = sum(field.match_pct for field in check_parity(log, track).fields)
            found.append((matches, track))
    if not found:
        raise BadLog(f"{log.source}: no track in {tracks} is {recorded:.4f} m long. Put it there.")
    return max(found, key=lambda pair: pair[0])[1]


def _parity_table(logs: Sequence[Log], roads: Sequence[Track], names: Sequence[str]) -> str:
    rows = []
    for log, road, name in zip(logs, roads, names, strict=True):
        found = check_parity(log, road)
        progress, waypoint, wheels, length = found.fields
        rows.append(
            (
                name,
                road.name,
                str(progress.rows),
                f"{progress.match_pct:.2f} % (worst {progress.worst:.1e})",
                f"{waypoint.match_pct:.2f} %",
                f"{wheels.match_pct:.2f} % ({wheels.nearby} nearby)",
                f"{length.match_pct:.2f} %",
            )
        )
    heads = ("log", "track", "rows", "progress", "closest waypoint", "all wheels", "track_len")
    return markdown(heads, rows)


def _fidelity_table(logs: Sequence[Log], names: Sequence[str]) -> str:
    rows = []
    for log, name in zip(logs, names, strict=True):
        for preset in PRESETS:
            try:
                found = own_clock(check_clocks([log], vehicles.load(preset)))
            except BadLog:
                continue
            errors = (f"{m:.3f} / {p:.3f}" for m, p in found.position.tolist())
            turn = "{:.1f} / {:.1f}".format(*np.degrees(found.heading[-1]))
            rows.append((name, preset, found.clock, str(found.states[-1]), *errors, turn))
    heads = ("log", "vehicle", "clock", "states", *(f"{h} steps, m" for h in HORIZONS), "15, deg")
    return markdown(heads, rows)


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
