"""The windows of one kind in one frame, column by column: what lies close together is alike.

With `Decimals` (a precision) floats become ranks, and each column is coded against the one it is
near to; without, they are doubles, and everything comes back exactly.

    any kind    how many, their places in the table as steps, then the columns:
    gauge       count, extent, last
    counter     count, resets, delta, rate
    histogram   scale, zero, nonfinite, buckets on each side; per side first index, gaps, counts; extent
    top         other, how many values; their counts; the values themselves as text
    extent      low, high, and the mean (exact: the sum)
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, islice, pairwise
from typing import Any, NamedTuple

from agent.ship.bits import BitReader, BitWriter, Room
from agent.ship.decimals import Decimals, lowered, raised
from agent.ship.limits import BODY, BUCKETS, NUMBER, fault, listed, octets
from agent.ship.table import lines, unlined
from agent.stats.histogram import MIN_SCALE, SCALE, Histogram, held
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Series

INDEX = 2**31
"""Bucket indexes fit an int32."""

LAST_RANK = 2**64
"""Above all ranks of 15 digits."""

Write = Callable[[BitWriter, list[Any], "Decimals | None"], "list[str]"]
Read = Callable[[BitReader, int, "Decimals | None", "list[str]"], "Sequence[Summary]"]


class Codec(NamedTuple):
    """How the summaries of one kind are written and read; texts are for top values alone."""

    summary: type[Summary]
    write: Write
    read: Read


def write_block(
    letter: str,
    series: Sequence[Series],
    windows: Mapping[Series, Summary],
    decimals: Decimals | None,
    room: Room,
) -> list[Any] | None:
    """The windows of one kind: [bits, doubles, texts], the empty ones at the end left out; None for none.

    Raises:
        WireError: a summary is not of its series' kind, or holds what cannot be sent.
    """
    places = [place for place, one in enumerate(series) if one in windows]
    if not places:
        return None
    codec = CODECS[letter]
    summaries = [windows[series[place]] for place in places]
    for place, summary in zip(places, summaries, strict=True):
        if not isinstance(summary, codec.summary):
            fault("type", f"{series[place].name} is a {series[place].kind}, not {type(summary).__name__}")
    out = BitWriter(room)
    out.number(len(places))
    out.column([b - a for a, b in pairwise([-1, *places])])
    texts = codec.write(out, summaries, decimals)
    bits, doubles = out.done()
    if texts:
        return [bits, doubles, lines(texts)]
    return [bits, doubles] if doubles else [bits]


def read_block(
    letter: str, block: Any, series: Sequence[Series], decimals: Decimals | None, room: Room
) -> list[tuple[Series, Summary]]:
    """The inverse of `write_block`.

    Raises:
        WireError: it is no such block.
    """
    pieces = [*listed(block, f"columns `{letter}`", 16, 1), b"", ""][:3]
    doubles = octets(pieces[1], "doubles", BODY) if len(block) > 1 else b""
    texts = unlined(pieces[2], "top values") if len(block) > 2 else []
    bits = BitReader(octets(pieces[0], "bits", BODY), doubles, room)
    count = bits.number()
    if not 0 <= count <= len(series):
        fault("range", f"{count} windows of {len(series)} series")
    steps = bits.column(count)
    if count and min(steps) < 1:
        fault("range", "series of a frame are not in the order of the table")
    places = list(accumulate(steps, initial=-1))[1:]
    if places and places[-1] >= len(series):
        fault("range", f"series {places[-1]} of {len(series)}")
    summaries = CODECS[letter].read(bits, count, decimals, texts)
    return list(zip([series[place] for place in places], summaries, strict=True))


def _write_counts(out: BitWriter, values: list[int], what: str, least: int = 0, most: int = NUMBER) -> None:
    _check(values, what, least, most)
    out.column(values)


def _counts(bits: BitReader, count: int, what: str, least: int = 0, most: int = NUMBER) -> list[int]:
    values = bits.column(count)
    _check(values, what, least, most)
    return values


def _check(values: list[int], what: str, least: int, most: int) -> None:
    if values and not least <= min(values) <= max(values) <= most:
        worst = max(values) if max(values) > most else min(values)
        fault("range", f"{what} must be within [{least}, {most}], not {worst}")


def _check_extent(low: list[float], high: list[float]) -> None:
    if not all(map(operator.le, low, high)):
        fault("range", "a series' smallest value is above its largest, or is no number")


def _middles(summaries: Sequence[Gauge | Histogram], decimals: Decimals | None) -> list[float]:
    """The mean that is sent, held within the extremes; the sum where all is exact."""
    totals = [s.total for s in summaries]
    if decimals is None:
        return totals
    if not all(map(math.isfinite, totals)):
        fault("range", "a sum to be sent must be finite, not NaN or infinite")
    return [max(s.low, min(s.high, s.total / s.count)) if s.count else s.low for s in summaries]


def _write_extent(
    out: BitWriter, low: list[float], high: list[float], inner: list[list[float]], decimals: Decimals | None
) -> None:
    """Columns of extremes, and of what lies between them."""
    _check_extent(low, high)
    if decimals is None:
        for column in (low, high, *inner):
            out.floats(column)
        return
    for column in inner:
        _check_extent(low, column)
        _check_extent(column, high)
    ranks = [[decimals.rank(value) for value in column] for column in (low, high, *inner)]
    floor = min([abs(rank) for column in ranks for rank in column if rank], default=1) - 1
    out.number(floor)
    columns = [[lowered(rank, floor) for rank in column] for column in ranks]
    lows = columns[0]
    tops, *offsets = [[b - a for a, b in zip(lows, column, strict=True)] for column in columns[1:]]
    out.column(lows)
    out.column(tops)
    for offset in offsets:
        out.within(offset, tops)


def _read_extent(bits: BitReader, count: int, inner: int, decimals: Decimals | None) -> list[list[float]]:
    """Low, high, and `inner` columns between them."""
    if decimals is None:
        columns = [bits.floats(count) for _ in range(2 + inner)]
        _check_extent(columns[0], columns[1])
        return columns
    floor = bits.number()
    lows, tops = bits.column(count), bits.column(count)
    if (tops and min(tops) < 0) or floor < 0:
        fault("range", "a smallest value is above the largest")
    offsets = [tops, *[bits.within(tops) for _ in range(inner)]]
    ranks = [lows, *[list(map(operator.add, lows, column)) for column in offsets]]
    return [[decimals.value(raised(rank, floor)) for rank in column] for column in ranks]


def _write_gauges(out: BitWriter, gauges: list[Any], decimals: Decimals | None) -> list[str]:
    _write_counts(out, [g.count for g in gauges], "count")
    inner = [_middles(gauges, decimals), [g.last for g in gauges]]
    _write_extent(out, [g.low for g in gauges], [g.high for g in gauges], inner, decimals)
    return []


def _read_gauges(bits: BitReader, count: int, decimals: Decimals | None, texts: list[str]) -> list[Gauge]:
    counts = _counts(bits, count, "count")
    low, high, middle, last = _read_extent(bits, count, 2, decimals)
    totals = middle if decimals is None else _totals(middle, counts)
    return list(map(Gauge, counts, totals, low, high, last))


def _totals(means: list[float], counts: list[int]) -> list[float]:
    """Sums of which the means are those sent, to the last bit of a division."""
    return [held(mean * count) for mean, count in zip(means, counts, strict=True)]


def _write_counters(out: BitWriter, counters: list[Any], decimals: Decimals | None) -> list[str]:
    """Whole deltas stay exact; the rate is coded against the delta, whose size it shares."""
    _write_counts(out, [c.count for c in counters], "count")
    _write_counts(out, [c.resets for c in counters], "resets")
    if decimals is None:
        out.floats([c.delta for c in counters])
        out.floats([c.rate for c in counters])
        return []
    deltas, rates = [decimals.rank(c.delta) for c in counters], [decimals.rank(c.rate) for c in counters]
    floor = min([abs(rank) for rank in (*deltas, *rates) if rank], default=1) - 1
    deltas = [lowered(rank, floor) for rank in deltas]
    whole = [int(abs(c.delta) < NUMBER and int(c.delta) == c.delta) for c in counters]
    out.number(floor)
    out.column(whole)
    out.column([int(c.delta) for c, exact in zip(counters, whole, strict=True) if exact])
    out.column([delta for delta, exact in zip(deltas, whole, strict=True) if not exact])
    out.column([lowered(rate, floor) - delta for rate, delta in zip(rates, deltas, strict=True)])
    return []


def _read_counters(bits: BitReader, count: int, decimals: Decimals | None, texts: list[str]) -> list[Counter]:
    counts, resets = _counts(bits, count, "count"), _counts(bits, count, "resets")
    if decimals is None:
        return list(map(Counter, counts, bits.floats(count), bits.floats(count), resets))
    floor = bits.number()
    _check([floor], "the lowest rank", 0, LAST_RANK)
    whole = bits.column(count)
    exact = iter(bits.column(count - whole.count(0)))
    cut = iter(bits.column(whole.count(0)))
    deltas = [_exact(next(exact)) if one else decimals.value(raised(next(cut), floor)) for one in whole]
    ranks = [lowered(decimals.rank(delta), floor) for delta in deltas]
    rates = map(operator.add, ranks, bits.column(count))
    return list(map(Counter, counts, deltas, [decimals.value(raised(r, floor)) for r in rates], resets))


def _exact(value: int) -> float:
    if abs(value) > NUMBER:
        fault("range", f"a whole number of {value}, at most 2^53 is allowed")
    return float(value)


def _write_histograms(out: BitWriter, histograms: list[Any], decimals: Decimals | None) -> list[str]:
    for h in histograms:
        if h.count != h.zero + sum(h.positive.values()) + sum(h.negative.values()):
            fault("range", f"a histogram of {h.count} values has other counts in its buckets")
    _write_counts(out, [h.scale for h in histograms], "scale", MIN_SCALE, SCALE)
    for column in ("zero", "nonfinite", "count"):
        _check([getattr(h, column) for h in histograms], column, 0, NUMBER)
    out.column([h.zero for h in histograms])
    out.column([h.nonfinite for h in histograms])
    for side in ([h.positive for h in histograms], [h.negative for h in histograms]):
        _write_buckets(out, [sorted([pair for pair in buckets.items() if pair[1]]) for buckets in side])
    low, high = [h.low for h in histograms], [h.high for h in histograms]
    _write_extent(out, low, high, [_middles(histograms, decimals)], decimals)
    return []


def _write_buckets(out: BitWriter, side: list[list[tuple[int, int]]]) -> None:
    """How many buckets; the first index of each histogram that has any; steps; counts."""
    _write_counts(out, [len(buckets) for buckets in side], "buckets of a histogram", 0, BUCKETS)
    _check([buckets[-1][0] for buckets in side if buckets], "bucket index", -INDEX, INDEX - 1)
    _write_counts(out, [buckets[0][0] for buckets in side if buckets], "bucket index", -INDEX, INDEX - 1)
    out.column([b[0] - a[0] for buckets in side for a, b in pairwise(buckets)])
    _write_counts(out, [n for buckets in side for _, n in buckets], "bucket count", 1)


def _read_histograms(
    bits: BitReader, count: int, decimals: Decimals | None, texts: list[str]
) -> list[Histogram]:
    scales = _counts(bits, count, "scale", MIN_SCALE, SCALE)
    zeros, nonfinite = _counts(bits, count, "zeros"), _counts(bits, count, "nonfinite")
    positive, negative = _read_buckets(bits, count), _read_buckets(bits, count)
    counts = [
        zero + sum(up.values()) + sum(down.values())
        for zero, up, down in zip(zeros, positive, negative, strict=True)
    ]
    if counts and max(counts) > NUMBER:
        fault("range", f"a histogram of {max(counts)} values, at most 2^53 are allowed")
    low, high, middle = _read_extent(bits, count, 1, decimals)
    totals = middle if decimals is None else _totals(middle, counts)
    return list(map(Histogram, scales, zeros, positive, negative, counts, totals, low, high, nonfinite))


def _read_buckets(bits: BitReader, count: int) -> list[dict[int, int]]:
    sizes = _counts(bits, count, "buckets of a histogram", 0, BUCKETS)
    firsts = iter(_counts(bits, count - sizes.count(0), "bucket index", -INDEX, INDEX - 1))
    steps = iter(_counts(bits, sum([size - 1 for size in sizes if size]), "bucket step", 1, 2 * INDEX))
    numbers = iter(_counts(bits, sum(sizes), "bucket count", 1))
    side = []
    for size in sizes:
        indexes = accumulate(islice(steps, size - 1), initial=next(firsts)) if size else ()
        side.append(dict(zip(indexes, islice(numbers, size), strict=True)))
        if size and max(side[-1]) >= INDEX:
            fault("range", "a bucket index does not fit an int32")
    return side


def _write_tops(out: BitWriter, tops: list[Any], decimals: Decimals | None) -> list[str]:
    pairs = [sorted(top.counts.items()) for top in tops]
    _write_counts(out, [top.other for top in tops], "other")
    _write_counts(out, [len(counts) for counts in pairs], "top values", 0, BUCKETS)
    _write_counts(out, [n for counts in pairs for _, n in counts], "count of a top value")
    return [value for counts in pairs for value, _ in counts]


def _read_tops(bits: BitReader, count: int, decimals: Decimals | None, texts: list[str]) -> list[Top]:
    others = _counts(bits, count, "other")
    sizes = _counts(bits, count, "top values", 0, BUCKETS)
    numbers = iter(_counts(bits, sum(sizes), "count of a top value"))
    if len(texts) != sum(sizes):
        fault("malformed", f"{len(texts)} top values, {sum(sizes)} are needed")
    values = iter(texts)
    tops = []
    for other, size in zip(others, sizes, strict=True):
        counts = dict(zip(islice(values, size), islice(numbers, size), strict=True))
        if len(counts) != size:
            fault("malformed", "a top value is named twice")
        tops.append(Top(counts, other))
    return tops


CODECS = {
    "g": Codec(Gauge, _write_gauges, _read_gauges),
    "c": Codec(Counter, _write_counters, _read_counters),
    "h": Codec(Histogram, _write_histograms, _read_histograms),
    "t": Codec(Top, _write_tops, _read_tops),
}
