from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from agent.ship.records import Epoch
from agent.store.layout import SCHEMA, place
from agent.store.lives import Lives


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    yield connection
    connection.close()


def put(database: sqlite3.Connection, stream: str, life: int, first: int, last: int) -> None:
    database.execute(
        "INSERT INTO records VALUES (?, ?, 0, x'', 0.0, 0.0, NULL, NULL, NULL, x'')",
        (place(stream, life, first), last),
    )


def test_an_empty_store_knows_no_epoch(database: sqlite3.Connection) -> None:
    lives = Lives(database)
    assert (lives.epochs(), lives.newest(), lives.life_of(5)) == ((), 0, None)


def test_a_life_says_what_it_came_after(database: sqlite3.Connection) -> None:
    lives = Lives(database)
    lives.begin(70)
    lives.next["windows"] = 5
    lives.begin(80)
    assert lives.epochs() == (Epoch(80, 70, {"windows": 5}, {}), Epoch(70, None, {}, {"windows": 5}))
    assert (lives.id_of(1), lives.life_of(80)) == (70, 2)


def test_next_is_read_from_the_rows(database: sqlite3.Connection) -> None:
    Lives(database).begin(70)
    put(database, "windows", 1, 0, 7)
    put(database, "windows", 1, 8, 8)
    put(database, "samples", 1, 0, 0)
    assert Lives(database).next == {"windows": 9, "samples": 1}


@pytest.mark.parametrize("epoch", [0, -1, 1 << 63, 70])
def test_an_epoch_that_is_no_new_number_is_refused(database: sqlite3.Connection, epoch: int) -> None:
    lives = Lives(database)
    lives.begin(70)
    with pytest.raises(ValueError, match=f"epoch {epoch} "):
        lives.begin(epoch)


def test_a_life_is_known_while_rows_of_it_or_of_an_older_one_are(database: sqlite3.Connection) -> None:
    lives = Lives(database)
    for epoch in range(10, 16):
        lives.begin(epoch)
    put(database, "events", 2, 0, 0)
    put(database, "windows", 4, 0, 0)
    assert lives.forget()
    assert [epoch.id for epoch in lives.epochs()] == [15, 14, 13, 12, 11]
    assert not lives.forget()
    database.execute("DELETE FROM records")
    assert lives.forget()
    assert [epoch.id for epoch in lives.epochs()] == [15, 14]
    assert Lives(database).epochs() == lives.epochs()


def test_lives_under_another_name_are_history_and_come_back_with_their_name(
    database: sqlite3.Connection,
) -> None:
    lives = Lives(database)
    lives.begin(10)
    lives.next["windows"] = 5
    for name, epoch, given in (("a", 20, 6), ("b", 30, 7), ("b", 40, 8), ("a", 50, 0)):
        lives = Lives(database, name)
        lives.next = {"windows": {20: 5, 30: 6, 40: 7, 50: 8}[epoch]}
        lives.begin(epoch)
        lives.next = {"windows": given} if given else {}
    mine = (
        Epoch(50, 20, {"windows": 6}, {}),
        Epoch(20, 10, {"windows": 5}, {"windows": 6}),
        Epoch(10, None, {}, {"windows": 5}),
    )
    assert lives.epochs() == mine, "the one without a name is everybody's"
    other = Lives(database, "b").epochs()
    assert [(epoch.id, epoch.prev) for epoch in other] == [(40, 30), (30, 10), (10, None)]
    assert [life.ours(3) for life in (lives, Lives(database, "b"), Lives(database))] == [False, True, True]
    assert [epoch.id for epoch in Lives(database, "c").epochs()] == [10]
