"""Numbers made alike, so that histograms tell how they shift: (x - center) / spread, in coarse buckets.

The buckets of a histogram grow with a value, so that 300 and 301 share one. Of what is standardised by where
most values of a baseline lie, a bucket beside it is a few hundredths of their spread, and one of an outlier
as wide as the outlier deserves. Center and spread are part of what a series is: others do not add up with it.
"""

from __future__ import annotations

from math import floor, log10
from typing import NamedTuple

import numpy as np

from agent.stats.bins import Floats, Ints, indexes
from agent.stats.histogram import SCALE as FINEST
from agent.stats.histogram import Histogram, held

SCALE = 2
"""Four buckets an octave: 50 features of 20,000 values are 3.8 KB on the wire, at scale 5 18 KB; the distance
of Kolmogorov and Smirnov is still that of the values, less at most 0.001."""

NEAR = 1 / 16
"""What lies so near to the center is in one bucket."""

_WIDTHS = ((0.25, 1.349), (0.05, 3.29), (0.01, 4.653), (0.0, 8.0))
"""Shares of a normal distribution below and above, and how many standard deviations lie between."""

_NOISE = 1e-12
"""A spread below so much of the center is rounding."""

_FURTHEST = 1e300


class Standard(NamedTuple):
    """Where most values lie: around `center`, most of them within two of `spread` (above 0)."""

    center: float = 0.0
    spread: float = 1.0

    @classmethod
    def of(cls, values: Floats) -> Standard:
        """The median, and the spread between the quartiles as one standard deviation would be.

        Where half of all values are one, what lies further out tells the spread; where all are, it is 1. Both
        are rounded, so that they are short where they are told. What is not finite tells nothing.
        """
        finite = np.clip(values[np.isfinite(values)], -_FURTHEST, _FURTHEST)
        if not len(finite):
            return cls()
        shares = [0.5, *(side for share, _ in _WIDTHS for side in (share, 1 - share))]
        center, *sides = np.quantile(finite, shares).tolist()
        for (_, deviations), low, high in zip(_WIDTHS, sides[::2], sides[1::2], strict=True):
            spread = (high - low) / deviations
            if spread > _NOISE * abs(center):
                step = floor(log10(spread)) - 1
                return cls(_rounded(center, step), _rounded(spread, step))
        return cls(center)

    def of_all(self, values: Floats) -> Floats:
        """Standardised values; those beyond a double are held at the largest."""
        with np.errstate(over="ignore"):
            found: Floats = np.clip((values - self.center) / self.spread, -_FURTHEST, _FURTHEST)
        return found

    def histogram(self, values: Floats) -> Histogram:
        """The histogram of values, standardised; those that are not finite are left out."""
        column = Rows(np.zeros(len(values), np.int64)).column(values, self)
        return column.histograms.get(0, Histogram(SCALE))


def _rounded(value: float, step: int) -> float:
    """To a multiple of 10^step."""
    return float(f"{value:.{max(0, -step)}f}") if step <= 0 else float(round(value / 10**step) * 10**step)


class Column(NamedTuple):
    """The histograms of a column by cell, and the rows that have no finite value."""

    histograms: dict[int, Histogram]
    absent: Ints


_LEAST = -17
"""The bucket of `NEAR`: what is in it or below lies near the center."""
_MOST = 80
"""The first bucket that is not counted in an array: a million spreads away."""
_BINS = _MOST - _LEAST + 1
_SIDES = 2
_BIAS = 1023
"""Of the exponent in a double's bits."""


