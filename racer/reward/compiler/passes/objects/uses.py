"""`car.speed` → `car__speed`, `car.pay(x)` → `car__pay(x)`, wherever an object is used."""

from __future__ import annotations

import ast

from racer.reward.compiler.nodes import is_there, load, located
from racer.reward.compiler.passes.objects.classes import Class, ObjectOf, Refused
from racer.reward.compiler.scopes import local_names


class Uses(ast.NodeTransformer):
    """`car.speed` → `car__speed`, `car.pay(x)` → `car__pay(x)`; other uses are refused."""

    def __init__(self, cls: Class, known: dict[str, ObjectOf | None]) -> None:
        self.cls, self.known = cls, known
        self.depth = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if self.depth and local_names(node) & self.known.keys():
            raise Refused(node.lineno, f"function {node.name}, which hides an object")
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        if {a.arg for a in node.args.args} & self.known.keys():
            raise Refused(node.lineno, "a lambda that hides an object")
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if self.cls.makes(node):
            return self.generic_visit_parts(node)
        at = node.func
        if isinstance(at, ast.Name) and self.known.get(at.id) and at.id != self.cls.name:
            self._call(self.known[at.id], "__call__", node)
        elif isinstance(at, ast.Attribute) and isinstance(at.value, ast.Name):
            if at.value.id in self.known and at.attr in self.cls.methods:
                self._call(self.known[at.value.id], at.attr, node)
            else:
                node.func = self.visit(at)
        elif not (isinstance(at, ast.Name) and at.id == "hasattr" and self._asked(node)):
            node.func = self.visit(at)
        else:
            return self._asked(node) or node
        return self.generic_visit_parts(node)

    def _asked(self, node: ast.Call) -> ast.AST | None:
        """`hasattr(self, "last")` as `"r__last" in globals()`."""
        base, name = (*node.args, None, None)[:2]
        each = self.known.get(base.id) if isinstance(base, ast.Name) else None
        if each and isinstance(name, ast.Constant) and name.value in self.cls.attributes:
            return is_there(f"{each.prefix}__{name.value}", node)
        return None

    def generic_visit_parts(self, node: ast.Call) -> ast.AST:
        node.args = [self.visit(a) for a in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        base = node.value
        if not isinstance(base, ast.Name) or base.id not in self.known:
            return self.generic_visit(node)
        each = self.known[base.id]
        if each is not None and node.attr in self.cls.methods and node.attr not in self.cls.static:
            name = f"{each.prefix}__{node.attr}"  # a bound method: `reward_function = r.pay`
        else:
            name = self._kept(each, node.attr, node)
        return ast.copy_location(ast.Name(id=name, ctx=node.ctx), node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        each = self.known.get(node.id)
        if each is not None and isinstance(node.ctx, ast.Load):
            raise Refused(node.lineno, f"an object of class {self.cls.name} that is passed on")
        return node

    def _kept(self, each: ObjectOf | None, name: str, node: ast.Attribute) -> str:
        """The variable of an attribute."""
        if each is not None and name in self.cls.attributes:
            return f"{each.prefix}__{name}"
        if name in self.cls.constants or name in self.cls.own:
            return f"{self.cls.name}__{name}"
        raise Refused(node.lineno, f"{ast.unparse(node)}, which is never set")

    def _call(self, each: ObjectOf | None, name: str, node: ast.Call) -> None:
        """Make a method call the call of a function."""
        if name in self.cls.static:
            node.func = ast.copy_location(load(f"{self.cls.name}__{name}"), node.func)
            return
        if each is None or name == "__init__":
            raise Refused(node.lineno, f"{ast.unparse(node.func)} called by its class")
        node.func = ast.copy_location(load(f"{each.prefix}__{name}"), node.func)
        extra = sorted(self.cls.needs(each)[name])
        node.args[:0] = [located(load(f"{each.prefix}__{a}"), node) for a in extra]
