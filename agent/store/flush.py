"""What one transaction of the store is to hold, and what it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from agent.ship.records import Epoch, Key, Row
from agent.stats.clocks import Clock
from agent.stats.frame import Content
from agent.store.account import Change, counted

NOTHING: Mapping[Any, Any] = MappingProxyType({})


class Flush(NamedTuple):
    """What one transaction is to hold.

    `now` is the wall clock in s. `contents` by stream; empty ones get no number. `confirmed` are rows
    the far side holds, by key and digest. `positions`, `alerts` and `kept` (of other parts) are states
    by name, None deletes.
    `refused` says by digest why a row can never be sent, None forgets it.
    `join` are blocks whose unconfirmed rows, the new ones among them, become one as far as they can.
    `quarantine` are rows that could not be read. `fresh_epoch` begins a new epoch first; the first flush
    after an open always does. `clock` is what is told of a boot's clock: all its rows are dated by it from
    now on. `aging` is how many bytes may be written, about, to merge and drop for age: with 0 that waits. A
    wall clock that is not `trusted` is surely wrong: if it has leapt, nothing ages by it however long it
    goes on.
    """

    now: float
    contents: Mapping[str, Content] = NOTHING
    confirmed: Iterable[tuple[Key, bytes]] = ()
    positions: Mapping[str, bytes | None] = NOTHING
    alerts: Mapping[str, bytes | None] = NOTHING
    refused: Mapping[bytes, str | None] = NOTHING
    kept: Mapping[str, bytes | None] = NOTHING
    clock: Clock | None = None
    join: Iterable[Key] = ()
    quarantine: Iterable[Key] = ()
    fresh_epoch: bool = False
    aging: int = 1 << 62
    trusted: bool = True


class Flushed(NamedTuple):
    """What a transaction did.

    `epochs` are all that are known, newest first; the first is the own one. `removed` are keys that
    were merged, dropped, deleted or confirmed, and `added` the rows that are new, in that order: a key
    may be in both. `changes` is what happened to records. `pages` in use, of `Store.share.pages`.
    """

    epochs: tuple[Epoch, ...]
    added: tuple[Row, ...]
    removed: tuple[Key, ...]
    changes: tuple[Change, ...]
    pages: int

    @property
    def counts(self) -> Mapping[str, int]:
        """Records by what happened: "merged", "deleted", or a tombstone's reason."""
        return counted(self.changes)
