"""Tables of JSON lines: an object a row, names lead into objects by dots."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from agent.tables.choice import Names
from agent.tables.chunk import CELLS, Cell, Chunk

DEPTH = 8
"""Objects within each other; what is deeper is no feature."""

Row = dict[str, Any]
_DECODER = msgspec.json.Decoder()


def read(blocks: Iterable[bytes], names: Names, troubles: Counter[str]) -> Iterator[Chunk]:
    """The features of a table.

    Args:
        blocks: of whole lines.
        names: of the features.
        troubles: is told of lines that were left out, and why.
    """
    for block in blocks:
        rows = [flat(row) for line in block.split(b"\n") if (row := _object(line, troubles)) is not None]
        columns = names.of(dict.fromkeys([key for row in rows for key in row]))
        most = max(1, CELLS // max(1, len(columns)))
        for start in range(0, len(rows), most):
            part = rows[start : start + most]
            yield Chunk(len(part), {name: _cells(part, column, names) for column, name in columns.items()})


def _object(line: bytes, troubles: Counter[str]) -> Row | None:
    """The object of a line, None where it has none."""
    try:
        found = _DECODER.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError):
        found = _lenient(line)
    if isinstance(found, dict):
        return found
    if line.strip():
        troubles["lines that are no JSON object"] += 1
    return None


def _lenient(line: bytes) -> object:
    """As Python writes it, with NaN and Infinity, and with a byte order mark; None where it is neither."""
    try:
        return json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def flat(row: Row) -> Row:
    """With what is within its objects, a dot between their names."""
    if dict not in map(type, row.values()):
        return row
    found: Row = {}
    _fill(found, "", row, DEPTH)
    return found


def _fill(found: Row, prefix: str, row: Row, depth: int) -> None:
    for key, value in row.items():
        if isinstance(value, dict) and depth > 1:
            _fill(found, f"{prefix}{key}.", value, depth - 1)
        else:
            found[f"{prefix}{key}"] = value


def _cells(rows: list[Row], column: str, names: Names) -> list[Cell]:
    cells = [row.get(column) for row in rows]
    kinds = set(map(type, cells))
    if bool in kinds:
        cells = [str(cell).lower() if isinstance(cell, bool) else cell for cell in cells]
    if not kinds.isdisjoint((list, dict)):
        names.leave(column, "it holds lists or deep objects")
        cells = [None if isinstance(cell, (list, dict)) else cell for cell in cells]
    return cells
