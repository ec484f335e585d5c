"""People, races and scores in one SQLite file; every change is a transaction, or did not happen.

The file is in WAL mode and every commit reaches the disk, so a server that is killed at any moment
has lost nothing that it answered. A submission has a key that its page made: sent twice, it is one
submission. A score is the row of its submission, so there is one or none, never two.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from racer.errors import ResourceError, UsageError
from racer.lab.core.classroom.door import folded, name_of, new_code

PEOPLE_MAX = 100
KEY_MAX = 64  # characters of the key of a submission
SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS people (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE,
  key TEXT NOT NULL UNIQUE, lesson TEXT NOT NULL, joined TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS races (
  id INTEGER PRIMARY KEY, title TEXT NOT NULL, track TEXT NOT NULL, laps INTEGER NOT NULL,
  ranking TEXT NOT NULL, resets INTEGER NOT NULL, penalty_s REAL NOT NULL,
  opened TEXT NOT NULL, closed TEXT);
CREATE TABLE IF NOT EXISTS entries (
  id INTEGER PRIMARY KEY, race INTEGER NOT NULL REFERENCES races,
  person INTEGER NOT NULL REFERENCES people, key TEXT NOT NULL, folder TEXT NOT NULL UNIQUE,
  run TEXT NOT NULL, entered TEXT NOT NULL, UNIQUE (person, key));
CREATE TABLE IF NOT EXISTS scores (
  entry INTEGER PRIMARY KEY REFERENCES entries, score_s REAL, best_lap_s REAL,
  laps INTEGER NOT NULL, progress_pct REAL NOT NULL, failed TEXT NOT NULL, judged TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS goals (
  person INTEGER NOT NULL REFERENCES people, lesson TEXT NOT NULL, best_lap_s REAL,
  reached TEXT NOT NULL, PRIMARY KEY (person, lesson));
CREATE TABLE IF NOT EXISTS log (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, person INTEGER NOT NULL, what TEXT NOT NULL);
"""
_BOARD = """
SELECT entries.*, people.name, scores.score_s, scores.best_lap_s, scores.laps,
  scores.progress_pct, scores.failed, scores.judged
FROM entries JOIN people ON people.id = entries.person
LEFT JOIN scores ON scores.entry = entries.id WHERE entries.race = ? ORDER BY entries.id
"""


