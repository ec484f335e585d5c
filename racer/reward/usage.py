"""Which keys of `params` a reward file reads, followed through aliases and helper functions."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator

from racer.reward.params import KEYS

ALL = frozenset(KEYS)
_HARMLESS = {"staticmethod", "classmethod", "property"}
# `last.update(params)` may be a dict's own method where the file has an `update` of its own, too.
_OF_CONTAINERS = {name for kind in (dict, list, set, deque) for name in dir(kind) if name[0] != "_"}
Functions = dict[str, list[ast.FunctionDef]]


def needs(tree: ast.Module) -> frozenset[str]:
    """Keys the file may read; all of them when the dict escapes to something unknown."""
    functions: Functions = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            functions.setdefault(node.name, []).append(node)
    if len(functions.get("reward_function", ())) != 1 or _looks_around(tree, functions):
        return ALL
    dicts = params_names(functions)
    if _shared(tree) & set().union(*dicts.values()):
        return ALL
    found: set[str] = set()
    calls = _Calls(tree, functions)
    for key, node in reads(functions, dicts):
        if key is None:
            if not (isinstance(node, ast.Name) and _passed_on(node, tree, calls)):
                return ALL
        else:
            found.add(key)
    return frozenset(found & ALL)


def _looks_around(tree: ast.Module, functions: Functions) -> bool:
    """Whether it may read the dict by other ways than its name, as `*args` or a decorator."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            rebound = node.id in functions and not isinstance(node.ctx, ast.Load)
            if rebound or node.id in ("eval", "exec", "locals", "vars", "globals"):
                return True
        elif isinstance(node, ast.arguments):
            if node.vararg or node.kwarg:
                return True
        elif isinstance(node, ast.FunctionDef):
            decorators = [ast.unparse(one) for one in node.decorator_list]
            if not set(decorators) <= _HARMLESS:
                return True
        elif isinstance(node, ast.ClassDef) and any(map(_odd, node.body)):
            return True
    return False


def _odd(node: ast.stmt) -> bool:
    """Whether it is a method that calls the object something else than `self`."""
    if not isinstance(node, ast.FunctionDef) or _takes_self(node):
        return False
    return "staticmethod" not in {ast.unparse(one) for one in node.decorator_list}


def _takes_self(function: ast.FunctionDef) -> bool:
    names = [a.arg for a in function.args.posonlyargs + function.args.args]
    return names[:1] == ["self"]


def _shared(tree: ast.Module) -> set[str]:
    """Names that several functions share."""
    statements = [n for n in ast.walk(tree) if isinstance(n, ast.Global | ast.Nonlocal)]
    return {name for statement in statements for name in statement.names}


def params_names(functions: Functions) -> dict[str, set[str]]:
    """Function → names in it that are the params dict; none where no `def` is the reward."""
    found: dict[str, set[str]] = {name: set() for name in functions}
    if "reward_function" not in functions:
        return found
    first = functions["reward_function"][0].args
    positional = [a.arg for a in first.posonlyargs + first.args]
    found["reward_function"] = set(
        positional[-1:] if positional[:1] == ["self"] else positional[:1]
    )
    before = -1
    while before != sum(map(len, found.values())):
        before = sum(map(len, found.values()))
        for name, definitions in functions.items():
            for function in definitions:
                _spread(function, found[name], functions, found)
    return found


def _spread(
    function: ast.FunctionDef, here: set[str], functions: Functions, found: dict[str, set[str]]
) -> None:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and _is(node.value, here):
            here |= {t.id for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.FunctionDef) and node is not function:
            own = {a.arg for a in node.args.args}
            found[node.name] |= here - own  # captured by an inner function
        elif isinstance(node, ast.Call) and (name := _called(node)) in functions:
            for callee in functions[name]:
                names = [a.arg for a in callee.args.posonlyargs + callee.args.args]
                shift = int(isinstance(node.func, ast.Attribute) and names[:1] == ["self"])
                for i, argument in enumerate(node.args):
                    if _is(argument, here) and i + shift < len(names):
                        found[name].add(names[i + shift])
                for keyword in node.keywords:
                    if _is(keyword.value, here) and keyword.arg:
                        found[name].add(keyword.arg)


