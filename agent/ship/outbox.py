"""The device's rows that are not settled yet, and what is said of them: pure bookkeeping.

A row is in one of these states:

    unsent --take--> flight --sent--> open --heard--> settled (until a flush confirms it)
       ^---failed, cut---'              |
       ^-------- wanted, not held ------'

An unsent row may be withheld for a while: it is pending as others are, and not taken.
A refused row, with the reason, can never go: it stays as history, and is not tried again. That outlives a
restart (`refusals`, `remember`): what a broker closes its connection on would cost each start some.

PUBACK counts for a row as it was sent: one that was merged since has left the index, and the block
that took its place is unsent. With `sink` empty the PUBACK settles (`confirm = "broker"`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import islice, pairwise
from operator import itemgetter
from typing import NamedTuple

from agent.ship.records import (
    RAW,
    Ack,
    Epoch,
    Held,
    Key,
    Row,
    Spans,
    Tombstone,
    minus,
    touching,
    union,
)

PENDING_INTERVALS = 16
OPEN_ROWS = 16
LOOKUPS = 64
RESENT = 64
"""Rows that one acknowledgement may have sent again: whoever may publish it spends our link."""

ONE_OFFS = 256
REFUSALS = 32
"""Refusals that one flush may have stored; the others follow with the next."""

REPEATS = 3
SMALLEST_ROW = 128

UNSENT, FLIGHT, OPEN, SETTLED, REFUSED = "unsent", "flight", "open", "settled", "refused"


class Claims(NamedTuple):
    """What a message says beside its records; see `records.Message`."""

    epochs: tuple[Epoch, ...]
    pending: tuple[Key, ...]
    open: tuple[Key, ...]
    more: bool


class Heard(NamedTuple):
    """What an acknowledgement asks for: `lookup` in the store, and whether to begin a new epoch."""

    lookup: tuple[Key, ...]
    fresh_epoch: bool


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


class Outbox:
    """An index of the unconfirmed rows, kept in step with the store by `flushed`."""

    def __init__(
        self, sink: str = "", *, pending_intervals: int = PENDING_INTERVALS, open_rows: int = OPEN_ROWS
    ) -> None:
        """`sink` names the sink whose word confirms; empty: the broker's PUBACK does."""
        self.sink = sink
        self.epochs: tuple[Epoch, ...] = ()
        self._entries: dict[Key, Entry] = {}
        self._live: frozenset[Key] = frozenset()
        self._order: list[Key] | None = None
        self._withheld: dict[str, Callable[[Key], bool]] = {}
        self._one_off: dict[Key, Tombstone] = {}
        self._refusals: dict[bytes, str | None] = {}
        self._storing: dict[bytes, str | None] = {}
        self._pending_intervals = pending_intervals
        self._open_rows = open_rows

    def flushed(self, epochs: Sequence[Epoch], added: Iterable[Row], removed: Iterable[Key]) -> None:
        """Follow a commit of the store: `epochs` newest first, rows that came, keys that went.

        A row of an epoch that is not known any more went too: with a damaged store that was set aside.
        """
        self._stored_refusals()
        known = {epoch.id for epoch in epochs}
        strange = {epoch.id for epoch in self.epochs} - known
        gone = [key for key in self._entries if key.epoch in strange] if strange else []
        self.epochs = tuple(epochs)
        for key in (*removed, *gone):
            self._forget(key)
        fresh = [row for row in added if not row.confirmed]
        self._entries.update((row.key, Entry(row)) for row in fresh)
        self._live = frozenset(
            row.key for row in fresh if row.key.first == row.key.last and row.key.stream != RAW
        )
        self._order = None

    def withhold(self, why: str, held: Callable[[Key], bool] | None) -> None:
        """Keep back the rows that `held` picks, for one of several reasons; None gives them free."""
        if held is None:
            self._withheld.pop(why, None)
        else:
            self._withheld[why] = held
        self._order = None

    def idle(self) -> bool:
        """Whether nothing waits to be sent."""
        return not self._waiting() and not self._one_off

    def take(self, budget: int) -> list[Row]:
        """The next rows to send, of the newest flush first, then the oldest: `budget` stored bytes.

        At least one row if any is unsent. They are in flight until `sent`, `failed`, `refused` or
        `cut`.
        """
        taken: list[Row] = []
        waiting = self._waiting()
        while waiting and (not taken or budget >= _cost(self._entries[waiting[-1]].row)):
            entry = self._entries[waiting.pop()]
            entry.state = FLIGHT
            budget -= _cost(entry.row)
            taken.append(entry.row)
        return taken

    def sent(self, key: Key, digest: bytes) -> None:
        """The broker has the row: all its parts were acknowledged."""
        entry = self._found(key, digest)
        if entry is None or entry.state != FLIGHT:
            return
        if entry.extra:
            del self._entries[key]
        else:
            entry.state = OPEN if self.sink else SETTLED

    def failed(self, key: Key, digest: bytes) -> None:
        """The row did not get away this time."""
        entry = self._found(key, digest)
        if entry is not None and entry.state == FLIGHT:
            entry.state = UNSENT
            self._order = None

    def refused(self, key: Key, digest: bytes, reason: str) -> None:
        """The row can never go: it stays as history, and a sink that wants it gets a tombstone."""
        entry = self._found(key, digest)
        if entry is not None:
            self._set_aside(entry, reason)

    def remember(self, refused: Iterable[bytes]) -> None:
        """At the start: the rows of these digests were refused in an earlier life."""
        known = {entry.row.digest: entry for entry in self._entries.values()}
        for digest in refused:
            if digest in known:
                known[digest].state = REFUSED
            else:
                self._refusals[digest] = None
        self._order = None

    def refusals(self) -> dict[bytes, str | None]:
        """What to store with the next flush: why a digest was refused, None for one that is gone."""
        self._storing = dict(islice(self._refusals.items(), REFUSALS))
        return self._storing

    def cut(self) -> None:
        """The connection is lost: what was in flight is unsent."""
        for entry in self._entries.values():
            if entry.state == FLIGHT:
                entry.state = UNSENT
        self._order = None

    def settled(self) -> list[tuple[Key, bytes]]:
        """The rows to confirm with the next flush, as (key, digest)."""
        return [
            (key, entry.row.digest)
            for key, entry in self._entries.items()
            if entry.state == SETTLED and not entry.extra
        ]

    def claims(self) -> Claims:
        """What to say now of everything that is not settled."""
        rank = {epoch.id: -age for age, epoch in enumerate(self.epochs)}
        known = [e for e in self._entries.values() if e.row.key.epoch in rank]
        known.sort(key=lambda e: (rank[e.row.key.epoch], e.row.key.first, e.row.key.stream))
        pending, more = self._joined([e.row.key for e in known if e.state in (UNSENT, FLIGHT)], rank)
        opened = tuple(e.row.key for e in known if e.state == OPEN)[: self._open_rows]
        named = {key.epoch for key in (*pending, *opened, *self._one_off)}
        named |= {e.row.key.epoch for e in known if e.state == FLIGHT}
        return Claims(self._explained(named), pending, opened, more)

    def heard(self, ack: Ack) -> Heard:
        """Apply what a sink says it holds, and find what it wants."""
        if self._beyond(ack):
            return Heard((), fresh_epoch=True)
        self._settle(ack.held)
        lookups = self._wanted(ack.want)
        self._order = None
        return Heard(tuple(lookups[:LOOKUPS]), fresh_epoch=False)

    def found(self, wanted: Key, rows: Sequence[Row]) -> None:
        """Answer a lookup: `rows` of the store overlap `wanted`; numbers without a row are lost.

        The tombstones for those are not stored: a sink that misses one asks again, as it does for
        the rows that are too many to be sent at once.
        """
        room = RESENT - sum(entry.extra for entry in self._entries.values())
        for row in [row for row in rows if row.key not in self._entries][: max(0, room)]:
            self._entries[row.key] = Entry(row, extra=row.confirmed)
        known = any(epoch.id == wanted.epoch for epoch in self.epochs)
        held = [(row.key.first, row.key.last) for row in rows]
        for first, last in minus([(wanted.first, wanted.last)], held):
            self._bury(wanted._replace(first=first, last=last), "expired" if known else "unknown")
        self._order = None

    def extra_tombstones(self) -> list[Tombstone]:
        """The one-off tombstones, handed over once, to ride in the next message."""
        handed = list(self._one_off.values())
        self._one_off.clear()
        return handed

    def _stored_refusals(self) -> None:
        """What was asked for to be stored with this commit is stored, unless it has changed since."""
        for digest, reason in self._storing.items():
            if self._refusals.get(digest, "") == reason:
                del self._refusals[digest]
        self._storing = {}

    def _forget(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None and entry.state == REFUSED and not entry.extra:
            self._refusals[entry.row.digest] = None

    def _set_aside(self, entry: Entry, reason: str) -> None:
        entry.state = REFUSED
        if not entry.extra:
            self._refusals[entry.row.digest] = reason

    def _found(self, key: Key, digest: bytes) -> Entry | None:
        entry = self._entries.get(key)
        return entry if entry is not None and entry.row.digest == digest else None

    def _waiting(self) -> list[Key]:
        """The unsent keys, the next one last."""
        if self._order is None:
            rank = {epoch.id: -age for age, epoch in enumerate(self.epochs)}
            unsent = [key for key, entry in self._entries.items() if entry.state == UNSENT]
            for held in self._withheld.values():
                unsent = [key for key in unsent if not held(key)]
            unsent.sort(key=lambda k: (k not in self._live, rank.get(k.epoch, 1), k.first, k.stream))
            unsent.reverse()
            self._order = unsent
        return self._order

    def _explained(self, named: set[int]) -> tuple[Epoch, ...]:
        """The own epoch and those named, with every empty one that came before any of them.

        A sink asks for the numbers of an epoch that it never heard of, and learns with them what
        came before; an epoch without numbers would hide all that came before it.
        """
        chosen: list[Epoch] = []
        empty_before: int | None = None
        for epoch in self.epochs:
            if not chosen or epoch.id in named or epoch.id == empty_before:
                chosen.append(epoch)
                empty_before = epoch.prev if not any(epoch.prev_next.values()) else None
        return tuple(chosen)

    def _joined(self, keys: list[Key], rank: dict[int, int]) -> tuple[tuple[Key, ...], bool]:
        """At most so many intervals: nearest joined across gaps, then the oldest streams left out."""
        streams: dict[tuple[int, str], Spans] = {}
        for key in keys:
            streams.setdefault((key.epoch, key.stream), []).append((key.first, key.last))
        streams = {name: union(spans) for name, spans in streams.items()}
        excess = sum(map(len, streams.values())) - self._pending_intervals
        if excess > 0:
            _close_gaps(streams, excess)
        newest = sorted(streams, key=lambda name: rank[name[0]], reverse=True)
        kept = newest[: self._pending_intervals]
        pending = (Key(e, s, a, b) for e, s in kept for a, b in streams[e, s])
        return tuple(pending), len(kept) < len(newest)

    def _beyond(self, ack: Ack) -> bool:
        """Whether a sink knows numbers of our own epoch that we have not given: a resumed snapshot."""
        if not self.epochs:
            return False
        own = self.epochs[0]
        said = [(h.stream, last) for h in ack.held if h.epoch == own.id for _, last in (*h.have, *h.done)]
        said += [(key.stream, key.last) for key in ack.want if key.epoch == own.id]
        return any(last >= own.next.get(stream, 0) for stream, last in said)

    def _settle(self, groups: Iterable[Held]) -> None:
        """One walk over all rows, whatever the acknowledgement says: of a stream, its first group."""
        said = {(held.epoch, held.stream): held for held in reversed(tuple(groups))}
        said = {
            name: held._replace(have=tuple(union(held.have)), done=tuple(union(held.done)))
            for name, held in said.items()
        }
        for key, entry in list(self._entries.items()):
            held = said.get(key[:2])
            if held is None or entry.state in (SETTLED, REFUSED):
                continue
            if not _inside(key, held.done if entry.row.tombstone is not None else held.have):
                self._repeat(key, entry, held)
            elif entry.extra:
                del self._entries[key]
            else:
                entry.state = SETTLED

    def _repeat(self, key: Key, entry: Entry, held: Held) -> None:
        """Send again what is done and not held: the sink knows a tombstone there, or other content.

        Data replaces a tombstone. Other content never yields, so after some repeats the row is set
        aside: it must not stand in the way of those behind it.
        """
        below = held.cut is None or key.last < held.cut
        if entry.state == OPEN and below and _inside(key, held.done):
            entry.repeats += 1
            entry.state = UNSENT
            if entry.repeats > REPEATS:
                self._set_aside(entry, "other_content")

    def _wanted(self, wants: Iterable[Key]) -> list[Key]:
        """Mark what is known for sending again; what remains is for the store to look up."""
        streams: dict[tuple[int, str], Spans] = {}
        for key in wants:
            streams.setdefault((key.epoch, key.stream), []).append((key.first, key.last))
        streams = {name: union(spans) for name, spans in streams.items()}
        known: dict[tuple[int, str], Spans] = {name: [] for name in streams}
        room = RESENT
        for key, entry in self._entries.items():
            overlap = touching(streams.get((key.epoch, key.stream), []), key.first, key.last)
            if not overlap:
                continue
            known[key.epoch, key.stream].append((key.first, key.last))
            if entry.state == REFUSED:
                for first, last in overlap:
                    self._bury(key._replace(first=first, last=last), "refused")
            elif room and entry.state in (OPEN, SETTLED):
                entry.state = UNSENT
                room -= 1
        return [Key(*name, *span) for name in streams for span in minus(streams[name], known[name])]

    def _bury(self, key: Key, reason: str) -> None:
        if len(self._one_off) < ONE_OFFS:
            self._one_off[key] = Tombstone(key, reason, 0, 0, 0.0, 0.0)


def _inside(key: Key, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether all numbers of the key are in `spans`, as `union` gives them."""
    at = bisect_right(spans, key.first, key=itemgetter(0)) - 1
    return at >= 0 and key.last <= spans[at][1]


def _cost(row: Row) -> int:
    """Bytes a row takes in a message: one without content (a tombstone) is not free."""
    return max(row.size, SMALLEST_ROW)


def _close_gaps(streams: dict[tuple[int, str], Spans], excess: int) -> None:
    """Join the `excess` nearest neighbours of one stream across the gap between them, in place."""
    gaps = sorted(
        (right[0] - left[1], name, left[1])
        for name, spans in streams.items()
        for left, right in pairwise(spans)
    )
    closed: dict[tuple[int, str], Spans] = {}
    for width, name, end in gaps[:excess]:
        closed.setdefault(name, []).append((end, end + width))
    for name, bridges in closed.items():
        streams[name] = union([*streams[name], *bridges])
