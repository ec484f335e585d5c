"""A local that may be unset has a flag that says so."""

import ast

from text import dedent, same, unparsed

from racer.reward.compiler.passes.definite_assignment import guard


def _guarded(text):
    return unparsed(guard(ast.parse(dedent(text)).body[0]))


def test_a_local_that_one_branch_sets_is_checked_where_it_is_read():
    same(
        _guarded("""
            def f(a):
                if a > 1:
                    b = 2.0
                return b
        """),
        """
        def f(a):
            _set_b = False
            if a > 1:
                b = 2.0
                _set_b = True
            _rt.assigned(_set_b)
            return b
        """,
    )


def test_a_read_that_depends_on_the_expression_is_checked_inside_it():
    same(
        _guarded("""
            def f(a):
                if a > 1:
                    b = 2.0
                return a > 1 and b
        """),
        """
        def f(a):
            _set_b = False
            if a > 1:
                b = 2.0
                _set_b = True
            return a > 1 and (b if _rt.assigned(_set_b) else b)
        """,
    )


def test_what_every_path_sets_needs_no_flag():
    text = "def f(a):\n    if a:\n        b = 1\n    else:\n        b = 2\n    return b"
    same(_guarded(text), text)
