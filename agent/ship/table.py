"""The series table inside every body: names, units and attributes, each said once.

Series are sorted by kind, name, unit and attributes. Those of one metric stand together, and their
attribute values form a *shape*, a list of rows; `system.network.io` and `system.network.packets`
share one shape, so the interfaces are listed once. Names and strings are two texts with a line for
each, which compress well; what refers to them is bits.

A reference is `seen - index`, with `seen` the number of things named so far; 0 names the next new
one. So no text is listed that is not used, and first uses, the most frequent, are the shortest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Generic, TypeVar

from agent.ship.bits import BitReader, BitWriter, Room
from agent.ship.limits import (
    ATTRIBUTES,
    BODY,
    ITEMS,
    NUMBERS,
    SERIES,
    WireError,
    fault,
    listed,
    mapping,
    octets,
    text,
    whole,
)
from collectors.api import Attributes, Kind, Series

LETTERS: dict[str, Kind] = {"g": "gauge", "c": "counter", "h": "histogram", "t": "top"}
_LETTER = {kind: letter for letter, kind in LETTERS.items()}
_ORDER = {kind: order for order, kind in enumerate(LETTERS.values())}

Values = tuple[str, ...]
Table = dict[str, list[Series]]
"""The series of each kind, by its letter, in order."""

Shape = tuple[Values, tuple[Values, ...]]
"""Attribute keys, and the rows of values that a metric has series for."""

Rows = tuple[Attributes, ...]

T = TypeVar("T")


class Mentions(Generic[T]):
    """Things in the order of their first mention, and the references to them."""

    __slots__ = ("found", "refs")

    def __init__(self, things: Iterable[T]) -> None:
        self.found: dict[T, int] = {}
        self.refs: list[int] = []
        for thing in things:
            at = self.found.get(thing)
            self.refs.append(0 if at is None else len(self.found) - at)
            if at is None:
                self.found[thing] = len(self.found)


def resolve(refs: Sequence[int], things: Iterator[T], what: str) -> list[T]:
    """The inverse of `Mentions`: `things` gives the new ones."""
    seen: list[T] = []
    found: list[T] = []
    for ref in refs:
        if not ref:
            seen.append(next(things))
        elif not 0 < ref <= len(seen):
            fault("range", f"a reference {ref} to {len(seen)} {what}")
        found.append(seen[-ref] if ref else seen[-1])
    return found


Place = tuple[int, str, str, Values, Values]


def _metric(place: Place) -> tuple[int, str, str, Values]:
    return place[:4]


def _place(series: Series) -> Place:
    keys = tuple([key for key, _ in series.attributes])
    return _ORDER[series.kind], series.name, series.unit, keys, tuple([v for _, v in series.attributes])


def write_table(series: Iterable[Series], room: Room) -> tuple[dict[str, Any], Table]:
    """The fields `k`, `n`, `s`, `b` of a table, and the same table as its reader will see it."""
    places = sorted([(_place(one), one) for one in set(series)])
    if len(places) > SERIES:
        fault("too_large", f"{len(places)} series in a body, at most {SERIES} are allowed")
    for keys, name in {place[3]: place[1] for place, _ in places}.items():
        if len(keys) > ATTRIBUTES or len(set(keys)) != len(keys):
            fault("range", f"{name} has more than {ATTRIBUTES} attributes, or one twice")
    table: Table = {}
    for _, one in places:
        table.setdefault(_LETTER[one.kind], []).append(one)
    metrics: list[tuple[int, str, str, Values]] = []
    shapes: list[Shape] = []
    for metric, group in groupby([place for place, _ in places], key=_metric):
        metrics.append(metric)
        shapes.append((metric[3], tuple([place[4] for place in group])))
    orders = [metric[0] for metric in metrics]
    kinds = [[letter, orders.count(order)] for order, letter in enumerate(LETTERS) if order in orders]
    strings, bits = _structure([metric[2] for metric in metrics], Mentions(shapes), room)
    return {"k": kinds, "n": lines([metric[1] for metric in metrics]), "s": lines(strings), "b": bits}, table


def _structure(units: list[str], shapes: Mentions[Shape], room: Room) -> tuple[list[str], bytes]:
    """The strings in the order of their first use, and what refers to them."""
    forms = list(shapes.found)
    unit = Mentions(units)
    key = Mentions(key for keys, _ in forms for key in keys)
    cell = Mentions(row[i] for keys, rows in forms for i in range(len(keys)) for row in rows)
    out = BitWriter(room)
    out.column(unit.refs)
    out.column(shapes.refs)
    out.column([len(keys) for keys, _ in forms])
    out.column([len(rows) for _, rows in forms])
    out.column(key.refs)
    out.column(cell.refs)
    return [*unit.found, *key.found, *cell.found], out.done()[0]


def read_table(fields: Any, room: Room) -> Table:
    """The inverse of `write_table`; kinds that a newer version added are left out.

    Raises:
        WireError: it is no table, or one beyond the limits.
    """
    fields = mapping(fields, "table `t`")
    kinds = [_kind(row) for row in listed(fields.get("k"), "table `k`", 64)]
    count = sum(metrics for _, metrics in kinds)
    names = unlined(fields.get("n"), "table `n`")
    if count != len(names) or count > SERIES:
        fault("malformed", f"{count} metrics with {len(names)} names, at most {SERIES} are allowed")
    bits = BitReader(octets(fields.get("b"), "table `b`", BODY), b"", room)
    strings = iter(unlined(fields.get("s"), "table `s`"))
    try:
        units, shapes = _read_structure(bits, strings, count)
    except StopIteration:
        raise WireError("malformed", "the table has fewer strings than references") from None
    if sum(map(len, shapes)) > SERIES:
        fault("too_large", f"more than {SERIES} series in a body")
    return _table(kinds, zip(names, units, shapes, strict=True))


def _kind(row: Any) -> tuple[str, int]:
    letter, count = listed(row, "kind in `k`", 16, 2)[:2]
    return text(letter, "kind in `k`", 16), whole(count, "metrics in `k`", SERIES)


def _read_structure(bits: BitReader, strings: Iterator[str], count: int) -> tuple[list[str], list[Rows]]:
    """The unit and the rows of each metric."""
    unit_refs, shape_refs = bits.column(count), bits.column(count)
    forms = shape_refs.count(0)
    widths, heights = bits.column(forms), bits.column(forms)
    if forms and not 0 <= min(widths) <= max(widths) <= ATTRIBUTES:
        fault("range", f"a series has {max(widths)} attributes, at most {ATTRIBUTES} are allowed")
    if forms and (min(heights) < 1 or sum(heights) > SERIES):
        fault("range", f"a table of {sum(heights)} rows, at most {SERIES} are allowed")
    key_refs = bits.column(sum(widths))
    cell_refs = bits.column(sum([width * height for width, height in zip(widths, heights, strict=True)]))
    units = resolve(unit_refs, strings, "units")
    keys = iter(resolve(key_refs, strings, "keys"))
    cells = iter(resolve(cell_refs, strings, "values"))
    shapes = [_rows(keys, cells, width, height) for width, height in zip(widths, heights, strict=True)]
    return units, resolve(shape_refs, iter(shapes), "shapes")


def _rows(keys: Iterator[str], cells: Iterator[str], width: int, height: int) -> Rows:
    """The attributes of each row: width keys, then their values, key by key."""
    names = [next(keys) for _ in range(width)]
    if len(set(names)) != width:
        fault("malformed", "a series names an attribute twice")
    columns = [[(name, next(cells)) for _ in range(height)] for name in names]
    return tuple(zip(*columns, strict=True)) if width else ((),) * height


def _table(kinds: list[tuple[str, int]], metrics: Iterator[tuple[str, str, Rows]]) -> Table:
    table: Table = {}
    for letter, count in kinds:
        mine = [next(metrics) for _ in range(count)]
        kind = LETTERS.get(letter)
        if kind is None:
            continue
        table[letter] = [Series(name, unit, kind, row) for name, unit, rows in mine for row in rows]
        if len(set(table[letter])) != len(table[letter]):
            fault("malformed", "the table names a series twice")
    return table


def lines(texts: Sequence[str]) -> str | list[str]:
    """Texts as one, a line for each; as a list where that would not come apart again.

    Raises:
        WireError: "too_large": a text is longer than `STRING` bytes.
    """
    for one in texts:
        text(one, "a text of a series or top value")
    joined = "\n".join(texts)
    return joined if texts and joined.count("\n") == len(texts) - 1 else list(texts)


def unlined(value: Any, what: str) -> list[str]:
    """The inverse of `lines`.

    Raises:
        WireError: it is neither text nor list, or a text is too long.
    """
    if isinstance(value, str) and value.count("\n") >= NUMBERS:
        fault("too_large", f"{what} has more than {NUMBERS} lines")
    texts = value.split("\n") if isinstance(value, str) else listed(value, what, ITEMS)
    return [text(one, what) for one in texts]
