"""The `racer` command: one file per sub-command; the file name is its name.

A command module has a docstring (its first line is the help line), `add_arguments(parser)` and
`run(args)`, which returns an exit code or None for 0. It imports what is heavy inside `run`.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import errno
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from racer.errors import RacerError, ResourceError, did_you_mean, printable
from racer.process.signals import interrupt_exits

EXIT_CODES = """exit codes: 0 done, 1 check failed, 2 usage, 3 a file that cannot be used,
4 the reward failed while running, 5 disk, memory or display missing, 6 run in use,
7 training diverged, 130 / 143 stopped by SIGINT / SIGTERM after saving"""


_NO_PNG = (".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".webp", ".bmp", ".tif", ".tiff")


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line in one sentence, without the page of usage."""

    def error(self, message: str) -> NoReturn:
        stop = "" if message.endswith((".", "?")) else "."
        self.exit(2, f"{self.prog}: {message}{stop} Try {self.prog} --help.\n")

    def parse_args(  # type: ignore[override]
        self, args: Any = None, namespace: Any = None
    ) -> argparse.Namespace:
        parsed: argparse.Namespace
        parsed, unknown = self.parse_known_args(args, namespace)
        if not unknown:
            return parsed
        name = unknown[0].split("=")[0]
        if not name.startswith("-"):
            self.error(f"{name!r} is one word too many")
        self.error(f"no option {name!r}.{did_you_mean(name, self._options())}")

    def _options(self) -> Iterator[str]:
        """Every option of it and of its commands."""
        for action in self._actions:
            yield from action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                for parser in action.choices.values():
                    yield from parser._options()


def png(name: str) -> Path:
    """Where a picture goes, an argparse type: what is written is a PNG, whatever its name."""
    path = Path(name)
    if path.suffix.lower() in _NO_PNG:
        better = path.with_suffix(".png")
        raise argparse.ArgumentTypeError(f"{name}: pictures are PNG files; name it {better}")
    return path


def word(text: str) -> str:
    """A tag, an argparse type: one can search for it."""
    if not text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} is no word to find a run by")
    return text


def commands() -> dict[str, str]:
    """Command → help line, read from the files without importing them."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        found[path.stem.replace("_", "-")] = doc.split("\n", 1)[0]
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command of the command line."""
    argv = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in argv

    def command() -> int:
        args = _parse([arg for arg in argv if arg != "--debug"])
        return args.command_run(args) or 0

    return guarded(command, debug=debug)


def guarded(command: Callable[[], int], *, debug: bool = False) -> int:
    """Run `command`; errors that are the user's to fix become one sentence and their exit code."""
    with contextlib.suppress(AttributeError, ValueError):  # it may be closed, or not a file
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        with interrupt_exits():
            code = command()
            if sys.stdout is not None:  # None where a shell closed it: `>&-`
                sys.stdout.flush()
            return code
    except RacerError as error:
        if debug:
            traceback.print_exc()
        print(f"racer: {printable(str(error))}", file=sys.stderr)
        return error.exit_code
    except MemoryError as error:
        if debug:
            traceback.print_exc()
        print(f"racer: not enough memory: {error or 'the system gives no more'}.", file=sys.stderr)
        return ResourceError.exit_code
    except KeyboardInterrupt:
        if debug:
            traceback.print_exc()
        return 130
    except BrokenPipeError:  # `racer track list | head -1`
        _drop_stdout()
        return 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO):
            raise
        if debug:
            traceback.print_exc()
        _drop_stdout()
        where = error.filename or "the output"
        print(f"racer: cannot write {where}: {error.strerror}. Free some space.", file=sys.stderr)
        return ResourceError.exit_code


def _drop_stdout() -> None:
    """What is still buffered for it goes nowhere, so that the interpreter ends in silence."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # it may be no real file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parse(argv: list[str]) -> argparse.Namespace:
    known = commands()
    name = next((arg for arg in argv if not arg.startswith("-")), None)
    parser = Parser(
        prog="racer",
        description="Write a reward, train in seconds, watch the car drive.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version())
    parser.add_argument("--debug", action="store_true", help="show the stack behind an error")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    if name is not None and name not in known:
        near = did_you_mean(name, known)
        parser.error(f"no command {name!r}.{near} Known: {', '.join(known)}")
    for command, help_line in known.items():
        sub = subparsers.add_parser(command, help=help_line, description=help_line)
        if command == name:  # only the command that runs is imported
            module = importlib.import_module(f"racer.cli.{command.replace('-', '_')}")
            sub.description = module.__doc__
            sub.formatter_class = argparse.RawDescriptionHelpFormatter
            module.add_arguments(sub)
            sub.set_defaults(command_run=module.run)
    if not argv:
        parser.print_help(sys.stderr)
        parser.exit(2)
    return parser.parse_args(argv)


def _version() -> str:
    import racer

    return f"racer {racer.__version__}"
