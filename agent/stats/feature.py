"""What columns of a model's inputs hold, by cell: the values, and what is wrong with them.

A cell is a minute and a group. Values become histograms or tops, which add up over windows and devices as
counts of faults do. What only this device can tell, how long a value has not changed, is a `Run`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.stats.bins import Floats, Ints, Rows, counted, distinct
from agent.stats.histogram import Histogram
from agent.stats.standard import SCALE, Standard, Sums
from agent.stats.topk import Top

Codes = NDArray[np.uint8]

FAULTS = ("", "missing", "type", "nan", "infinite", "range", "unseen")
"""What can be wrong with a value, by its code; a value out of range is counted among the values too."""
FINE, MISSING, TYPE, NAN, INFINITE, RANGE, UNSEEN = range(len(FAULTS))

PAIRS = 32
"""Pairs of features kept that are missing together."""


class Window(NamedTuple):
    """A feature in a cell: its values, and how often each fault was there."""

    values: Histogram | Top
    faults: dict[str, int]


class Numbers:
    """Features that are numbers: what batches of rows add up to.

    Args:
        standards: of the baseline, of each feature.
        extents: the least and the largest number that may be of each.
    """

    def __init__(self, standards: Sequence[Standard], extents: Sequence[tuple[float, float]]) -> None:
        self._sums, self._extents = Sums(standards), extents
        self._faults: dict[tuple[int, int], dict[str, int]] = {}

    def add(self, rows: Rows, columns: Sequence[Floats], codes: Sequence[Codes]) -> None:
        """Add a batch.

        Args:
            rows: by cell.
            columns: a column of values for each feature, NaN where there is none.
            codes: for each, `FINE`, or `MISSING` or `TYPE` where there is no number; the value there is NaN.
        """
        absent = self._sums.add(rows, columns)
        for place, (gone, extent) in enumerate(zip(absent, self._extents, strict=True)):
            if len(gone):
                wrong = codes[place][gone]
                wrong[np.isinf(columns[place][gone])] = INFINITE
                wrong[wrong == FINE] = NAN
                self._wrong(place, rows, gone, wrong)
            if extent != (-inf, inf):
                values = columns[place]
                outside = np.flatnonzero(((values < extent[0]) | (values > extent[1])) & np.isfinite(values))
                self._wrong(place, rows, outside, np.full(len(outside), RANGE, np.uint8))

    def _wrong(self, place: int, rows: Rows, which: Ints, codes: Codes) -> None:
        ranks = rows.ranks_of(which)
        keys, counts = counted(ranks * len(FAULTS) + codes, len(rows.cells) * len(FAULTS))
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            rank, code = divmod(key, len(FAULTS))
            own = self._faults.setdefault((int(rows.cells[rank]), place), {})
            own[FAULTS[code]] = own.get(FAULTS[code], 0) + count

    def windows(self) -> dict[tuple[int, int], Window]:
        """What was added, by cell and the feature's place."""
        found, nothing = self._sums.histograms(), Histogram(SCALE)
        return {
            key: Window(found.get(key, nothing), self._faults.get(key, {}))
            for key in sorted({*found, *self._faults})
        }


class Inputs:
    """Rows of a model's inputs: categories, and what is missing together.

    Args:
        cells: the cell of each row, at least 0.
    """

    def __init__(self, cells: Ints) -> None:
        self._cells = cells
        self._size = int(cells.max()) + 1 if len(cells) else 0

    def categories(
        self, numbers: Ints, names: Sequence[str], known: AbstractSet[str] | None = None
    ) -> dict[int, Window]:
        """A feature that is a category.

        Args:
            numbers: of each row's category; 0 where there is none.
            names: by number.
            known: those of the baseline, None where all may be.
        """
        wrong = np.zeros(len(names), np.uint8)
        wrong[0] = MISSING
        if known is not None:
            wrong[1:] = [FINE if name in known else UNSEEN for name in names[1:]]
        items: dict[int, list[tuple[str, int]]] = {}
        faults: dict[int, dict[str, int]] = {}
        for cell, number, count in self._tallied(self._cells, numbers, len(names)):
            if number:
                items.setdefault(cell, []).append((names[number], count))
            if wrong[number]:
                own = faults.setdefault(cell, {})
                fault = FAULTS[wrong[number]]
                own[fault] = own.get(fault, 0) + count
        cells = sorted({*items, *faults})
        return {cell: Window(Top.of(items.get(cell, ())), faults.get(cell, {})) for cell in cells}

    def together(self, missing: NDArray[np.bool_], names: Sequence[str], most: int = PAIRS) -> dict[int, Top]:
        """How often two features were missing in one row, for the pairs that were most often.

        Args:
            missing: a row for each row, a column for each feature.
            names: of the features.
            most: pairs that are told of a cell.
        """
        several = np.count_nonzero(missing, axis=1) > 1
        if not several.any():
            return {}
        cells, rows = self._cells[several], missing[several]
        return {int(cell): Top.of(_pairs(rows[cells == cell], names, most), most) for cell in distinct(cells)}

    def _tallied(self, cells: Ints, codes: NDArray[Any], width: int) -> Iterator[tuple[int, int, int]]:
        """Cell, code and how many rows have both."""
        keys, counts = counted(cells * width + codes, self._size * width)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            yield (*divmod(key, width), count)


def _pairs(missing: NDArray[np.bool_], names: Sequence[str], most: int) -> Iterator[tuple[str, int]]:
    """The most frequent pairs of columns that are missing together, the most frequent first."""
    # Of single precision, for that product is fast; exact below 2^24 rows.
    rows = missing.astype(np.float32)
    counts = np.triu(rows.T @ rows, 1)
    order = np.argsort(-counts, axis=None, kind="stable")[:most]
    for place in order.tolist():
        one, two = divmod(place, len(names))
        if counts[one, two]:
            yield f"{names[one]}, {names[two]}", int(counts[one, two])


class Run(NamedTuple):
    """How long a value has not changed: `count` rows, the first of them at `since`."""

    value: Any
    since: float
    count: int  # type: ignore[assignment]  # a field of that name hides tuple.count


def prolonged(run: Run | None, values: NDArray[Any], times: Floats) -> Run | None:
    """The run at the end of further values, which `times` date. Rows without a value (NaN) say nothing."""
    if len(values) > 1 and (values[-2] < values[-1] or values[-1] < values[-2]):
        return Run(values[-1].item(), float(times[-1]), 1)
    there = values == values  # noqa: PLR0124 - not NaN
    if not there.all():
        values, times = values[there], times[there]
    if not len(values):
        return run
    changes = np.flatnonzero(values[1:] != values[:-1])
    start = int(changes[-1]) + 1 if len(changes) else 0
    last = values[-1].item()
    if run is not None and not start and run.value == last:
        return run._replace(count=run.count + len(values))
    return Run(last, float(times[start]), len(values) - start)
