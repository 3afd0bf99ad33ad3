from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from agent.store.layout import SCHEMA
from agent.store.states import States


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


def test_a_refusal_is_known_by_its_digest_until_it_is_forgotten(database: sqlite3.Connection) -> None:
    states = States(database)
    states.set_refused({b"digest00": "too_large", b"digest01": "range"})
    assert states.refused() == {b"digest00": "too_large", b"digest01": "range"}
    states.set_refused({b"digest00": None})
    assert states.refused() == {b"digest01": "range"}
