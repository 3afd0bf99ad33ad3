"""What happened and is not in the store yet: events, changes of alerts, and the ledger. For any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from agent.ledger import Entry, Ledger, event_of
from agent.stats.frame import Content, Event
from collectors.tally import Tally

EVENTS = 200
"""Events of a stream that wait at most; what is more is counted, and entered as lost."""


class Batch(NamedTuple):
    """What one flush takes: contents by stream, and what the ledger has to tell with them."""

    contents: Mapping[str, Content]
    told: tuple[Entry, ...]

    def entries(self, boot: str, at: float, offset: float) -> tuple[Event, ...]:
        """What the ledger tells, as events of that moment."""
        return tuple(event_of(entry, boot, at, offset) for entry in self.told)


class Happenings:
    """A bounded number of each, until they are written."""

    def __init__(self, clock: Callable[[], float], tally: Tally) -> None:
        """`clock` is the boot clock in s."""
        self._clock = clock
        self._tally = tally
        self._lock = threading.Lock()
        self._events: dict[str, list[Event]] = {"events": [], "alerts": [], "samples": []}
        self._ledger = Ledger()

    @property
    def pressing(self) -> bool:
        """Whether so many wait that they should be written soon."""
        return max(map(len, self._events.values())) >= EVENTS // 2

    def note(self, stream: str, events: Iterable[Event]) -> None:
        """Events of "events", "alerts" or "samples"."""
        for event in events:
            with self._lock:
                fits = len(self._events[stream]) < EVENTS
                if fits:
                    self._events[stream].append(event)
            if not fits:
                self._tally.add("outrider.events.dropped")
                self.enter(Entry("lost", stream, "too_many", "writer", span=(event.wall, event.wall)))

    def enter(self, entry: Entry) -> None:
        """Something that was lost, cut, refused or made coarser."""
        with self._lock:
            self._ledger.note(entry, self._clock())

    def take(self, *, ending: bool) -> Batch:
        """All that waits, for one flush; it waits on until that is `written`."""
        with self._lock:
            contents = {name: Content(events=tuple(events)) for name, events in self._events.items()}
            return Batch(contents, self._ledger.take(self._clock(), ending=ending))

    def written(self, batch: Batch) -> None:
        """The flush that took this is committed."""
        with self._lock:
            for name, content in batch.contents.items():
                del self._events[name][: len(content.events)]

    def give_back(self, batch: Batch) -> None:
        """The flush that took this changed nothing."""
        with self._lock:
            self._ledger.give_back(batch.told, self._clock())
