"""Open a class: what `racer lab --class` does, from the folder to the last process."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from racer import console
from racer.config import Config
from racer.errors import UsageError
from racer.lab.core.classroom import races
from racer.lab.core.classroom.judging import Judging
from racer.lab.core.classroom.lessons import FIRST, lesson
from racer.lab.core.classroom.room import Room, check_machine, strict
from racer.lab.core.classroom.store import Store
from racer.process import paths
from racer.process.signals import graceful_stop
from racer.storage import files
from racer.storage.locks import hold

FILE = "class.sqlite"


def open_class(
    folder: Path,
    host: str,
    port: int,
    board: str,
    *,
    browse: bool,
    needs: Callable[..., None],
) -> int:
    """Serve a class until Ctrl-C, or write its board; the exit code.

    Args:
        folder: of people, runs and scores.
        host: an address of this machine; empty serves this machine alone.
        port: 0 for any free one.
        board: a file for the board, `-` to print it; nothing is served then.
        browse: open the teacher's page.
        needs: refuses to go on without packages.
    """
    folder = paths.expanded(folder)
    if board:
        _write_board(folder / FILE, board)
        return 0
    needs("starlette", "uvicorn", "segno")
    with graceful_stop(quiet=True) as stop, contextlib.ExitStack() as owned:
        with files.disk_errors(f"a class in {folder}"):
            files.make_folder(folder)
        owned.enter_context(hold(folder / ".lock", f"the class in {folder}"))
        _serve(folder, host, port, browse, owned)
    return stop.exit_code if stop else 0


def _serve(folder: Path, host: str, port: int, browse: bool, owned: contextlib.ExitStack) -> None:
    from racer.lab.web.classroom import Classroom, application
    from racer.lab.web.guard import hosts_of
    from racer.lab.web.roles import OwnPages
    from racer.lab.web.server import HERE, addresses_of, listening, serve

    config = strict(Config(), lesson(FIRST).settings)
    check_machine(config)
    bound = owned.enter_context(listening(port, host or HERE))
    port, names = bound.getsockname()[1], addresses_of(host or HERE)
    store, entries = Store(folder / FILE), folder / "entries"
    owned.callback(store.close)
    races.sweep(store, entries)
    address = f"http://{names[0]}:{port}"
    room = Classroom(store, Room(config), Judging(store, entries), folder, address)
    own = f"{address}/teacher#{room.teacher}"
    words = (
        f"class       {address}   code {store.code}\nteacher     {own}\nscores      {store.file}"
    )
    if not host:
        words += "\nOnly this machine can come in. For others: --host ADDRESS, or --host 0.0.0.0"
    serve(
        OwnPages(application(room), hosts_of(port, names)),
        bound,
        words,
        browse=own if browse else "",
    )


def _write_board(file: Path, target: str) -> None:
    if not file.is_file():
        raise UsageError(f"there is no class in {file.parent}. Name its folder: --class-dir DIR.")
    with contextlib.closing(Store(file)) as store:
        race = store.race()
        if race is None:
            raise UsageError(f"the class in {file.parent} has had no race yet.")
        rows = races.board(store, race["id"])
        text = races.csv_of(rows)
        if target == "-":
            sys.stdout.write(text)
            return
        files.write_output(target, text.encode())
        console.say(f"{target}: {len(rows)} people")
        if rows:
            path = file.parent / "entries" / rows[0]["folder"]
            console.say(f"judge the first again: {races.command_of(race, str(path))}")
