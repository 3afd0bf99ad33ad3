"""How far two distributions are apart, from counts in bins that both share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import fsum, log, log2, sqrt
from statistics import NormalDist
from typing import NamedTuple

from agent.stats.histogram import Histogram, midpoint

Counts = Sequence[int]


class Bins(NamedTuple):
    """Counts of two distributions in bins, by size.

    Args:
        places: a value in the middle of each bin.
        reference: counts of one.
        window: counts of the other.
    """

    places: tuple[float, ...]
    reference: tuple[int, ...]
    window: tuple[int, ...]


def aligned(reference: Histogram, window: Histogram) -> Bins:
    """The bins of two histograms at the scale of the coarser."""
    scale = min(reference.scale, window.scale)
    lines = [_line(each.at(scale)) for each in (reference, window)]
    places = sorted(lines[0] | lines[1])
    middles = [midpoint(abs(place) - _SHIFT, scale) if place else 0.0 for place in places]
    signed = [-middle if place < 0 else middle for place, middle in zip(places, middles, strict=True)]
    columns = [tuple([line.get(place, 0) for place in places]) for line in lines]
    return Bins(tuple(signed), *columns)


_SHIFT = 1 << 40
"""Brings the index of any bucket above 0, so that its sign can tell that of its values."""


def _line(histogram: Histogram) -> dict[int, int]:
    """Counts by a number that grows with the values of a bucket."""
    below = {-(index + _SHIFT): n for index, n in histogram.negative.items()}
    above = {index + _SHIFT: n for index, n in histogram.positive.items()}
    return {**below, **({0: histogram.zero} if histogram.zero else {}), **above}


def grouped(bins: Bins, groups: int) -> tuple[list[int], list[int]]:
    """The counts of at most so many neighbourhoods of bins, each with about as much of the reference."""
    total = sum(bins.reference)
    found: tuple[list[int], list[int]] = ([], [])
    last = -1
    seen = 0
    for of_reference, of_window in zip(bins.reference, bins.window, strict=True):
        # By the middle of a bin: a wide one is in the neighbourhood where most of it lies.
        group = min(groups - 1, int((seen + of_reference / 2) * groups / total)) if total else 0
        seen += of_reference
        if group != last:
            found[0].append(0)
            found[1].append(0)
            last = group
        found[0][-1] += of_reference
        found[1][-1] += of_window
    return found


def kolmogorov_smirnov(reference: Counts, window: Counts) -> float:
    """The largest difference of the shares below a bound of the bins, which are in order: within [0, 1]."""
    return max(map(abs, _differences(reference, window)), default=0.0)


def wasserstein(bins: Bins) -> float:
    """How far the values of one moved on average to become the other's, in their unit."""
    apart = _differences(bins.reference, bins.window)
    steps = [right - left for left, right in pairwise(bins.places)]
    return fsum([abs(each) * step for each, step in zip(apart, steps, strict=False)])


def _differences(reference: Counts, window: Counts) -> list[float]:
    """Of the shares at or below each bin."""
    m, n = sum(reference) or 1, sum(window) or 1
    below = zip(accumulate(reference), accumulate(window), strict=True)
    return [of_window / n - of_reference / m for of_reference, of_window in below]


def population_stability(reference: Counts, window: Counts) -> float:
    """The population stability index: sum of (q - p) ln(q / p).

    Shares are those of counts with a half added to each, so that an empty bin is no infinity.
    """
    pairs = zip(_smoothed(reference), _smoothed(window), strict=True)
    return fsum([(q - p) * log(q / p) for p, q in pairs])


def _smoothed(counts: Counts) -> list[float]:
    total = sum(counts) + len(counts) / 2
    return [(count + 0.5) / total for count in counts]


def jensen_shannon(reference: Counts, window: Counts) -> float:
    """The distance of Jensen and Shannon, with logarithms to base 2: 0 of the same, 1 of the disjoint."""
    m, n = sum(reference) or 1, sum(window) or 1
    shares = [(a / m, b / n) for a, b in zip(reference, window, strict=True)]
    terms = [p * log2(2 * p / (p + q)) for p, q in shares if p] + [
        q * log2(2 * q / (p + q)) for p, q in shares if q
    ]
    return sqrt(max(0.0, fsum(terms) / 2))


def chi_square_quantile(probability: float, degrees: int) -> float:
    """By Wilson and Hilferty: within 1 % from 3 degrees on; of one and two it is exact."""
    if degrees == 1:
        return float(NormalDist().inv_cdf((1 + probability) / 2) ** 2)
    if degrees == 2:
        return -2 * log(1 - probability)
    part = 2 / (9 * degrees)
    return float(degrees * (1 - part + NormalDist().inv_cdf(probability) * sqrt(part)) ** 3)


def kolmogorov_quantile(probability: float) -> float:
    """Of the distance times sqrt(n m / (n + m)), for large n and m."""
    return sqrt(-log((1 - probability) / 2) / 2)
