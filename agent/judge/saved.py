"""The state of a rule as the store keeps it: what fires, what is on its way, and which rule that was.

JSON in UTF-8: {"rule": the rule, "boot": boot id, "rows": [[series, fires, held, since, value, offset],
...]}. What cannot be read is forgotten: the rule begins anew.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from agent.judge.rules.rule import Rule
from collectors.api import Series

ROWS = 8
"""Series of a rule that are kept over a restart; further ones begin anew."""

ROOM = 2048
"""Bytes of those series: their attributes are a host's words, and the store has no room for any length."""

LARGEST = 64 * 1024


class Row(NamedTuple):
    """One series: whether it fires, or else for how many s it was beyond the level; since when it
    fires (wall s), its last value, and by which offset of the wall clock `since` is told, None where that
    is not known any more."""

    series: Series
    fires: bool
    held: float
    since: float
    value: float | None
    offset: float | None = None


def dump(rule: Rule, boot: str, rows: Iterable[Row]) -> bytes:
    """The state of a rule; at most `ROWS` of the rows, those that fit into `ROOM` bytes."""
    kept: list[list[object]] = []
    room = ROOM
    for row in list(rows)[:ROWS]:
        written: list[object] = [list(row.series), *row[1:]]
        room -= len(json.dumps(written))
        if room < 0:
            break
        kept.append(written)
    fields = {"rule": _written(rule), "boot": boot, "rows": kept}
    return json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")


def load(blob: bytes, boot: str) -> tuple[object, list[Row]]:
    """Which rule this state is of (compare with `mark`), and its rows; those that are only on their way
    count within one boot alone."""
    try:
        fields = json.loads(blob) if len(blob) <= LARGEST else {}
        rows = [_row(*each) for each in fields["rows"][:ROWS]]
        if fields["boot"] == boot:
            return fields["rule"], rows
        return fields["rule"], [row._replace(offset=None) for row in rows if row.fires]
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None, []


def mark(rule: Rule) -> object:
    """A rule as `load` gives it back."""
    return json.loads(json.dumps(_written(rule)))


def _written(rule: Rule) -> list[object]:
    return [str(rule.selector), *rule[1:]]


def _row(series: Any, fires: Any, held: Any, since: Any, value: Any, offset: Any = None) -> Row:
    """
    Raises:
        ValueError, TypeError: it is none.
    """
    name, unit, kind, attributes = series
    pairs = tuple((key, text) for key, text in attributes)
    texts = (name, unit, kind, *(text for pair in pairs for text in pair))
    numbers = (held, since, *(0.0 if each is None else each for each in (value, offset)))
    if not all(isinstance(text, str) for text in texts) or not all(map(math.isfinite, numbers)):
        raise ValueError("no row of a state")
    return Row(Series(name, unit, kind, pairs), fires is True, held, since, value, offset)