class Store:
    """One file. Methods may be called from any thread.

    Args:
        file: made if it is missing.

    Raises:
        ResourceError: it cannot be opened or is no database.
    """

    def __init__(self, file: Path) -> None:
        self.file, self._lock = file, threading.RLock()
        with _sentence(file):
            self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        try:
            self._begin()
        except BaseException:
            self._db.close()
            raise

    def _begin(self) -> None:
        with _sentence(self.file):
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.executescript(SCHEMA)
        with self.change() as db:
            db.execute("INSERT OR IGNORE INTO facts VALUES ('code', ?)", (new_code(),))

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or nothing."""
        with self._lock, _sentence(self.file):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def read(self, text: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of a query."""
        with self._lock, _sentence(self.file):
            return [dict(row) for row in self._db.execute(text, values)]

    # -- people

    @property
    def code(self) -> str:
        """Of the door."""
        return str(self.read("SELECT value FROM facts WHERE name = 'code'")[0]["value"])

    def join(self, name: str, lesson: str) -> tuple[int, str]:
        """A new person: number, and the secret that it comes back with.

        Raises:
            UsageError: no name, one that is taken, or the class is full.
        """
        shown, key = name_of(name), secrets.token_urlsafe(32)
        with self.change() as db:
            if db.execute("SELECT count(*) FROM people").fetchone()[0] >= PEOPLE_MAX:
                raise UsageError(f"the class is full: {PEOPLE_MAX} people.")
            try:
                found = db.execute(
                    "INSERT INTO people (name, folded, key, lesson, joined) VALUES (?,?,?,?,?)",
                    (shown, folded(shown), _hashed(key), lesson, now()),
                )
            except sqlite3.IntegrityError:
                raise UsageError(
                    f"the name {shown} is taken. Choose another, or ask for a link of your own."
                ) from None
            person = int(found.lastrowid or 0)
            _log(db, person, "joined")
        return person, key

    def who(self, key: str) -> int | None:
        """The person with this secret."""
        found = self.read("SELECT id FROM people WHERE key = ?", _hashed(key))
        return int(found[0]["id"]) if found else None

    def new_key(self, person: int) -> str:
        """Another secret for someone who lost it; the old one no longer works.

        Raises:
            UsageError: nobody has this number.
        """
        self.person(person)
        key = secrets.token_urlsafe(32)
        with self.change() as db:
            db.execute("UPDATE people SET key = ? WHERE id = ?", (_hashed(key), person))
            _log(db, person, "given a new link")
        return key

    def people(self) -> list[dict[str, Any]]:
        """Everybody, in the order in which they came."""
        return self.read("SELECT id, name, lesson, joined FROM people ORDER BY id")

    def person(self, number: int) -> dict[str, Any]:
        """One of them.

        Raises:
            UsageError: nobody has this number.
        """
        found = self.read("SELECT id, name, lesson, joined FROM people WHERE id = ?", number)
        if not found:
            raise UsageError("there is nobody of this number in the class.")
        return found[0]

    def learns(self, person: int, lesson: str) -> None:
        """Someone begins a lesson."""
        with self.change() as db:
            db.execute("UPDATE people SET lesson = ? WHERE id = ?", (lesson, person))
            _log(db, person, f"lesson {lesson}")

    def reached(self, person: int, lesson: str, best_lap_s: float | None) -> bool:
        """Someone reached the goal of a lesson; True the first time."""
        with self.change() as db:
            row = (person, lesson, best_lap_s, now())
            done = db.execute("INSERT OR IGNORE INTO goals VALUES (?,?,?,?)", row)
            if done.rowcount:
                _log(db, person, f"goal of {lesson}")
            return bool(done.rowcount)

    def log(self, person: int, what: str) -> None:
        """Note what someone did; 0 is the teacher."""
        with self.change() as db:
            _log(db, person, what)

    # -- races

    def open_race(self, settings: Mapping[str, Any]) -> int:
        """A new race; its number.

        Raises:
            UsageError: another one is open.
        """
        with self.change() as db:
            if db.execute("SELECT 1 FROM races WHERE closed IS NULL").fetchone():
                raise UsageError("a race is open. Close it before the next one.")
            names = ("title", "track", "laps", "ranking", "resets", "penalty_s")
            made = db.execute(
                f"INSERT INTO races ({', '.join(names)}, opened) VALUES (?,?,?,?,?,?,?)",
                (*(settings[name] for name in names), now()),
            )
            _log(db, 0, f"race {made.lastrowid} opened")
            return int(made.lastrowid or 0)

    def close_race(self) -> None:
        """Nothing more is accepted; what was, is judged."""
        with self.change() as db:
            db.execute("UPDATE races SET closed = ? WHERE closed IS NULL", (now(),))
            _log(db, 0, "race closed")

    def race(self, number: int | None = None) -> dict[str, Any] | None:
        """A race by its number; without one the newest."""
        if number is None:
            found = self.read("SELECT * FROM races ORDER BY id DESC LIMIT 1")
        else:
            found = self.read("SELECT * FROM races WHERE id = ?", number)
        return found[0] if found else None

    def entry_of(self, person: int, key: str) -> int | None:
        """The submission that this key made before."""
        found = self.read("SELECT id FROM entries WHERE person = ? AND key = ?", person, key)
        return int(found[0]["id"]) if found else None

    def enter(self, race: int, person: int, key: str, folder: str, run: str) -> tuple[int, bool]:
        """A submission; a key that was there before gives the same one.

        Returns:
            Its number, and whether it is new.

        Raises:
            UsageError: the race is closed, or `key` is not a key.
        """
        if not 8 <= len(key) <= KEY_MAX:
            raise UsageError(f"a submission has a key of 8 to {KEY_MAX} characters.")
        with self.change() as db:
            old = db.execute(
                "SELECT id FROM entries WHERE person = ? AND key = ?", (person, key)
            ).fetchone()
            if old:
                return int(old["id"]), False
            if not db.execute(
                "SELECT 1 FROM races WHERE id = ? AND closed IS NULL", (race,)
            ).fetchone():
                raise UsageError("the race is closed.")
            made = db.execute(
                "INSERT INTO entries (race, person, key, folder, run, entered) "
                "VALUES (?,?,?,?,?,?)",
                (race, person, key, folder, run, now()),
            )
            _log(db, person, f"entered race {race}")
            return int(made.lastrowid or 0), True

    def waiting(self) -> list[dict[str, Any]]:
        """Submissions that are not judged yet, the oldest first, with their race."""
        return self.read(
            "SELECT entries.id AS entry, entries.folder, races.* FROM entries "
            "JOIN races ON races.id = entries.race LEFT JOIN scores ON scores.entry = entries.id "
            "WHERE scores.entry IS NULL ORDER BY entries.id"
        )

    def score(self, entry: int, result: Mapping[str, Any], failed: str = "") -> bool:
        """What a submission came to; False if that is known already, and then nothing changes."""
        row = (
            entry,
            result.get("score_s"),
            result.get("best_lap_s"),
            int(result.get("laps_completed", 0)),
            float(result.get("completion_pct", 0.0)),
            failed,
            now(),
        )
        with self.change() as db:
            done = db.execute("INSERT OR IGNORE INTO scores VALUES (?,?,?,?,?,?,?)", row)
            return bool(done.rowcount)

    def entries(self, race: int) -> list[dict[str, Any]]:
        """Every submission of a race with its score, in the order in which they came."""
        return self.read(_BOARD, race)

    def folders(self) -> set[str]:
        """Folders that submissions lie in."""
        return {str(row["folder"]) for row in self.read("SELECT folder FROM entries")}


def now() -> str:
    """The moment, as ISO 8601 has it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _log(db: sqlite3.Connection, person: int, what: str) -> None:
    db.execute("INSERT INTO log (at, person, what) VALUES (?,?,?)", (now(), person, what))


@contextlib.contextmanager
def _sentence(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise ResourceError(
            f"{file}: {error}. The disk must have room, and the file must be one of racer lab."
        ) from error
