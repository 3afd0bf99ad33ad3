"""A chart of windows in text: a band from the least to the greatest, and the mean as a line; pure.

one column     the windows that lie in its span of time, merged
░              between the low and the high of the column
▔ ━ ▁          the middle one (a mean, a median), to a third of a line
·              no window: a gap, never connected; `gaps` says why
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from agent.stats.histogram import Histogram
from agent.stats.window import Counter, Gauge
from agent.view.rows import GAP, Window, cadence, level
from agent.view.units import right

BAND = "░"
LEVELS = "▁━▔"
AXIS = 10
"""Cells of the numbers left of the chart."""

SHARES = (1.5, 2, 3, 4, 6, 8)
LEAST = sys.float_info.min
"""Values nearer to zero are drawn as zero: doubles are no longer evenly precise there."""
WIDEST = 4
"""Columns that one window takes at most, while there are few."""


class Point(NamedTuple):
    """What is drawn of a window; `low` and `high` are None where its kind has none."""

    low: float | None
    middle: float | None
    high: float | None


class Columns(NamedTuple):
    """The columns of a chart: `points` with None for a gap, of which `step` s each, the last ending at
    `end` (wall s); `blank` columns lie before the first window. `joined`: several windows share a column."""

    points: tuple[Point | None, ...]
    step: float
    end: float
    blank: int
    joined: bool = False


def single(held: Sequence[Window]) -> bool:
    """Whether each window is of one poll, as in a capture: its value is all that there is to show."""
    kinds = (Gauge, Counter)
    return bool(held) and all(isinstance(w.summary, kinds) and w.summary.count <= 1 for w in held)


def meaning(window: Window, *, single: bool = False) -> tuple[str, str, str]:
    """What low, middle and high are of this kind, or of a `single` poll; "" for what it has not."""
    if isinstance(window.summary, Gauge):
        return ("", "value", "") if single else ("min", "mean", "max")
    if isinstance(window.summary, Counter):
        return "", "rate", "" if single else "peak"
    if isinstance(window.summary, Histogram):
        return "p10", "p50", "p99"
    return "", "seen", ""


def point(window: Window) -> Point:
    """The numbers of a window that a chart draws; None for what it does not know."""
    summary = window.summary
    if isinstance(summary, Gauge) and summary.count:
        return Point(_finite(summary.low), level(window), _finite(summary.high))
    if isinstance(summary, Counter) and summary.count:
        return Point(None, level(window), _finite(summary.rate))
    if isinstance(summary, Histogram) and summary.count:
        return Point(summary.quantile(0.1), level(window), summary.quantile(0.99))
    return Point(None, level(window), None)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def laid_out(held: Sequence[Window], now: float, width: int) -> Columns:
    """The windows in `width` columns, the newest at the right; several in one where there are many."""
    step = cadence(held)
    until = max(held[-1].end, held[-1].start + step)
    until += step * max(0, math.floor((now - until) / step - 1.5))
    count = max(1, round((until - held[0].start) / step))
    each = min(WIDEST, width // count) if count <= width else 0
    size = step / each if each else step * _each(count, width)
    buckets: list[list[Window]] = [[] for _ in range(width)]
    for window in held:
        length = max(window.end - window.start, step) / size
        first, last = _reach(width - (until - window.start) / size, length)
        for column in range(max(0, first), min(width - 1, last) + 1):
            buckets[column].append(window)
    blank = next((place for place, bucket in enumerate(buckets) if bucket), width)
    return Columns(tuple(_merged(bucket) for bucket in buckets), size, until, blank, not each)


def _each(count: int, width: int) -> float:
    """How many windows share a column: few sizes, so that a chart that grows is seldom laid out anew."""
    return next((some for some in SHARES if some * width >= count), math.ceil(count / width))


def _reach(start: float, length: float) -> tuple[int, int]:
    """The first and the last column of a window that begins at `start` and is so many columns long: those
    into the middle of which it reaches, or the one that its own middle lies in where it is shorter."""
    if length < 1.0:
        middle = math.floor(start + length / 2)
        return middle, middle
    return math.ceil(start - 0.5), math.ceil(start + length - 0.5) - 1


def _merged(windows: Sequence[Window]) -> Point | None:
    """One point of the windows of a column: the extremes of all, the mean of the middles."""
    points = [each for each in map(point, windows) if each.middle is not None]
    if not points:
        return None
    lows = [each.low for each in points if each.low is not None]
    middles = [each.middle for each in points if each.middle is not None]
    highs = [each.high for each in points if each.high is not None]
    # Halves and shares: the sum of two doubles may be beyond the doubles.
    mean = sum(middle / len(middles) for middle in middles)
    return Point(min(lows, default=None), mean, max(highs, default=None))


class Scale(NamedTuple):
    """The values at the bottom and at the top of a chart."""

    low: float
    high: float

    def place(self, value: float, height: int) -> int:
        """Which third of which line a value lies in, counted from the bottom."""
        # Halves: the difference of two doubles may be beyond the doubles.
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return min(3 * height - 1, max(0, int(share * 3 * height)))


def scale(columns: Columns) -> Scale:
    """The scale that holds all points: from zero where that is near, and never flat."""
    values = [value for each in columns.points if each for value in each if value is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    if max(abs(low), abs(high)) < LEAST:
        low, high = 0.0, 0.0
    if 0 <= low <= 0.5 * high:
        low = 0.0
    if high - low <= 0.02 * max(abs(low), abs(high)):
        room = 0.1 * max(abs(low), abs(high)) or 1.0
        low, high = (0.0 if low == 0 else low - room), high + room
    return Scale(max(low, -8e307), min(high, 8e307))


def body(columns: Columns, of: Scale, height: int) -> list[str]:
    """The chart alone, `height` lines from the top."""
    drawn = [_column(each, of, height) for each in columns.points]
    for place in range(columns.blank):
        drawn[place] = [" "] * height
    return ["".join(column[row] for column in drawn) for row in reversed(range(height))]


def _column(each: Point | None, of: Scale, height: int) -> list[str]:
    """The cells of a column from the bottom up."""
    if each is None or each.middle is None:
        return [GAP] * height
    middle = of.place(each.middle, height)
    low = of.place(each.low, height) if each.low is not None else middle
    high = of.place(each.high, height) if each.high is not None else middle
    cells = [BAND if low // 3 <= row <= high // 3 else " " for row in range(height)]
    cells[middle // 3] = LEVELS[middle % 3]
    return cells


def axis(of: Scale, height: int, shown: Callable[[float], str]) -> list[str]:
    """The numbers left of the chart: at the top, in the middle, at the bottom."""
    marks = {0: of.high, height - 1: of.low}
    if height >= 5:
        marks[height // 2] = of.high - (of.high - of.low) * (height // 2 + 0.5) / height
    return [
        right(shown(marks[row]), AXIS - 1) + "┤" if row in marks else " " * (AXIS - 1) + "│"
        for row in range(height)
    ]
