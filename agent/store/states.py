"""Small things that must agree with the records: places in logs, alert states, refusals."""

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

    def refused(self) -> dict[bytes, str]:
        """Why rows can never be sent, by their digests."""
        found = self.all("refused")
        return {bytes.fromhex(name): reason.decode("utf-8", "replace") for name, reason in found.items()}

    def set_refused(self, refused: Mapping[bytes, str | None]) -> None:
        """Note why; None forgets it."""
        for digest, reason in refused.items():
            self.put("refused", {digest.hex(): None if reason is None else reason.encode()})
