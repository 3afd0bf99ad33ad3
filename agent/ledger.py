"""The ledger: what became coarser, was let go, lost, cut or refused; how much, why and by whom. Pure.

    merged    blocks of records made one ("age", "space", "budget"), or windows in memory
    deleted   what the far side has confirmed, let go of ("age", "space", "limit")
    lost      what nobody holds any more ("expired", "full", "limit", "corrupt", "too_large", ...)
    cut       what was never taken in ("max_series")
    refused   what can never be sent and stays on the device ("packet_too_large", ...)

It is shipped as events of these names behind `ledger.`, and so that this costs little, entries are joined:
of each (what, stream, reason, by) the routine ones are told once in six hours; a loss at once, and while
it goes on once in ten minutes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import NamedTuple

from agent.ship.records import STREAMS
from agent.stats.frame import Event
from collectors.api import Attributes

PREFIX = "ledger."
MEANINGS = {
    "merged": "made coarser",
    "deleted": "deleted after their confirmation",
    "lost": "lost",
    "cut": "not taken",
    "refused": "never to be sent",
}
EVERY = {"merged": 21_600.0, "deleted": 21_600.0, "cut": 3600.0, "lost": 600.0, "refused": 600.0}
"""Seconds between two tellings of the same."""

KINDS = 64
SEVERAL = "several"
Name = tuple[str, str, str, str]


class Entry(NamedTuple):
    """Something of one stream that met one fate. `records` are records, or series of "cut", None where nobody
    knows how many, as of a store that cannot be read; `size` bytes, `span` wall time in s, None likewise."""

    what: str
    stream: str
    reason: str
    by: str
    records: int | None = 1
    size: int | None = None
    span: tuple[float, float] | None = None

    @property
    def name(self) -> Name:
        """What entries that are joined have in common."""
        return self.what, self.stream, self.reason, self.by

    @property
    def routine(self) -> bool:
        """Whether it is the store's daily work, and waits to be told with what follows."""
        return self.what in ("merged", "deleted") and self.by == "store"


class Ledger:
    """What is still to be told, of about `KINDS` kinds at most; times in s on the boot clock."""

    def __init__(self) -> None:
        self._open: dict[Name, Entry] = {}
        self._due: dict[Name, float] = {}

    def note(self, entry: Entry, now: float) -> None:
        """Take an entry. When there are too many kinds, its reason and author are "several"."""
        if entry.name not in self._due and len(self._due) >= KINDS:
            entry = entry._replace(reason=SEVERAL, by=SEVERAL)
        known = self._open.get(entry.name)
        self._open[entry.name] = entry if known is None else joined(known, entry)
        self._due.setdefault(entry.name, now + (EVERY[entry.what] if entry.routine else 0.0))

    def take(self, now: float, *, ending: bool = False) -> tuple[Entry, ...]:
        """What is to be told now, and with it what joins it; all at the end, unless it is only routine."""
        if ending and all(entry.routine for entry in self._open.values()):
            return ()
        names = [name for name in self._open if ending or self._due[name] <= now]
        told = tuple(self._open.pop(name) for name in names)
        self._due.update((name, now + EVERY[name[0]]) for name in names)
        self._due = {name: due for name, due in self._due.items() if name in self._open or due > now}
        return told

    def give_back(self, entries: Iterable[Entry], now: float) -> None:
        """These could not be told after all."""
        for entry in entries:
            self.note(entry, now)
            self._due[entry.name] = now


def joined(one: Entry, other: Entry) -> Entry:
    """Two entries of one name as one; how many records is known only where it is of both."""
    known = one.records is not None and other.records is not None
    records = (one.records or 0) + (other.records or 0) if known else None
    sizes = [size for size in (one.size, other.size) if size is not None]
    spans = [span for span in (one.span, other.span) if span is not None]
    span = (min(start for start, _ in spans), max(end for _, end in spans)) if spans else None
    return one._replace(records=records, size=sum(sizes) if sizes else None, span=span)


def event_of(entry: Entry, boot: str, at: float, offset: float) -> Event:
    """An entry as the event that is shipped; `at` on the boot clock."""
    attributes: Attributes = (
        ("stream", entry.stream),
        ("reason", entry.reason),
        ("by", entry.by),
    )
    if entry.records is not None:
        attributes = (*attributes, ("records", str(entry.records)))
    if entry.size is not None:
        attributes = (*attributes, ("bytes", str(entry.size)))
    if entry.span is not None:
        attributes = (*attributes, ("start", f"{entry.span[0]:.3f}"), ("end", f"{entry.span[1]:.3f}"))
    return Event(boot, at, offset, PREFIX + entry.what, attributes, words(entry))


def entry_of(event: Event) -> Entry | None:
    """The entry that an event tells; None if it tells none, or what no ledger says."""
    what, said = event.name.removeprefix(PREFIX), dict(event.attributes)
    if event.name == what or what not in MEANINGS or said.get("stream") not in STREAMS:
        return None
    try:
        records = int(said["records"]) if "records" in said else None
        size = int(said["bytes"]) if "bytes" in said else None
        span = (float(said["start"]), float(said["end"])) if "start" in said else None
    except (KeyError, ValueError):
        return None
    if (records or 0) < 0 or (size or 0) < 0 or not all(map(math.isfinite, span or ())):
        return None
    return Entry(what, said["stream"], said.get("reason", ""), said.get("by", ""), records, size, span)


def words(entry: Entry) -> str:
    """An entry for people."""
    noun = "series" if entry.what == "cut" else "record" if entry.records == 1 else "records"
    size = "" if entry.size is None else f" of {entry.size} bytes"
    span = "" if entry.span is None else f", {utc(entry.span[0])} to {utc(entry.span[1])}"
    count = "an unknown number of" if entry.records is None else entry.records
    return f"{count} {noun}{size} in {entry.stream}{span}: {MEANINGS[entry.what]} ({entry.reason})"


def utc(at: float) -> str:
    """A wall-clock time in s, to the nearest second, as people read it; one that no calendar has as a number.

    A window begins some microseconds beside its full second: cut off, it would seem to begin one too early.
    """
    try:
        return datetime.fromtimestamp(round(at), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{at:.0f}"
