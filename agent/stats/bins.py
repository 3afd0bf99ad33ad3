"""Histograms of whole columns: what `Histogram.of` gives, for many values of many cells at once.

A bucket's index is read from a double's bits: the exponent gives the octave, the first ten bits of the
fraction one of 1,024 slots, and in a slot lies at most one of the 32 bounds of an octave, with which the
fraction is compared. So no logarithm is taken, and every index is that of `agent.stats.histogram.index`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.stats.histogram import SCALE, Histogram, fitted, index, total_of
from agent.stats.window import Gauge

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SLOTS = 1024
_FRACTION = (1 << 52) - 1
_WIDEST = 1 << 20
"""Cells times buckets that are counted in one array; more are counted by sorting."""


def _table() -> tuple[Ints, Ints]:
    """For each slot: the index within the octave of a fraction at the slot's start, and the bits of the
    largest fraction that still has this index."""
    below, bound = np.empty(_SLOTS, np.int64), np.empty(_SLOTS, np.int64)
    for slot in range(_SLOTS):
        first, last = slot << 42, ((slot + 1) << 42) - 1
        low = below[slot] = _of_fraction(first)
        while _of_fraction(last) != low and last - first > 0:
            middle = (first + last) // 2
            first, last = (first, middle) if _of_fraction(middle) != low else (middle + 1, last)
        bound[slot] = last - (_of_fraction(last) != low)
    return below, bound


def _of_fraction(bits: int) -> int:
    """The index of 1 + bits / 2^52; -1 for 1.0 itself, the upper bound of the octave below."""
    return index(1.0 + bits / 2.0**52)


_BELOW, _BOUND = _table()
# By slot: what is added to a fraction so that its index stands above its bits.
_RAISED = (_BELOW << 52) + (_FRACTION - _BOUND)
_LEAST_NORMAL = 2.2250738585072014e-308


def indexes(values: Floats) -> Ints:
    """The bucket of each finite positive value at the finest scale, as `histogram.index` has it."""
    bits = values.view(np.int64)
    fraction = bits & _FRACTION
    found: Ints = (fraction + _RAISED[fraction >> 42]) >> 52
    found += ((bits >> 52) - 1023) << SCALE
    if len(values) and values.min() < _LEAST_NORMAL:
        for place in np.flatnonzero(values < _LEAST_NORMAL):
            found[place] = index(float(values[place]))
    return found


class Cells:
    """Rows that are sorted into cells once, for several columns of values.

    Args:
        cells: the cell of each row, at least 0.
    """

    def __init__(self, cells: Ints) -> None:
        # Small numbers are sorted in a tenth of the time.
        small = not len(cells) or cells.max() < 1 << 15
        self._order = np.argsort(cells.astype(np.int16) if small else cells, kind="stable")
        self._sorted = cells[self._order]

    def column(self, values: Floats) -> Column:
        """The values that are there (not NaN), by cell."""
        ordered = values[self._order]
        there = ordered == ordered  # noqa: PLR0124 - not NaN, and faster than isnan
        if there.all():
            return Column(self._sorted, ordered)
        return Column(self._sorted[there], ordered[there])


class Rows:
    """Rows that are sorted into cells once, for all columns.

    Args:
        cells: the cell of each row, at least 0.
    """

    def __init__(self, cells: Ints) -> None:
        in_order = bool(np.all(cells[1:] >= cells[:-1]))
        self.order = None if in_order else np.argsort(cells, kind="stable")
        ordered = cells if self.order is None else cells[self.order]
        changes = ordered[1:] != ordered[:-1]
        self.starts = np.flatnonzero(np.concatenate(([len(cells) > 0], changes)))
        self.cells = ordered[self.starts]
        self.ranks = np.concatenate(([0], np.cumsum(changes)))[: len(cells)]
        """The place in `cells` of each row's cell, in order."""

    def __len__(self) -> int:
        return len(self.ranks)

    def ranks_of(self, which: Ints) -> Ints:
        """The places in `cells` of the cells of some rows, as they came."""
        if self.order is None:
            return self.ranks[which]
        places = np.empty(len(self), np.int64)
        places[self.order] = self.ranks
        return places[which]


class Column(NamedTuple):
    """The cells of values, in order, and the values."""

    cells: Ints
    values: Floats

    def starts(self) -> Ints:
        """The first row of each cell."""
        if not len(self.cells):
            return np.empty(0, np.int64)
        return np.flatnonzero(np.concatenate(([True], self.cells[1:] != self.cells[:-1])))

    def gauges(self) -> dict[int, Gauge]:
        """The gauge of each cell's values, which are finite, in the order of the rows."""
        starts = self.starts()
        if not len(starts):
            return {}
        ends = np.append(starts[1:], len(self.cells))
        low, high = np.minimum.reduceat(self.values, starts), np.maximum.reduceat(self.values, starts)
        with np.errstate(over="ignore", invalid="ignore"):
            totals = np.add.reduceat(self.values, starts)
        for at in np.flatnonzero(~np.isfinite(totals)):
            totals[at] = total_of(self.values[starts[at] : ends[at]].tolist())
        columns = (ends - starts, totals, low, high, self.values[ends - 1])
        rows = zip(*[column.tolist() for column in columns], strict=True)
        return dict(zip(self.cells[starts].tolist(), map(Gauge._make, rows), strict=True))

    def totals(self) -> dict[int, tuple[int, float]]:
        """How many values each cell has, and their sum."""
        return {cell: (gauge.count, gauge.total) for cell, gauge in self.gauges().items()}

    def histograms(self) -> dict[int, Histogram]:
        """The histogram of each cell's values: finite ones."""
        starts = self.starts()
        if not len(starts):
            return {}
        positive, negative = self._buckets(1.0), self._buckets(-1.0)
        result = {}
        for cell, gauge in self.gauges().items():
            plus, minus = positive.get(cell, {}), negative.get(cell, {})
            zero = gauge.count - sum(plus.values()) - sum(minus.values())
            result[cell] = fitted(
                Histogram(SCALE, zero, plus, minus, gauge.count, gauge.total, gauge.low, gauge.high)
            )
        return result

    def _buckets(self, sign: float) -> dict[int, dict[int, int]]:
        """By cell: how many values of this sign lie in each bucket."""
        own = self.values > 0 if sign > 0 else self.values < 0
        if not own.any():
            return {}
        some = self if own.all() else Column(self.cells[own], self.values[own])
        found = indexes(some.values if sign > 0 else -some.values)
        least = int(found.min())
        width = int(found.max()) - least + 1
        starts = some.starts()
        heads = some.cells[starts]
        # The rows of a cell lie together: each moves to a row of buckets of its own.
        for rank, (begin, end) in enumerate(pairwise([*starts.tolist(), len(found)])):
            found[begin:end] += rank * width - least
        keys, counts = counted(found, len(heads) * width)
        result: dict[int, dict[int, int]] = {int(cell): {} for cell in heads}
        names = heads[keys // width].tolist()
        for cell, bucket, count in zip(names, (keys % width + least).tolist(), counts.tolist(), strict=True):
            result[cell][bucket] = count
        return result


def distinct(keys: Ints) -> Ints:
    """The keys that occur, in order. `np.unique` of these alone would load numpy's masked arrays, 1.4 MB."""
    return np.unique(keys, return_counts=True)[0]


def counted(keys: Ints, size: int) -> tuple[Ints, Ints]:
    """The keys that occur, within [0, size), and how often each does."""
    if size > _WIDEST:
        return np.unique(keys, return_counts=True)
    counts = np.bincount(keys, minlength=1)
    there = np.flatnonzero(counts)
    return there, counts[there]