class Rows:
    """Rows that are sorted into cells once, for all columns.

    A bucket at scale 2 holds (2^(i/4), 2^((i+1)/4)], so that the exponent of a value's fourth power is its
    index: bits tell it, without a logarithm or a search. A bound itself is irrational, or exact.

    Args:
        cells: the cell of each row, at least 0.
    """

    def __init__(self, cells: Ints) -> None:
        in_order = bool(np.all(cells[1:] >= cells[:-1]))
        self.order = None if in_order else np.argsort(cells, kind="stable")
        ordered = cells if self.order is None else cells[self.order]
        changes = ordered[1:] != ordered[:-1]
        self._starts = np.flatnonzero(np.concatenate(([len(cells) > 0], changes)))
        self.cells: list[int] = ordered[self._starts].tolist()
        self._ranks = np.concatenate(([0], np.cumsum(changes)))[: len(cells)]
        self._bases = self._ranks * (_BINS * _SIDES)

    def column(self, values: Floats, standard: Standard) -> Column:
        """The histograms of a column, standardised."""
        if not len(values):
            return Column({}, np.empty(0, np.int64))
        ordered = values if self.order is None else values[self.order]
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (ordered - standard.center) / standard.spread
            fourth = np.square(scaled)
            np.square(fourth, out=fourth)
        keys = fourth.view(np.int64)
        keys -= 1
        keys >>= 52
        np.clip(keys, _LEAST + _BIAS, _MOST + _BIAS, out=keys)
        keys -= _LEAST + _BIAS
        far = np.flatnonzero(keys == _BINS - 1)
        keys *= _SIDES
        keys += scaled < 0
        keys += self._bases
        counts = np.bincount(keys, minlength=len(self.cells) * _BINS * _SIDES)
        counts = counts.reshape(len(self.cells), _BINS, _SIDES)
        absent = far[~np.isfinite(ordered[far])]
        beyond = far[np.isfinite(ordered[far])]
        scaled[beyond] = standard.of_all(ordered[beyond])
        found = self._histograms(scaled, counts, absent)
        if len(beyond):
            self._add_far(found, scaled[beyond], self._ranks[beyond])
        return Column(found, absent if self.order is None else self.order[absent])

    def _histograms(self, scaled: Floats, counts: Ints, absent: Ints) -> dict[int, Histogram]:
        """By cell, without the buckets of what is far."""
        scaled[absent] = np.nan
        lows = np.fmin.reduceat(scaled, self._starts).tolist()
        highs = np.fmax.reduceat(scaled, self._starts).tolist()
        scaled[absent] = 0.0
        totals = np.add.reduceat(scaled, self._starts).tolist()
        lengths = np.diff(np.append(self._starts, len(scaled)))
        lengths -= np.bincount(self._ranks[absent], minlength=len(self.cells))
        negative, positive = _by_cell(counts[:, 1:-1, 1]), _by_cell(counts[:, 1:-1, 0])
        zeros = counts[:, 0].sum(axis=1).tolist()
        rows = zip(self.cells, zeros, positive, negative, lengths.tolist(), totals, lows, highs, strict=True)
        return {
            cell: Histogram(SCALE, zero, plus, minus, count, held(total), low, high)
            for cell, zero, plus, minus, count, total, low, high in rows
            if count
        }

    def _add_far(self, found: dict[int, Histogram], scaled: Floats, ranks: Ints) -> None:
        """Count the buckets of values that are far."""
        places = indexes(np.abs(scaled)) >> (FINEST - SCALE)
        for rank in np.unique(ranks).tolist():
            own = found[self.cells[rank]]
            for side, buckets in ((scaled > 0, own.positive), (scaled < 0, own.negative)):
                names, counts = np.unique(places[side & (ranks == rank)], return_counts=True)
                buckets.update(zip(names.tolist(), counts.tolist(), strict=True))


def _by_cell(counts: Ints) -> list[dict[int, int]]:
    """The buckets that have something, of each cell."""
    found: list[dict[int, int]] = [{} for _ in counts]
    cells, places = np.nonzero(counts)
    rows = zip(cells.tolist(), (places + _LEAST + 1).tolist(), counts[cells, places].tolist(), strict=True)
    for cell, place, count in rows:
        found[cell][place] = count
    return found
