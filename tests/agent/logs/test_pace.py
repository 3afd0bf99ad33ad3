from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.logs.pace import ENOUGH, SELDOM, SOON, pause


def test_a_quiet_log_is_looked_at_seldom() -> None:
    assert pause(0, 5.0, settled=True) == SELDOM
    assert pause(100 * 238, 1.0, settled=True) == SELDOM


def test_what_is_not_settled_is_looked_at_soon() -> None:
    assert pause(0, 5.0, settled=False) == SOON


@given(st.integers(1, 1 << 32), st.floats(0.0, 100.0))
def test_no_more_than_enough_comes_between_two_looks_where_they_can_be_as_frequent(
    size: int, seconds: float
) -> None:
    rest = pause(size, seconds, settled=True)
    assert SOON <= rest <= SELDOM
    assert rest == SOON or size * rest <= ENOUGH * seconds * (1 + 1e-9)
    assert rest == SELDOM or size * SELDOM >= ENOUGH * seconds


def test_a_longer_silence_before_makes_no_difference() -> None:
    assert pause(3 * ENOUGH, 9.0, settled=True) == pause(ENOUGH, 3.0, settled=True) == 3.0
