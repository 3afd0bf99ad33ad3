"""The store as the link's thread reads it: a reader of its own, opened at the first need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.ship.protocol import Corrupt, Record
from agent.ship.records import Key, Row
from agent.store.errors import CorruptRow, StoreError
from agent.store.files import store_file
from agent.store.reader import Reader


class StoredRecords:
    """Reads records for the link; one that is damaged is reported for quarantine."""

    def __init__(self, directory: Path, quarantine: Callable[[Key], None]) -> None:
        self._directory = directory
        self._quarantine = quarantine
        self._reader: Reader | None = None
        self._file: tuple[int, int] | None = None

    def read(self, key: Key) -> Record | None:
        """Digest and content; None if the record is gone, or the store cannot be read now."""
        try:
            return self._opened().read(key)
        except CorruptRow as error:
            self._quarantine(key)
            return Corrupt(str(error))
        except StoreError:
            self.close()
            return None

    def overlapping(self, wanted: Key) -> list[Row] | None:
        """The rows that overlap the interval; None if the store cannot say now."""
        try:
            return self._opened().rows(*wanted)
        except StoreError:
            self.close()
            return None

    def close(self) -> None:
        """Give the reader back; the next call opens another."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _opened(self) -> Reader:
        """A reader of the file that is there now: a damaged one is renamed, and another takes its place."""
        file = _identity(store_file(self._directory))
        if file != self._file:
            self.close()
        if self._reader is None:
            self._reader, self._file = Reader.open(self._directory), file
        return self._reader


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
