"""Small things that must agree with the records: places in logs, alert states."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping


class States:
    """The table `states`, inside whatever transaction is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, kind: str) -> dict[str, bytes]:
        """The values of one kind by name."""
        return dict(self._connection.execute("SELECT name, value FROM states WHERE kind = ?", (kind,)))

    def put(self, kind: str, values: Mapping[str, bytes | None]) -> None:
        """Set each value; None deletes it."""
        for name, value in values.items():
            if value is None:
                statement = "DELETE FROM states WHERE kind = ? AND name = ?"
                self._connection.execute(statement, (kind, name))
            else:
                statement = "INSERT OR REPLACE INTO states VALUES (?, ?, ?)"
                self._connection.execute(statement, (kind, name, value))