def reads(functions: Functions, dicts: dict[str, set[str]]) -> Iterator[tuple[str | None, ast.AST]]:
    """Every read of a params dict: its key, or None for any use that is not `[...]` or `.get`."""
    for name, definitions in functions.items():
        for function in definitions:
            plain: set[int] = set()
            for node in ast.walk(function):
                key = key_of(node, dicts[name])
                if key is not None:
                    plain |= {id(n) for n in ast.walk(node) if _is(n, dicts[name])}
                    yield key, node
            for node in ast.walk(function):
                stored = isinstance(getattr(node, "ctx", None), ast.Store)
                if _is(node, dicts[name]) and id(node) not in plain and not stored:
                    yield None, node


def written(tree: ast.AST, names: frozenset[str] = frozenset({"params"})) -> set[str]:
    """Keys that a file adds to `params`, by any of its names: `params["total"] = reward`."""
    return {
        node.slice.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and _is(node.value, names)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
        and node.slice.value not in KEYS
    }


def written_only(tree: ast.AST) -> set[str]:
    """Those that nothing reads by name; what prints all of `params` shows them."""
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    sets = [n for n in ast.walk(tree) if isinstance(n, ast.Assign)]
    once = {ast.unparse(t) for s in sets if len(s.targets) == 1 for t in s.targets}
    rebound = any(_is(n, {"params"}) and not isinstance(n.ctx, ast.Load) for n in ast.walk(tree))  # type: ignore[attr-defined]
    return {
        key
        for key in written(tree)
        if not rebound and texts.count(key) == 1 and f"params[{key!r}]" in once
    }


def key_of(node: ast.AST, dicts: set[str]) -> str | None:
    """The key in `params["key"]`, `params.get("key", ...)` and `"key" in params`."""
    key: ast.AST | None = None
    if isinstance(node, ast.Subscript) and _is(node.value, dicts):
        key = node.slice
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
        and _is(node.func.value, dicts)
        and node.args
    ):
        key = node.args[0]
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and _is(node.comparators[0], dicts):
        key = node.left if isinstance(node.ops[0], ast.In | ast.NotIn) else None
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None


def _is(node: ast.AST, dicts: set[str] | frozenset[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in dicts


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


class _Calls:
    """Which function of the file a call means, if it is certain to be one."""

    def __init__(self, tree: ast.Module, functions: Functions) -> None:
        self.functions = functions
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        self._classes = {one.name for one in classes}
        self._methods = {id(part) for one in classes for part in one.body}
        imports = (n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom))
        self._imported = {(a.asname or a.name).split(".")[0] for n in imports for a in n.names}

    def certain(self, call: ast.Call) -> bool:
        name, known = _called(call), self.functions.get(_called(call), [])
        if any(f.args.vararg or f.args.kwarg for f in known):
            return False
        if isinstance(call.func, ast.Name):
            return name not in self._imported and any(id(f) not in self._methods for f in known)
        root = call.func
        while isinstance(root, ast.Attribute):
            root = root.value
        base = root.id if isinstance(root, ast.Name) else ""
        if not known or name in _OF_CONTAINERS or base in self._imported:
            return False
        return base not in self._classes or not any(map(_takes_self, known))


def _passed_on(name: ast.Name, tree: ast.Module, calls: _Calls) -> bool:
    """A use that `params_names` follows: an argument of a function of this file, or an alias."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if name in node.args or any(k.value is name for k in node.keywords):
                return calls.certain(node)
        elif isinstance(node, ast.Assign) and node.value is name:
            return all(isinstance(t, ast.Name) for t in node.targets)
    return False
