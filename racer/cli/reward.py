"""List rewards, check or draw one, repeat a failed call, score a real log with one."""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from racer.cli.parser import number, png

if TYPE_CHECKING:
    from racer.reward_check.report import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer reward`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="every reward with its first line")
    check = actions.add_parser("check", help="what is wrong with a reward, without training")
    check.add_argument("file", metavar="FILE", help="a name from `racer reward list`, or a file")
    check.add_argument("--track", default="oval", help="where it is tried (default: oval)")
    check.add_argument(
        "--actions",
        default="continuous",
        help="action space whose speeds and steering the drivers keep to (default: continuous)",
    )
    check.add_argument("--json", metavar="FILE", help="write the findings; - prints one object")
    draw = actions.add_parser("map", help="draw the reward over the road to a PNG")
    draw.add_argument("file", metavar="FILE", help="a name from `racer reward list`, or a file")
    draw.add_argument("--track", default="oval", help="which road (default: oval)")
    draw.add_argument("--speed", type=number, default=2.0, help="m/s (default: 2)")
    draw.add_argument(
        "--heading",
        default="along",
        help="along the road (default), or degrees to its left, e.g. 30 or -90",
    )
    draw.add_argument(
        "--png", type=png, metavar="FILE", help="where to write it (default: reward_NAME.png)"
    )
    again = actions.add_parser("run", help="call a reward once with saved params")
    again.add_argument("file", metavar="FILE", help="a name from `racer reward list`, or a file")
    again.add_argument("--params", metavar="JSON", required=True, help="saved by a failed run")
    again.add_argument(
        "--engine",
        choices=("worker", "inprocess"),
        default="worker",
        help="inprocess for breakpoint() and pdb; the file is then not locked in",
    )
    replay = actions.add_parser("replay", help="score a real log: old against new per episode")
    replay.add_argument("file", metavar="FILE", help="a name from `racer reward list`, or a file")
    replay.add_argument("log", metavar="LOG", type=Path, help="see `racer log --help`")
    replay.add_argument("--track", required=True, help="name or file of the track driven")
    replay.add_argument("--json", metavar="FILE", help="write the scores; - prints one object")


def run(args: argparse.Namespace) -> int:
    """Do one of them."""
    if args.action == "replay":
        return _replay(args)
    if args.action == "list":
        return _list()
    if args.action == "check":
        return _check(args)
    if args.action == "map":
        return _map(args)
    return _run(args)


def _replay(args: argparse.Namespace) -> int:
    from racer.deepracer.logs.rescore import rescore
    from racer.storage import files

    found = rescore(args.file, args.log, args.track)
    for note in found.notes:
        print(f"racer: note: {note}", file=sys.stderr)
    if args.json == "-":
        print(json.dumps(found.to_json(), indent=2))
        return 0
    print(found.table())
    if args.json:
        files.write_output(args.json, files.json_bytes(found.to_json()))
    return 0


def _list() -> int:
    from racer.reward.file import names

    for name, path in sorted(names().items()):
        print(f"{name:<20}{_first_line(path):<70}{path}")
    return 0


def _first_line(path: Path) -> str:
    try:
        doc = ast.get_docstring(ast.parse(path.read_bytes())) or ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "does not parse; see racer reward check"
    return doc.split("\n", 1)[0][:68]


def _check(args: argparse.Namespace) -> int:
    from racer.reward_check.report import EXIT_CODES, check
    from racer.storage.files import write_output

    tell = _tell if sys.stderr.isatty() else _silent
    show = _quiet if args.json == "-" else _Printer(tell)
    report = check(args.file, args.track, actions=args.actions, show=show, tell=tell)
    tell("")
    text = json.dumps(report.plain(), indent=1)
    if args.json == "-":
        print(text)
    elif args.json:
        write_output(args.json, (text + "\n").encode())
    return EXIT_CODES[report.verdict]


def _tell(doing: str) -> None:
    """One line of a terminal that says what takes so long; "" clears it."""
    print(f"\r\x1b[K{doing}{' ...' if doing else ''}", end="", file=sys.stderr, flush=True)


def _silent(doing: str) -> None:
    """Nobody is watching."""


def _quiet(part: str, report: Report) -> None:
    """Nothing but the object is to be printed."""


class _Printer:
    """Prints each part of a report as soon as it is known."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell, self._printed = tell, 0

    def __call__(self, part: str, report: Report) -> None:
        self._tell("")
        if part == "drivers":
            _print_drivers(report)
        elif part == "engine":
            _print_engine(report)
        self._print_new_findings(report)
        if part == "verdict":
            print(f"{report.file}: {report.verdict}")
        sys.stdout.flush()

    def _print_new_findings(self, report: Report) -> None:
        for finding in report.findings[self._printed :]:
            place = f"{report.file}:{finding.line}: " if finding.line else f"{report.file}: "
            message = finding.message.removeprefix(place)
            print(f"{finding.level:<9}{place}{message}")
        if len(report.findings) > self._printed:
            print()
        self._printed = len(report.findings)


def _print_engine(report: Report) -> None:
    print(f"engine    {report.why}")
    if report.why_not_compiled:
        print(f"          not compiled: {report.why_not_compiled}")
    speeds = ", ".join(f"{n} {v:,}" for n, v in report.calls_per_second.items())
    print(f"speed     calls per second of processor time: {speeds or 'not measured'}\n")


def _print_drivers(report: Report) -> None:
    head = f"driver on {report.track}"
    print(f"{head:<22}{'steps':>7}{'lap':>7}{'per step':>11}{'episode':>11}")
    for d in sorted(report.drivers, key=lambda d: -d.per_step):
        lap = f"{d.progress_pct:.0f} %"
        print(f"{d.driver:<22}{d.steps:>7}{lap:>7}{d.per_step:>11.4g}{d.total:>11.4g}")
    for name, why in report.not_driven.items():
        print(f"{name:<22}not driven: {why}")
    print()


def _map(args: argparse.Namespace) -> int:
    from racer.reward_check.map import draw

    path = Path(args.png or f"reward_{Path(args.file).stem}.png")
    draw(args.file, args.track, path, speed=args.speed, heading=args.heading)
    print(f"picture: {path}")
    return 0


def _run(args: argparse.Namespace) -> int:
    from racer.reward import load
    from racer.reward.failure import read_params
    from racer.reward_check.once import once

    value, printed = once(load(args.file), read_params(Path(args.params)), args.engine)
    sys.stdout.write(printed)
    print(value)
    return 0
