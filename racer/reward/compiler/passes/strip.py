"""Drop from a reward's functions what has no value: docstrings, prints, hints, unread text."""

from __future__ import annotations

import ast

from racer.reward.compiler.nodes import located
from racer.reward.compiler.parse import Module, Unsupported
from racer.reward.compiler.scopes import local_names
from racer.reward.params import KEYS
from racer.reward.prints import is_print

_OWN = {
    "_c",
    "_rt",
    "_rm",
    "_ra",
    "_rs",
    "_ro",
    "_math",
    "_np",
    "_item",
}  # names that generated code uses


class Strip(ast.NodeTransformer):
    """Drop what has no value: docstrings, prints, text that only prints would have shown."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.stored: set[str] = set()  # in the function at hand

    def function(self, function: ast.FunctionDef) -> None:
        if function.decorator_list:
            raise Unsupported(function.decorator_list[0], "a decorator")
        if function.args.kwonlyargs or function.args.vararg or function.args.kwarg:
            raise Unsupported(function, "* or ** arguments")
        for node in ast.walk(function):
            name = node.id if isinstance(node, ast.Name) else getattr(node, "arg", "")
            if isinstance(name, str) and (name in _OWN or name.startswith("_set_")):
                raise Unsupported(node, f"the name {name}")
        function.returns = None
        for argument in function.args.posonlyargs + function.args.args:
            argument.annotation = None
        self.stored = local_names(function)
        self.generic_visit(function)
        nodes, before = list(ast.walk(function)), -1
        while len(nodes) != before:
            loads = {n.id for n in nodes if isinstance(n, ast.Name) and _is_read(n)}
            _DropText(loads).visit(function)
            before, nodes = len(nodes), list(ast.walk(function))
        _fill(function)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        constant_value = isinstance(node.value, ast.Constant)
        return None if constant_value or is_print(node.value) else self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """`params[SPEED]` with a constant SPEED = "speed"."""
        self.generic_visit(node)
        if isinstance(node.slice, ast.Name) and node.slice.id not in self.stored:
            value = self.module.constants.get(node.slice.id)
            if isinstance(value, str):
                node.slice = ast.copy_location(ast.Constant(value=value), node.slice)
        return node

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.module.imports[name] = alias.name if alias.asname else name

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self.module.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return self.generic_visit(
            ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)
        )

    def visit_Global(self, node: ast.Global) -> None:
        """Nothing: what a function sets of them is state, and named already."""

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        raise Unsupported(node, f"state in {', '.join(node.names)}, shared by inner functions")

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        raise Unsupported(node, f"class {node.name}")

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        """`params["total"] = reward` for a print: an own key, which nothing reads back."""
        target = node.targets[0]
        key = target.slice if isinstance(target, ast.Subscript) else None
        if isinstance(key, ast.Constant) and key.value in self.module.written:
            value = ast.copy_location(ast.Expr(value=node.value), node)
            return None if _is_text(node.value) else self.generic_visit(value)
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        named = isinstance(node.value, ast.Name) and node.value.id == "_state"
        if not isinstance(node.ctx, ast.Load) and not named:
            base = node.value.id if isinstance(node.value, ast.Name) else ""
            if base in self.module.refused:  # an object: say why its class has no compiled form
                raise self.module.refused[base]
            raise Unsupported(node, f"state in {ast.unparse(node)}")
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        new = ast.parse("raise ValueError('raised')").body[0]
        located(new, node)
        return new

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        new = ast.parse("if not 0: raise ValueError('assertion')").body[0]
        assert isinstance(new, ast.If)
        located(new, node)
        new.test = ast.copy_location(ast.UnaryOp(op=ast.Not(), operand=node.test), node)
        return self.generic_visit(new)


class _DropText(ast.NodeTransformer):
    """Assignments of text to names that nothing reads any more."""

    def __init__(self, loads: set[str]) -> None:
        self.loads = loads

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        unread = all(isinstance(t, ast.Name) and t.id not in self.loads for t in node.targets)
        return None if unread and _is_text(node.value) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST | None:
        unread = isinstance(node.target, ast.Name) and node.target.id not in self.loads
        return None if unread and _is_text(node.value) else node


def _is_text(value: ast.expr) -> bool:
    return any(
        isinstance(n, ast.JoinedStr)
        or (isinstance(n, ast.Constant) and isinstance(n.value, str) and n.value not in KEYS)
        or (isinstance(n, ast.Name) and n.id in ("str", "time"))
        for n in ast.walk(value)
    )


def _is_read(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def _fill(function: ast.FunctionDef) -> None:
    """`pass` where dropping left an empty block."""
    for node in ast.walk(function):
        blocks = ast.If | ast.For | ast.While | ast.Try | ast.FunctionDef
        if isinstance(node, blocks) and not node.body:
            node.body.append(located(ast.Pass(), node))
        for handler in getattr(node, "handlers", []):
            if not handler.body:
                handler.body.append(located(ast.Pass(), handler))
