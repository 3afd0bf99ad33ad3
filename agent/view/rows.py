"""From records to the rows of a table: pure, and bounded whatever a device sends.

A `Board` holds the windows and events of one device as they come, late and repeated ones too: a coarser
record takes the place of the finer ones inside it, as in the fleet store. From it come rows with the
latest value, its age, and a sparkline in which a gap is a gap.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from agent.ship.plain import mean_rate
from agent.ship.records import RAW, Key
from agent.stats.frame import Content, Event, Span
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge, Summary
from agent.view.clean import clean
from agent.view.faults import LOG, Fault, Meaning, Name, Seen, faults, meanings
from agent.view.faults import METRIC as TEMPLATES
from agent.view.units import human
from collectors.api import Series

KEPT = 3600.0
"""Seconds that a view keeps what it was told."""

HOUSEKEEPING = 30.0
"""Seconds between two looks for what is older."""

MAX_SERIES = 2048
MAX_WINDOWS = 64
MAX_EVENTS = 200
MAX_MEANINGS = 1024
"""Templates of errors whose texts are kept."""
EVEN_STEPS = 3
UNKNOWN_STEP = 60.0
GAP = "·"
BARS = "▁▂▃▄▅▆▇█"
_RATIOS = ("utilization", "ratio")
# What people look for first; anything else stands in the middle.
RANKS = {
    name: rank for rank, name in enumerate(("model", "gen_ai", "http", "system", "hw", "linux", "outrider"))
}
_DIGITS = re.compile(r"(\d+)")


class Window(NamedTuple):
    """A summary and where it lies: wall seconds, and how many of them were really watched."""

    key: Key
    start: float
    end: float
    covered: float
    summary: Summary


class Row(NamedTuple):
    """A series as the table shows it: `age` of its latest window in s, values in base units.

    `now` is the last value of a gauge and the mean rate of a counter; `late` says that the latest
    window is older than two and a half times the distance of its windows. `spark` is one mark a window.
    """

    series: Series
    unit: str
    age: float
    late: bool
    now: float | None
    mean: float | None
    low: float | None
    high: float | None
    spark: str
    detail: tuple[tuple[str, float], ...]

    @property
    def ratio(self) -> bool:
        """Whether its values are shares of one."""
        return self.unit == "1" and any(word in self.series.name for word in _RATIOS)

    @property
    def value(self) -> float | None:
        """The number that stands for the row: the last of a gauge, the mean of what has no last."""
        return self.mean if self.now is None else self.now

    @property
    def empty(self) -> bool:
        """Whether the latest window holds nothing at all."""
        return self.now is self.mean is self.high is None and not self.detail

    def shown(self, value: float | None) -> str:
        """A value of this row with its unit; shares of one as per cent."""
        return human(value, self.unit, ratio=self.ratio)

    def shown_detail(self) -> list[str]:
        """The detail, cleaned: quantiles in the row's unit, counts plain."""
        plain = self.series.kind == "top"
        return [
            f"{clean(name, 24)} {human(value, '1') if plain or name == 'n' else self.shown(value)}"
            for name, value in self.detail
        ]


