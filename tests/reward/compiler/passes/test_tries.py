"""The block of a `try` becomes a function of its own."""

from text import functions, module_of, refuses, same

from racer.reward.compiler.passes.tries import split


def _split(text):
    module = module_of(text)
    for function in list(module.functions.values()):
        split(function, module)
    return module


def test_a_block_becomes_a_function_and_its_handler_follows():
    module = _split("""
        def f(a, b):
            try:
                gap = 1.0 / (a - b)
            except ZeroDivisionError:
                gap = 9.0
            return gap
    """)
    same(
        functions(module),
        """
        def f(a, b):
            _tried_0 = False
            (a, b)
            try:
                gap = f__try_0(a, b)
            except Exception:
                pass
            else:
                _tried_0 = True
            if _tried_0:
                pass
            else:
                gap = 9.0
            return gap
        def f__try_0(a, b):
            gap = 1.0 / (a - b)
            return gap
        """,
    )


def test_a_handler_that_catches_too_little_leaves_the_block_alone():
    module = _split("""
        def f(a):
            try:
                x = a[3]
            except KeyError:
                x = 0.0
            return x
    """)
    same(functions(module), "def f(a):\n    x = a[3]\n    return x")


def test_finally_after_return_is_refused():
    text = "def f(a):\n    try:\n        return a\n    finally:\n        a = 1"
    refuses(lambda: _split(text), "finally after return", 2)
