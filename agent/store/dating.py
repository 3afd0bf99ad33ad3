"""When the rows were recorded, by what is known of each boot's clock now.

A row's `start` and `until` are wall times as they were known when it was made, and its digest is over
them: they stay. Beside them stands which clock that was, wherever it changes along the numbers of a
stream (an *era*: kind "era" in `states`, by place, JSON [boot, offset, quality]). What is known of a boot
by now (the table `clocks`) less the era's offset is what all its rows are off by. So a row of 1970 is as
old as it is, and a step of the clock costs one small row, whatever it dates anew.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import Any

from agent.ship.records import STREAMS
from agent.stats.clocks import FARTHEST, RIGHT, UNKNOWN, WRONG, Clock, rank, strays
from agent.stats.frame import MAX_STEP, Content
from agent.store.layout import MAX_LIFE, MAX_NUMBER, Head

KIND = "era"
MOST_ERAS = 256
"""Eras that are kept, for a clock that keeps jumping; rows of older ones are dated as they were."""

WINDOWS = STREAMS.index("windows")


class Dating:
    """Clocks and eras of a store, inside whatever transaction is open; `clocks` is what was told, by boot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.load()

    def load(self) -> None:
        """Read everything anew: at open, and after a transaction was undone."""
        rows = self._connection.execute("SELECT boot, offset, quality FROM clocks")
        self.clocks: dict[str, Clock] = {row[0]: Clock(*row) for row in rows}
        found = self._connection.execute("SELECT name, value FROM states WHERE kind = ?", (KIND,))
        eras = sorted((int(name), clock) for name, value in found if (clock := _clock(value)))
        self._places = [at for at, _ in eras]
        self._eras = dict(eras)

    @property
    def settled(self) -> bool:
        """Whether every row is dated as it stands."""
        return not any(self._off(era) for era in self._eras.values())

    def skew(self, where: int) -> float:
        """What is to be added to the times of the row at a place, in s."""
        era = self._era(where)
        return self._off(era) if era is not None else 0.0

    def dated(self, head: Head) -> Head:
        """The head with its times as they are known now."""
        skew = self.skew(head.place)
        return head._replace(start=head.start + skew, end=head.end + skew) if skew else head

    def uptime(self, head: Head, boot: str) -> float | None:
        """When a row ended on the clock of this boot, in s; None for a row of another."""
        era = self._era(head.place)
        if era is None or era.boot != boot:
            return None
        return head.end - era.offset - self._off(era)

    def surely(self, head: Head) -> bool:
        """Whether a time service kept the clock by which this row is dated."""
        era = self._era(head.place)
        if era is None:
            return False
        known = self.clocks.get(era.boot, era)
        return RIGHT in (era.quality, known.quality)

    def note(self, where: int, content: Content) -> None:
        """A record is added at this place: by which clock it is dated."""
        clock = _last(content)
        era = self._era(where)
        if era is not None and era[::2] == clock[::2] and abs(era.offset - clock.offset) <= MAX_STEP:
            return
        value = json.dumps(clock, separators=(",", ":")).encode()
        self._connection.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", (KIND, str(where), value))
        if where not in self._eras:
            insort(self._places, where)
        self._eras[where] = clock
        if len(self._places) > MOST_ERAS:
            self._drop(min(self._places, key=_age))

    def tell(self, clock: Clock, life: int) -> None:
        """Set what is known of a boot from now on; `life` is the newest."""
        self._connection.execute("INSERT OR REPLACE INTO clocks VALUES (?, ?, ?, ?)", (*clock, life))
        self.clocks[clock.boot] = clock

    def forget(self, life: int) -> None:
        """Drop what only lives before this one were dated by."""
        for where in [where for where in self._places if _life(where) < life]:
            self._drop(where)
        for boot in self.clocks.keys() - {era.boot for era in self._eras.values()}:
            self._connection.execute("DELETE FROM clocks WHERE boot = ?", (boot,))
            del self.clocks[boot]

    def to_tell(self, now: Clock, contents: Iterable[Content]) -> Clock | None:
        """The clock that readers must hear of, if there is one: the best of this boot, where any record of
        it (those in `contents` too) was dated otherwise and nobody has been told."""
        told = self.clocks.get(now.boot)
        mine = [(where, era) for where, era in self._eras.items() if era.boot == now.boot]
        kept = [era for where, era in sorted(mine) if where >> 60 == WINDOWS]
        # Of equally good ones the first: the latest.
        latest = [now, *([told] if told else []), *reversed(kept)]
        best = max(latest, key=lambda each: rank(each.quality))
        if told is not None:
            same = abs(told.offset - best.offset) <= MAX_STEP and told.quality == best.quality
            return None if same or best.quality == WRONG else best
        fresh = (clock for content in contents for clock in _all(content) if clock.boot == now.boot)
        dated = [*(era for _, era in mine), *fresh]
        return best if any(strays(each, best) for each in dated) else None

    def _era(self, where: int) -> Clock | None:
        """The era of a place: that of its stream and life, from the last place not above it."""
        at = bisect_right(self._places, where) - 1
        if at < 0 or self._places[at] >> 32 != where >> 32:
            return None
        return self._eras[self._places[at]]

    def _off(self, era: Clock) -> float:
        """What rows of an era are off by; not what a clock that goes on undisturbed wanders."""
        known = self.clocks.get(era.boot)
        if known is None or rank(known.quality) < rank(era.quality):
            return 0.0
        off = known.offset - era.offset
        return off if abs(off) > MAX_STEP else 0.0

    def _drop(self, where: int) -> None:
        self._connection.execute("DELETE FROM states WHERE kind = ? AND name = ?", (KIND, str(where)))
        self._places.remove(where)
        del self._eras[where]


def _all(content: Content) -> Iterator[Clock]:
    """The clocks by which a content is dated; of an event's nothing is known but its offset."""
    for event in content.events:
        yield Clock(event.boot, event.offset, UNKNOWN)
    for frame in content.frames:
        yield Clock(frame.span.boot, frame.span.offset, frame.span.quality)


def _last(content: Content) -> Clock:
    """The clock of what ended last in a content."""
    span = max((frame.span for frame in content.frames), key=lambda span: span.wall[1], default=None)
    if span is not None:
        return Clock(span.boot, span.offset, span.quality)
    return Clock(content.events[-1].boot, content.events[-1].offset, UNKNOWN)


def _clock(value: Any) -> Clock | None:
    """An era as it is stored; None for what is none."""
    try:
        boot, offset, quality = json.loads(value)
        clock = Clock(str(boot), float(offset), str(quality))
    except (ValueError, TypeError, RecursionError, OverflowError):
        return None
    return clock if abs(clock.offset) <= FARTHEST else None


def _life(where: int) -> int:
    return where >> 32 & MAX_LIFE


def _age(where: int) -> tuple[int, int]:
    return _life(where), where & MAX_NUMBER
