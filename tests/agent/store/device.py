"""A device's store in a directory of the test's own, and what keeps an index of it in step."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from agent.ship.records import Key, Row, union
from agent.stats.frame import Content, Frame, Span
from agent.stats.window import Gauge
from agent.store.flush import Flush, Flushed
from agent.store.layout import Head
from agent.store.sizing import MIB, POLICIES, Limits, Policy
from agent.store.store import Store
from collectors.api import Series

START = 1_700_000_000.0
SERIES = Series("test.value", "1", "gauge", ())


def kept(max_age: float) -> dict[str, Policy]:
    """The default policies, but all streams kept so long."""
    return {name: policy._replace(max_age=max_age) for name, policy in POLICIES.items()}


LIMITS = Limits(MIB, ((2, 100.0), (8, 1000.0)), kept(5000.0), settle=0)


def content(start: float, value: float = 1.0, length: float = 10.0, offset: float = 1000.0) -> Content:
    """One window of one series from that wall time; the boot clock is `offset` behind it."""
    span = Span("boot-1", start - offset, start - offset + length, length, offset, "synchronised")
    return Content((Frame(span, {SERIES: Gauge(1, value, value, value, value)}),))


class Device:
    """A store with a clock that goes 10 s a flush, and the index that follows it."""

    def __init__(self, directory: Path, limits: Limits = LIMITS, first_epoch: int = 1001) -> None:
        self.directory = directory
        self.limits = limits
        self.now = START
        self._epochs = count(first_epoch)
        self.index: dict[Key, Row] = {}
        self.store = self._opened()

    def __enter__(self) -> Device:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.store.close()

    def reopen(self, limits: Limits | None = None) -> None:
        """Close and open, as a restart does."""
        self.limits = limits or self.limits
        self.store.close()
        self.store = self._opened()

    def flush(self, value: float | None = 1.0, *, after: float = 10.0, **more: Any) -> Flushed:
        """Flush one window of this value (None: nothing) that ends now."""
        self.now += after
        contents = {} if value is None else {"windows": content(self.now - 10.0, value)}
        return self.apply(Flush(self.now, contents)._replace(**more))

    def apply(self, flush: Flush) -> Flushed:
        """Flush, and follow with the index."""
        flushed = self.store.flush(flush)
        for key in flushed.removed:
            self.index.pop(key, None)
        self.index.update({row.key: row for row in flushed.added if not row.confirmed})
        return flushed

    def heads(self) -> list[Head]:
        """All rows of the file."""
        return self.store._rows.heads(0, 1 << 62)

    def rows(self) -> list[Row]:
        """All rows of the file, in the words of the algebra."""
        return [self.store._lives.row(head) for head in self.heads()]

    def spans(self, stream: str = "windows") -> list[tuple[int, int]]:
        """The numbers of a stream's rows in the newest epoch."""
        epoch = self.store.epochs()[0].id
        return [row.key[2:] for row in self.rows() if row.key[:2] == (epoch, stream)]

    def covered(self, stream: str = "windows") -> list[tuple[int, int]]:
        """The same, joined."""
        return union(self.spans(stream))

    def size(self) -> int:
        """What database, log and shared memory take."""
        names = ("outrider.db", "outrider.db-wal", "outrider.db-shm")
        paths = [self.directory / name for name in names]
        return sum(path.stat().st_size for path in paths if path.exists())

    def _opened(self) -> Store:
        store = Store.open(self.directory, self.limits, now=self.now, new_epoch=lambda: next(self._epochs))
        self.index = {row.key: row for row in store.unconfirmed()}
        return store
