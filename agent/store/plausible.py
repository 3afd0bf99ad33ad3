"""What the small tables of a store may hold. SQLite vouches for no value: a card that has worn out gives back
other bytes than were written, in a file whose structure is sound.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from agent.ship.records import STREAMS
from agent.stats.clocks import FARTHEST
from agent.store.layout import MAX_LIFE, MAX_NUMBER

PLACES = "era", "owner"
"""Kinds of state whose names are whole numbers."""

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "epochs": "life, id, prev, prev_next",
        "states": "kind, name, value",
        "clocks": "boot, offset, quality, life",
    }
)


def sound(table: str, row: tuple[Any, ...]) -> bool:
    """Whether a row of `COLUMNS` may stand in that table."""
    return _SOUND[table](row)


def implausible(connection: sqlite3.Connection) -> str | None:
    """The first row of the small tables that may not be; None if all may.

    Raises:
        sqlite3.Error: they cannot be read.
    """
    for table, columns in COLUMNS.items():
        for row in connection.execute(f"SELECT {columns} FROM {table}"):  # noqa: S608
            if not sound(table, row):
                return f"a row of {table} is not one that was written"
    return None


def kept(rows: Iterator[tuple[Any, ...]], table: str) -> list[tuple[Any, ...]]:
    """Those of the rows that may stand in that table."""
    return [row for row in rows if sound(table, row)]


def _epoch(row: tuple[Any, ...]) -> bool:
    life, epoch, prev, prev_next = row
    return (
        _whole(life, 1, MAX_LIFE)
        and _whole(epoch, 1, (1 << 63) - 1)
        and (prev is None or _whole(prev, 1, (1 << 63) - 1))
        and _numbers(prev_next)
    )


def _numbers(text: object) -> bool:
    """Whether it is a JSON object of the next numbers by stream."""
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and all(
        stream in STREAMS and _whole(end, 0, MAX_NUMBER + 1) for stream, end in found.items()
    )


def _state(row: tuple[Any, ...]) -> bool:
    kind, name, value = row
    if not (isinstance(kind, str) and isinstance(name, str) and isinstance(value, bytes)):
        return False
    return kind not in PLACES or (name.isascii() and name.isdecimal() and len(name) <= 20)


def _clock(row: tuple[Any, ...]) -> bool:
    boot, offset, quality, life = row
    texts = isinstance(boot, str) and isinstance(quality, str)
    near = isinstance(offset, float) and math.isfinite(offset) and abs(offset) <= FARTHEST
    return texts and near and _whole(life, 0, MAX_LIFE)


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and least <= value <= most


_SOUND: Mapping[str, Callable[[tuple[Any, ...]], bool]] = MappingProxyType(
    {"epochs": _epoch, "states": _state, "clocks": _clock}
)
