"""The `racer` command: one file per command, one folder per group; the file name is its name.

A command module has a docstring (its first line is the help line), `add_arguments(parser)` and
`run(args)`, which returns an exit code or None for 0. It imports what is heavy inside `run`. A
group's `__init__.py` is its docstring.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from racer import console
from racer.cli.parser import Parser, add_commands, commands
from racer.errors import BadInput, RacerError, ResourceError, UsageError, printable, short
from racer.process.signals import interrupt_exits

GLOBAL = {  # options of every command, wherever they stand
    "--debug": "show the stack behind an error",
    "--quiet": "show results and errors only: no progress, no warnings",
    "--verbose": "show also what is only worth knowing when something is unclear",
}

# Options of any command that name a file to write; "-" is the terminal.
OUTPUTS = ("png", "json", "csv", "list", "html", "video", "onnx", "car", "sb3", "sim_trace")

__all__ = ["EXIT_CODES", "Parser", "build", "commands", "guarded", "main"]

EXIT_CODES = """exit codes: 0 done, 1 check failed, 2 usage, 3 a file that cannot be used,
4 the reward failed while running, 5 disk, memory or display missing, 6 run in use,
7 training diverged, 130 / 143 stopped by SIGINT / SIGTERM after saving"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command of the command line."""
    argv = list(sys.argv[1:] if argv is None else argv)
    debug, quiet, verbose = (option in argv for option in GLOBAL)

    def command() -> int:
        args = _parse([arg for arg in argv if arg not in GLOBAL])
        _refuse_no_folder()
        if quiet and verbose:
            raise UsageError("--quiet and --verbose ask for opposites; give one of them.")
        _check_outputs(args)
        return args.command_run(args) or 0

    return guarded(command, debug=debug, quiet=quiet, verbose=verbose)


def _refuse_no_folder() -> None:
    """Libraries crash where the current folder is gone; a sentence comes before them."""
    try:
        os.getcwd()
    except OSError:
        raise ResourceError(
            "the current folder has been deleted. Go to another: cd FOLDER."
        ) from None


def _check_outputs(args: argparse.Namespace) -> None:
    """Refuse files that cannot be written before any work is done for them.

    Raises:
        ResourceError: names the first of them.
        UsageError: one has no name, or two are the same.
    """
    given = {name: getattr(args, name, None) for name in OUTPUTS}
    taken: dict[Path, str] = {}
    for name, path in given.items():
        if not isinstance(path, str | Path) or str(path) == "-":
            continue
        option = f"--{name.replace('_', '-')}"
        if not str(path):
            raise UsageError(f"{option} has no name; name a file to write, or leave it out.")
        from racer.storage import files

        files.check_output(path)
        other = taken.setdefault(Path(path).absolute(), option)
        if other != option:
            raise UsageError(f"{other} and {option} are both {path}; give each a file of its own.")


def guarded(
    command: Callable[[], int], *, debug: bool = False, quiet: bool = False, verbose: bool = False
) -> int:
    """Run `command`; errors that are the user's to fix become one sentence and their exit code.

    Args:
        command: returns an exit code.
        debug: show the stack behind an error.
        quiet, verbose: as `console.for_a_command`.
    """
    with console.for_a_command(quiet=quiet, verbose=verbose):
        try:
            return _guarded(command, debug)
        finally:
            for stream in (sys.stdout, sys.stderr):
                _settle(stream)


def _guarded(command: Callable[[], int], debug: bool) -> int:
    with contextlib.suppress(AttributeError, ValueError):  # it may be closed, or not a file
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        with interrupt_exits():
            try:
                code = command()
            except SystemExit:  # after --help
                _flush_stdout()
                raise
            _flush_stdout()
            return code
    except RacerError as error:
        if debug:
            traceback.print_exc()
        _tell(f"racer: {_readable(error)}")
        return error.exit_code
    except MemoryError as error:
        if debug:
            traceback.print_exc()
        _tell(f"racer: not enough memory: {error or 'the system gives no more'}.")
        return ResourceError.exit_code
    except KeyboardInterrupt:
        if debug:
            traceback.print_exc()
        return 130
    except BrokenPipeError:  # `racer track list | head -1`
        _drop(sys.stdout)
        return 0
    except OSError as error:
        if debug:
            traceback.print_exc()
        from racer.storage import files

        if error.errno not in files.FULL:
            _tell(f"racer: {printable(_unusable(error))}")
            return BadInput.exit_code
        _drop(sys.stdout)
        where = error.filename or "the output"
        advice = files.advice_on(error, "Free some space.")
        _tell(f"racer: cannot write {where}: {error.strerror}. {advice}")
        return ResourceError.exit_code


def _tell(sentence: str) -> None:
    """On stderr. The exit code counts also where nobody can read why."""
    with contextlib.suppress(OSError):
        print(sentence, file=sys.stderr)


def _readable(error: RacerError) -> str:
    """Its sentence without control characters, and without a word longer than most paths are."""
    return re.sub(r"\S{1000,}", lambda word: short(word[0]), printable(str(error)))


def _unusable(error: OSError) -> str:
    """The sentence for a file or folder that the system refuses."""
    try:
        os.getcwd()
    except OSError:
        return "the current folder is gone. Change to one that exists, for example: cd ~"
    named = short(str(error.filename)) if error.filename else "a file or folder"
    return f"{named} cannot be used: {error.strerror or error}. Check its name and permissions."


def _flush_stdout() -> None:
    if sys.stdout is not None:  # None where a shell closed it: `>&-`
        sys.stdout.flush()


def _settle(stream: TextIO | None) -> None:
    """Show what can still be shown, or the interpreter ends with a code of its own."""
    try:
        if stream is not None:
            stream.flush()
    except (OSError, ValueError):  # ValueError: it is closed
        _drop(stream)


def _drop(stream: TextIO | None) -> None:
    """What is still buffered for it goes nowhere, so that the interpreter ends in silence."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # it may be no real file
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]


def build(words: Sequence[str] | None = None) -> Parser:
    """The parser of `racer`; with `words`, only the command that they name is imported."""
    parser = Parser(
        prog="racer",
        description="Write a reward, train in seconds, watch the car drive.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version())
    for option, text in GLOBAL.items():
        parser.add_argument(option, action="store_true", help=text)
    add_commands(parser, "racer.cli", words)
    return parser


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = build(argv)
    if not argv:
        parser.print_help(sys.stderr)
        parser.exit(2)
    return parser.parse_args(argv)


def _version() -> str:
    import racer

    return f"racer {racer.__version__}"
