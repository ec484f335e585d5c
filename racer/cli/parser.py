"""How command lines are read: one sentence for what is wrong, nothing given is ignored.

Option types that several commands share live here too; each refuses with what to write instead.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from racer.errors import UsageError, did_you_mean, printable

RUN_HELP = "a run folder, its name, `latest`, or a tag such as champion"
REWARD_HELP = "a name from `racer reward list`, or a file"
_NOT_PNG = (".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".webp", ".bmp", ".tif", ".tiff")
_HEAD = re.compile(r'\s*"""(.*?)(?:"""|\n)')


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line in one sentence, without the page of usage."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._given: set[str] = set()
        self._texts: list[str] = []

    def error(self, message: str) -> NoReturn:
        message = printable(message.removeprefix("argument ")).replace("\n", "?")
        required = message.removeprefix("the following arguments are required: ")
        if required != message:
            self._refuse_unknown_option()
            known = ", ".join(self._commands())
            message = f"{required} is missing{f'; choose one of {known}' if known else ''}"
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
        self._no_option(name)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Help that cannot be written is an error, and an error that cannot be is still one.

        Some versions of argparse drop both, others neither.
        """
        with contextlib.suppress(*[] if file is sys.stdout else [OSError]):
            print(message, end="", file=file or sys.stderr)

    def _no_option(self, name: str) -> NoReturn:
        self.error(f"no option {name!r}.{did_you_mean(name, self._options())}")

    def _refuse_unknown_option(self) -> None:
        """Where a word is missing, what came instead of it says more."""
        for name in (text.split("=")[0] for text in self._texts if text.startswith("--")):
            if not any(option.startswith(name) for option in self._options()):
                self._no_option(name)

    def parse_known_args(  # type: ignore[override]
        self, args: Any = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        self._given, self._texts = set(), list(args or ())
        for text in self._texts:
            if "\0" in text:
                self.error(f"{text!r} holds a NUL character, which no name or number has")
        found: tuple[argparse.Namespace, list[str]] = super().parse_known_args(args, namespace)
        return found

    def _get_values(self, action: argparse.Action, strings: list[str]) -> Any:
        """Refuse an option that is given twice where only one of its values could count."""
        flag = action.nargs == 0 and isinstance(action, argparse._StoreTrueAction)
        if action.option_strings and not flag and not isinstance(action, argparse._AppendAction):
            if action.dest in self._given:
                self.error(f"{action.option_strings[0]} is given twice; only one can count")
            self._given.add(action.dest)
        return super()._get_values(action, strings)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            allowed = ", ".join(map(str, action.choices))
            near = did_you_mean(str(value), map(str, action.choices))
            given = str(value) if len(str(value)) <= 60 else f"{str(value)[:57]}..."
            raise argparse.ArgumentError(action, f"{given!r} is not allowed.{near} Use {allowed}")

    def _commands(self) -> list[str]:
        actions = (a for a in self._actions if isinstance(a, argparse._SubParsersAction))
        return [name for action in actions for name in action.choices]

    def _options(self) -> Iterator[str]:
        """Every option of it and of its commands."""
        for action in self._actions:
            yield from action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                for parser in action.choices.values():
                    yield from parser._options()


def commands(package: str = "racer.cli") -> dict[str, str]:
    """Command → help line, read from the files of a package without importing them.

    A file with a `run` is a command, a folder is a group of commands; `_` is `-` in its name, and
    a `_` at the end is left out: `import_.py` is `import`.
    """
    (folder,) = importlib.import_module(package).__path__
    found = {}
    for path in sorted(Path(folder).glob("[a-z]*")):
        file = path / "__init__.py" if path.is_dir() else path
        text = file.read_text(encoding="utf-8") if file.suffix == ".py" else ""
        if path.is_dir() or "\ndef run(" in text:
            head = _HEAD.match(text)
            found[path.stem.rstrip("_").replace("_", "-")] = head[1] if head else ""
    return found


def add_commands(
    parser: argparse.ArgumentParser, package: str, words: Sequence[str] | None
) -> None:
    """The commands of `package`; only the one that `words` name is imported, all with None."""
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    known = commands(package)
    name = next((word for word in words or () if not word.startswith("-")), None)
    if name is not None and name not in known:
        parser.error(f"no command {name!r}.{did_you_mean(name, known)} Known: {', '.join(known)}")
    for command, help_line in known.items():
        sub = subparsers.add_parser(command, help=help_line, description=help_line)
        if words is None or command == name:
            rest = None if words is None else words[words.index(command) + 1 :]
            _fill(sub, _module(package, command), rest)


def _fill(sub: argparse.ArgumentParser, module: Any, words: Sequence[str] | None) -> None:
    """The options of a command, or the commands of a group."""
    sub.description = module.__doc__
    sub.formatter_class = argparse.RawDescriptionHelpFormatter
    if hasattr(module, "__path__"):  # a group may have a command named `run`
        add_commands(sub, module.__name__, words)
    else:
        module.add_arguments(sub)
        sub.set_defaults(command_run=module.run)


def _module(package: str, command: str) -> Any:
    name = command.replace("-", "_")
    (folder,) = importlib.import_module(package).__path__
    keyword = Path(folder, f"{name}_.py").exists()
    return importlib.import_module(f"{package}.{name}{'_' if keyword else ''}")


def belongs(args: argparse.Namespace, place: str, *options: str) -> None:
    """Refuse options that do not count here; nothing given is ignored in silence.

    Args:
        args: the command line; None, False and [] are what was not given.
        place: where they do count, for people.
        options: as they are typed.

    Raises:
        UsageError: names the first one that was given.
    """
    for option in options:
        if getattr(args, option.removeprefix("--").replace("-", "_")) not in (None, False, []):
            raise UsageError(f"{option} belongs to {place}.")


def add_runs_dir(parser: argparse.ArgumentParser) -> None:
    """Where the runs are."""
    parser.add_argument(
        "--runs-dir",
        type=Path,
        default=Path("runs"),
        metavar="DIR",
        help="the folder that holds the runs (default: runs)",
    )


def add_run(parser: argparse.ArgumentParser) -> None:
    """The one run that a command is about, and where it is looked for."""
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    add_runs_dir(parser)


def add_checkpoint(parser: argparse.ArgumentParser, help_line: str) -> None:
    """Which of a run's policies is meant."""
    parser.add_argument("--checkpoint", type=checkpoint, metavar="best|last|STEP", help=help_line)


def checkpoint(text: str) -> str:
    """best, last, or the number of a step."""
    number = text.replace(",", "").replace("_", "")
    if text in ("best", "last"):
        return text
    if number.isascii() and number.isdigit() and len(number) < 20:
        return str(int(number))
    raise argparse.ArgumentTypeError(f"{_short(text)}: use best, last, or a step, e.g. 20480")


def png(name: str) -> Path:
    """Where a picture goes: what is written is a PNG, whatever its name."""
    path = Path(name)
    if path.suffix.lower() in _NOT_PNG:
        better = path.with_suffix(".png")
        raise argparse.ArgumentTypeError(
            f"{_short(name)}: pictures are PNG files; name it {_short(str(better))}"
        )
    return path


def ending(*suffixes: str) -> Callable[[str], str]:
    """The type of options that name a file to write, whose name must end in one of `suffixes`."""

    def checked(name: str) -> str:
        if Path(name).suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(
                f"{_short(name)}: the name must end in {' or '.join(suffixes)}"
            )
        return name

    return checked


film, page, recording = ending(".mp4", ".gif"), ending(".html", ".htm"), ending(".npz")


def tag(text: str) -> str:
    """A word to find a run by."""
    if not text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError(
            f"{text!r}: a tag must be printable and not empty, for example --tag baseline"
        )
    return text


def whole(text: str) -> int:
    """A whole number, written as people write them: 20000 or 2e4."""
    try:
        number = float(text)
        if len(text) > 30 or not number.is_integer():
            raise ValueError
        return int(text) if text.strip().lstrip("+-").isdigit() else int(number)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{_short(text)}: a whole number is needed, for example 5"
        ) from None


def number(text: str) -> float:
    """A finite number."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise argparse.ArgumentTypeError(f"{_short(text)}: a number is needed, for example 2.5")
    return found


def duration(text: str) -> float:
    """Seconds from 90, 90s, 5m or 1h30m."""
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?", text.strip())
    if not match or not any(match.groups()) or len(text) > 30:
        raise argparse.ArgumentTypeError(
            f"{_short(text)}: a duration is needed; write 90s, 5m or 1h30m"
        )
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return 3600.0 * hours + 60.0 * minutes + seconds


def names(text: str) -> list[str]:
    """Names with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
