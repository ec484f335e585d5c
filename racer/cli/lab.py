"""Open the lab in the browser: edit a reward, save, and see its cars within seconds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from racer.cli.parser import add_runs_dir, whole
from racer.errors import ResourceError, UsageError

FIRST = "rewards/mine.py"  # what is edited where nothing is named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer lab`."""
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        default=FIRST,
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
        "--port", type=whole, default=0, help="of this machine alone (default: any free one)"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    add_runs_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    import importlib.util

    missing = [name for name in ("starlette", "uvicorn") if not importlib.util.find_spec(name)]
    if missing:
        raise ResourceError(
            f"racer lab needs {' and '.join(missing)}. Install them: pip install 'racer[lab]'"
        )
    if not 0 <= args.port < 65536:
        raise UsageError(f"--port {args.port}: from 1 to 65535, or 0 for any free one.")
    from racer.lab.core.slot import slot
    from racer.lab.web.server import listening, serve
    from racer.process.signals import graceful_stop

    file = named(Path(args.file))
    config = _config(args, file)
    with graceful_stop(quiet=True) as stop, slot(args.runs_dir) as folder:
        bound = listening(args.port)
        first(file)
        app, address = application(config, file, args.runs_dir, folder, bound.getsockname()[1])
        serve(app, bound, address, browse=not args.no_browser)
    return stop.exit_code if stop else 0


def application(config: Any, file: Path, runs_dir: Path, folder: Path, port: int) -> Any:
    """The guarded application, and the address with its token."""
    import sys

    from racer.lab.core.desk import Desk
    from racer.lab.core.drafts import Drafts
    from racer.lab.core.job import Job
    from racer.lab.web.app import Lab
    from racer.lab.web.app import application as routes
    from racer.lab.web.guard import Guard, Keys

    keys, job = Keys(), Job(0, "", "", command=tuple(sys.argv))
    lab = Lab(
        config,
        lambda changed, other: Desk(other or file, changed),
        lambda tell, hear: Drafts(config, runs_dir, folder, job=job, tell=tell, hear=hear),
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
        raise UsageError(f"{file}: the name of a reward file ends in .py.")
    return file


def first(file: Path) -> None:
    """Where there is no reward to edit yet, make it a copy of the first lesson.

    Raises:
        ResourceError: it cannot be written.
    """
    from racer.process import paths
    from racer.reward.file import LESSONS
    from racer.storage import files

    if not paths.is_file(file):
        with files.disk_errors(str(file)):
            files.make_folder(file.parent)
        files.write_output(file, (LESSONS / "center_line.py").read_bytes())


def _config(args: argparse.Namespace, file: Path) -> Any:
    from racer.config import Config
    from racer.errors import BadConfig
    from racer.race import pack_of

    settings: dict[str, Any] = {"race.reward": str(file)}
    if args.track:
        settings["race.track"] = args.track
    for text in args.set:
        key, equals, value = text.partition("=")
        if not equals or key.strip() in settings:
            raise BadConfig(f"--set {text}: write KEY=VALUE once, e.g. train.seed=3.")
        settings[key.strip()] = value.strip()
    config = Config().override(settings)
    pack_of(config.race)  # a track that is not there is said now, not after every save
    return config
