"""Joining frames: what is neighbouring, what a step keeps apart, and that the tree does not matter."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.frame import (
    MAX_EVENTS,
    MAX_FRAMES,
    MAX_GAP,
    Content,
    Event,
    Frame,
    Span,
    bounded,
    merge_contents,
)
from agent.stats.histogram import Histogram
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Series

LOAD = Series("system.cpu.utilization", "1", "gauge", (("cpu", "0"),))
SENT = Series("system.network.io", "By", "counter", (("direction", "transmit"),))
TIME = Series("http.server.request.duration", "s", "histogram", ())


def frame(n: int, offset: float = 100.0, quality: str = "synchronised", boot: str = "b") -> Frame:
    """The frame of minute `n`, with dyadic values."""
    windows: dict[Series, Summary] = {LOAD: Gauge(2, n / 4, n / 16, n / 8, n / 16)}
    if n % 2:
        windows[SENT] = Counter(60, n * 1000, n / 2, n % 3)
    if n % 3:
        windows[TIME] = Histogram.of([n / 8, n / 4, 1.0])
    return Frame(Span(boot, 60.0 * n, 60.0 * n + 60.0, 59.5, offset, quality), windows)


def event(n: int) -> Event:
    return Event("b", float(n), 100.0, "outrider.started", (), f"number {n}")


def test_wall_time_is_the_boot_clock_and_the_offset() -> None:
    late = event(500)
    assert frame(1).span.wall == (160.0, 220.0)
    assert late.wall == 600.0
    assert Content((frame(2, offset=900.0), frame(1)), (late,)).wall == (160.0, 1080.0)
    assert Content(events=(late,)).wall == (600.0, 600.0)
    assert Content().wall == (0.0, 0.0)


def test_neighbouring_frames_become_one() -> None:
    content = merge_contents(Content((frame(1),)), Content((frame(2, offset=100.5),)))
    assert len(content.frames) == 1
    joined = content.frames[0]
    assert joined.span == Span("b", 60.0, 180.0, 119.0, 100.5, "synchronised")
    assert joined.windows[LOAD] == Gauge(4, 0.75, 1 / 16, 0.25, 0.125)
    assert joined.windows[SENT] == Counter(60, 1000, 0.5, 1)
    assert joined.windows[TIME] == Histogram.of([0.125, 0.25, 1.0, 0.25, 0.5, 1.0])


@pytest.mark.parametrize(
    "later", [frame(2, offset=101.25), frame(2, quality="unsynchronised"), frame(2, boot="c")]
)
def test_a_step_another_quality_or_another_boot_keeps_frames_apart(later: Frame) -> None:
    assert merge_contents(Content((frame(1),)), Content((later,))).frames == (frame(1), later)


def test_joining_changes_neither() -> None:
    a, b = Content((frame(1),), (event(1),)), Content((frame(3),), (event(2),))
    merge_contents(a, b)
    assert (a, b) == (Content((frame(1),), (event(1),)), Content((frame(3),), (event(2),)))


def test_the_empty_content_adds_nothing() -> None:
    one = Content((frame(1), frame(2, boot="c")), (event(1),), 3)
    assert merge_contents(one, Content()) == one == merge_contents(Content(), one)


def test_the_oldest_events_stay_and_the_rest_is_counted() -> None:
    a = Content((), tuple(event(n) for n in range(700)), 5)
    b = Content((), tuple(event(n) for n in range(700, 1400)), 1)
    merged = merge_contents(a, b)
    assert merged.events == tuple(event(n) for n in range(MAX_EVENTS))
    assert merged.dropped == 5 + 1 + 400


def test_an_events_place_is_beside_the_frames_not_inside() -> None:
    merged = merge_contents(Content((frame(1),)), Content((), (event(1),)))
    assert merged == Content((frame(1),), (event(1),))


# Regimes of the clock: within one the offset wanders by less than MAX_STEP, between two it steps.
REGIMES = st.lists(
    st.tuples(st.sampled_from(["b", "c"]), st.sampled_from([0.0, 5.0, 90.0]), st.integers(0, 8)),
    min_size=1,
    max_size=12,
)


def contents_of(regimes: list[tuple[str, float, int]]) -> list[Content]:
    return [
        Content((frame(n, offset=level + jitter / 16, boot=boot),), tuple(event(n) for _ in range(jitter)))
        for n, (boot, level, jitter) in enumerate(regimes)
    ]


def tree(contents: list[Content], split: Callable[[int], int]) -> Content:
    """Merge neighbours down to one, cut where `split` says."""
    if len(contents) == 1:
        return contents[0]
    cut = split(len(contents))
    return merge_contents(tree(contents[:cut], split), tree(contents[cut:], split))


@given(REGIMES, st.randoms(use_true_random=False))
def test_any_tree_of_merges_gives_the_same(regimes: list[tuple[str, float, int]], random: object) -> None:
    contents = contents_of(regimes)
    shuffled = tree(contents, lambda n: random.randint(1, n - 1))  # type: ignore[attr-defined]
    assert tree(contents, lambda _: 1) == tree(contents, lambda n: n - 1) == shuffled
    assert sum(f.span.covered for f in shuffled.frames) == 59.5 * len(contents)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_a_slewing_clock_loses_nothing_in_any_tree(offsets: list[int]) -> None:
    contents = [Content((frame(n, offset=offset / 16),)) for n, offset in enumerate(offsets)]
    for split in (lambda _: 1, lambda n: n - 1, lambda n: n // 2):
        merged = tree(contents, split)
        assert sum(f.span.covered for f in merged.frames) == 59.5 * len(contents)
        gauges = [f.windows[LOAD] for f in merged.frames]
        assert sum(gauge.count for gauge in gauges if isinstance(gauge, Gauge)) == 2 * len(contents)


# Pieces of data anywhere in a few hours of two boots, in whatever order they come: live, late, overlapping.
PIECES = st.lists(
    st.tuples(st.sampled_from("bc"), st.integers(0, 600), st.integers(1, 40), st.sampled_from([0.0, 5000.0])),
    min_size=1,
    max_size=24,
)


def pieces(drawn: list[tuple[str, int, int, float]]) -> list[Content]:
    """One content each: 15 s steps, so that some adjoin; the n-th has a sum that no others add up to."""
    found = []
    for n, (boot, start, length, offset) in enumerate(drawn):
        span = Span(boot, 15.0 * start, 15.0 * start + length, float(length), offset, "synchronised")
        windows: dict[Series, Summary] = {SENT: Counter(1, 2.0**n, 1.0, 0), LOAD: Gauge(1, 1.0, 0.0, n, n)}
        found.append(Content((Frame(span, windows),)))
    return found


def shape(content: Content) -> set[tuple[object, ...]]:
    return {(*frame.span, frame.windows[SENT]) for frame in content.frames}


def reach(spans: list[tuple[float, float]]) -> float:
    """How much time the intervals cover together."""
    covered, end = 0.0, float("-inf")
    for start, until in sorted(spans):
        covered += max(0.0, until - max(start, end))
        end = max(end, until)
    return covered


@given(PIECES, st.randoms(use_true_random=False))
def test_late_data_merge_alike_in_any_order_and_grouping(
    drawn: list[tuple[str, int, int, float]], random: object
) -> None:
    contents = pieces(drawn)
    shuffled = list(contents)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one = tree(contents, lambda _: 1)
    other = tree(shuffled, lambda n: random.randint(1, n - 1))  # type: ignore[attr-defined]
    assert shape(one) == shape(other)
    assert sum(f.span.covered for f in one.frames) == sum(length for _, _, length, _ in drawn)
    for boot, offset in {(boot, offset) for boot, _, _, offset in drawn}:
        parts = [c.frames[0].span for c in contents if c.frames[0].span[0::4][:2] == (boot, offset)]
        spans = [f.span for f in one.frames if (f.span.boot, f.span.offset) == (boot, offset)]
        allowed = MAX_GAP * (len(parts) - len(spans))
        assert sum(span.end - span.start for span in spans) <= reach([p[1:3] for p in parts]) + allowed
        assert all(b.start - a.end > MAX_GAP for a, b in itertools.pairwise(spans))


def test_an_hour_old_window_keeps_its_own_time_and_adds_where_there_is_one() -> None:
    late = frame(3)._replace(span=Span("b", 180.0, 240.0, 0.0, 100.0, "synchronised"))
    apart = merge_contents(Content((frame(60),)), Content((late,)))
    assert [f.span[1:3] for f in apart.frames] == [(180.0, 240.0), (3600.0, 3660.0)]
    both = merge_contents(apart, Content((frame(3),)))
    assert [f.span[1:4] for f in both.frames] == [(180.0, 240.0, 59.5), (3600.0, 3660.0, 59.5)]
    added = both.frames[0].windows[SENT]
    assert isinstance(added, Counter)
    assert added.delta == 6000


def test_the_last_value_is_that_of_the_later_window_whichever_came_first() -> None:
    late, live = Content((frame(1),)), Content((frame(2),))
    for merged in (merge_contents(live, late), merge_contents(late, live)):
        window = merged.frames[0].windows[LOAD]
        assert isinstance(window, Gauge)
        assert window.last == 2 / 16


@given(PIECES, st.integers(1, 8))
def test_beyond_the_bound_the_nearest_are_joined_and_nothing_is_lost(
    drawn: list[tuple[str, int, int, float]], most: int
) -> None:
    content = tree(pieces(drawn), lambda _: 1)
    fewer, joined = bounded(content, most)
    assert len(fewer.frames) == len(content.frames) - joined
    clocks = {(f.span.boot, f.span.offset) for f in content.frames}
    runs = sum(
        1 for a, b in zip(fewer.frames, fewer.frames[1:], strict=False) if a.span[0::4] == b.span[0::4]
    )
    assert len(fewer.frames) <= max(most, len(clocks)) or runs == 0
    total = sum(w.delta for f in fewer.frames if isinstance(w := f.windows[SENT], Counter))
    assert total == 2.0 ** len(drawn) - 1
    assert sum(f.span.covered for f in fewer.frames) == sum(f.span.covered for f in content.frames)


def test_nearest_first() -> None:
    spans = [(0.0, 60.0), (1000.0, 1060.0), (1100.0, 1160.0), (5000.0, 5060.0)]
    content = Content(tuple(frame(1)._replace(span=Span("b", *s, 60.0, 0.0, "unknown")) for s in spans))
    assert bounded(content, 4) == (content, 0)
    fewer, joined = bounded(content, 3)
    assert ([f.span[1:3] for f in fewer.frames], joined) == ([spans[0], (1000.0, 1160.0), spans[3]], 1)


def test_a_clock_that_keeps_jumping_is_not_joined_beyond_reason() -> None:
    frames = tuple(frame(n, offset=1000.0 * n) for n in range(3 * MAX_FRAMES))
    assert bounded(Content(frames)) == (Content(frames), 0)
