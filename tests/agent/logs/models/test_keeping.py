"""The share of the disk's budget that rows which wait for labels have."""

from __future__ import annotations

from math import inf

from agent.logs.models.keeping import DAY, HELD, Keeping

MB = 1e6


def test_a_day_sees_no_more_than_its_share_and_what_was_saved() -> None:
    keeping, stored = Keeping(MB), 0
    for minute in range(24 * 60):
        size = 5000
        if size <= keeping.room(60.0 * minute):
            keeping.spend(size)
            stored += size
    assert 0.95 * MB < 2 * stored < (1 + HELD) * MB + 10_000


def test_what_is_larger_than_the_bucket_goes_when_it_is_full_and_is_owed() -> None:
    keeping = Keeping(MB)
    assert keeping.room(0.0) == inf
    keeping.spend(1_000_000)
    assert keeping.room(DAY / 2) == 0.0
    assert keeping.room(1.8 * DAY) == 0.0
    assert keeping.room(2.2 * DAY) == inf


def test_a_clock_that_goes_back_earns_nothing() -> None:
    keeping = Keeping(MB)
    keeping.room(1000.0)
    keeping.spend(int(MB))
    assert keeping.room(0.0) == 0.0
    assert 0.0 <= keeping.room(60.0) < inf
