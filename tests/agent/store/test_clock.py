from __future__ import annotations

import pytest

from agent.store.clock import LEAP, WallClock

NOW = 1_700_000_000.0


@pytest.mark.parametrize("leap", [-LEAP - 1.0, LEAP + 1.0])
def test_after_a_leap_it_is_believed_only_when_it_has_gone_on_for_some_flushes(leap: float) -> None:
    clock = WallClock(NOW, NOW, settle=2)
    assert clock.settled(NOW + LEAP, counts=True)
    clock.last = NOW + LEAP
    assert [clock.settled(NOW + LEAP + leap, counts=True) for _ in range(3)] == [False, False, True]


def test_a_clock_that_is_not_trusted_is_not_believed_however_long_it_goes_on() -> None:
    clock = WallClock(NOW, NOW + 2 * LEAP, settle=1)
    assert not any(clock.settled(NOW + 2 * LEAP, counts=False) for _ in range(5))
    assert clock.settled(NOW + 2 * LEAP, counts=True)


def test_a_leap_over_a_restart_counts_and_flushes_before_the_life_began_do_not() -> None:
    clock = WallClock(NOW - 2 * LEAP, NOW, settle=1)
    assert not any(clock.settled(NOW, counts=False) for _ in range(5))
    assert clock.settled(NOW, counts=True)


def test_a_new_store_has_no_time_to_leap_from() -> None:
    assert WallClock(None, NOW, settle=8).settled(NOW, counts=True)
