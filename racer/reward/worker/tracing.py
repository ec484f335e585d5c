"""Notes what one call of a reward does: which lines run, what changes, how tests turn out.

It runs inside the guarded process, beside the code that it watches. Values of plain types alone
become text, because `repr` of another object would run the reward's own code. All is bounded:
EVENTS lines, TEXT characters a value, bytes and time.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import json
import sys
import time
import types
from collections.abc import Callable
from typing import Any

from racer.reward import parts
from racer.reward.worker.reading import (
    HELD,
    LARGEST,
    PLAIN,
    Unknown,
    evaluated,
    from_numpy,
    is_a,
    is_array,
    number_of,
    plain_number,
)

EVENTS = 5000  # lines of one call
TEXT = 60  # characters of a value
NAMES = 200  # names of a function that are looked at
ITEMS = 4  # of a list that are shown
_NOTED = 1 << 17  # characters after which nothing more is noted
_SPENT_S = 0.2  # s of processor time, that noting may take
# Python runs these in frames of their own up to 3.11 and within their function since 3.12.
_INSIDE = {"<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>"}


class Tracer:
    """Watches calls of functions of one file.

    Args:
        path: what their code says its file is.
        tree: of that file.
    """

    def __init__(self, path: str, tree: ast.AST) -> None:
        self._path = path
        self._by_line: dict[int, list[tuple[int, parts.Part]]] = {}
        for number, part in enumerate(parts.of(tree)):
            for line in range(part.first, min(part.last, part.first + 50) + 1):
                self._by_line.setdefault(line, []).append((number, part))
        self._kept = {
            name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names
        }

    def run(self, function: Callable[[Any], Any], params: Any) -> Any:
        """Call it; what it did is in `events` afterwards, whatever happens."""
        self.events: list[list[Any]] = []
        self.cut = False
        self._frames: dict[int, tuple[dict[str, str], int]] = {}
        self._depth = self._size = 0
        self._spent = 0.0
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            return function(params)
        finally:
            sys.settrace(before)

    def result(self, most: int) -> bytes:
        """As JSON of at most so many bytes."""
        events = self.events
        while True:
            raw = json.dumps({"events": events, "cut": self.cut}).encode()
            if len(raw) <= most:
                return raw
            events, self.cut = events[: len(events) // 2], True

    def _enter(self, frame: types.FrameType, event: str, _arg: Any) -> Any:
        code = frame.f_code
        if self.cut or code.co_filename != self._path or code.co_name in _INSIDE:
            return None
        self._depth += 1
        self._frames[id(frame)] = (self._names(frame), -1)
        return self._step

    def _step(self, frame: types.FrameType, event: str, _arg: Any) -> Any:
        if self.cut:
            return None
        began = time.thread_time()
        self._note(frame, event)
        self._spent += time.thread_time() - began
        if len(self.events) >= EVENTS or self._size > _NOTED or self._spent > _SPENT_S:
            self.cut = True
            sys.settrace(None)
        return self._step

    def _note(self, frame: types.FrameType, event: str) -> None:
        known, last = self._frames.get(id(frame), ({}, -1))
        names = self._names(frame)
        if last >= 0:
            changed = {name: text for name, text in names.items() if known.get(name) != text}
            self.events[last][3].update(changed)
            self._size += sum(map(len, changed.values()))
        if event == "line":
            last = len(self.events)
            read = self._read(frame)
            code = frame.f_code.co_name[:TEXT]
            self.events.append([frame.f_lineno, self._depth, code, {}, read])
            self._size += 60 * (1 + len(read))
        self._frames[id(frame)] = names, last
        if event == "return":
            self._depth -= 1
            self._frames.pop(id(frame), None)

    def _names(self, frame: types.FrameType) -> dict[str, str]:
        """Local names, and the file's own that functions assign to, with their values."""
        found = {}
        for name, value in itertools.islice(frame.f_locals.items(), NAMES):
            if not is_a(value, (types.FunctionType, types.ModuleType)):
                found[name[:TEXT]] = shown(value)
        for name in self._kept:
            if name in frame.f_globals:
                found[name[:TEXT]] = shown(frame.f_globals[name])
        return found

    def _read(self, frame: types.FrameType) -> list[list[Any]]:
        """[index, value, left, right] of each part of this line that can be computed."""
        found = []
        for number, part in self._by_line.get(frame.f_lineno, ()):
            with contextlib.suppress(Unknown):
                names = (frame.f_locals, frame.f_globals)
                sides = [number_of(side, names) for side in part.sides]
                whole = plain_number(evaluated(part.node, names))
                found.append([number, whole, *(sides or [None, None])])
        return found


def shown(value: Any, depth: int = 0) -> str:
    """A value as text; of other objects than numbers, texts, lists and arrays only their kind."""
    value = from_numpy(value, alike=False)
    kind = type(value)
    if kind is str:
        return repr(value[:TEXT])[:TEXT]
    if kind is int and abs(value) > LARGEST:
        return "a large int"
    if kind is float and depth:
        return f"{value:.6g}"
    if is_a(value, PLAIN):
        return repr(value)
    if (is_a(value, (list, tuple)) or is_array(value)) and depth < 2:
        first = [shown(one, depth + 1) for one in value[:ITEMS]]
        more = f", … {len(value)}" if len(value) > ITEMS else ""
        ends = "()" if kind is tuple else "[]"
        text = f"{ends[0]}{', '.join(first)}{more}{ends[1]}"
        return text if len(text) <= TEXT else f"{text[: TEXT - 1]}…"
    if is_a(value, (*HELD, set)):
        return f"{kind.__name__} of {len(value)}"
    name = type.__dict__["__name__"].__get__(kind)
    return f"<{name}>"[:TEXT]
