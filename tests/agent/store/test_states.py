from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from agent.store.layout import SCHEMA
from agent.store.states import Clock, States


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    yield connection
    connection.close()


def test_kinds_do_not_mix(database: sqlite3.Connection) -> None:
    states = States(database)
    states.put("position", {"a": b"1", "b": b"2"})
    states.put("alert", {"a": b"3"})
    states.put("position", {"a": None, "b": b"4"})
    assert (states.all("position"), states.all("alert")) == ({"b": b"4"}, {"a": b"3"})


def test_a_clock_is_written_only_when_it_says_something_new(database: sqlite3.Connection) -> None:
    states = States(database)
    states.set_clock(Clock("b", 100.0, "unknown"), 1)
    before = database.total_changes
    states.set_clock(Clock("b", 100.9, "unknown"), 1)
    assert database.total_changes == before
    states.set_clock(Clock("b", 101.1, "unknown"), 1)
    states.set_clock(Clock("b", 101.1, "synchronised"), 1)
    assert states.clocks() == [Clock("b", 101.1, "synchronised")]


def test_clocks_of_forgotten_lives_go(database: sqlite3.Connection) -> None:
    states = States(database)
    states.set_clock(Clock("old", 1.0, "unknown"), 1)
    states.set_clock(Clock("new", 2.0, "unknown"), 3)
    states.forget(3)
    assert states.clocks() == [Clock("new", 2.0, "unknown")]
