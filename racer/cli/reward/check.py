"""Say what is wrong with a reward, without training; exit code 1 for warnings."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from racer import console
from racer.cli.others import add_others, others_of
from racer.cli.parser import REWARD_HELP

if TYPE_CHECKING:
    from racer.reward_check.report import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `racer reward check`."""
    parser.add_argument("file", metavar="FILE", help=REWARD_HELP)
    parser.add_argument(
        "--track", default="oval", help="the track that the reward is tried on (default: oval)"
    )
    parser.add_argument(
        "--actions",
        default="continuous",
        help="action space whose speeds and steering the drivers keep to (default: continuous)",
    )
    add_others(parser)
    parser.add_argument(
        "--json", metavar="FILE", help="also write the findings as JSON; - prints nothing but them"
    )


def run(args: argparse.Namespace) -> int:
    """0 clean, 1 warnings, 3 unusable."""
    from racer.reward_check.report import EXIT_CODES, check
    from racer.storage.files import write_output

    tell = _tell if sys.stderr.isatty() else _silent
    show = _nothing if args.json == "-" else _Printer(tell)
    others = others_of(args)
    report = check(args.file, args.track, actions=args.actions, others=others, show=show, tell=tell)
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


def _nothing(part: str, report: Report) -> None:
    """Nothing but the object is to be printed."""


class _Printer:
    """Prints each part of a report as soon as it is known."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell, self._printed = tell, 0

    def __call__(self, part: str, report: Report) -> None:
        self._tell("")
        if part == "drivers":
            _print_drivers(report)
            _print_components(report)
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
    rows = [
        (d.driver, str(d.steps), f"{d.progress_pct:.0f} %", f"{d.per_step:.4g}", f"{d.total:.4g}")
        for d in sorted(report.drivers, key=lambda d: -d.per_step)
    ]
    heads = (f"driver on {report.track}", "steps", "lap", "per step", "episode")
    print(console.table(heads, rows, right=(1, 2, 3, 4)))
    for name, why in report.not_driven.items():
        print(f"{name}: not driven: {why}")
    print()


def _print_components(report: Report) -> None:
    if not report.components:
        return
    rows = []
    for d in sorted(report.drivers, key=lambda d: -d.per_step):
        parts = [paid.get(d.driver) for paid in report.components.values()]
        rows.append((d.driver, *("-" if part is None else f"{part:.4g}" for part in parts)))
    heads = ("components per step", *report.components)
    print(console.table(heads, rows, right=range(1, len(heads))), end="\n\n")
