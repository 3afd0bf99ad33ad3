"""Windows end on the wall clock's grid and at its steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.watch import Watch


def test_a_window_ends_at_the_full_minute_of_the_wall_clock() -> None:
    watch = Watch("b", 60.0)
    watch.begin(100.0, 1_700_000_015.0)
    assert watch.due() == pytest.approx(100.0 + 60 - 1_700_000_015 % 60)


def test_a_timer_that_fires_early_makes_no_sliver() -> None:
    watch = Watch("b", 60.0)
    watch.begin(100.0, 1_699_999_979.99)
    assert watch.due() == pytest.approx(160.01)


@given(st.floats(0, 1e9), st.floats(0, 4e9), st.sampled_from([1.0, 5.0, 60.0, 3600.0]))
def test_every_window_is_longer_than_a_sliver_and_at_most_a_sliver_above_its_span(
    now: float, wall: float, span: float
) -> None:
    watch = Watch("b", span)
    watch.begin(now, wall)
    assert 0.0499 * span <= watch.due() - now <= 1.0501 * span
    assert (watch.due() + wall - now + span / 2) % span == pytest.approx(span / 2, abs=1e-3)


def test_a_step_of_more_than_a_second_is_seen_either_way_and_drift_is_not() -> None:
    watch = Watch("b", 60.0)
    watch.begin(100.0, 1000.0)
    assert not watch.stepped(130.0, 1030.9)
    assert watch.stepped(130.0, 1031.1)
    assert watch.stepped(130.0, 1028.9)
    assert watch.stepped(130.0, -8e8)


def test_a_span_says_how_much_of_it_was_watched() -> None:
    watch = Watch("boot", 60.0)
    watch.begin(100.0, 1000.0)
    for _ in range(30):
        watch.watched(1.0)
    assert watch.end(160.0, "synchronised") == ("boot", 100.0, 160.0, 30.0, 900.0, "synchronised")
    watch.begin(160.0, 1060.0)
    watch.watched(90.0)
    assert watch.end(200.0, "unknown").covered == 40.0
