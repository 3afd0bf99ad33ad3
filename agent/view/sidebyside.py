"""Two distributions side by side: shares by rows of equal width in the feature's own unit, or by category.

A bucket is taken to be filled evenly between its bounds, as far as its histogram reaches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent.stats.baseline import Feature
from agent.stats.drift import Seen
from agent.stats.histogram import Histogram
from agent.stats.standard import NEAR, Standard
from agent.stats.topk import Top

MOST = 16
"""Rows of numbers, beside those of what lies outside, and of categories."""
TAIL = 0.005
"""The share of values at each end that does not decide where rows begin and end."""
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_HIGHEST = 1023.0
_ROUNDING = 1e-9
OTHER = "other"


class Row(NamedTuple):
    """Shares of the reference and of the window, of what lies within [low, high), or of a category."""

    low: float
    high: float
    name: str
    reference: float
    window: float


def rows(reference: Feature, window: Seen) -> list[Row]:
    """Both, by rows; none where both are empty, or one has numbers and the other categories."""
    if isinstance(reference.values, Top) and isinstance(window.values, Top):
        return _categories(reference.values, window.values)
    if isinstance(reference.values, Histogram) and isinstance(window.values, Histogram):
        return _numbers(reference.values, window.values, reference.standard)
    return []


def _categories(reference: Top, window: Top) -> list[Row]:
    m, n = max(1, reference.seen), max(1, window.seen)
    names = {*reference.counts, *window.counts}
    pairs = {name: (reference.counts.get(name, 0) / m, window.counts.get(name, 0) / n) for name in names}
    order = sorted(names, key=lambda name: (-max(pairs[name]), name))
    found = [Row(0.0, 0.0, name, *pairs[name]) for name in order[:MOST]]
    one = max(0.0, 1 - math.fsum(row.reference for row in found)) if reference.seen else 0.0
    two = max(0.0, 1 - math.fsum(row.window for row in found)) if window.seen else 0.0
    if max(one, two) > _ROUNDING:
        found.append(Row(0.0, 0.0, OTHER, one, two))
    return found


def _numbers(reference: Histogram, window: Histogram, standard: Standard) -> list[Row]:
    edges = _edges([each for each in (reference, window) if each.count], standard)
    if not edges:
        return []
    one, two = (_shares(each, edges, standard) for each in (reference, window))
    bounds = [-math.inf, *edges, math.inf]
    made = [Row(low, high, "", a, b) for low, high, a, b in zip(bounds, bounds[1:], one, two, strict=False)]
    return [
        row
        for row in made
        if (math.isfinite(row.low) and math.isfinite(row.high)) or row.reference or row.window
    ]


def _edges(histograms: Sequence[Histogram], standard: Standard) -> list[float]:
    """Round numbers between which most values of all lie."""
    ends = [
        standard.center + standard.spread * value
        for each in histograms
        for value in (each.quantile(TAIL), each.quantile(1 - TAIL))
        if value is not None
    ]
    if not ends or not all(map(math.isfinite, ends)):
        return []
    low, high = min(ends), max(ends)
    step = _step(max((high - low) / (MOST - 1), standard.spread / 8, abs(low) * 1e-12))
    first, last = math.floor(low / step), math.floor(high / step) + 1
    return [place * step for place in range(first, last + 1)]


def _step(least: float) -> float:
    """The smallest round number that is not less."""
    scale = 10.0 ** math.floor(math.log10(least))
    return next(step * scale for step in _STEPS if step * scale >= least * (1 - 1e-9))


def _shares(of: Histogram, edges: Sequence[float], standard: Standard) -> list[float]:
    """The shares below the first edge, between the edges, and above the last."""
    found = [0.0] * (len(edges) + 1)
    bounds = [-math.inf, *((edge - standard.center) / standard.spread for edge in edges), math.inf]
    for low, high, count in _buckets(of):
        for place in range(len(found)):
            start, end = max(low, bounds[place]), min(high, bounds[place + 1])
            if low == high and bounds[place] <= low < bounds[place + 1]:
                found[place] += count
            elif end > start and high > low:
                found[place] += count * (end - start) / (high - low)
    return [each / of.count for each in found] if of.count else found


def _buckets(of: Histogram) -> Iterator[tuple[float, float, int]]:
    """Bounds and count of each, no further than the least and the largest value."""
    if of.zero:
        yield _cut(of, -NEAR, NEAR, of.zero)
    for index, count in of.positive.items():
        yield _cut(of, _bound(index, of.scale), _bound(index + 1, of.scale), count)
    for index, count in of.negative.items():
        yield _cut(of, -_bound(index + 1, of.scale), -_bound(index, of.scale), count)


def _bound(index: int, scale: int) -> float:
    return float(2.0 ** max(-_HIGHEST, min(_HIGHEST, index / 2.0**scale)))


def _cut(of: Histogram, low: float, high: float, count: int) -> tuple[float, float, int]:
    low, high = max(low, min(of.low, high)), min(high, max(of.high, low))
    return low, high, count
