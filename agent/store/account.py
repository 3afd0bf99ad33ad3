"""What a transaction did to records, summed up: what, of which stream, why, how much, of when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal, NamedTuple

What = Literal["merged", "joined", "deleted", "lost"]
"""Blocks made one; windows of other times that a record had no room to keep apart; what the far side
holds let go of; what it does not hold lost."""


class Change(NamedTuple):
    """Records of one stream that met the same end for the same reason.

    `size` is the bytes of their contents, `start` and `end` their wall span in s.
    """

    what: What
    stream: str
    reason: str
    records: int
    size: int
    start: float
    end: float


class Account:
    """The changes of one transaction, joined where all but the amount is the same."""

    def __init__(self) -> None:
        self._changes: dict[tuple[str, str, str], Change] = {}

    def note(self, change: Change) -> None:
        """Add a change."""
        name = change[:3]
        known = self._changes.get(name)
        if known is not None:
            change = change._replace(
                records=known.records + change.records,
                size=known.size + change.size,
                start=min(known.start, change.start),
                end=max(known.end, change.end),
            )
        self._changes[name] = change

    def changes(self) -> tuple[Change, ...]:
        """All of them, in the order in which they began."""
        return tuple(self._changes.values())


def counted(changes: Iterable[Change]) -> dict[str, int]:
    """Records (windows, of "joined") by what happened to them, and where they are lost by the reason."""
    counts: Counter[str] = Counter()
    for change in changes:
        counts[change.reason if change.what == "lost" else change.what] += change.records
    return dict(counts)
