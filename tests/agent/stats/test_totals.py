"""What a reading adds to a running total: growth, wrap-around, reset, a step back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.totals import Increase, increase, usable


@pytest.mark.parametrize(
    ("before", "value", "expected"),
    [
        (10, 17, Increase(7, 17, reset=False)),
        (10, 10, Increase(0, 10, reset=False)),
        (2**32 - 5, 6, Increase(11, 6, reset=False)),
        (2**32 - 1, 0, Increase(1, 0, reset=False)),
        (2**64 - 5, 6, Increase(11, 6, reset=False)),
        (2**31, 1, Increase(1, 1, reset=True)),
        (2**33, 5, Increase(5, 5, reset=True)),
        (1000, 10, Increase(10, 10, reset=True)),
        (1000, 0, Increase(0, 0, reset=True)),
        (2.0**32 - 5, 6.0, Increase(6.0, 6.0, reset=True)),
        (5000.0, 4999.5, Increase(0, 5000.0, reset=False)),
        (100, -3, Increase(0, -3, reset=True)),
    ],
)
def test_an_increase(before: float, value: float, expected: Increase) -> None:
    assert increase(before, value) == expected


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**31 - 1), st.sampled_from([2**32, 2**64]))
def test_a_wrap_adds_what_was_counted(total: int, added: int, width: int) -> None:
    before = width - 1 - total % (added + 1)
    after = before + added
    if after >= width:
        assert increase(before, after - width) == Increase(added, after - width, reset=False)


@given(st.floats(0, 1e15), st.floats(0, 1e15))
def test_an_increase_is_never_negative(before: float, value: float) -> None:
    assert increase(before, value).amount >= 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, "7", None, [1]])
def test_what_no_double_carries_is_unusable(value: object) -> None:
    assert not usable(value)


@pytest.mark.parametrize("value", [0, -1.5, 10**300, True])
def test_finite_numbers_are_usable(value: object) -> None:
    assert usable(value)
