"""When the records of one device were made, by what it has told of its boots' clocks (`agent.stats.clocks`).

The times by which a record is found are those known when it came. What was not surely dated then is
*placed*: its boot, and its span on that boot's clock; a clock that is told later, or was told before,
dates it anew. The contents stay as they came and are dated when they are read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from agent.ship.records import Key
from agent.stats.clocks import BOOTS, RIGHT, Clocks, Told
from agent.stats.frame import Content, Event

SCHEMA = """
CREATE TABLE IF NOT EXISTS clocks (
    device INTEGER, boot TEXT, rank INTEGER, at REAL, "offset" REAL, UNIQUE (device, boot));
CREATE TABLE IF NOT EXISTS placed (
    device INTEGER, epoch INTEGER, stream TEXT, first INTEGER, boot TEXT, begin REAL, stop REAL,
    PRIMARY KEY (device, epoch, stream, first)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS placed_by_boot ON placed (device, boot);
"""


def clocks_of(db: sqlite3.Connection, device: int) -> Clocks:
    """What a device has told, at most of `BOOTS` boots, the one that was heard of first before the others."""
    query = 'SELECT boot, rank, at, "offset" FROM clocks WHERE device = ? ORDER BY rowid'
    return Clocks({boot: Told(*told) for boot, *told in db.execute(query, (device,))})


class Dating:
    """The clocks of one device, inside the caller's transaction."""

    def __init__(self, db: sqlite3.Connection, device: int) -> None:
        self._db = db
        self._device = device
        self._clocks = clocks_of(db, device)
        self._better: dict[str, Told] = {}

    def learn(self, events: Iterable[Event]) -> None:
        """Take what the events of a record tell."""
        self._better.update(self._clocks.learn(events))

    def dated(self, content: Content) -> Content:
        """The content by what is known now."""
        return self._clocks.corrected(content)

    def place(self, key: Key, content: Content) -> None:
        """Note where a new record lies on the clock of its boot, if it may have to be dated anew."""
        spans = [frame.span for frame in content.frames]
        edges = [(s.start, s.end) for s in spans] + [(event.at, event.at) for event in content.events]
        boots = {span.boot for span in spans} | {event.boot for event in content.events}
        doubtful = content.events or any(span.quality != RIGHT for span in spans)
        if doubtful and len(boots) == 1:
            begin, stop = min(start for start, _ in edges), max(end for _, end in edges)
            row = (self._device, *key[:3], *boots, begin, stop)
            self._db.execute("INSERT OR REPLACE INTO placed VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def settle(self, most: int) -> None:
        """Keep what was learned, and date anew at most so many records of the boots it is about."""
        for boot, told in self._better.items():
            self._db.execute(
                "INSERT INTO clocks VALUES (?, ?, ?, ?, ?) ON CONFLICT (device, boot)"
                ' DO UPDATE SET rank = excluded.rank, at = excluded.at, "offset" = excluded."offset"',
                (self._device, boot, *told),
            )
            most -= self._redate(boot, told.offset, most)
        if self._better:
            newest = "SELECT rowid FROM clocks WHERE device = ? ORDER BY rowid DESC LIMIT ?"
            self._db.execute(
                f"DELETE FROM clocks WHERE device = ? AND rowid NOT IN ({newest})",  # noqa: S608
                (self._device, self._device, BOOTS),
            )
        self._better.clear()

    def _redate(self, boot: str, offset: float, most: int) -> int:
        """Give the records of a boot the times that are known now; how many there were."""
        query = "SELECT epoch, stream, first, begin, stop FROM placed WHERE device = ? AND boot = ? LIMIT ?"
        rows = self._db.execute(query, (self._device, boot, max(0, most))).fetchall()
        self._db.executemany(
            "UPDATE data SET start = ?, finish = ?"
            " WHERE device = ? AND epoch = ? AND stream = ? AND first = ?",
            [(begin + offset, stop + offset, self._device, *key) for *key, begin, stop in rows],
        )
        return len(rows)
