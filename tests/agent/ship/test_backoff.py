from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.ship.backoff import Backoff

unit = st.floats(0, 1, exclude_max=True)


@given(st.floats(0.1, 10), st.floats(0.1, 1000), st.lists(unit, min_size=1, max_size=200))
def test_every_wait_is_within_the_bounds(low: float, high: float, draws: list[float]) -> None:
    backoff = Backoff(low, high, iter(draws).__next__)
    assert all(low <= backoff.next() <= max(low, high) for _ in draws)


def test_the_bound_doubles_until_the_longest() -> None:
    backoff = Backoff(1.0, 60.0, lambda: 1.0)
    assert [backoff.next() for _ in range(8)] == [2, 4, 8, 16, 32, 60, 60, 60]


def test_jitter_spreads_a_fleet_over_the_whole_range() -> None:
    shares = iter([n / 1000 for n in range(1000)])
    waits = [Backoff(1.0, 60.0, shares.__next__).next() for _ in range(1000)]
    assert (min(waits), len(set(waits))) == (1.0, 1000)
    assert max(waits) > 1.99


def test_weeks_of_failures_do_not_overflow() -> None:
    backoff = Backoff(1.0, 60.0, lambda: 0.5)
    assert [backoff.next() for _ in range(5000)][-1] == 30.5


def test_reset_begins_again() -> None:
    backoff = Backoff(1.0, 60.0, lambda: 0.5)
    first = [backoff.next() for _ in range(4)]
    backoff.reset()
    assert [backoff.next() for _ in range(4)] == first


@given(unit)
def test_the_long_wait_is_in_the_upper_half(share: float) -> None:
    assert 30.0 <= Backoff(1.0, 60.0, lambda: share).longest() <= 60.0
