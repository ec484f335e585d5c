"""What people read while racer works: its logger, the terminal, and tables, in one place.

Results go to stdout. Everything else goes to stderr: warnings through `logging` (logger `racer`,
so a program that uses racer can route them), progress through `say` and rich.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

LOGGER = "racer"
_quiet = False


def log(module: str) -> logging.Logger:
    """The logger of a module: `log = console.log(__name__)`."""
    return logging.getLogger(module)


class _ToStderr(logging.Handler):
    """`warning: …` on whatever stderr is now; a live display shows it above itself."""

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):  # stderr may be closed
            kind = f"{record.levelname.lower()}: " if record.levelno != logging.INFO else ""
            print(f"{kind}{record.getMessage()}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def for_a_command(*, quiet: bool = False, verbose: bool = False) -> Iterator[None]:
    """Show racer's log on stderr until the end of the block, as the command line does.

    Args:
        quiet: errors only; `say` and progress show nothing.
        verbose: also what is only worth knowing when something is unclear.
    """
    global _quiet
    logger, handler, before = logging.getLogger(LOGGER), _ToStderr(), _quiet
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.WARNING)
    logger.propagate, _quiet = False, quiet
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate, _quiet = propagate, before


def say(text: str) -> None:
    """One line of progress on stderr."""
    if not _quiet:
        print(text, file=sys.stderr, flush=True)


def live() -> Console | None:
    """The terminal for a display that changes in place; None where stderr is no terminal."""
    if _quiet or sys.stderr is None or not sys.stderr.isatty():
        return None
    from rich.console import Console

    return Console(stderr=True)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """A table as plain text, one line per row.

    Args:
        head: titles of the columns.
        rows: cells as text.
        right: columns to align at the right, as numbers are.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, title in enumerate(head):
        made.add_column(Text(title), justify="right" if number in right else "left", no_wrap=True)
    for row in rows:
        made.add_row(*map(Text, row))
    text = io.StringIO()
    Console(file=text, width=10_000, color_system=None).print(made)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())
