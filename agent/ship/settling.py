"""A row and where it stands, and what an acknowledgement says of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from agent.ship.records import Ack, Epoch, Held, Key, Row, Spans, minus, touching, union

RESENT = 64
"""Rows that one acknowledgement may have sent again: whoever may publish it spends our link."""

REPEATS = 3
"""How often a row is sent again that a sink calls done and does not hold."""

UNSENT, FLIGHT, OPEN, SETTLED, REFUSED = "unsent", "flight", "open", "settled", "refused"


class Entry:
    """One row and where it stands. `extra` rows are confirmed history that a sink wants again.

    `repeats` counts how often a sink called data done that it does not hold.
    """

    __slots__ = ("extra", "repeats", "row", "state")

    def __init__(self, row: Row, *, extra: bool = False) -> None:
        self.row = row
        self.state = UNSENT
        self.extra = extra
        self.repeats = 0


def beyond(ack: Ack, own: Epoch) -> bool:
    """Whether a sink knows numbers of our own epoch that we have not given: a resumed snapshot."""
    said = [(h.stream, last) for h in ack.held if h.epoch == own.id for _, last in (*h.have, *h.done)]
    said += [(key.stream, key.last) for key in ack.want if key.epoch == own.id]
    return any(last >= own.next.get(stream, 0) for stream, last in said)


def settle(entries: dict[Key, Entry], groups: Iterable[Held]) -> list[Entry]:
    """One walk over all rows, whatever the acknowledgement says: of a stream, its first group.

    Returns:
        The rows that a sink has with other content, and will not take however often they come.
    """
    said = {(held.epoch, held.stream): held for held in reversed(tuple(groups))}
    said = {
        name: held._replace(have=tuple(union(held.have)), done=tuple(union(held.done)))
        for name, held in said.items()
    }
    hopeless = []
    for key, entry in list(entries.items()):
        held = said.get(key[:2])
        if held is None or entry.state in (SETTLED, REFUSED):
            continue
        if not _inside(key, held.done if entry.row.tombstone is not None else held.have):
            if _repeated(key, entry, held) > REPEATS:
                hopeless.append(entry)
        elif entry.extra:
            del entries[key]
        else:
            entry.state = SETTLED
    return hopeless


def _repeated(key: Key, entry: Entry, held: Held) -> int:
    """Send again what is done and not held: the sink knows a tombstone there, or other content. How often
    that has been so.

    Data replaces a tombstone. Other content never yields, so after some repeats the row is set
    aside: it must not stand in the way of those behind it.
    """
    below = held.cut is None or key.last < held.cut
    if entry.state != OPEN or not below or not _inside(key, held.done):
        return 0
    entry.repeats += 1
    entry.state = UNSENT
    return entry.repeats


def wanted(entries: Mapping[Key, Entry], wants: Iterable[Key]) -> tuple[list[Key], list[Key]]:
    """Mark what is known for sending again.

    Returns:
        What remains, for the store to look up, and what was refused.
    """
    streams: dict[tuple[int, str], Spans] = {}
    for key in wants:
        streams.setdefault((key.epoch, key.stream), []).append((key.first, key.last))
    streams = {name: union(spans) for name, spans in streams.items()}
    known: dict[tuple[int, str], Spans] = {name: [] for name in streams}
    refused: list[Key] = []
    room = RESENT
    for key, entry in entries.items():
        overlap = touching(streams.get((key.epoch, key.stream), []), key.first, key.last)
        if not overlap:
            continue
        known[key.epoch, key.stream].append((key.first, key.last))
        if entry.state == REFUSED:
            refused += [key._replace(first=first, last=last) for first, last in overlap]
        elif room and entry.state in (OPEN, SETTLED):
            entry.state = UNSENT
            room -= 1
    return [Key(*name, *span) for name in streams for span in minus(streams[name], known[name])], refused


def _inside(key: Key, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether all numbers of the key are in `spans`, as `union` gives them."""
    at = bisect_right(spans, key.first, key=itemgetter(0)) - 1
    return at >= 0 and key.last <= spans[at][1]
