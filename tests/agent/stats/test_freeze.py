"""A capture holds the ticks of its span, and when they are too many, those around the trigger."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from agent.stats.clocks import Clock
from agent.stats.frame import Frame
from agent.stats.freeze import Bounds, Frozen, fitted, frozen, thinned
from agent.stats.ring import Ring
from agent.stats.window import Counter
from collectors.api import Reading, Series

CLOCK = Clock("boot", 1000.0, "synchronised")
LOAD = Series("load", "1", "gauge", ())
BYTES = Series("bytes", "By", "counter", ())
SLOW = Series("slow", "1", "counter", ())


@pytest.fixture
def ring(tmp_path: Path) -> Ring:
    made = Ring.open(tmp_path / "ring", "boot", 600)
    for at in range(400):
        readings = [("fast", Reading((LOAD, BYTES), [at, 100 * at]))]
        if at % 10 == 0:
            readings.append(("slow", Reading((SLOW,), [at])))
        made.write(float(at), readings)
    return made


def ends(of: Frozen) -> list[float]:
    return [tick[0].span.end for tick in of.ticks]


def whole(ring: Ring, start: float = 100.0, end: float = 280.0, most: int = 10_000) -> Frozen:
    return frozen(ring.snapshot(), Bounds(start, end, 220.0, most), CLOCK, ring.snapshot().series)


def test_the_span_is_there_second_by_second(ring: Ring) -> None:
    found = whole(ring)
    assert ends(found) == [float(at) for at in range(100, 281)]
    assert (found.series, found.cut) == (3, 0)
    assert found.values == 181 * 2 + 19
    assert {frame.span.offset for frame in found.frames} == {1000.0}
    assert found.ticks[0][0].windows[BYTES] == Counter(1, 100.0, 100.0, 0)


def test_a_slow_counter_has_its_first_increase_though_it_began_before(ring: Ring) -> None:
    (first,) = [frame for frame in whole(ring, 105.0).frames if SLOW in frame.windows][:1]
    assert (first.span.start, first.span.end) == (100.0, 110.0)


def test_only_what_is_wanted_is_taken(ring: Ring) -> None:
    found = frozen(ring.snapshot(), Bounds(100, 280, 220, 10_000), CLOCK, {SLOW})
    assert (found.series, len(found.ticks)) == (1, 19)


def test_a_span_that_the_ring_does_not_reach_is_empty(ring: Ring) -> None:
    assert whole(ring, 1000.0, 2000.0) == Frozen(())


@pytest.mark.parametrize("most", [350, 200, 100, 40, 10])
def test_thinning_keeps_the_ticks_around_the_trigger_whole(ring: Ring, most: int) -> None:
    found = thinned(whole(ring), 220.0, most)
    at = ends(found)
    assert found.values <= most
    assert found.values > most // 3
    assert len(at) + found.cut == 181
    assert at == sorted(at)
    near = sorted(at, key=lambda each: abs(each - 220.0))[: max(2, len(at) // 4)]
    steps = [b - a for a, b in pairwise(sorted(near))]
    assert all(step == 1.0 for step in steps), "the nearest are each second"
    assert at[0] < 220.0 < at[-1] or most < 40


def test_what_is_thinned_at_once_is_what_is_thinned_afterwards(ring: Ring) -> None:
    at_once = whole(ring, most=200)
    assert at_once == thinned(whole(ring), 220.0, 200)
    assert at_once.cut > 0


def test_what_fits_is_not_touched(ring: Ring) -> None:
    found = whole(ring)
    assert thinned(found, 220.0, found.values) == found


def by_ticks(frames: Sequence[Frame]) -> int:
    """100 bytes that all share, and 10 a frame."""
    return 100 + 10 * len(frames)


def test_a_capture_is_thinned_until_its_bytes_fit(ring: Ring) -> None:
    found = fitted(whole(ring), 220.0, 10_000, 700, by_ticks)
    assert 350 < by_ticks(found.frames) <= 700
    assert len(found.ticks) + found.cut == 181


def test_where_not_even_two_ticks_fit_there_are_none(ring: Ring) -> None:
    assert fitted(whole(ring), 220.0, 10_000, 90, by_ticks) == Frozen((), 181)
    assert fitted(Frozen(()), 0.0, 10, 90, by_ticks) == Frozen(())
