"""A device that nobody hears: what its store still holds, against every value that was put into it.

The values are multiples of 2^-20 and small, so that every sum of them is exact in a double, whatever the
order: merged sums must equal the raw ones bit for bit. Minutes repeat after `POOL`, a prime: the raw sums of
any span are known without keeping them, and no block of 2^k minutes holds the same ones twice in a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import accumulate, count
from math import floor
from pathlib import Path
from random import Random
from typing import NamedTuple

from agent.stats.frame import Content, Frame, Span
from agent.stats.histogram import Histogram
from agent.stats.window import Counter, Gauge, Summary
from agent.store.flush import Flush
from agent.store.reader import Reader
from agent.store.sizing import Limits
from agent.store.store import Store
from collectors.api import Series

START = 1_700_000_000.0
POOL = 97
UNIT = 1 << 20
VALUES = 40
COMPARED = 2
"""The quantiles of so many histograms are compared in a block, in the next one those of others."""

QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99, 0.999)


class Mix(NamedTuple):
    """How many series of each kind a device has."""

    gauges: int
    counters: int
    histograms: int


WHOLE, PART = Mix(74, 38, 8), Mix(20, 10, 2)
"""Those of a device with a service or two, and about a quarter of them, for less than half of the time."""


class Sum(NamedTuple):
    """How many values, and their sum in units of 2^-20."""

    values: int
    total: int


class Report(NamedTuple):
    """What was found: windows put in, blocks that stand for them, windows in the longest, the largest
    relative error of a quantile, bytes of all files and of contents."""

    windows: int
    blocks: int
    longest: int
    error: float
    files: int
    contents: int

    def __str__(self) -> str:
        return (
            f"{self.windows} windows in {self.blocks} blocks of at most {self.longest}, {self.contents} B of "
            f"contents, {self.files} B of files; counts and sums equal, "
            f"quantiles within {100 * self.error:.3f} %"
        )


class Pool:
    """The minutes that repeat, with the raw sums of each series and the raw values of the histograms."""

    def __init__(self, seed: int, mix: Mix) -> None:
        chance = Random(seed)
        self.minutes: list[dict[Series, Summary]] = []
        self.raw: dict[Series, list[tuple[float, int]]] = {}
        sums: dict[Series, list[Sum]] = {}
        for number in range(POOL):
            minute: dict[Series, Summary] = {}
            for series, values in _noise(chance, mix):
                sums.setdefault(series, []).append(Sum(len(values), sum(values)))
                minute[series] = _summary(series, values)
                if series.kind == "histogram":
                    of = [(value / UNIT, number) for value in values]
                    self.raw.setdefault(series, []).extend(of)
            self.minutes.append(minute)
        for values_of in self.raw.values():
            values_of.sort()
        self._before = {
            series: list(accumulate(each, lambda a, b: Sum(a[0] + b[0], a[1] + b[1]), initial=Sum(0, 0)))
            for series, each in sums.items()
        }

    def sums(self, first: int, end: int) -> Iterator[tuple[Series, Sum]]:
        """What the raw minutes first..end-1 add up to, by series."""
        rounds = end // POOL - first // POOL
        for series, before in self._before.items():
            whole, late, early = before[POOL], before[end % POOL], before[first % POOL]
            yield series, Sum(*(rounds * w + a - b for w, a, b in zip(whole, late, early, strict=True)))

    def quantiles(self, series: Series, first: int, end: int) -> list[float]:
        """The exact quantiles of the raw values of these minutes."""
        times = [(end - n - 1) // POOL - (first - n - 1) // POOL for n in range(POOL)]
        total = sum(VALUES * n for n in times)
        ranks = [floor(q * (total - 1)) for q in QUANTILES]
        found: list[float] = []
        passed = 0
        for value, number in self.raw[series]:
            passed += times[number]
            while len(found) < len(ranks) and ranks[len(found)] < passed:
                found.append(value)
        return found


def _noise(chance: Random, mix: Mix) -> Iterator[tuple[Series, list[int]]]:
    """One minute of every series, in units of 2^-20."""
    for n in range(mix.gauges):
        series = Series("system.cpu.utilization", "1", "gauge", (("cpu", str(n)),))
        yield series, [chance.randrange(UNIT) for _ in range(60)]
    for n in range(mix.counters):
        yield Series("system.network.io", "By", "counter", (("n", str(n)),)), [chance.randrange(10**6) * UNIT]
    for n in range(mix.histograms):
        series = Series("http.server.request.duration", "s", "histogram", (("route", str(n)),))
        yield series, [max(1, int(chance.lognormvariate(-3.0, 0.8) * UNIT)) for _ in range(VALUES)]


def _summary(series: Series, values: list[int]) -> Summary:
    exact = [value / UNIT for value in values]
    if series.kind == "gauge":
        return Gauge(len(exact), sum(exact), min(exact), max(exact), exact[-1])
    return Histogram.of(exact) if series.kind == "histogram" else Counter(len(exact), sum(exact), exact[0], 0)


def outage(directory: Path, limits: Limits, windows: int, span: float = 60.0, mix: Mix = WHOLE) -> Report:
    """Put so many windows of `span` s of these series in while nobody confirms any, and compare all of it.

    Raises:
        AssertionError: a window is not covered, or a sum differs.
    """
    pool, epochs = Pool(1, mix), count(1)
    store = Store.open(directory, limits, now=START, new_epoch=lambda: next(epochs))
    with closing(store):
        # What is synced is not in question here, and a disk's patience would be most of the time.
        store._connection.execute("PRAGMA synchronous = OFF")
        for n in range(windows):
            start = span * n
            where = Span("boot", start, start + span, span, START, "synchronised")
            content = Content((Frame(where, pool.minutes[n % POOL]),))
            flushed = store.flush(Flush(START + start + span, {"windows": content}))
            lost = [change for change in flushed.changes if change.what in ("lost", "deleted")]
            assert lost == [], f"window {n}: {lost}"
        with closing(Reader.open(directory)) as reader:
            return _compared(reader, pool, windows, span, _size(directory))


def _compared(reader: Reader, pool: Pool, windows: int, span: float, files: int) -> Report:
    reached, blocks, longest, error, contents = 0, 0, 0, 0.0, 0
    for stored in reader.stored(streams=("windows",)):
        assert stored.row.tombstone is None
        (frame,) = stored.content().frames
        first, end = round(frame.span.start / span), round(frame.span.end / span)
        assert first == reached, f"windows {reached} to {first} are not covered"
        assert frame.span.covered == span * (end - first)
        for series, raw in pool.sums(first, end):
            assert _sum(frame.windows[series]) == raw, f"{series} of windows {first} to {end}"
        rounds = len(pool.raw) // COMPARED
        chosen = list(pool.raw)[blocks % rounds :: rounds]
        for each in chosen:
            error = max(error, _error(frame.windows[each], pool.quantiles(each, first, end)))
        reached, blocks, longest = end, blocks + 1, max(longest, end - first)
        contents += stored.row.size
    assert reached == windows
    return Report(windows, blocks, longest, error, files, contents)


def _sum(summary: Summary) -> Sum:
    assert isinstance(summary, (Gauge, Counter, Histogram))
    total = summary.delta if isinstance(summary, Counter) else summary.total
    exact = total * UNIT
    assert exact == int(exact)
    return Sum(summary.count, int(exact))


def _error(held: Summary, exact: list[float]) -> float:
    """The largest relative error of the quantiles of a histogram."""
    assert isinstance(held, Histogram)
    got = [held.quantile(q) for q in QUANTILES]
    return max(abs((found or 0.0) / due - 1) for found, due in zip(got, exact, strict=True))


def _size(directory: Path) -> int:
    """The bytes of the store's files."""
    return sum(path.stat().st_size for path in directory.glob("outrider.db*"))
