from __future__ import annotations

import math
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ship.decimals import Decimals, lowered, raised
from agent.ship.limits import WireError

finite = st.floats(allow_nan=False, allow_infinity=False)
digits = st.integers(1, 15)


@given(finite, digits)
def test_a_value_is_rounded_to_its_digits(value: float, few: int) -> None:
    decimals = Decimals(few)
    found = decimals.value(decimals.rank(value))
    rounded = float(f"{value:.{few - 1}e}")
    assert found == rounded or (math.isinf(rounded) and math.isclose(found, value, rel_tol=10.0 ** (1 - few)))


@given(finite, finite, digits)
def test_ranks_keep_the_order_of_values(a: float, b: float, few: int) -> None:
    a, b = sorted((a, b))
    assert Decimals(few).rank(a) <= Decimals(few).rank(b)


@given(finite, digits)
def test_a_decimal_has_its_own_rank_again(value: float, few: int) -> None:
    decimals = Decimals(few)
    rank = decimals.rank(value)
    assert decimals.rank(decimals.value(rank)) == rank


def test_neighbouring_decimals_have_neighbouring_ranks() -> None:
    decimals = Decimals(3)
    ranks = [decimals.rank(value) for value in (9.98, 9.99, 10.0, 10.1)]
    assert [b - a for a, b in pairwise(ranks)] == [1, 1, 1]


@given(st.integers(-1000, 1000).filter(lambda rank: rank == 0 or abs(rank) > 7))
def test_lowering_takes_the_unused_ranks_out_and_raising_puts_them_back(rank: int) -> None:
    assert raised(lowered(rank, 7), 7) == rank
    assert lowered(8, 7) == 1
    assert lowered(-8, 7) == -1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_no_rank(value: float) -> None:
    with pytest.raises(WireError, match="must be finite"):
        Decimals(3).rank(value)


def test_ranks_beyond_the_doubles_are_refused() -> None:
    decimals = Decimals(3)
    last = decimals.rank(sys.float_info.max)
    assert decimals.value(last) == 1.79e308
    for rank in (last + 1, last + 10_000, -last - 1, 2**90):
        with pytest.raises(WireError, match="beyond the doubles"):
            decimals.value(rank)
