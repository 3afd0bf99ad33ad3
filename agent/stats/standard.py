"""Numbers made alike, so that histograms tell how they shift: (x - center) / spread, in coarse buckets.

The buckets of a histogram grow with a value, so that 300 and 301 share one. Of what is standardised by where
most values of a baseline lie, a bucket beside it is a few hundredths of their spread, and one of an outlier
as wide as the outlier deserves. Center and spread are part of what a series is: others do not add up with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, inf, log10
from typing import NamedTuple

import numpy as np

from agent.stats.bins import Floats, Ints, Rows, indexes
from agent.stats.histogram import SCALE as FINEST
from agent.stats.histogram import Histogram

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
        sums = Sums([self])
        sums.add(Rows(np.zeros(len(values), np.int64)), [values])
        return sums.histograms().get((0, 0), Histogram(SCALE))


def _rounded(value: float, step: int) -> float:
    """To a multiple of 10^step."""
    return float(f"{value:.{max(0, -step)}f}") if step <= 0 else float(round(value / 10**step) * 10**step)


_LEAST = -17
"""The bucket of `NEAR`: what is in it or below lies near the center."""
_MOST = 80
"""The first bucket that is not counted in an array: a million spreads away."""
_BINS = _MOST - _LEAST + 1
_BIAS = 1023
"""Of the exponent in a double's bits."""
_SIDES = 2
_ALL, _LOWEST = 1 << 15, -(1 << 13)
"""Buckets of a number, of both signs, as keys leave room for; the lowest of them."""
_BLOCK = 1 << 15
"""Values that are looked at together: what is made of them fits in a core's cache."""
_ENTRIES = 1 << 16
"""Counts that wait before those of the same bucket are added up."""
_LARGEST = np.finfo(np.float64).max


