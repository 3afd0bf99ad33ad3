"""Pairs of prediction and truth, whole columns at a time, to the counts and sums of `agent.stats.quality`.

Each row belongs to a cell (a minute and a group), and what is found is told by cell.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.stats.bins import Floats, Ints, counted
from agent.stats.quality import BINS, MISTAKEN, Bin, Calibration, Errors

Bools = NDArray[np.bool_]


def confusions(
    cells: Ints, truth: Ints, predicted: Ints, right: Bools, names: Sequence[str], *, other: int
) -> dict[int, dict[tuple[str, str], int]]:
    """How often each class was predicted as each.

    Args:
        cells: of each row.
        truth: the number of its class.
        predicted: the number of the class that it was taken for.
        right: whether the two are the same class, with or without a name of its own.
        names: of the classes, by number.
        other: the number of all classes without a name.
    """
    own, compact = np.unique(cells, return_inverse=True)
    width = len(names) + 1
    taken = np.where((truth == other) & (predicted == other) & ~right, len(names), predicted)
    keys, counts = counted((compact * width + truth) * width + taken, len(own) * width * width)
    called = [*names, MISTAKEN]
    found: dict[int, dict[tuple[str, str], int]] = {}
    for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
        rest, column = divmod(key, width)
        cell, row = divmod(rest, width)
        found.setdefault(int(own[cell]), {})[called[row], called[column]] = count
    return found


def calibrations(cells: Ints, confidence: Floats, right: Bools) -> tuple[dict[int, Calibration], int]:
    """How far confidences can be believed, and how many rows tell none: not within [0, 1], or absent."""
    fit = (confidence >= 0.0) & (confidence <= 1.0)
    refused = len(confidence) - int(np.count_nonzero(fit))
    if refused:
        cells, confidence, right = cells[fit], confidence[fit], right[fit]
    own, compact = np.unique(cells, return_inverse=True)
    keys = compact * BINS + np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    size = len(own) * BINS
    counts, hits = np.bincount(keys, minlength=size), np.bincount(keys[right], minlength=size)
    sums = np.bincount(keys, confidence, size)
    squares = np.bincount(compact, np.square(confidence - right), len(own))
    bins: list[dict[int, Bin]] = [{} for _ in own]
    for key in np.flatnonzero(counts).tolist():
        cell, place = divmod(key, BINS)
        bins[cell][place] = Bin(int(counts[key]), float(sums[key]), int(hits[key]))
    rows = zip(own.tolist(), map(Calibration, bins, squares.tolist()), strict=True)
    return dict(rows), refused


def ranks(cells: Ints, rank: Ints, most: int) -> dict[int, dict[int, int]]:
    """How often the true class was the k-th that was predicted, k from 1 to `most`; a `rank` of 0 is none."""
    there = (rank > 0) & (rank <= most)
    own, compact = np.unique(cells[there], return_inverse=True)
    keys, counts = counted(compact * most + rank[there] - 1, len(own) * most)
    found: dict[int, dict[int, int]] = {}
    for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
        cell, place = divmod(key, most)
        found.setdefault(int(own[cell]), {})[place + 1] = count
    return found


def errors(cells: Ints, truth: Floats, predicted: Floats, center: float) -> tuple[dict[int, Errors], int]:
    """The sums of errors, and how many rows have none: a number is absent, or its square beyond a double."""
    with np.errstate(over="ignore", invalid="ignore"):
        error, level = predicted - truth, truth - center
        columns = [np.abs(error), np.square(error), error, level, np.abs(level), np.square(level)]
        fit = np.isfinite(columns[1] + columns[5])
    refused = len(truth) - int(np.count_nonzero(fit))
    if refused:
        cells, columns = cells[fit], [column[fit] for column in columns]
    own, compact = np.unique(cells, return_inverse=True)
    counts = np.bincount(compact, minlength=len(own)).tolist()
    sums = [np.bincount(compact, column, len(own)).tolist() for column in columns]
    found = {cell: Errors(center, *row) for cell, row in zip(own.tolist(), zip(counts, *sums), strict=True)}  # noqa: B905
    return found, refused
