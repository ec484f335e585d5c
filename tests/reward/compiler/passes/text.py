"""Passes as text in, text out."""

import ast
import textwrap

import pytest

from racer.reward.compiler.parse import Unsupported, read


def dedent(text):
    return textwrap.dedent(text).strip()


def unparsed(node):
    return ast.unparse(ast.fix_missing_locations(node))


def same(found, expected):
    """Compare texts as Python writes them."""
    assert found == ast.unparse(ast.parse(dedent(expected)))


def module_of(text):
    return read(ast.parse(dedent(text)))


def functions(module):
    """The functions of a module, as text."""
    made = ast.Module(body=list(module.functions.values()), type_ignores=[])
    return unparsed(made)


def refuses(call, construct, line):
    with pytest.raises(Unsupported) as caught:
        call()
    assert construct in caught.value.construct
    assert caught.value.line == line
