"""What reading a reward file shows: keys, idioms, imports, what the official validator refuses.

A text never makes a file unusable: whether a call fails is seen when the drivers are paid.
"""

from __future__ import annotations

import ast
from collections import Counter
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

_ABOUT_OBJECTS = ("is_crashed", "closest_objects", "object_in_camera")

FIRST_CALL = {
    "steps": "the first call of an episode has steps == 2.",
    "progress": "the car has moved when it is first paid. Test steps == 2, the first call.",
}
MIRRORED: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.Gt(),
    ast.Gt: ast.Lt(),
    ast.LtE: ast.GtE(),
    ast.GtE: ast.LtE(),
}  # of `2 > params["steps"]`


class Finding(NamedTuple):
    """One thing to know about a reward.

    `level`: error (it cannot be used), warning (it may not do what it seems to), note.
    """

    level: str
    line: int
    code: str
    message: str


def findings(file: RewardFile, objects: int = 0) -> list[Finding]:
    """Everything found without running the file, by line.

    Args:
        objects: on the road around each car; none in a time trial.
    """
    found = [
        *_keys(file, objects),
        *_blind(file, objects),
        *_idioms(file),
        *_state(file),
        *_time(file),
        *_official(file),
        *_beside(file),
    ]
    return sorted(set(found), key=lambda f: (f.line, f.code))


def _beside(file: RewardFile) -> Iterator[Finding]:
    """What it uses of its own folder."""
    for name, line in file.beside.lines.items():
        size = len(file.beside.files[name])
        what = f"uses {name} beside it ({size:,} bytes, read-only); a run keeps a copy."
        yield Finding("note", line, "beside", what)


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


def _blind(file: RewardFile, objects: int) -> Iterator[Finding]:
    """A reward that never asks what is on the road."""
    asks = any(key.startswith("objects_") or key in _ABOUT_OBJECTS for key, _ in _reads(file))
    if objects and not asks:
        what = (
            f"reads nothing of the {objects} object{'s' if objects > 1 else ''} around the car: it "
            "pays the same in front of one as on a free road. See params['closest_objects']."
        )
        yield Finding("warning", file.line, "blind", what)


def _keys(file: RewardFile, objects: int) -> Iterator[Finding]:
    own, handled = own_keys(file.tree), _handled(file.tree)
    for key, node in _reads(file):
        line = getattr(node, "lineno", 0)
        if key in (own or ()):
            continue
        if key not in KEYS:
            if own is not None:
                yield _unknown(key, node, line, id(node) in handled)
        elif objects and (key in _ABOUT_OBJECTS or key.startswith("objects_")):
            if key == "object_in_camera" and objects == 1:
                what = "object_in_camera is always False with a single object, as officially."
                yield Finding("note", line, "constant-key", what)
        elif key in CONSTANT_KEYS:
            what = f"{key} never changes in a time trial: {CONSTANT_KEYS[key]}."
            yield Finding("note", line, "constant-key", what)
        elif key.startswith("objects_"):
            what = (
                f"{key} is empty in a time trial; reading an element of it raises IndexError. "
                "For a race with obstacles: --race object_avoidance."
            )
            yield Finding("note", line, "empty-objects", what)


def _unknown(key: str, node: ast.AST, line: int, handled: bool) -> Finding:
    """A key that the simulator does not give; one that the file is prepared to miss is a note."""
    what = f"params has no key {key!r}.{suggestion(key)}"
    tested = isinstance(node, ast.Compare)
    return Finding("note" if handled or tested else "warning", line, "unknown-key", what)


def suggestion(key: str) -> str:
    """A sentence with the key that was meant."""
    words = key.lower().replace("centre", "center").split("_")
    if "right" in words:
        return " Did you mean not params['is_left_of_center']?"
    return did_you_mean("_".join(words), KEYS)


def own_keys(tree: ast.Module) -> set[str] | None:
    """Keys that a file itself adds to params; None if it adds some that its text does not name."""
    functions = _functions(tree)
    dicts = {"params"}.union(*usage.params_names(functions).values())
    found = usage.written(tree, frozenset(dicts))
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            found |= {str(k.value) for k in node.keys if isinstance(k, ast.Constant)}
        elif isinstance(node, ast.Call) and (name := _method_of(node, dicts)):
            if name == "setdefault" and node.args and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
            elif name in ("update", "dict"):
                found |= {keyword.arg for keyword in node.keywords if keyword.arg}
                if name == "update" and not all(isinstance(a, ast.Dict) for a in node.args):
                    return None
    return found


