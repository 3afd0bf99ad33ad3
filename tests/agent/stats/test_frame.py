"""Joining frames: what is neighbouring, what a step keeps apart, and that the tree does not matter."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.frame import MAX_EVENTS, Content, Event, Frame, Span, merge_contents
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
