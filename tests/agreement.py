"""Whether a device's history and what a sink holds of it are the same, number by number and sum by sum.

What both sides hold in the same blocks must be equal to the last bit. Where one has merged what the
other holds apart, floats were added in another order: sums then agree but for their rounding, and all
else (counts, extremes, buckets, times) exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from agent.ship.records import Key, Spans, minus, touching, union
from agent.stats.frame import Content, merge_contents
from agent.store.reader import Reader, Stored
from agent.view.fleet import FleetStore
from tests.histories import reading

ROUNDING = 1e-9

Stream = tuple[int, str]
"""Epoch and stream."""


class Side(NamedTuple):
    """What one side has: where each stream ends, the intervals of data, of tombstones, of what it knows to
    miss, contents."""

    next: Mapping[Stream, int]
    data: Mapping[Stream, Spans]
    lost: Mapping[Stream, Spans]
    contents: Mapping[Key, Content]
    missing: Mapping[Stream, Spans] = MappingProxyType({})

    def known(self, stream: Stream) -> Spans:
        """Data, tombstones and holes, as they stand."""
        return [each for part in (self.data, self.lost, self.missing) for each in part.get(stream, [])]

    def streams(self) -> set[Stream]:
        """Every stream that anything is known of."""
        return {*self.data, *self.lost}


def of_device(state: Path) -> Side:
    """The rows of a state directory; a daemon may be writing them."""
    with reading(state) as reader:
        rows = list(reader.stored())
        ends = _ends(reader)
    data = [row for row in rows if row.row.tombstone is None]
    lost = [row.row.key for row in rows if row.row.tombstone is not None]
    return Side(ends, _spans([row.row.key for row in data]), _spans(lost), _contents(data))


def of_sink(fleet: FleetStore, device: str) -> Side:
    """What the sink holds of a device."""
    data, lost = fleet.spans(device, "data"), fleet.spans(device, "lost")
    return Side({}, _spans(data), _spans(lost), dict(fleet.contents(device, float("-inf"))))


def arrived(state: Path, fleet: FleetStore, device: str, *, missing: bool = False) -> bool:
    """Whether the sink knows every number that the device has given by now; with `missing`, or that it
    misses it."""
    with reading(state) as reader:
        given = _ends(reader)
    tables = ("data", "lost", "missing") if missing else ("data", "lost")
    known = _spans([key for table in tables for key in fleet.spans(device, table)])
    return not any(minus([(0, end - 1)], known.get(stream, [])) for stream, end in given.items())


def disagreements(
    state: Path, fleet: FleetStore, device: str, *, restored: bool = False, missing: bool = False
) -> list[str]:
    """How history and sink differ, in words; nothing may be on its way meanwhile.

    A device whose store went back (`restored`) knows nothing of the lives that it has lost; the sink
    keeps them. With `missing` the sink may lack numbers if it says which.
    """
    here, there = of_device(state), of_sink(fleet, device)
    if missing:
        there = there._replace(missing=_spans(fleet.spans(device, "missing")))
    found = [f"{key} is set aside" for key in fleet.spans(device, "aside")]
    streams = {*here.next, *here.streams()} | (set() if restored else there.streams())
    for stream in sorted(streams):
        found += _numbers(stream, here, there) or _sums(stream, here, there)
    return found


def _numbers(stream: Stream, here: Side, there: Side) -> list[str]:
    """Each number is in one row of the device, and known once at the sink."""
    whole = [(0, here.next.get(stream, 0) - 1)]
    found = []
    for name, side in (("device", here), ("sink", there)):
        spans = side.known(stream)
        if union(spans) != whole or sum(last - first + 1 for first, last in spans) != whole[0][1] + 1:
            found.append(f"{stream}: the {name} has {sorted(spans)}, not each of {whole[0]} once")
    return found


def _sums(stream: Stream, here: Side, there: Side) -> list[str]:
    """What the numbers of each outermost block add up to is the same on both sides."""
    found = []
    for first, last in _outermost([*here.data.get(stream, []), *there.data.get(stream, [])]):
        key = Key(*stream, first, last)
        if touching(there.missing.get(stream, []), first, last):
            continue
        rounding = 0.0 if key in here.contents and key in there.contents else ROUNDING
        one, other = (_whole(side.contents, key) for side in (here, there))
        found += [f"{key}: {each}" for each in differences(one, other, rounding)]
    return found


def differences(one: object, other: object, rounding: float, name: str = "") -> Iterator[str]:
    """Where two values differ, however deep: "path: device's, sink's"."""
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
        for key in one:
            yield from differences(one[key], other[key], rounding, f"{name}/{key}")
    elif isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        fields = getattr(one, "_fields", range(len(one)))
        for field, a, b in zip(fields, one, other, strict=True):
            yield from differences(a, b, rounding, f"{name}/{field}")
    elif isinstance(one, float) and isinstance(other, float):
        if not math.isclose(one, other, rel_tol=rounding, abs_tol=rounding):
            yield f"{name}: {one!r} on the device, {other!r} at the sink"
    elif one != other:
        yield f"{name}: {str(one)[:200]} on the device, {str(other)[:200]} at the sink"


def _whole(contents: Mapping[Key, Content], key: Key) -> Content | None:
    """A block, merged of what is held in it; None if nothing is."""
    inside = [each for each in contents if each[:2] == key[:2] and key.first <= each.first <= key.last]
    return reduce(merge_contents, (contents[each] for each in sorted(inside))) if inside else None


def _outermost(spans: Spans) -> Spans:
    """The blocks that lie in no other."""
    outer: Spans = []
    for first, last in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        if not outer or first > outer[-1][1]:
            outer.append((first, last))
    return outer


def _ends(reader: Reader) -> dict[Stream, int]:
    return {(epoch.id, stream): end for epoch in reader.epochs() for stream, end in epoch.next.items() if end}


def _spans(keys: list[Key]) -> dict[Stream, Spans]:
    spans: dict[Stream, Spans] = {}
    for key in keys:
        spans.setdefault((key.epoch, key.stream), []).append((key.first, key.last))
    return spans


def _contents(rows: list[Stored]) -> dict[Key, Content]:
    return {each.row.key: each.content() for each in rows}