def _method_of(call: ast.Call, dicts: set[str]) -> str:
    """`update` of `params.update(...)`, `dict` of `dict(...)`; "" for other calls."""
    if isinstance(call.func, ast.Name):
        return call.func.id if call.func.id == "dict" else ""
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        return call.func.attr if call.func.value.id in dicts else ""
    return ""


def _handled(tree: ast.AST) -> set[int]:
    """ids of the nodes inside a `try` that catches a missing key, or `with suppress(KeyError)`."""
    found: set[int] = set()
    for node in ast.walk(tree):
        tries = isinstance(node, ast.Try) and any(map(_catches_keys, node.handlers))
        if tries or (isinstance(node, ast.With) and "suppress" in ast.unparse(node.items[0])):
            found |= {id(n) for n in ast.walk(ast.Module(node.body, []))}  # type: ignore[attr-defined]
    return found


def _catches_keys(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)}
    return bool(names & {"KeyError", "LookupError", "Exception", "BaseException"})


def _idioms(file: RewardFile) -> Iterator[Finding]:
    """Tests for the start of an episode that never are true."""
    reads = {id(node): key for key, node in _reads(file)}
    names = {name: key for key in FIRST_CALL for name in _aliases(file, key)}

    def key_of(node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return names.get(node.id, "")
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("int", "float", "round"):
            inside = key_of(node.args[0]) if len(node.args) == 1 else ""
            return inside if inside == "steps" else ""  # which are whole
        return reads.get(id(node), "")

    for node in ast.walk(file.tree):
        for left, op, values in _tested(node):
            key = key_of(left)
            if values and all(_never(key, op, value) for value in values):
                what = f"`{ast.unparse(node)}` is never true: {FIRST_CALL[key]}"
                yield Finding("warning", left.lineno, "never-fires", what)


def _tested(node: ast.AST) -> Iterator[tuple[ast.expr, ast.cmpop, list[object]]]:
    """What is compared with constants, how, and with which."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand, ast.Eq(), [0]
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, op, right = node.left, node.ops[0], node.comparators[0]
        if isinstance(left, ast.Constant):
            left, op, right = right, MIRRORED.get(type(op), op), left
        several = isinstance(op, ast.In) and isinstance(right, ast.Tuple | ast.List | ast.Set)
        among = right.elts if several else [right]  # type: ignore[attr-defined]
        constants: list[object] = [one.value for one in among if isinstance(one, ast.Constant)]
        if len(constants) == len(among):
            yield left, ast.Eq() if several or isinstance(op, ast.Is) else op, constants


def _never(key: str, op: ast.cmpop, value: object) -> bool:
    """Whether `params[key] op value` is false at every call."""
    if key == "progress":
        return isinstance(op, ast.Eq) and value == 0
    if key != "steps" or not isinstance(value, int | float):
        return False
    if isinstance(op, ast.Eq):
        return value < 2
    return (isinstance(op, ast.Lt) and value <= 2) or (isinstance(op, ast.LtE) and value < 2)


def _aliases(file: RewardFile, key: str) -> set[str]:
    """Names that hold the value of one key, and never anything else."""
    reads = {id(node) for found, node in _reads(file) if found == key}
    holds, bound = Counter[str](), Counter[str]()
    for node in ast.walk(file.tree):
        if isinstance(node, ast.arg):
            bound[node.arg] += 1
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound[node.id] += 1
        for target, value in _assigned(node):
            if isinstance(target, ast.Name) and id(value) in reads:
                holds[target.id] += 1
    return {name for name, count in holds.items() if count == bound[name]}


def _assigned(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """What a statement or `:=` gives which value; tuples element by element."""
    if isinstance(node, ast.AnnAssign | ast.NamedExpr):
        yield node.target, node.value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from zip(target.elts, node.value.elts, strict=False)
            else:
                yield target, node.value


def _state(file: RewardFile) -> Iterator[Finding]:
    """Names that outlive a call, in one note for the whole file."""
    kept = [node for node in ast.walk(file.tree) if isinstance(node, ast.Global)]
    if kept:
        names = dict.fromkeys(name for node in kept for name in node.names)
        what = (
            f"keeps {', '.join(names)} between calls; every car has its own. "
            f"Reset {'it' if len(names) == 1 else 'them'} where steps == 2, the first call of an "
            "episode."
        )
        yield Finding("note", min(node.lineno for node in kept), "state", what)


def _time(file: RewardFile) -> Iterator[Finding]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "time.time",
            "time.perf_counter",
            "datetime.now",
            "datetime.datetime.now",
        ):
            what = "reads the wall clock, but a training is faster than real time. Use steps / 15."
            yield Finding("warning", node.lineno, "wall-clock", what)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep"):
            what = "sleeps, and a training waits for every call."
            yield Finding("warning", node.lineno, "sleep", what)


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
