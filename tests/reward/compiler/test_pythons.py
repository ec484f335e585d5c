"""What depends on the version of Python: `try` in kernels, and sums."""

import ast
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from racer.reward.compiler import codegen
from racer.reward.compiler.parse import Unsupported
from racer.reward.compiler.runtime.arrays import compensated, total
from racer.reward.file import load

CORPUS = sorted((Path(__file__).parents[1] / "corpus" / "good").glob("*.py"))
NUMBERS = st.lists(st.floats(allow_nan=False), min_size=1, max_size=30)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_try_has_an_else(path):
    """Without one numba leaves the `try` twice on Python 3.12, and the next exception gets out."""
    try:
        text = codegen.generate(load(path)).text
    except Unsupported:
        return
    tries = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Try)]
    assert tries
    assert all(node.orelse for node in tries)


@njit
def _sums(numbers, whole, fraction):
    items = [x for x in numbers]
    return total(items), total(items, whole), total(items, start=fraction)


@given(NUMBERS)
def test_a_sum_is_pythons_to_the_bit(numbers):
    expected = sum(numbers), sum(numbers, 3), sum(numbers, start=0.1)
    assert np.array_equal(_sums(np.array(numbers), 3, 0.1), expected, equal_nan=True)


# As Python 3.12.1 adds them.
KNOWN = [
    ([0.1] * 10, 0.0, True, 1.0),
    ([1e16, 1.0, -1e16], 0.0, True, 1.0),
    ([1.0, 1e16, 1.0, -1e16], 0.0, True, 2.0),
    ([1e-17], 1.0, True, 1.0),
    ([0.1, 0.2], 0.3, False, 0.6),
    ([math.inf, 1.0], 0.0, True, math.inf),
    ([1e308, 1e308, -1e308], 0.0, True, math.inf),
    ([], 2.0, True, 2.0),
]


@pytest.mark.parametrize(("items", "start", "whole", "expected"), KNOWN)
def test_sums_of_newer_pythons(items, start, whole, expected):
    assert compensated(items, start, whole) == expected
    if sys.version_info >= (3, 12):
        assert sum(items, int(start) if whole else start) == expected