class Sums:
    """Histograms of numbers by cell, standardised, as rows come: of a batch all columns at once.

    A bucket at scale 2 holds (2^(i/4), 2^((i+1)/4)], so that the exponent of a value's fourth power is its
    index: bits tell it, without a logarithm or a search. A bound itself is irrational, or exact.

    Args:
        standards: of each column.
    """

    def __init__(self, standards: Sequence[Standard]) -> None:
        self._standards = standards
        self._centers = np.array([standard.center for standard in standards])
        self._spreads = np.array([standard.spread for standard in standards])[:, None]
        # Cell, column and bucket, and how many there are; some more than once.
        self._keys, self._counts = np.empty(0, np.int64), np.empty(0, np.int64)
        self._more: list[tuple[Ints, Ints]] = []
        self._waiting = 0
        # By cell: how many values each column has, their sum, the least and the largest.
        self._moments: dict[int, tuple[Floats, Floats, Floats, Floats]] = {}

    def add(self, rows: Rows, columns: Sequence[Floats]) -> list[Ints]:
        """Add a batch; returns which rows of each column have no finite value."""
        absent: list[Ints] = []
        if not len(rows):
            return [np.empty(0, np.int64) for _ in columns]
        step = max(1, _BLOCK // max(len(rows), len(rows.cells) * _BINS * _SIDES))
        for first in range(0, len(columns), step):
            absent += self._block(rows, first, columns[first : first + step])
        if self._waiting >= _ENTRIES:
            self._settle()
        return absent

    def _block(self, rows: Rows, first: int, columns: Sequence[Floats]) -> list[Ints]:
        """Some columns of a batch, from the `first` on."""
        size, own = len(columns), slice(first, first + len(columns))
        values = [column if rows.order is None else column[rows.order] for column in columns]
        scaled = np.empty((size, len(rows)))
        with np.errstate(over="ignore", invalid="ignore"):
            for at, column in enumerate(values):
                np.subtract(column, self._centers[first + at], out=scaled[at])
            scaled /= self._spreads[own]
            fourth = np.square(scaled)
            np.square(fourth, out=fourth)
        buckets = fourth.view(np.int64)
        buckets -= 1
        buckets >>= 52
        np.maximum(buckets, _LEAST + _BIAS, out=buckets)
        np.minimum(buckets, _MOST + _BIAS, out=buckets)
        far = np.flatnonzero(buckets.ravel() == _MOST + _BIAS)
        places, far = np.divmod(far, len(rows))
        buckets -= _LEAST + _BIAS
        buckets *= _SIDES
        buckets += scaled < 0
        width = len(rows.cells) * _BINS * _SIDES
        buckets += rows.ranks * (_BINS * _SIDES)
        buckets += np.arange(0, size * width, width)[:, None]
        counts = np.bincount(buckets.ravel(), minlength=size * width)
        counts = counts.reshape(size, len(rows.cells), _BINS, _SIDES)
        counts[:, :, -1] = 0
        there = np.flatnonzero(counts)
        owners, rest = np.divmod(there, _BINS * _SIDES)
        places_of, ranks = np.divmod(owners, len(rows.cells))
        keys = self._keys_of(rows.cells[ranks], places_of + first)
        self._count(keys + rest + (_LEAST - _LOWEST) * _SIDES, counts.ravel()[there])
        gone = np.zeros(len(far), np.bool_)
        for place in sorted(set(places.tolist())):
            mine = places == place
            told = values[place][far[mine]]
            gone[mine] = ~np.isfinite(told)
            scaled[place, far[mine]] = self._standards[first + place].of_all(told)
        self._far(rows, first, scaled, places[~gone], far[~gone])
        places, far = places[gone], far[gone]
        self._measure(rows, own, scaled, places, far)
        bounds = np.searchsorted(places, np.arange(1, size))
        return np.split(far if rows.order is None else rows.order[far], bounds)

    def _far(self, rows: Rows, first: int, scaled: Floats, places: Ints, far: Ints) -> None:
        """Count values that lie far from the center."""
        if len(far):
            own = scaled[places, far]
            keys = self._keys_of(rows.cells[rows.ranks[far]], places + first)
            keys += ((indexes(np.abs(own)) >> (FINEST - SCALE)) - _LOWEST) * _SIDES + (own < 0)
            self._count(keys, np.ones(len(far), np.int64))

    def _keys_of(self, cells: Ints, columns: Ints) -> Ints:
        """The first key of a cell and column."""
        return (cells * len(self._standards) + columns) * _ALL

    def _count(self, keys: Ints, counts: Ints) -> None:
        self._more.append((keys, counts))
        self._waiting += len(keys)

    def _measure(self, rows: Rows, own: slice, scaled: Floats, places: Ints, absent: Ints) -> None:
        """Add up what a batch has of some columns; changes `scaled`."""
        size = (len(scaled), len(rows.cells))
        counts = np.tile(np.diff(np.append(rows.starts, len(rows))), (size[0], 1))
        counts -= np.bincount(places * size[1] + rows.ranks[absent], minlength=counts.size).reshape(size)
        scaled[places, absent] = inf
        lows = np.minimum.reduceat(scaled, rows.starts, axis=1)
        scaled[places, absent] = -inf
        highs = np.maximum.reduceat(scaled, rows.starts, axis=1)
        scaled[places, absent] = 0.0
        totals = np.add.reduceat(scaled, rows.starts, axis=1)
        for rank, cell in enumerate(rows.cells.tolist()):
            count, total, low, high = self._moments.get(cell) or self._begun(cell)
            count[own] += counts[:, rank]
            with np.errstate(over="ignore"):
                np.clip(total[own] + totals[:, rank], -_LARGEST, _LARGEST, out=total[own])
            np.minimum(low[own], lows[:, rank], out=low[own])
            np.maximum(high[own], highs[:, rank], out=high[own])

    def _begun(self, cell: int) -> tuple[Floats, Floats, Floats, Floats]:
        size = len(self._standards)
        found = np.zeros(size), np.zeros(size), np.full(size, inf), np.full(size, -inf)
        self._moments[cell] = found
        return found

    def _settle(self) -> None:
        """Add up the counts of the same bucket."""
        keys = np.concatenate([self._keys, *(keys for keys, _ in self._more)])
        counts = np.concatenate([self._counts, *(counts for _, counts in self._more)])
        order = np.argsort(keys)
        keys = keys[order]
        starts = np.flatnonzero(np.concatenate(([len(keys) > 0], keys[1:] != keys[:-1])))
        self._keys = keys[starts]
        self._counts = np.add.reduceat(counts[order], starts) if len(starts) else counts
        self._more, self._waiting = [], 0

    def histograms(self) -> dict[tuple[int, int], Histogram]:
        """The histogram of each cell and column that has values."""
        self._settle()
        owners, buckets = np.divmod(self._keys, _ALL)
        buckets, sides = np.divmod(buckets, _SIDES)
        rows = zip(
            owners.tolist(), (buckets + _LOWEST).tolist(), sides.tolist(), self._counts.tolist(), strict=True
        )
        shapes: dict[int, tuple[dict[int, int], dict[int, int], dict[int, int]]] = {}
        for owner, bucket, side, count in rows:
            zero, plus, minus = shapes.get(owner) or shapes.setdefault(owner, ({}, {}, {}))
            into = zero if bucket <= _LEAST else minus if side else plus
            into[bucket * _SIDES + side if into is zero else bucket] = count
        found = {}
        for cell, moments in self._moments.items():
            for place, (count, total, low, high) in enumerate(
                zip(*(each.tolist() for each in moments), strict=True)
            ):
                if count:
                    zero, plus, minus = shapes[cell * len(self._standards) + place]
                    found[cell, place] = Histogram(
                        SCALE, sum(zero.values()), plus, minus, int(count), total, low, high
                    )
        return found
