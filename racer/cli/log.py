"""Logs of the official simulator: compare with the engine, identify vehicles, import.

racer log parity LOG --track T      is what the engine computes what the log recorded?
racer log fidelity LOG --track T    does the vehicle move like the one in the log?
racer log fit LOG...                identify a vehicle
racer log import LOG --track T      turn a log into a recording for `racer watch`
racer log report FOLDER --tracks D  parity and fidelity of every log of a folder, as Markdown
racer log lines LOG                 as the SIM_TRACE_LOG lines that the simulator prints

LOG is a sim-trace CSV, a text log with SIM_TRACE_LOG lines, a model folder or a .tar.gz of one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from racer.deepracer.logs import Fidelity, Log, Parity
    from racer.tracks import Track


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One sub-command each."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    parity = _add(commands, "parity", "compare recorded params with recomputed ones")
    fidelity = _add(commands, "fidelity", "replay the commands with a vehicle")
    fidelity.add_argument("--vehicle", default="deepracer", help="preset (default %(default)s)")
    fit = commands.add_parser("fit", help="identify a vehicle's numbers (needs scipy)")
    fit.add_argument("log", nargs="+", type=Path, help="to fit on")
    fit.add_argument("--held-out", nargs="+", type=Path, default=[], metavar="LOG",
                     help="to report on")  # fmt: skip
    fit.add_argument("--vehicle", default="deepracer", help="where to begin (default %(default)s)")
    fit.add_argument("--clock", choices=("fixed", "log"), default="fixed",
                     help="1/15 s a step, or the log's own time stamps")  # fmt: skip
    trace = _add(commands, "import", "turn a log into a recording")
    trace.add_argument("--out", type=Path, required=True, help="the recording, .npz")
    report = commands.add_parser("report", help="tables of every log in a folder")
    report.add_argument("log", type=Path, help="folder of logs")
    report.add_argument("--tracks", type=Path, required=True, help="folder of their track files")
    lines = commands.add_parser("lines", help="print a log as SIM_TRACE_LOG lines")
    lines.add_argument("log", type=Path, help="CSV, text log, folder (a run, too) or .tar.gz")
    for command in (parity, fidelity, fit):
        command.add_argument("--json", type=Path, metavar="FILE", help="write the result there")


def _add(commands: Any, name: str, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text)
    command.add_argument("log", type=Path, help="CSV, text log, folder or .tar.gz")
    command.add_argument("--track", required=True, help="name or file of the track driven")
    return command


def run(args: argparse.Namespace) -> int:
    """0 done, 1 a parity field below its bar."""
    actions = {
        "parity": _parity,
        "fidelity": _fidelity,
        "fit": _fit,
        "import": _import,
        "report": _report,
        "lines": _lines,
    }
    return actions[args.action](args)


def _parity(args: argparse.Namespace) -> int:
    from racer.deepracer.logs import check_parity

    logs, track = _open(args)
    results = [check_parity(log, track) for log in logs]
    for result in results:
        _show_parity(result)
    passed = all(result.passed for result in results)
    _write(args.json, {"passed": passed, "logs": [result.as_dict() for result in results]})
    return 0 if passed else 1


def _show_parity(result: Parity) -> None:
    print(f"{result.source} on {result.track}")
    _table(
        ("field", "matches", "nearby", "share", "bar", "worst difference", ""),
        (
            (
                field.name,
                f"{field.matches}/{field.rows}",
                str(field.nearby),
                f"{field.match_pct:.2f} %",
                f"{field.bar_pct:g} %",
                f"{field.worst:.3g}",
                "ok" if field.passed else "BELOW",
            )
            for field in result.fields
        ),
    )
    for field in result.fields:
        if field.first:
            at = field.first
            print(
                f"  first difference of {field.name}: line {at['line']}, episode {at['episode']}, "
                f"step {at['steps']}: logged {at['logged']}, computed {at['computed']}"
            )
    _notes(result.notes)


def _fidelity(args: argparse.Namespace) -> int:
    from racer import vehicles
    from racer.deepracer.logs.fidelity import check_clocks, own_clock

    logs, track = _open(args)
    results = check_clocks(logs, vehicles.load(args.vehicle))
    own = own_clock(results)
    print(f"{args.log} on {track.name}, driven by {args.vehicle}")
    _show_fidelity(results)
    print(f"  poses of this log are taken by the {own.clock} clock: those rows count")
    for log in logs:
        _notes(log.notes)
    _write(
        args.json,
        {
            "log": str(args.log),
            "track": track.name,
            "vehicle": args.vehicle,
            **own.as_dict(),
            "clocks": [result.as_dict() for result in results],
        },
    )
    return 0


def _show_fidelity(results: Iterable[Fidelity]) -> None:
    rows = []
    for result in results:
        for steps, entry in result.as_dict()["steps"].items():
            rows.append(
                (
                    result.clock,
                    steps,
                    str(entry["states"]),
                    f"{entry['driven_m']:.2f} m",
                    f"{entry['position_median_m']:.4f} / {entry['position_p90_m']:.4f} m",
                    f"{entry['heading_median_deg']:.2f} / {entry['heading_p90_deg']:.2f} deg",
                )
            )
    heads = ("clock", "steps", "states", "driven", "position median / p90", "heading median / p90")
    _table(heads, rows)


def _fit(args: argparse.Namespace) -> int:
    from racer import vehicles
    from racer.deepracer.logs import check_fidelity, open_logs
    from racer.deepracer.logs.fit import FREE, fit

    logs = [log for path in args.log for log in open_logs(path)]
    held_out = [log for path in args.held_out for log in open_logs(path)]
    found = fit(logs, vehicles.load(args.vehicle), args.clock)
    values = {name: round(float(found.vehicle[name][0]), 4) for name in FREE}
    print(f"fitted to {len(logs)} logs with {found.evaluations} replays, loss {found.loss:.4f}")
    _table(("field", "value"), ((name, f"{value:g}") for name, value in values.items()))
    result: dict[str, Any] = {"vehicle": values, "loss": found.loss, "clock": args.clock}
    for title, part in (("fitted", logs), ("held out", held_out)):
        if part:
            fidelity = check_fidelity(part, found.vehicle, args.clock)
            print(title)
            _show_fidelity([fidelity])
            result[title.replace(" ", "_")] = fidelity.as_dict()
            for log in part:
                _notes(log.notes)
    _write(args.json, result)
    return 0


def _import(args: argparse.Namespace) -> int:
    from racer.deepracer.logs.convert import log_trace

    trace = log_trace(args.log, args.track)
    trace.save(args.out)
    print(f"{args.out}: {len(trace.rows)} steps of {len(trace.laps())} episodes")
    _notes([trace.note] if trace.note else [])
    return 0


def _report(args: argparse.Namespace) -> int:
    from racer.deepracer.logs.report import report

    text, notes = report(args.log, args.tracks)
    print(text, end="")
    _notes(notes)
    return 0


def _lines(args: argparse.Namespace) -> int:
    from racer.deepracer.logs import open_logs
    from racer.deepracer.logs.write import from_log

    for log in open_logs(args.log):
        for row in from_log(log):
            print(row.line())
        _notes(log.notes)
    return 0


def _open(args: argparse.Namespace) -> tuple[list[Log], Track]:
    from racer.deepracer.logs.convert import open_driven
    from racer.tracks import Track

    track = Track.load(args.track)
    return open_driven(args.log, track), track


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    lines = [heads, *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(heads))]
    for line in lines:
        print(
            "  " + "  ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)).rstrip()
        )


def _notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"racer: note: {note}", file=sys.stderr)


def _write(path: Path | None, value: dict[str, Any]) -> None:
    if path is not None:
        from racer.storage import files

        files.write_output(path, files.json_bytes(value))
