"""Open the lab in the browser: edit a reward, save, and see its cars within seconds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from racer.cli.parser import add_runs_dir, belongs, whole
from racer.cli.settings import with_set
from racer.errors import ResourceError, UsageError

FIRST = "rewards/mine.py"  # what is edited where nothing is named
CLASS = Path("class")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer lab`."""
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help=f"the reward to edit; a lesson is copied to it if it is missing (default: {FIRST})",
    )
    parser.add_argument("--track", help="the track (default: oval)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any other setting of the trainings, e.g. train.seed=3",
    )
    parser.add_argument(
        "--port", type=whole, default=0, help="the port to listen on (default: any free one)"
    )
    parser.add_argument(
        "--lesson",
        metavar="NAME",
        help="begin with this lesson: its reward, its track, and a goal that is checked",
    )
    group = parser.add_argument_group("a class")
    group.add_argument(
        "--class",
        dest="classroom",
        action="store_true",
        help="open a class: all who come in with its code and a name get a lab of their own; Linux",
    )
    group.add_argument(
        "--host",
        metavar="ADDRESS",
        help="an address of this machine that others may reach, 0.0.0.0 for all of them (default: "
        "none; this machine alone)",
    )
    group.add_argument(
        "--class-dir",
        type=Path,
        metavar="DIR",
        help="where people, runs and scores of the class are kept (default: class)",
    )
    group.add_argument(
        "--board",
        metavar="FILE",
        help="write the board of the newest race as CSV and serve nothing; - prints it",
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    add_runs_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    if not 0 <= args.port < 65536:
        raise UsageError(f"--port {args.port}: from 1 to 65535, or 0 for any free one.")
    if args.classroom:
        from racer.lab.web.opening import open_class

        _check_class(args)
        return open_class(
            args.class_dir or CLASS, args.host or "", args.port, args.board or "",
            browse=not args.no_browser, needs=needs,
        )  # fmt: skip
    belongs(args, "racer lab --class", "--host", "--class-dir", "--board")
    from racer.lab.core.classroom.lessons import lesson

    taught = lesson(args.lesson) if args.lesson else None
    known = f"rewards/mine_{taught.name}.py" if taught else FIRST
    file = named(Path(args.file or known))
    config = _config(args, file, taught)
    needs("starlette", "uvicorn")
    from racer.lab.core.slot import slot
    from racer.lab.web.server import listening, serve
    from racer.process.signals import graceful_stop

    with graceful_stop(quiet=True) as stop, slot(args.runs_dir) as folder:
        bound = listening(args.port)
        first(file, taught.name if taught else "center_line")
        port = bound.getsockname()[1]
        app, address = application(config, file, args.runs_dir, folder, port, taught)
        serve(app, bound, f"racer lab: {address}", browse="" if args.no_browser else address)
    return stop.exit_code if stop else 0


def needs(*packages: str) -> None:
    """Refuse to serve where the extra is not installed.

    Raises:
        ResourceError: names what is missing.
    """
    import importlib.util

    missing = [name for name in packages if not importlib.util.find_spec(name)]
    if missing:
        raise ResourceError(
            f"racer lab needs {' and '.join(missing)}. Install them: pip install 'racer[lab]'"
        )


def _check_class(args: argparse.Namespace) -> None:
    belongs(args, "racer lab without --class", "--track", "--set", "--lesson")
    if args.file:
        raise UsageError("a class edits no file of yours: give racer lab --class without FILE.")


def application(
    config: Any, file: Path, runs_dir: Path, folder: Path, port: int, taught: Any = None
) -> Any:
    """The guarded application, and the address with its token; a lesson says what its goal is."""
    import sys

    from racer.lab.core.desk import Desk
    from racer.lab.core.drafts import Drafts
    from racer.lab.core.job import Job
    from racer.lab.web.app import Lab
    from racer.lab.web.app import application as routes
    from racer.lab.web.guard import Guard, Keys

    def drafts_of(tell: Any, hear: Any) -> Any:
        if taught is None:
            return Drafts(config, runs_dir, folder, job=job, tell=tell, hear=hear)
        tell(f"lesson {taught.name}; the goal is {taught.goal}")

        def finished(result: dict[str, Any]) -> None:
            tell(taught.verdict(result))

        return Drafts(config, runs_dir, folder, job=job, tell=tell, hear=hear, finished=finished)

    keys, job = Keys(), Job(0, "", "", command=tuple(sys.argv))
    lab = Lab(
        config,
        lambda changed, other: Desk(other or file, changed),
        drafts_of,
    )
    return Guard(routes(lab, runs_dir), keys, port), address_of(keys, port)


def address_of(keys: Any, port: int) -> str:
    """What is printed and opened: a token, and behind the # what no request carries."""
    return f"http://127.0.0.1:{port}/?token={keys.token}#{keys.page}"


def named(file: Path) -> Path:
    """The reward to edit, as it is named on the command line.

    Raises:
        UsageError: it is no Python file.
    """
    from racer.process import paths

    file = paths.expanded(file)
    if file.suffix != ".py":
        like = f"rewards/{file.stem or 'mine'}.py"
        raise UsageError(f"{file}: the name of a reward file ends in .py, for example {like}.")
    return file


def first(file: Path, lesson: str = "center_line") -> None:
    """Where there is no reward to edit yet, make it a copy of a lesson.

    Raises:
        ResourceError: it cannot be written.
    """
    from racer.process import paths
    from racer.reward.file import LESSONS
    from racer.storage import files

    if not paths.is_file(file):
        with files.disk_errors(str(file)):
            files.make_folder(file.parent)
        files.write_output(file, (LESSONS / f"{lesson}.py").read_bytes())


def _config(args: argparse.Namespace, file: Path, taught: Any = None) -> Any:
    from racer.config import Config
    from racer.race import pack_of

    settings: dict[str, Any] = {"race.reward": str(file)}
    if taught is not None:
        settings |= taught.settings
    if args.track is not None:
        settings["race.track"] = args.track
    config = Config().override(with_set(settings, args.set))
    pack_of(config.race)  # a track that is not there is said now, not after every save
    return config
