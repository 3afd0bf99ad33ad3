"""A whole store checked: `outrider spool verify`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from agent.ship.records import Epoch
from agent.store.errors import CorruptRow, StoreCorrupt
from agent.store.reader import Reader, Stored

# A damaged store has faults enough to fill a terminal; the first ones say what it is.
FAULTS = 20


class Audit(NamedTuple):
    """What was found: rows of data and tombstones, the bytes of data, numbers that rows cover, numbers
    lost (under tombstones), numbers without a row (deleted after they were confirmed), and faults."""

    records: int = 0
    tombstones: int = 0
    size: int = 0
    numbers: int = 0
    lost: int = 0
    deleted: int = 0
    faults: tuple[str, ...] = ()


def audit(directory: Path) -> Audit:
    """Check structure, rows, digests, contents and that numbers tile.

    Raises:
        StoreError: there is no store, it is of a newer format, or it cannot be read.
    """
    try:
        reader = Reader.copy(directory)
    except StoreCorrupt as error:
        return Audit(faults=(str(error),))
    try:
        fault = reader.probe()
        return _rows(reader) if fault is None else Audit(faults=(f"{reader.path}: {fault}",))
    finally:
        reader.close()


def _rows(reader: Reader) -> Audit:
    """Every row; the bounds of each epoch's numbers are those of its successor's `prev_next`."""
    epochs = reader.epochs()
    found = Audit()
    ends: dict[tuple[int, str], int] = {}
    for stored in reader.stored():
        key = stored.row.key
        end = ends.get(key[:2], 0)
        faults = [fault for fault in (_content(stored), _beyond(stored, epochs)) if fault is not None]
        span = key.last - key.first + 1
        buried = stored.row.tombstone is not None
        found = Audit(
            found.records + (not buried),
            found.tombstones + buried,
            found.size + stored.row.size,
            found.numbers + span,
            found.lost + span * buried,
            found.deleted + key.first - end,
            (*found.faults, *faults)[:FAULTS],
        )
        ends[key[:2]] = key.last + 1
    return found


def _content(stored: Stored) -> str | None:
    """Whether the digest is that of the content, and the content can be decoded; tombstones were examined."""
    if stored.row.tombstone is None:
        try:
            stored.content()
        except CorruptRow as error:
            return str(error)
    return None


def _beyond(stored: Stored, epochs: tuple[Epoch, ...]) -> str | None:
    """Whether the row has numbers that its epoch, one that has ended, never gave."""
    key = stored.row.key
    ended = {epoch.id: epoch.next for epoch in epochs[1:]}
    if key.epoch not in ended or key.last < ended[key.epoch].get(key.stream, 0):
        return None
    given = ended[key.epoch].get(key.stream, 0)
    return f"record {key.stream} {key.first}-{key.last} of epoch {key.epoch}: only {given} numbers were given"
