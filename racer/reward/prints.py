"""What a reward prints reaches people: their terminal, and `prints.txt` in the run folder."""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from racer.reward.failure import printable
from racer.reward.file import RewardFile

FILE = "prints.txt"
LINES = 20  # shown in the terminal when the rest is in a file
_warned: set[str] = set()


class Prints:
    """Shows what a guarded reward prints, line by line, with its name before each.

    Args:
        name: of the reward.
        folder: tells where all of it is kept too; None when nowhere.
    """

    def __init__(self, name: str, folder: Callable[[], Path | None]) -> None:
        self._name, self._folder = name, folder
        self._begun = ""  # a line without its end
        self._lines = 0
        self._full = False

    def __call__(self, text: str, dropped: int) -> None:
        """Show the next part.

        Args:
            text: what was printed since the last call.
            dropped: bytes beyond the first 64 KiB.
        """
        folder = self._folder()
        if folder is not None and text:
            with contextlib.suppress(OSError), (folder / FILE).open("a", encoding="utf-8") as file:
                file.write(text)
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._line(line, folder)
        if dropped and not self._full:
            self._full = True
            _say(
                f"reward {self._name!r} has printed 64 KiB; what it prints from now on is dropped."
            )

    def _line(self, line: str, folder: Path | None) -> None:
        self._lines += 1
        if folder is None or self._lines <= LINES:
            _say(f"{self._name}: {printable(line)}")
        elif self._lines == LINES + 1:
            _say(f"reward {self._name!r} prints more; all of it, up to 64 KiB: {folder / FILE}")


def notice_compiled(file: RewardFile) -> None:
    """Say once that a compiled reward shows no prints, and what shows them."""
    if file.shown not in _warned and prints(file.tree):
        _warned.add(file.shown)
        _say(
            f"reward {file.name!r} is compiled, so its prints are not shown. "
            "To see them: --reward-engine worker."
        )


def prints(tree: ast.AST) -> bool:
    """Whether a file prints or logs anywhere but under `if __name__ == "__main__"`."""
    as_program = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "__name__ == '__main__'"
        for statement in branch.body
        for node in ast.walk(statement)
    }
    return any(is_print(node) for node in ast.walk(tree) if id(node) not in as_program)


def is_print(node: ast.AST) -> bool:
    """A call of print, or of a logger."""
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id in ("print", "pprint")
    base = node.func.value if isinstance(node.func, ast.Attribute) else None
    return isinstance(base, ast.Name) and base.id in ("logging", "logger", "log", "LOGGER", "LOG")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
