"""Bound kernels called one by one and in a chain do the same."""

import numpy as np
import pytest

from racer.sim.jit import SWITCHED_OFF, kernel, prefetch
from racer.sim.native_call import bind, chain


@kernel
def times_ten_plus(digits, digit):
    digits[0] = 10 * digits[0] + digit
    return digits[0]


@kernel
def refuse(digits):
    if digits[0] > 0:
        raise ValueError("digits")


def test_a_chain_calls_in_order_and_returns_what_the_last_one_returns():
    digits = np.zeros(1, np.int64)
    one, two, three = (bind(times_ten_plus, digits, d) for d in (1, 2, 3))
    assert chain(one, chain(two, three))() == 123
    assert chain(three)() == 1233


def test_a_chain_takes_plain_python_too():
    digits = np.zeros(1, np.int64)
    seen = []
    one = bind(times_ten_plus, digits, 1)
    assert chain(one, lambda: seen.append(digits.item()), one)() == 11
    assert seen == [1]


@pytest.mark.skipif(SWITCHED_OFF, reason="numba is switched off")
def test_what_a_kernel_raises_ends_the_chain():
    digits = np.zeros(1, np.int64)
    one = bind(times_ten_plus, digits, 1)
    with pytest.raises(ValueError, match="digits"):
        chain(one, bind(refuse, digits), one)()
    assert digits[0] == 1


@kernel
def asks_ahead(digits):
    total = 0
    for i in range(digits.size):
        prefetch(digits, i + 1)
        prefetch(digits, i - 10**9)
        total += digits[i]
    return total


def test_rows_that_do_not_exist_may_be_asked_for():
    assert asks_ahead(np.arange(4)) == 6


def test_a_chain_keeps_what_it_calls_alive():
    def made():
        digits = np.zeros(1, np.int64)
        return chain(bind(times_ten_plus, digits, 4), bind(times_ten_plus, digits, 2))

    call = made()
    assert [call(), call()] == [42, 4242]


def test_interpreted_kernels_take_a_plain_tuple_of_anything():
    from racer.sim.jit import _with_fields
    from racer.sim.types import CAR

    number, cars = _with_fields((1.5, np.zeros(1, CAR)))
    assert number == 1.5
    assert cars[0].x == 0.0
