"""Small things that must agree with the records: places in logs, alert states, clock data."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple


class Clock(NamedTuple):
    """What is known of a boot's wall clock: wall time = boot clock + `offset` s, and how well."""

    boot: str
    offset: float
    quality: str


class States:
    """The tables `states` and `clocks`, inside whatever transaction is open."""

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

    def clocks(self) -> list[Clock]:
        """Every known boot."""
        return [Clock(*row) for row in self._connection.execute("SELECT boot, offset, quality FROM clocks")]

    def set_clock(self, clock: Clock, life: int) -> None:
        """Set (never add) what is known of a boot; written only when it says something new."""
        row = self._connection.execute(
            "SELECT offset, quality FROM clocks WHERE boot = ?", (clock.boot,)
        ).fetchone()
        if row is None or row[1] != clock.quality or abs(row[0] - clock.offset) > 1.0:
            self._connection.execute("INSERT OR REPLACE INTO clocks VALUES (?, ?, ?, ?)", (*clock, life))

    def forget(self, life: int) -> None:
        """Drop the boots that were last heard of before `life`."""
        self._connection.execute("DELETE FROM clocks WHERE life < ?", (life,))
