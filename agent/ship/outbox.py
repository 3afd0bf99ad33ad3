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

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from agent.ship.blocks import NO_BLOCKS, Blocks, blocks
from agent.ship.budget import Lane
from agent.ship.claims import Claims, explained, joined
from agent.ship.precedence import Precedence
from agent.ship.records import RAW, Ack, Epoch, Key, Row, Tombstone, minus
from agent.ship.settling import (
    FLIGHT,
    OPEN,
    REFUSED,
    RESENT,
    SETTLED,
    UNSENT,
    Entry,
    beyond,
    settle,
    wanted,
)

PENDING_INTERVALS = 16
OPEN_ROWS = 16
LOOKUPS = 64
ONE_OFFS = 256
REFUSALS = 32
"""Refusals that one flush may have stored; the others follow with the next."""

SMALLEST_ROW = 128
JOINED_AT_ONCE = 16
JOINS_TRIED = 3
"""How often the store is asked to join a block; one that is too large goes as it is."""


class Heard(NamedTuple):
    """What an acknowledgement asks for: `lookup` in the store, and whether to begin a new epoch."""

    lookup: tuple[Key, ...]
    fresh_epoch: bool


class Outbox:
    """An index of the unconfirmed rows, kept in step with the store by `flushed`.

    `priorities` are by stream, as in `protocol.Settings`.
    """

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
        self._grain = 1
        self.priorities: Mapping[str, int] = {}
        self._precedence = Precedence((), frozenset(), 1, NO_BLOCKS, self.priorities)
        self._asked: dict[Key, int] = {}
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

    @property
    def grain(self) -> int:
        """How many windows are shipped as one: rows of blocks that still grow wait, as `pending`."""
        return self._grain

    @grain.setter
    def grain(self, grain: int) -> None:
        if grain != self._grain:
            self._grain, self._order = grain, None
            self._asked.clear()

    def to_join(self) -> list[Key]:
        """The blocks of windows that the next flush shall join, with the one that it completes."""
        self._waiting()
        chosen = [*self._precedence.blocks.joinable[:JOINED_AT_ONCE]]
        for block in chosen:
            self._asked[block] = self._asked.get(block, 0) + 1
        self._order = None
        return [*chosen, self._precedence.blocks.soon] if self._precedence.blocks.soon is not None else chosen

    def next_lane(self) -> Lane | None:
        """The lane of what is to be sent next; None if nothing is."""
        waiting = self._waiting()
        return self._precedence.lane(waiting[-1]) if waiting else None

    def backlog(self) -> int:
        """How many windows wait that are neither the newest nor in a block that grows."""
        self._waiting()
        held = (e.row.key for e in self._entries.values() if e.state == UNSENT and not e.extra)
        return sum(
            key.last - key.first + 1
            for key in held
            if key.stream == "windows"
            and key not in self._precedence.blocks.growing
            and self._precedence.lane(key) == "backlog"
        )

    @property
    def must_speak(self) -> bool:
        """Whether a sink is to be told of losses, even without records."""
        return bool(self._one_off)

    @property
    def unconfirmed(self) -> bool:
        """Whether a sink owes its word for what it got."""
        return any(entry.state == OPEN for entry in self._entries.values())

    def idle(self) -> bool:
        """Whether nothing waits to be sent."""
        return not self._waiting() and not self._one_off

    def take(self, budget: int, lane: Lane | None = None) -> list[Row]:
        """The next rows to send, of the newest flush first, then the oldest: `budget` stored bytes.

        At least one row if any is unsent; with a lane, none of another. They are in flight until `sent`,
        `failed`, `refused` or `cut`.
        """
        taken: list[Row] = []
        waiting = self._waiting()
        while waiting and (not taken or budget >= _cost(self._entries[waiting[-1]].row)):
            if lane is not None and self._precedence.lane(waiting[-1]) != lane:
                break
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
        pending, more = joined(
            [e.row.key for e in known if e.state in (UNSENT, FLIGHT)], rank, self._pending_intervals
        )
        opened = tuple(e.row.key for e in known if e.state == OPEN)[: self._open_rows]
        named = {key.epoch for key in (*pending, *opened, *self._one_off)}
        named |= {e.row.key.epoch for e in known if e.state == FLIGHT}
        return Claims(explained(self.epochs, named), pending, opened, more)

    def heard(self, ack: Ack) -> Heard:
        """Apply what a sink says it holds, and find what it wants."""
        if self.epochs and beyond(ack, self.epochs[0]):
            return Heard((), fresh_epoch=True)
        for entry in settle(self._entries, ack.held):
            self._set_aside(entry, "other_content")
        lookups, refused = wanted(self._entries, ack.want)
        for key in refused:
            self._bury(key, "refused")
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
        """The unsent keys that may go, the next one last."""
        if self._order is None:
            found = self._sorted()
            self._precedence = Precedence(self.epochs, self._live, self._grain, found, self.priorities)
            unsent = [key for key, entry in self._entries.items() if entry.state == UNSENT]
            for held in self._withheld.values():
                unsent = [key for key in unsent if not held(key)]
            self._order = self._precedence.sorted(unsent)
        return self._order

    def _sorted(self) -> Blocks:
        """The blocks of the windows that are not sent."""
        if self._grain == 1 or not self.epochs:
            return NO_BLOCKS
        rows = (
            key
            for key, entry in self._entries.items()
            if entry.state == UNSENT
            and key.stream == "windows"
            and entry.row.tombstone is None
            and not entry.extra
        )
        given_up = {block for block, asked in self._asked.items() if asked >= JOINS_TRIED}
        return blocks(rows, self._grain, self.epochs[0], given_up)

    def _bury(self, key: Key, reason: str) -> None:
        if len(self._one_off) < ONE_OFFS:
            self._one_off[key] = Tombstone(key, reason, 0, 0, 0.0, 0.0)


def _cost(row: Row) -> int:
    """Bytes a row takes in a message: one without content (a tombstone) is not free."""
    return max(row.size, SMALLEST_ROW)
