"""Every use of what is kept, read or set, becomes a call on the cells of one car."""

from __future__ import annotations

import ast
from typing import Any

from racer.reward.compiler.cells import Cell
from racer.reward.compiler.kinds import NUMBERS, Found, Kinds, elements, state_name
from racer.reward.compiler.nodes import call, expression, literal, located
from racer.reward.compiler.parse import Module, Unsupported, constant
from racer.reward.compiler.passes.cells.changes import changed, only_reads, reads


class Placed(ast.NodeTransformer):
    """Rewrites one function."""

    def __init__(
        self,
        cells: dict[str, Cell],
        kinds: Kinds,
        name: str,
        functions: dict[str, ast.FunctionDef],
        changers: dict[str, set[str]],
        module: Module,
    ) -> None:
        self.cells, self.kinds, self.name = cells, kinds, name
        self.functions, self.changers, self.module = functions, changers, module
        self.temporaries = 0

    def body(self, function: ast.FunctionDef) -> None:
        self.generic_visit(function)

    def cell(self, node: ast.AST, lists: bool | None = None) -> Cell | None:
        """The cell of `_state.last`; None of anything else."""
        found = self.cells.get(state_name(node))
        wanted = found is not None and (lists is None or lists == (found.room >= 0))
        return found if wanted else None

    def of(self, node: ast.AST) -> Found:
        return self.kinds.of(node, self.name)

    def call(self, name: str, cell: Cell, node: ast.AST, *more: Any) -> ast.Call:
        extra = [m if isinstance(m, ast.expr) else literal(m, node) for m in more]
        return call(f"_rs.{name}", [expression("_c", node), literal(cell.at, node), *extra], node)

    # -- reading

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        inner = self.cell(node.value)
        if inner is not None and node.attr == "is_set":
            return self.call("is_set", inner, node)
        found = self.cell(node)
        if found is None:
            return self.generic_visit(node)
        if found.room >= 0:
            raise Unsupported(node, f"state in {found.place or found.name}, a list used as a value")
        return self.call(self._getter("get", found), found, node)

    def _getter(self, name: str, cell: Cell, loose: bool = False) -> str:
        if cell.kinds == {"i", "f"} or not cell.kinds:
            return f"{name}_n" if loose else f"{name}_f"
        return f"{name}_{min(cell.kinds)}"

    def loose(self, node: ast.expr) -> ast.expr:
        """Where an int is as good as the float of its value."""
        found = self.cell(node, lists=False)
        if found is not None:
            return self.call(self._getter("get", found, loose=True), found, node)
        inner = self.cell(node.value, lists=True) if isinstance(node, ast.Subscript) else None
        if inner is not None and not isinstance(node.slice, ast.Slice):  # type: ignore[attr-defined]
            return self._item(node, inner, loose=True)  # type: ignore[arg-type]
        return self.visit(node)  # type: ignore[no-any-return]

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        left, right = self.of(node.left), self.of(node.right)
        listed = [self._list(side) for side in (node.left, node.right)]
        plain = isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div)
        new_left = self.loose(node.left) if plain and right == {"f"} else None
        new_right = self.loose(node.right) if plain and left == {"f"} else None
        node.left = listed[0] or new_left or self.visit(node.left)
        node.right = listed[1] or new_right or self.visit(node.right)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        sides = [node.left, *node.comparators]
        cell = self.cell(sides[0]) or self.cell(sides[-1])
        nothing = any(isinstance(s, ast.Constant) and s.value is None for s in sides)
        if cell is not None and nothing and len(sides) == 2:
            found: ast.expr = self.call("is_none", cell, node)
            if isinstance(node.ops[0], ast.IsNot | ast.NotEq):
                found = ast.copy_location(ast.UnaryOp(ast.Not(), found), node)
            return found
        order = all(not isinstance(op, ast.Is | ast.IsNot) for op in node.ops)
        new = [self._list(s) or (self.loose(s) if order else self.visit(s)) for s in sides]
        node.left, node.comparators = new[0], new[1:]
        return node

    def test(self, node: ast.expr) -> ast.expr:
        """As a condition."""
        cell = self.cell(node)
        if cell is not None:
            return self.call("is_true", cell, node)
        if isinstance(node, ast.BoolOp):
            node.values = [self.test(value) for value in node.values]
            return node
        return self.visit(node)  # type: ignore[no-any-return]

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        node.operand = (self.test if isinstance(node.op, ast.Not) else self.visit)(node.operand)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        node.test = self.test(node.test)
        node.body, node.orelse = self.visit(node.body), self.visit(node.orelse)
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        node.test = self.test(node.test)
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        node.test = self.test(node.test)
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        return node

    def _block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in body:
            new = self.visit(statement)
            found += new if isinstance(new, list) else [new]
        return found

    def _list(self, node: ast.AST) -> ast.expr | None:
        """A list that is only read, as a copy."""
        cell = self.cell(node, lists=True)
        return self.call(self._getter("list", cell), cell, node) if cell else None

    def visit_For(self, node: ast.For) -> ast.AST:
        listed = self._iterated(node.iter, node.body)
        node.iter = listed or self.visit(node.iter)
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        node.iter = self._list(node.iter) or self.visit(node.iter)
        node.ifs = [self.test(each) for each in node.ifs]
        return node

    def _iterated(self, node: ast.expr, body: list[ast.stmt]) -> ast.expr | None:
        names = {state_name(n) for n in ast.walk(node)} - {""}
        for statement in body:
            for inner in ast.walk(statement):
                touched = {changed(inner)}
                if isinstance(inner, ast.Name):
                    touched |= self.changers.get(inner.id, set())
                for name in names & touched:
                    if self.cells[name].room >= 0:
                        raise Unsupported(inner, f"state in {name}, changed while a loop reads it")
        return self._list(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        cell = self.cell(node.value, lists=True)
        if cell is None:
            return self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            raise Unsupported(node, f"`{ast.unparse(node)}`, state that is set in this way")
        if not isinstance(node.slice, ast.Slice):
            return self._item(node, cell)
        if cell.longest:
            raise Unsupported(node, "a slice of a deque")
        node.value = self.call(self._getter("list", cell), cell, node)
        node.slice = self.visit(node.slice)
        return node

    def _item(self, node: ast.Subscript, cell: Cell, loose: bool = False) -> ast.expr:
        item = self.call("item", cell, node, self.visit(node.slice))
        return call(f"_rs.{self._getter('get', cell, loose)}", [expression("_c", node), item], node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        at = node.func
        cell = self.cell(at.value) if isinstance(at, ast.Attribute) else None
        if cell is not None:
            assert isinstance(at, ast.Attribute)
            return self._method(at.attr, cell, node)
        name = at.id if isinstance(at, ast.Name) else self.module.dotted(at)
        for i, argument in enumerate(node.args):
            listed = self._list(argument)
            if listed is not None:
                self._may_read(name, i, argument, node)
                if name == "len":
                    return self.call("length", self.cell(argument), node)  # type: ignore[arg-type]
                node.args[i] = listed
            else:
                node.args[i] = self.visit(argument)
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return node

    def _may_read(self, name: str, i: int, argument: ast.AST, node: ast.Call) -> None:
        """Raise unless a function only reads the list that it is given."""
        if name not in self.functions and reads(name):
            return
        function, listed = self.functions.get(name), state_name(argument)
        if function is not None and i < len(function.args.args):
            parameter = function.args.args[i].arg
            if listed not in self.changers[name] and only_reads(function, parameter):
                return
        raise Unsupported(node, f"state in {listed}, a list passed to {name or 'a function'}()")

    # -- setting

    def visit_Assign(self, node: ast.Assign) -> Any:
        target = node.targets[0]
        cell = self.cell(target)
        item = self.cell(target.value, lists=True) if isinstance(target, ast.Subscript) else None
        if isinstance(target, ast.Tuple) and (held := self.cell(node.value, lists=True)):
            return self._unpacked(target, held, node)
        if item is not None and not isinstance(target.slice, ast.Slice):  # type: ignore[attr-defined]
            self._certain(node.value, item)
            value = self._named(node.value)
            at = self.call("item", item, node, self.visit(target.slice))  # type: ignore[attr-defined]
            put = call("_rs.put", [expression("_c", node), at, value[1]], node)
            return [*value[0], _located(ast.Expr(put), node)]
        if cell is None:
            return self.generic_visit(node)
        if cell.room >= 0 and not _is_none(node.value):
            return self._filled(cell, node)
        self._certain(node.value, cell)
        return _located(ast.Expr(self.call("put", cell, node, self.visit(node.value))), node)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        target = node.target
        item = isinstance(target, ast.Subscript) and self.cell(target.value, lists=True)
        if not self.cell(target) and not item:
            return self.generic_visit(node)
        simple = ast.Name | ast.Constant | ast.UnaryOp
        if isinstance(target, ast.Subscript) and not isinstance(target.slice, simple):
            raise Unsupported(node, f"`{ast.unparse(node)}`, state that is set in this way")
        old = ast.parse(ast.unparse(target), mode="eval").body
        value = ast.BinOp(located(old, node), node.op, node.value)
        return self.visit(_located(ast.Assign([target], _located(value, node)), node))

    def _certain(self, value: ast.expr, cell: Cell) -> None:
        """Raise unless the kind of a value is known: what Python keeps depends on it."""
        found = self.of(value)
        if "?" in found or not found or len(found - {"n"}) > 1 or any(k[0] == "[" for k in found):
            kinds = {"i": "an int", "f": "a float", "b": "a bool", "n": "None"}
            said = " or ".join(kinds.get(k, "something else") for k in sorted(found))
            text = f"state in {cell.place or cell.name}: `{ast.unparse(value)[:40]}` may be "
            raise Unsupported(value, text + (said or "anything"))

    def _named(self, value: ast.expr) -> tuple[list[ast.stmt], ast.expr]:
        """A statement that evaluates a value first, and its name."""
        self.temporaries += 1
        name = f"_kept_{self.temporaries}"
        made = _located(ast.Assign([ast.Name(name, ast.Store())], self.visit(value)), value)
        return [made], _located(ast.Name(name, ast.Load()), value)

    def _filled(self, cell: Cell, node: ast.Assign) -> list[ast.stmt]:
        """A list set anew."""
        value = node.value
        try:
            made = constant(value, self.module)
        except (Unsupported, ArithmeticError, ValueError, TypeError):
            made = None
        if isinstance(made, list | tuple):
            if getattr(made, "longest", 0) != cell.longest:
                raise Unsupported(node, f"state in {cell.place}, a list and a deque")
            value = _located(ast.List([ast.Constant(v) for v in made], ast.Load()), node)
        elif cell.longest:
            raise Unsupported(node, f"state in {cell.place}, a deque and a list")
        if not isinstance(value, ast.List | ast.Tuple):
            kinds = elements(self.of(value))
            if len(kinds) != 1 or not kinds <= NUMBERS:
                raise Unsupported(
                    node, f"state in {cell.place}, a list of what the text leaves open"
                )
            new = self._list(value) or self.visit(value)
            return [_located(ast.Expr(self.call("fill", cell, node, cell.room, new)), node)]
        before: list[ast.stmt] = []
        after = [_located(ast.Expr(self.call("clear", cell, node)), node)]
        for part in value.elts:
            self._certain(part, cell)
            first, name = self._named(part)
            before += first
            after.append(self._push(cell, name, node))
        return [*before, *after]

    def _push(self, cell: Cell, value: ast.expr, node: ast.AST) -> ast.stmt:
        made = self.call("push", cell, node, cell.room, cell.longest, value)
        return _located(ast.Expr(made), node)  # type: ignore[no-any-return]

    def _unpacked(self, target: ast.Tuple, cell: Cell, node: ast.Assign) -> list[ast.stmt]:
        """`a, b = _state.pair`, item by item."""
        found = [_located(ast.Expr(self.call("fits", cell, node, len(target.elts))), node)]
        for i, part in enumerate(target.elts):
            item = self.call("item", cell, node, i)
            value = call(f"_rs.{self._getter('get', cell)}", [expression("_c", node), item], node)
            found.append(_located(ast.Assign([part], value), node))
        return found

    def _method(self, name: str, cell: Cell, node: ast.Call) -> ast.AST:
        given = node.args
        if name == "forget":
            return self.call("forget", cell, node)
        fine = cell.room >= 0 and not node.keywords
        if name == "append" and fine and len(given) == 1:
            self._certain(given[0], cell)
            value = self.visit(given[0])
            return self.call("push", cell, node, cell.room, cell.longest, value)
        if name == "insert" and fine and len(given) == 2:
            self._certain(given[1], cell)
            more = [self.visit(each) for each in given]
            return self.call("insert", cell, node, cell.room, cell.longest, *more)
        if name in ("pop", "popleft") and fine and len(given) <= (name == "pop"):
            at = self.visit(given[0]) if given else -1 if name == "pop" else 0
            return self.call(self._getter("pop", cell), cell, node, at)
        if name == "clear" and fine and not given:
            return self.call("clear", cell, node)
        raise Unsupported(node, f"state in {cell.place or cell.name}, changed by .{name}()")

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """`history.pop(0)` whose value nobody wants."""
        made = self.visit(node.value)
        if isinstance(made, ast.Call) and ast.unparse(made.func).startswith("_rs.pop_"):
            made.func = expression("_rs.drop", node)
        node.value = made
        return node


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _located(node: Any, where: ast.AST) -> Any:
    for inner in ast.walk(node):
        if "lineno" in inner._attributes and not hasattr(inner, "lineno"):
            ast.copy_location(inner, where)
    return node
