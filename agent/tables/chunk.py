"""Some rows of a table as columns, and what their cells say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import isnan, nan
from typing import NamedTuple

import numpy as np

from agent.stats.bins import Floats

Cell = str | float | None
Cells = Sequence[Cell] | Floats
"""Of a column, one a row: texts, numbers, or None where there is nothing. An array has NaN there."""

CELLS = 1 << 18
"""Of a chunk, at most."""
ABSENT = frozenset({"na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none"})
"""What is written, in any case, where a number is missing. Among categories only the empty text says so."""
_WHOLE = 1e15


class TableError(ValueError):
    """It is no table, or not the one that was asked for; says why."""


class Chunk(NamedTuple):
    """Rows, and the cells of each feature that they have."""

    rows: int
    columns: Mapping[str, Cells]


class Numbers(NamedTuple):
    """A column read as numbers: NaN where there is none, because it is `missing`, or something else.

    Args:
        values: the numbers; infinite where a cell says so.
        missing: cells with nothing.
        texts: how often each other text was there.
    """

    values: Floats
    missing: int
    texts: Mapping[str, int] = {}


def numbers(cells: Cells) -> Numbers:
    """What a column is as numbers."""
    if isinstance(cells, np.ndarray):
        return Numbers(cells, int(np.count_nonzero(np.isnan(cells))))
    try:
        values = np.array(list(map(float, cells)))  # type: ignore[arg-type]  # None raises
    except (TypeError, ValueError, OverflowError):
        return _one_by_one(cells)
    if _underscored(cells):
        return _one_by_one(cells)
    return Numbers(values, int(np.count_nonzero(np.isnan(values))))


def _underscored(cells: Sequence[Cell]) -> bool:
    """Whether a text has a _: float() takes 1_000 for a number, which no reader of logs does."""
    kinds = set(map(type, cells))
    if str not in kinds:
        return False
    texts = cells if len(kinds) == 1 else [cell for cell in cells if isinstance(cell, str)]
    return "_" in "".join(texts)  # type: ignore[arg-type]  # all are texts


def _one_by_one(cells: Iterable[Cell]) -> Numbers:
    given = list(cells)
    counts = Counter(given)
    found = {cell: _number(cell) for cell in counts}
    texts = {str(cell): count for cell, count in counts.items() if isnan(found[cell]) and not is_absent(cell)}
    missing = sum(count for cell, count in counts.items() if is_absent(cell))
    return Numbers(np.array([found[cell] for cell in given]), missing, texts)


def _number(cell: Cell) -> float:
    """NaN where it is none."""
    if cell is None or (isinstance(cell, str) and "_" in cell):
        return nan
    try:
        return float(cell)
    except ValueError:
        return nan
    except OverflowError:
        return float("inf")


def is_absent(cell: Cell) -> bool:
    """Whether a cell among numbers has nothing."""
    if isinstance(cell, str):
        text = cell.strip()
        return not text or text.lower() in ABSENT
    return cell is None or cell != cell  # noqa: PLR0124 - not a number


def categories(cells: Cells) -> Counter[str]:
    """How often each text is there; "" where there is nothing."""
    found: Counter[str] = Counter()
    if isinstance(cells, np.ndarray):
        values, counts = np.unique(cells, return_counts=True)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            found[text_of(int(value) if value.is_integer() and abs(value) < _WHOLE else value)] += count
        return found
    for cell, count in Counter(cells).items():
        found[text_of(cell)] += count
    return found


def text_of(cell: Cell) -> str:
    """A cell as a category, as the reader of logs has it; nothing is ""."""
    if isinstance(cell, str):
        return cell
    return "" if is_absent(cell) else str(cell)
