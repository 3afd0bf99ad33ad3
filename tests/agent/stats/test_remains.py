"""The polls after the last stored window become windows of their own time, with all that was polled."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.clocks import Clock
from agent.stats.frame import Frame
from agent.stats.remains import MOST, remains
from agent.stats.ring import Ring
from agent.stats.ringfile import Snapshot
from agent.stats.window import Counter, Gauge
from collectors.api import Reading, Series

LOAD = Series("load", "1", "gauge", ())
SENT = Series("sent", "By", "counter", ())
TIME = Series("time", "s", "histogram", ())
CLOCK = Clock("boot", 1e9, "synchronised")


def ring(path: Path, seconds: int, every: int = 1, rows: int = 4000) -> Snapshot:
    """A ring of so many seconds from 100 s on: a gauge that counts, a counter of 10 a second."""
    kept = Ring.open(path / "ring", "boot", rows, 64)
    for second in range(0, seconds, 1):
        readings = [("often", Reading((LOAD, TIME), (float(second), [1.0])))]
        if second % every == 0:
            readings.append(("seldom", Reading((SENT,), (10 * second,))))
        kept.write(100.0 + second, readings)
    snapshot = kept.snapshot()
    kept.close()
    return snapshot


def one(frames: tuple[Frame, ...]) -> Frame:
    [frame] = frames
    return frame


def test_what_came_after_the_last_window_is_one_that_adjoins_it(tmp_path: Path) -> None:
    frame = one(remains(ring(tmp_path, 60), 130.0, 2.0, 60.0, CLOCK))
    assert frame.span == ("boot", 130.0, 159.0, 29.0, 1e9, "synchronised")
    assert frame.windows == {
        LOAD: Gauge(29, sum(range(31, 60)), 31.0, 59.0, 59.0),
        SENT: Counter(29, 290.0, 10.0, 0),
    }


def test_a_counter_that_is_read_seldom_has_its_own_rate(tmp_path: Path) -> None:
    frame = one(remains(ring(tmp_path, 60, every=10), 132.0, 2.0, 60.0, CLOCK))
    assert frame.windows[SENT] == Counter(2, 200.0, 10.0, 0)


def test_a_poll_at_the_end_of_the_window_is_in_it(tmp_path: Path) -> None:
    snapshot = ring(tmp_path, 60)
    assert one(remains(snapshot, 157.99, 2.0, 60.0, CLOCK)).windows[LOAD] == Gauge(1, 59.0, 59.0, 59.0, 59.0)
    assert remains(snapshot, 159.0, 2.0, 60.0, CLOCK) == ()
    assert remains(snapshot, 158.99, 2.0, 60.0, CLOCK) == ()


def test_where_nothing_was_ever_stored_all_of_the_ring_is_left(tmp_path: Path) -> None:
    frame = one(remains(ring(tmp_path, 20), 0.0, 2.0, 60.0, CLOCK))
    assert frame.span[1:4] == (99.0, 119.0, 20.0)
    assert frame.windows[SENT] == Counter(19, 190.0, 10.0, 0)


def test_a_gap_between_polls_was_not_watched(tmp_path: Path) -> None:
    kept = Ring.open(tmp_path / "ring", "boot", 60, 64)
    for at in (101.0, 102.0, 112.0):
        kept.write(at, [("often", Reading((LOAD,), (1.0,)))])
    frame = one(remains(kept.snapshot(), 100.0, 2.0, 60.0, CLOCK))
    kept.close()
    assert frame.span[1:4] == (100.0, 112.0, 4.0)


def test_another_boot_and_an_empty_ring_leave_nothing(tmp_path: Path) -> None:
    snapshot = ring(tmp_path, 20)
    assert remains(snapshot, 110.0, 2.0, 60.0, CLOCK._replace(boot="another")) == ()
    (tmp_path / "empty").mkdir()
    assert remains(ring(tmp_path / "empty", 0), 0.0, 2.0, 60.0, CLOCK) == ()


def test_a_long_time_becomes_a_few_windows_side_by_side(tmp_path: Path) -> None:
    frames = remains(ring(tmp_path, 3600), 100.0, 2.0, 60.0, CLOCK)
    assert len(frames) <= MOST + 1
    assert frames[0].span.start == 100.0
    assert [f.span.end for f in frames[:-1]] == [f.span.start for f in frames[1:]]
    assert frames[-1].span.end == 3699.0


@given(seconds=st.integers(2, 300), since=st.floats(100.0, 420.0), span=st.floats(1.0, 90.0))
def test_every_poll_counts_once(
    tmp_path_factory: pytest.TempPathFactory, seconds: int, since: float, span: float
) -> None:
    snapshot = ring(tmp_path_factory.mktemp("ring"), seconds)
    frames = remains(snapshot, since, 2.0, span, CLOCK)
    polls = [at for at in snapshot.times if at > since + 0.05]
    loads = [window for f in frames if isinstance(window := f.windows[LOAD], Gauge)]
    assert sum(window[0] for window in loads) == len(polls)
    increases = [value for at, value in snapshot.read(SENT) if at > since + 0.05]
    sent = [f.windows[SENT] for f in frames if SENT in f.windows]
    assert sum(window.delta for window in sent if isinstance(window, Counter)) == sum(increases)
    covered = sum(f.span.covered for f in frames)
    if polls:
        assert frames[-1].span.end == polls[-1]
        assert covered <= polls[-1] - min(since, polls[0]) + 1e-6
