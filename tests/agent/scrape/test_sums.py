"""What one page adds to each series."""

from __future__ import annotations

from math import inf, nan

from agent.scrape.sums import Sums
from agent.scrape.turn import Look, Turn
from agent.stats.histogram import Histogram
from agent.stats.window import Counter, Gauge
from collectors.api import Kind, Series
from collectors.endpoints.points import Buckets, Point


def series(name: str, kind: Kind) -> Series:
    return Series(name, "1", kind, ())


TOTAL, LEVEL, TOOK = series("total", "counter"), series("level", "gauge"), series("took", "histogram")


def second_look(*before: Point) -> Look:
    """A look at 12 s, after a page with these at 2 s."""
    turn = Turn()
    first = turn.look(None, 2.0, 2.0)
    sums = Sums(first, 2.0)
    for point in before:
        sums.add(point)
    first.end(whole=True)
    return turn.look(None, 12.0, 12.0)


def test_gauges_of_one_series_are_several_values() -> None:
    sums = Sums(second_look(), 12.0)
    for at, value in enumerate((4.0, 1.0, nan, 3.0)):
        sums.add(Point((f"a{at}", ()), LEVEL, value, 10.0))
    assert sums.summaries() == {LEVEL: Gauge(3, 80.0, 10.0, 40.0, 30.0)}


def test_counters_of_one_series_add_up_growth_and_rate() -> None:
    sums = Sums(second_look(Point(("a", ()), TOTAL, 5.0), Point(("b", ()), TOTAL, 100.0)), 12.0)
    sums.add(Point(("a", ()), TOTAL, 25.0, 0.5))
    sums.add(Point(("b", ()), TOTAL, 30.0, 0.5))
    assert sums.summaries() == {TOTAL: Counter(1, 25.0, 2.5, 1)}


def test_what_is_taken_off_never_makes_a_total_fall() -> None:
    before = [Point(("queries", ()), TOTAL, 10.0), Point(("hits", ()), TOTAL, 4.0)]
    sums = Sums(second_look(*before), 12.0)
    sums.add(Point(("queries", ()), TOTAL, 30.0))
    sums.add(Point(("hits", ()), TOTAL, 9.0, -1.0))
    assert sums.summaries() == {TOTAL: Counter(1, 15.0, 1.5, 0)}
    sums.add(Point(("more", ()), TOTAL, 900.0, -1.0))
    assert sums.summaries() == {TOTAL: Counter(1, 0.0, 0.0, 0)}


def test_the_first_page_tells_nothing_of_totals() -> None:
    sums = Sums(Turn().look(None, 1.0, 1.0), 1.0)
    sums.add(Point(("a", ()), TOTAL, 5.0))
    sums.add(Point(("h", ()), TOOK, Buckets((1.0, inf), (3, 0), 2.0)))
    sums.add(Point(("g", ()), LEVEL, 5.0))
    assert sums.summaries() == {LEVEL: Gauge(1, 5.0, 5.0, 5.0, 5.0)}


def test_histograms_in_our_unit() -> None:
    before = Buckets((100.0, 200.0, inf), (3, 0, 0), 150.0)
    sums = Sums(second_look(Point(("h", ()), TOOK, before)), 12.0)
    sums.add(Point(("h", ()), TOOK, Buckets((100.0, 200.0, inf), (3, 1, 0), 330.0), 0.001))
    (found,) = sums.summaries().values()
    assert isinstance(found, Histogram)
    assert (found.count, round(found.total, 9), round(found.low, 9), round(found.high, 9)) == (
        1,
        0.18,
        0.18,
        0.18,
    )


def test_a_histogram_that_did_not_grow_is_absent() -> None:
    same = Point(("h", ()), TOOK, Buckets((1.0, inf), (3, 0), 2.0))
    sums = Sums(second_look(same), 12.0)
    sums.add(same)
    assert sums.summaries() == {}
