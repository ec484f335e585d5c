"""What reading a reward file shows: keys, idioms, imports, what the official validator refuses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from racer.errors import did_you_mean
from racer.reward import usage
from racer.reward.file import RewardFile
from racer.reward.params import KEYS

OFFICIAL_IMPORTS = ("math", "random", "numpy", "scipy", "shapely")
OFFICIAL_TEXT = (
    "__import__",
    "load",
    "fromfile",
    "genfromtxt",
    "tofile",
    "save",
    "memmap",
)
OFFICIAL_CALLS = ("open", "exec", "eval", "compile", "input")
OFFICIAL_SIZE = 140_000  # characters
CONSTANT_KEYS = {
    "is_crashed": "False",
    "object_in_camera": "False",
    "closest_objects": "[0, 0]",
    "is_reversed": "one value, unless rules.alternate_direction is set",
}


class Finding(NamedTuple):
    """One thing to know about a reward.

    `level`: error (it cannot be used), warning (it will not do what it seems to), note.
    """

    level: str
    line: int
    code: str
    message: str


def findings(file: RewardFile) -> list[Finding]:
    """Everything found without running the file, by line."""
    found = [*_keys(file), *_idioms(file), *_state(file), *_official(file)]
    return sorted(set(found), key=lambda f: (f.line, f.code))


def _functions(tree: ast.Module) -> usage.Functions:
    functions: usage.Functions = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            functions.setdefault(node.name, []).append(node)
    return functions


def _reads(file: RewardFile) -> list[tuple[str, ast.AST]]:
    functions = _functions(file.tree)
    if "reward_function" not in functions:
        return []
    dicts = usage.params_names(functions)
    return [(key, node) for key, node in usage.reads(functions, dicts) if key is not None]


def _keys(file: RewardFile) -> Iterator[Finding]:
    own = usage.written(file.tree)
    for key, node in _reads(file):
        line = getattr(node, "lineno", 0)
        if key not in KEYS and key not in own:
            what = f"params has no key {key!r}.{did_you_mean(key, KEYS)}"
            level = "error" if isinstance(node, ast.Subscript) else "warning"
            yield Finding(level, line, "unknown-key", what)
        elif key in own:
            continue
        elif key in CONSTANT_KEYS:
            what = f"{key} never changes in a time trial: {CONSTANT_KEYS[key]}."
            yield Finding("note", line, "constant-key", what)
        elif key.startswith("objects_"):
            what = f"{key} is empty in a time trial; indexing it raises IndexError."
            yield Finding("warning", line, "empty-objects", what)


def _idioms(file: RewardFile) -> Iterator[Finding]:
    steps = {"steps"} | _aliases(file, "steps")
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Compare) or len(node.ops) != 1:
            continue
        bound, op = node.comparators[0], node.ops[0]
        if not isinstance(bound, ast.Constant) or not _is_steps(node.left, steps):
            continue
        value = bound.value
        never = isinstance(op, ast.Eq) and value in (0, 1)
        never = never or (isinstance(op, ast.Lt) and value in (1, 2))
        never = never or (isinstance(op, ast.LtE) and value in (0, 1))
        if never:
            text = ast.unparse(node)
            what = f"`{text}` is never true: the first call of an episode has steps == 2."
            yield Finding("warning", node.lineno, "never-fires", what)


def _is_steps(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in names
    return isinstance(node, ast.Subscript) and ast.unparse(node.slice) == "'steps'"


def _aliases(file: RewardFile, key: str) -> set[str]:
    """Names that hold the value of one key."""
    reads = {id(node) for found, node in _reads(file) if found == key}
    return {
        target.id
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Assign) and id(node.value) in reads
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _state(file: RewardFile) -> Iterator[Finding]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Global):
            what = (
                f"keeps {', '.join(node.names)} between calls; every car has its own. "
                "Reset it where steps == 2, the first call of an episode."
            )
            yield Finding("note", node.lineno, "state", what)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "time.time",
            "time.perf_counter",
            "datetime.now",
            "datetime.datetime.now",
        ):
            what = "reads the wall clock; training is faster than real time. Use steps / 15."
            yield Finding("warning", node.lineno, "wall-clock", what)


def _official(file: RewardFile) -> Iterator[Finding]:
    """What the validator of the official console would refuse. It runs here all the same."""

    def refuse(line: int, what: str) -> Finding:
        return Finding("note", line, "official", f"the official validator refuses {what}.")

    if len(file.source) > OFFICIAL_SIZE:
        yield refuse(1, f"files over {OFFICIAL_SIZE} characters")
    for number, text in enumerate(file.source.split("\n"), 1):
        for word in OFFICIAL_TEXT:
            if word in text:
                yield refuse(number, f"the text {word!r}, anywhere")
    top = {id(node) for node in file.tree.body}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            for name in names:
                if (name or "").partition(".")[0] not in OFFICIAL_IMPORTS:
                    yield refuse(node.lineno, f"the import of {name}")
            if id(node) not in top:
                yield refuse(node.lineno, "imports inside functions")
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in OFFICIAL_CALLS:
            yield refuse(node.lineno, f"calls of {ast.unparse(node.func)}()")
    for function in _functions(file.tree).get("reward_function", []):
        for node in ast.walk(function):
            value = node.value if isinstance(node, ast.Return) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, int):
                yield refuse(value.lineno, "a reward of type int; write float(...)")