class Board:
    """The latest windows of the series of one device, and its latest events.

    Args:
        only: keep this series alone, None for all. most: windows kept of each.
    """

    def __init__(self, only: Series | None = None, most: int | None = None) -> None:
        self._windows: dict[Series, list[Window]] = {}
        self._events: list[Event] = []
        self._meanings: dict[Name, Meaning] = {}
        self._only = only
        self._most = MAX_WINDOWS if most is None else most
        self.refused = 0

    def add(self, key: Key, content: Content) -> None:
        """Take a record. Beyond 2,048 series, further ones are only counted in `refused`. Raw samples are
        none of a board: they lie where windows do, and would be added to them."""
        if key.stream == RAW:
            return
        for frame in content.frames:
            for series, summary in self._picked(frame.windows).items():
                self._put(series, _window(key, frame.span, summary))
        for name, meaning in meanings(content.events).items():
            self._meanings[name] = meaning
            if len(self._meanings) > MAX_MEANINGS:
                del self._meanings[next(iter(self._meanings))]
        fresh = [event for event in content.events if event not in self._events]
        if fresh:
            self._events = sorted((*self._events, *fresh), key=lambda event: event.wall)[-MAX_EVENTS:]

    def _picked(self, windows: Mapping[Series, Summary]) -> Mapping[Series, Summary]:
        if self._only is None:
            return windows
        return {self._only: windows[self._only]} if self._only in windows else {}

    @property
    def events(self) -> tuple[Event, ...]:
        """The events, oldest first, at most 200."""
        return tuple(self._events)

    @property
    def newest(self) -> float | None:
        """When the newest window of any series ended, by the device's clock in wall s."""
        return max((held[-1].end for held in self._windows.values()), default=None)

    @property
    def windows(self) -> Mapping[Series, Sequence[Window]]:
        """The windows of all series, of each the oldest first."""
        return self._windows

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The errors of models by template, the most frequent first."""
        seen = [
            Seen(dict(series.attributes).get(LOG, ""), window.start, window.end, window.summary)
            for series, held in self._windows.items()
            if series.name == TEMPLATES
            for window in held
            if isinstance(window.summary, Top)
        ]
        return faults(seen, self._meanings).found if seen else ()

    def held(self, series: Series) -> tuple[Window, ...]:
        """The windows of a series, oldest first."""
        return tuple(self._windows.get(series, ()))

    def _put(self, series: Series, window: Window) -> None:
        held = self._windows.get(series)
        if held is None:
            if len(self._windows) >= MAX_SERIES:
                self.refused += 1
                return
            held = self._windows[series] = []
        if held and (window.start < held[-1].start or _inside(held[-1].key, window.key)):
            held[:] = [old for old in held if not _inside(old.key, window.key)]
        held.append(window)
        if len(held) > 1 and held[-2].start > window.start:
            held.sort(key=lambda each: each.start)
        del held[: -self._most]

    def expire(self, kept: float) -> None:
        """Forget windows that ended more than `kept` seconds before the newest, by the device's clock."""
        before = max((held[-1].end for held in self._windows.values()), default=0.0) - kept
        for series, held in list(self._windows.items()):
            held[:] = [window for window in held if window.end >= before]
            if not held:
                del self._windows[series]

    def rows(self, now: float, cells: int, without: Collection[Series] = ()) -> list[Row]:
        """Every series but these, in natural order, with a sparkline of at most `cells` windows."""
        end = max((held[-1].end for held in self._windows.values()), default=now)
        wanted = [item for item in self._windows.items() if item[0] not in without]
        ordered = sorted(wanted, key=lambda item: natural(item[0]))
        return [row(series, held, now, end, cells) for series, held in ordered]


def _inside(key: Key, other: Key) -> bool:
    """Whether `key` is a finer record within `other`; the same record may hold several windows."""
    return key != other and key[:2] == other[:2] and other.first <= key.first and key.last <= other.last


def _window(key: Key, span: Span, summary: Summary) -> Window:
    return Window(key, *span.wall, span.covered, summary)


def words(series: Series) -> str:
    """A series in one line, as it came: `metric key=value key=value`."""
    return " ".join((series.name, *(f"{key}={value}" for key, value in series.attributes)))


