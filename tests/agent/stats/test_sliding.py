from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.sliding import BEYOND, PARTS, Sliding

DAY, HOUR = 86_400.0, 3600.0
STEPS = st.lists(st.tuples(st.integers(0, 200_000), st.integers(0, 10**9)), max_size=60)


def played(steps: Sequence[tuple[int, int]]) -> tuple[Sliding, list[tuple[int, int]]]:
    """The count after these (seconds, amount), and when each amount came."""
    count, now, came = Sliding(DAY), 0, []
    for seconds, amount in steps:
        now += seconds
        count = count.after(seconds).plus(amount)
        came.append((now, amount))
    return count, came


@given(STEPS)
def test_it_counts_the_last_period_and_at_most_a_part_before_it(steps: Sequence[tuple[int, int]]) -> None:
    count, came = played(steps)
    now = came[-1][0] if came else 0
    least = sum(amount for at, amount in came if at > now - DAY)
    most = sum(amount for at, amount in came if at > now - DAY - HOUR)
    assert least <= count.total <= most
    assert len(count.parts) <= PARTS + 1


@given(STEPS)
def test_it_is_saved_and_read_as_it_was(steps: Sequence[tuple[int, int]]) -> None:
    count, _ = played(steps)
    assert Sliding.load(json.loads(json.dumps(count.saved()))) == count


def test_of_another_period_all_came_just_now() -> None:
    count = Sliding(DAY).plus(5).after(2 * HOUR).plus(2)
    assert count.over(DAY) == count
    assert count.over(HOUR) == Sliding(HOUR, 0.0, (7,))


def test_years_later_nothing_is_left() -> None:
    assert Sliding(DAY).plus(5).after(1e12).total == 0


@pytest.mark.parametrize(
    "saved",
    [
        None,
        5,
        "abc",
        [],
        [DAY, 0.0],
        [DAY, 0.0, []],
        [DAY, 0.0, [0] * (PARTS + 2)],
        [DAY, 0.0, [-1]],
        [DAY, 0.0, [1.5]],
        [DAY, 0.0, [BEYOND]],
        [DAY, 0.0, [None]],
        [DAY, -1.0, [1]],
        [DAY, float("nan"), [1]],
        [0.0, 0.0, [1]],
        [float("inf"), 0.0, [1]],
        ["1", 0.0, [1]],
        [DAY, 0.0, 5],
    ],
)
def test_what_is_no_count_is_refused(saved: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        Sliding.load(saved)
