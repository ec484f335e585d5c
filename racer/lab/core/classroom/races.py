"""A race of a class: settings, submissions on the disk, the board, and the film of all laps."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from racer.errors import BadConfig, RacerError, UsageError
from racer.lab.core.classroom.judge import LAPS, rules_of
from racer.lab.core.classroom.store import Store
from racer.storage import files

PARTS = ("config.toml", "manifest.json", "policy.safetensors", "reward.py")
PART_MAX = 4 * 2**20  # bytes of one of them
LAPS_MAX, RESETS_MAX = 5, 20
NEW_ROAD = "new"  # a road that nobody has seen, drawn when the race is opened
FILM_MAX = 40  # cars
COLUMNS = ("place", "name", "score_s", "best_lap_s", "laps", "tries", "entered")


def settings_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a race to be opened.

    Raises:
        UsageError, BadConfig, UnknownName, BadTrack: what cannot be, in a sentence.
    """
    from racer.tracks import Track
    from racer.tracks.track import GENERATED

    track, title = str(given.get("track", "")), str(given.get("title") or "Race")
    if track == NEW_ROAD:
        track = f"{GENERATED}{secrets.randbelow(2**31)}"
    elif track not in Track.names():
        raise UsageError(f"no track {track[:40]!r} to race on. Choose one of the list.")
    try:
        found: dict[str, Any] = {
            "title": title[:60],
            "track": track,
            "laps": int(given.get("laps", 3)),
            "ranking": str(given.get("ranking", "best")),
            "resets": int(given.get("resets", 5)),
            "penalty_s": float(given.get("penalty_s", 3.0)),
        }
    except (TypeError, ValueError, OverflowError):
        raise UsageError("laps, resets and penalty of a race are numbers.") from None
    if not (1 <= found["laps"] <= LAPS_MAX and 0 <= found["resets"] <= RESETS_MAX):
        raise BadConfig(f"a race has 1 to {LAPS_MAX} laps and 0 to {RESETS_MAX} resets a lap.")
    rules_of(found)
    Track.load(track)
    return found


def command_of(race: Mapping[str, Any], folder: str) -> str:
    """What to type to judge a submission again."""
    return (
        f"racer evaluate {folder} --track {race['track']} --rules deepracer --laps {race['laps']} "
        f"--resets {race['resets']} --ranking {race['ranking']} --off-track-penalty-s "
        f"{race['penalty_s']:g} --reversed-penalty-s {race['penalty_s']:g}"
    )


def deposit(source: Path, entries: Path) -> str:
    """Copy what is judged of a run into a folder of its own, whole or not at all; its name.

    Raises:
        UsageError: the run has no policy, or was replaced meanwhile.
        ResourceError: the disk is full or read-only.
    """
    try:
        contents = {name: files.read_limited(source / name, PART_MAX) for name in PARTS}
    except (RacerError, OSError):
        raise UsageError(
            "this run cannot be submitted now: it has not finished, or a newer draft replaced it. "
            "Submit again when it has finished."
        ) from None
    name = secrets.token_hex(12)

    def write(folder: Path) -> None:
        for part, content in contents.items():
            (folder / part).write_bytes(content)

    with files.disk_errors(f"a submission in {entries}"):
        files.make_folder(entries)
        files.commit_folder(entries / name, write)
    return name


def sweep(store: Store, entries: Path) -> None:
    """Remove folders of submissions that a killed server copied and never noted."""
    known = store.folders()
    for folder in entries.glob("*") if entries.is_dir() else ():
        if folder.name not in known and folder.is_dir() and not folder.is_symlink():
            files.remove_folder(folder)


def board(store: Store, race: int) -> list[dict[str, Any]]:
    """The best submission of each person, the quickest first; earlier wins where equal."""
    people: dict[int, dict[str, Any]] = {}
    for entry in store.entries(race):
        row = people.setdefault(entry["person"], {**entry, "tries": 0, "waiting": 0})
        row["tries"] += 1
        row["waiting"] += entry["judged"] is None
        if _worth(entry) < _worth(row):
            row.update(entry)
    rows = sorted(people.values(), key=lambda row: (_worth(row), row["id"]))
    for place, row in enumerate(rows, 1):
        row["place"] = place if row["score_s"] is not None else None
    return rows


def _worth(entry: Mapping[str, Any]) -> tuple[bool, float, float]:
    """Less is better: a score, else progress."""
    score = entry["score_s"]
    return score is None, score or 0.0, -(entry["progress_pct"] or 0.0)


def csv_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """The board for a spreadsheet; numbers always with a point."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: "" if row[name] is None else row[name] for name in COLUMNS})
    return text.getvalue()


def film(store: Store, race: int, entries: Path) -> dict[str, Any]:
    """The best lap of everybody's best submission, for the player: all start together.

    Raises:
        UsageError: nothing is judged yet.
    """
    from racer.recording.trace import Trace
    from racer.render import html, table
    from racer.render.ghosts import ghost_of

    rows = [row for row in board(store, race) if row["judged"] and not row["failed"]][:FILM_MAX]
    if not rows:
        raise UsageError("nothing is judged yet.")
    traces = [Trace.load(entries / row["folder"] / LAPS) for row in rows]
    road = traces[0].track
    colors = table.RACERS
    ghosts = [
        ghost_of(trace, row["name"], colors[k % len(colors)], road)
        for k, (row, trace) in enumerate(zip(rows, traces, strict=True))
    ]
    found = html.recording(traces[0], ghosts=ghosts)
    return found | {"laps_s": [row["best_lap_s"] for row in rows]}
