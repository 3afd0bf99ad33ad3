"""The lives of this file: which epochs it knows, what each came after, and the next numbers.

A life belongs to the device whose name it was written under. Under another name (a card that was copied or
moved, a host that was renamed) it is history and no more: nothing of it is shipped, or asked for, as ours.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from agent.ship.records import STREAMS, Epoch, Row
from agent.store.errors import StoreCorrupt
from agent.store.layout import MAX_LIFE, Head, place

OWNER = "owner"
"""The kind of state that names a device: by the life from which on the file is written under that name."""


class Life(NamedTuple):
    """One row of `epochs`."""

    life: int
    id: int
    prev: int | None
    prev_next: Mapping[str, int]


class Lives:
    """The `known` lives, newest first, and `next`: the numbers the newest one gives next.

    `owner` is our own name; empty: all lives are ours, whoever wrote them.
    """

    def __init__(self, connection: sqlite3.Connection, owner: str = "") -> None:
        self._connection = connection
        self._owner = owner
        self._owners: list[tuple[int, str]] = []
        self.known: list[Life] = []
        self.next: dict[str, int] = {}
        self._ids: dict[int, int] = {}
        self.load()

    def load(self) -> None:
        """Read everything anew: at open, and after a transaction was undone."""
        rows = self._connection.execute("SELECT life, id, prev, prev_next FROM epochs ORDER BY life DESC")
        self.known = [Life(life, epoch, prev, json.loads(numbers)) for life, epoch, prev, numbers in rows]
        self._ids = {life.life: life.id for life in self.known}
        self.next = self._ends(self.known[0].life) if self.known else {}
        named = self._connection.execute("SELECT name, value FROM states WHERE kind = ?", (OWNER,))
        self._owners = sorted((int(life), name.decode("utf-8", "replace")) for life, name in named)

    def owner(self, life: int) -> str:
        """The device whose life it was; empty where no name was noted."""
        return next((name for since, name in reversed(self._owners) if since <= life), "")

    def ours(self, life: int) -> bool:
        """Whether it was ours, as far as anybody knows."""
        return not self._owner or self.owner(life) in ("", self._owner)

    def id_of(self, life: int) -> int:
        """The epoch of a life.

        Raises:
            StoreCorrupt: a record is of a life that `epochs` does not hold.
        """
        if life not in self._ids:
            raise StoreCorrupt(f"records of life {life}: no epoch is known; the daemon sets the file aside")
        return self._ids[life]

    def row(self, head: Head) -> Row:
        """`head` in the words of the algebra."""
        return head.row(self.id_of(head.life))

    def life_of(self, epoch: int) -> int | None:
        """The life of an epoch, None if not known here."""
        return next((life.life for life in self.known if life.id == epoch), None)

    def newest(self) -> int:
        """The newest life; 0 in a store that has none."""
        return self.known[0].life if self.known else 0

    def begin(self, epoch: int) -> None:
        """Begin a new life in the open transaction."""
        if not 0 < epoch < 1 << 63 or epoch in self._ids.values():
            raise ValueError(f"epoch {epoch} is not a new number of 63 bits")
        prev = self.known[0].id if self.known else None
        life = Life(self.newest() + 1, epoch, prev, dict(self.next))
        self._connection.execute(
            "INSERT INTO epochs VALUES (?, ?, ?, ?)", (*life[:3], json.dumps(life.prev_next))
        )
        if self._owner and self.owner(life.life) != self._owner:
            name = (OWNER, str(life.life), self._owner.encode())
            self._connection.execute("INSERT INTO states VALUES (?, ?, ?)", name)
            self._owners.append((life.life, self._owner))
        self.known.insert(0, life)
        self._ids[life.life] = epoch
        self.next = {}

    def forget(self) -> bool:
        """Drop the lives that no record is of or older than; the newest and its prev always stay.
        Whether there were any."""
        if len(self.known) <= 2:
            return False
        oldest = min((self._oldest(stream) for stream in STREAMS), default=0)
        keep = min(oldest, self.known[1].life)
        if self.known[-1].life >= keep:
            return False
        self._connection.execute("DELETE FROM epochs WHERE life < ?", (keep,))
        self.known = [life for life in self.known if life.life >= keep]
        self._ids = {life.life: life.id for life in self.known}
        return True

    def epochs(self) -> tuple[Epoch, ...]:
        """Every known epoch of ours in the words of the algebra, newest first."""
        ends = [dict(self.next), *(life.prev_next for life in self.known)]
        own = [at for at, life in enumerate(self.known) if self.ours(life.life)]
        return tuple(self._epoch(*each, ends) for each in zip(own, [*own[1:], None], strict=False))

    def _epoch(self, at: int, before: int | None, ends: list[Mapping[str, int]]) -> Epoch:
        """The epoch of the life at this place; `before` is where the one of ours before it is."""
        life = self.known[at]
        if before is not None:
            return Epoch(life.id, self.known[before].id, ends[before], ends[at])
        if life is self.known[-1]:
            return Epoch(life.id, life.prev, life.prev_next, ends[at])
        return Epoch(life.id, None, {}, ends[at])

    def _ends(self, life: int) -> dict[str, int]:
        """One above the highest number of each stream that has any."""
        ends: dict[str, int] = {}
        for stream in STREAMS:
            row = self._connection.execute(
                "SELECT last FROM records WHERE place >= ? AND place < ? ORDER BY place DESC LIMIT 1",
                (place(stream, life, 0), place(stream, life + 1, 0)),
            ).fetchone()
            if row is not None:
                ends[stream] = row[0] + 1
        return ends

    def _oldest(self, stream: str) -> int:
        """The oldest life with a record of `stream`; the newest one if there is none."""
        row = self._connection.execute(
            "SELECT place FROM records WHERE place >= ? ORDER BY place LIMIT 1", (place(stream, 0, 0),)
        ).fetchone()
        if row is None or row[0] >> 60 != STREAMS.index(stream):
            return self.newest()
        return int(row[0]) >> 32 & MAX_LIFE