def natural(series: Series) -> tuple[object, ...]:
    """An order in which cpu 2 comes before cpu 10: the model first, the agent itself last."""
    rank = RANKS.get(series.name.partition(".")[0], len(RANKS) // 2)
    split = _DIGITS.split(words(series))
    parts = ((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in split)
    return (rank, *parts)


def row(series: Series, held: Sequence[Window], now: float, end: float, cells: int) -> Row:
    """The figures of the last of these windows, and a sparkline of them all that ends at `end`."""
    last = held[-1]
    counter = isinstance(last.summary, Counter)
    return Row(
        series,
        f"{series.unit}/s" if counter else series.unit,
        now - last.end,
        is_late(held, now),
        *_figures(last),
        spark(held, end, now, cells),
        _detail(last.summary),
    )


def _figures(window: Window) -> tuple[float | None, float | None, float | None, float | None]:
    """(now, mean, low, high) of a window; None for what its kind does not know."""
    summary = window.summary
    if isinstance(summary, Gauge) and summary.count:
        return summary.last, summary.total / summary.count, summary.low, summary.high
    if isinstance(summary, Counter) and summary.count:
        return rate(window), None, None, summary.rate
    if isinstance(summary, Histogram) and summary.count:
        return None, summary.total / summary.count, summary.low, summary.high
    return None, None, None, None


def rate(window: Window) -> float | None:
    """The mean rate of a counter, in 1/s; None for anything else, and where it is not known."""
    return mean_rate(window.summary, window.covered) if isinstance(window.summary, Counter) else None


def _detail(summary: Summary) -> tuple[tuple[str, float], ...]:
    """What needs a line of its own: quantiles of a histogram, counts of the top values."""
    if isinstance(summary, Histogram):
        quantiles = ((f"p{100 * q:g}", summary.quantile(q)) for q in (0.5, 0.9, 0.99, 0.999))
        return (*((name, value) for name, value in quantiles if value is not None), ("n", summary.count))
    if isinstance(summary, Top):
        ordered = sorted(summary.counts.items(), key=lambda item: (-item[1], item[0]))
        rest = (("other", float(summary.other)),) if summary.other else ()
        return (*((name, float(n)) for name, n in ordered), *rest)
    return ()


def cadence(held: Sequence[Window]) -> float:
    """The seconds from one window to the next: the length of a short one, but the usual distance of a
    series that is read less often than windows close. Only an even distance of at least four windows is
    one; all else are gaps.

    Short is the lower quartile: after a start the first window ends early, which counts for nothing here,
    and a block is longer.
    """
    lengths = sorted(window.end - window.start for window in held)
    short = max(lengths[len(lengths) // 4], 0.001)
    whole = [window.start for window in held if window.end - window.start >= 0.7 * short]
    steps = sorted(b - a for a, b in pairwise(whole))
    usual = steps[len(steps) // 2] if len(steps) >= EVEN_STEPS else 0.0
    return max(short, usual) if usual and steps[0] >= 0.7 * usual else short


def is_late(held: Sequence[Window], now: float) -> bool:
    """Whether two windows have failed to come; while few are known, a minute's distance is assumed."""
    expected = cadence(held) if len(held) > EVEN_STEPS else max(cadence(held), UNKNOWN_STEP)
    return now - held[-1].end > 2.5 * expected + 2.0


def spark(held: Sequence[Window], end: float, now: float, cells: int) -> str:
    """One mark each `cadence` of time, `cells` of them.

    The last cell ends at `end`, or later when windows that should be here by `now` are not. A cell
    no window reaches into the middle of is a gap; before the first window all is blank.
    """
    if not held or cells <= 0:
        return " " * max(cells, 0)
    width = cadence(held)
    if width > held[-1].end - held[-1].start:
        end = held[-1].start + width
    end += width * max(0, math.floor((now - end) / width - 1.5))
    values: list[float | None] = [None] * cells
    for window in held:
        until = max(window.end, window.start + width)
        first = max(0, math.ceil(cells - (end - window.start) / width - 0.5))
        last = min(cells - 1, math.ceil(cells - (end - until) / width - 0.5) - 1)
        for cell in range(first, last + 1):
            values[cell] = level(window)
    known = held[0].start
    marks = _marks(values)
    return "".join(
        " " if mark == GAP and end - (cells - cell - 0.5) * width < known else mark
        for cell, mark in enumerate(marks)
    )


def level(window: Window) -> float | None:
    """The one number of a window that a sparkline draws; None if there is none that is finite."""
    summary = window.summary
    if isinstance(summary, Counter):
        value = rate(window)
    elif isinstance(summary, Gauge):
        value = summary.total / summary.count if summary.count else None
    elif isinstance(summary, Histogram):
        value = summary.quantile(0.5)
    else:
        value = float(summary.seen)
    return value if value is not None and math.isfinite(value) else None


def _marks(values: Iterable[float | None]) -> list[str]:
    """A bar for each value: from zero where zero is near, else from the least; flat is in the middle."""
    values = list(values)
    known = [value for value in values if value is not None]
    if not known:
        return [GAP] * len(values)
    low, high = min(known), max(known)
    if high - low <= 0.02 * max(abs(low), abs(high)):
        flat = BARS[0] if high == low == 0 else BARS[3]
        return [GAP if value is None else flat for value in values]
    low = 0.0 if 0 <= low <= 0.5 * high else low
    # Halves: the distance of two doubles may be beyond the doubles.
    half = max(high / 2 - low / 2, sys.float_info.min)
    steps = [None if value is None else (value / 2 - low / 2) / half * (len(BARS) - 1) for value in values]
    return [GAP if step is None else BARS[min(7, max(0, round(step)))] for step in steps]
