"""A classic histogram as an exponential one: counts and sum as they are told, each value in its own bucket.

All that is known of a value is the bucket (lower, upper] that it lies in, and of all values their sum. So
they are spread evenly within their buckets, around the one relative place at which they have that sum: where
there is one value, or all lie in one bucket, their mean is exact. What lies beyond the last bound is put at
the mean that the sum leaves to it, and at least at that bound.

A quantile is therefore off by at most the width of the server's bucket, and by 1.1 % for our own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, isfinite, nextafter
from typing import NamedTuple

from agent.stats.histogram import Histogram, fitted, held, index

PLACES = 8
"""Places of a bucket at which its values are put at most: so few of our buckets are filled."""
MIDDLE = 0.5

Placed = list[tuple[float, int]]
"""Values, and how many of each."""


class _Bucket(NamedTuple):
    """Some values above `lower` and at most `upper`, which may be infinite."""

    lower: float
    upper: float
    count: int  # type: ignore[assignment]  # a field of that name hides tuple.count


def exponential(bounds: Sequence[float], counts: Sequence[int], total: float | None) -> Histogram:
    """The histogram of values of which `counts[i]` lie at most at `bounds[i]`, and above the bound before.

    `low` and `high` are bounds of the values, as narrow as buckets and sum allow; but beyond the last bound
    of the server there is none, and `high` is where those values were put.

    Args:
        bounds: rising; the last may be infinite. Values below the first are at least 0, if it is above 0.
        counts: none below zero.
        total: the sum of the values; None if it is not known, and is estimated then.
    """
    buckets = [each for each in _buckets(bounds, counts) if each.count]
    finite = [each for each in buckets if isfinite(each.upper)]
    beyond = len(finite) < len(buckets)
    theirs = None if beyond else total
    place = _place(finite, theirs)
    placed = [each for bucket in finite for each in _spread(bucket, place)]
    low, high = _extremes(finite, theirs)
    if beyond:
        high = _beyond(buckets[-1], placed, total)
        low = low if finite else high
        placed.append((high, buckets[-1].count))
    told = sum(value * n for value, n in placed) if total is None else total
    return _histogram(placed)._replace(total=held(told), low=low, high=high) if placed else Histogram()


def _buckets(bounds: Sequence[float], counts: Sequence[int]) -> Iterator[_Bucket]:
    # How far below zero a value is, nobody knows: then it is put at the bound.
    lower = 0.0 if bounds and bounds[0] > 0 else -inf
    for upper, count in zip(bounds, counts, strict=True):
        yield _Bucket(upper if lower == -inf else lower, upper, count)
        lower = upper


def _place(finite: Sequence[_Bucket], total: float | None) -> float:
    """Where in its bucket a value lies, 0 to 1, so that the values have this sum; the middle if that is not
    known, as where some lie beyond all bounds."""
    least = sum(each.lower * each.count for each in finite)
    room = sum((each.upper - each.lower) * each.count for each in finite)
    if total is None or room <= 0:
        return MIDDLE
    return min(max(0.0, (total - least) / room), 1.0)


def _spread(bucket: _Bucket, place: float) -> Iterator[tuple[float, int]]:
    """Values evenly around a place of their bucket, none outside it, and how many are at each."""
    width = bucket.upper - bucket.lower
    reach, middle = min(place, 1.0 - place) * width, bucket.lower + place * width
    least = nextafter(bucket.lower, inf) if bucket.lower and width else bucket.lower
    places = min(PLACES, bucket.count)
    for at in range(places):
        value = middle + reach * ((2 * at + 1) / places - 1.0)
        first, last = at * bucket.count // places, (at + 1) * bucket.count // places
        yield min(max(value, least), bucket.upper), last - first


def _extremes(finite: Sequence[_Bucket], total: float | None) -> tuple[float, float]:
    """Between what the values lie: none is less than all others at their most leave to it, none is more."""
    if not finite:
        return 0.0, 0.0
    first, last = finite[0], finite[-1]
    low, high = first.lower, last.upper
    if total is not None:
        most = sum(each.upper * each.count for each in finite) - first.upper
        least = sum(each.lower * each.count for each in finite) - last.lower
        low = min(max(low, total - most), first.upper)
        high = max(min(high, total - least), last.lower, low)
    return low, high


def _beyond(bucket: _Bucket, placed: Placed, total: float | None) -> float:
    """Where the values above the last bound are put."""
    if not isfinite(bucket.lower):
        # There is no bound at all: the sum is all that is known.
        return 0.0 if total is None else total / bucket.count
    if total is None:
        return bucket.lower
    mean = (total - sum(value * n for value, n in placed)) / bucket.count
    return max(bucket.lower, mean) if isfinite(mean) else bucket.lower


def _histogram(placed: Placed) -> Histogram:
    positive: dict[int, int] = {}
    negative: dict[int, int] = {}
    zero = 0
    for value, n in placed:
        if value:
            sign, bucket = positive if value > 0 else negative, index(abs(value))
            sign[bucket] = sign.get(bucket, 0) + n
        else:
            zero += n
    count = sum(n for _, n in placed)
    return fitted(Histogram(zero=zero, positive=positive, negative=negative, count=count))
