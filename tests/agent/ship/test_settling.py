from __future__ import annotations

import pytest

from agent.ship.records import Ack, Epoch, Held, Key, Row, Tombstone
from agent.ship.settling import (
    FLIGHT,
    OPEN,
    REFUSED,
    REPEATS,
    SETTLED,
    UNSENT,
    Entry,
    beyond,
    settle,
    wanted,
)

OWN = Epoch(7, None, {}, {"windows": 4})


def key(first: int, last: int | None = None) -> Key:
    return Key(7, "windows", first, first if last is None else last)


def entries(*states: str) -> dict[Key, Entry]:
    made = {key(at): Entry(Row(key(at), b"digest", False, 100, None)) for at in range(len(states))}
    for entry, state in zip(made.values(), states, strict=True):
        entry.state = state
    return made


def held(*, have: tuple[tuple[int, int], ...] = (), done: tuple[tuple[int, int], ...] = ()) -> Held:
    return Held(7, "windows", have, done, None)


@pytest.mark.parametrize(("last", "unheard_of"), [(3, False), (4, True)])
def test_a_number_that_we_never_gave_is_beyond_us_held_or_wanted(last: int, unheard_of: bool) -> None:
    assert beyond(Ack("main", (held(have=((0, last),)),), ()), OWN) is unheard_of
    assert beyond(Ack("main", (), (key(last),)), OWN) is unheard_of


def test_what_is_held_is_settled_whatever_its_state_but_what_was_refused() -> None:
    found = entries(UNSENT, FLIGHT, OPEN, REFUSED)
    assert settle(found, [held(have=((0, 3),))]) == []
    assert [entry.state for entry in found.values()] == [SETTLED, SETTLED, SETTLED, REFUSED]


def test_history_that_was_wanted_is_let_go_of_once_it_is_held() -> None:
    row = Row(key(0), b"digest", True, 100, None)
    found = {row.key: Entry(row, extra=True)}
    settle(found, [held(have=((0, 0),))])
    assert found == {}


def test_a_tombstone_is_settled_by_what_is_done() -> None:
    row = Row(key(0), b"digest", False, 0, Tombstone(key(0), "expired", 0, 0, 0.0, 0.0))
    found = {row.key: Entry(row)}
    settle(found, [held(done=((0, 0),))])
    assert found[row.key].state == SETTLED


def test_a_row_that_is_done_and_not_held_is_sent_again_so_often_and_then_hopeless() -> None:
    found = entries(OPEN)
    for _ in range(REPEATS):
        assert settle(found, [held(done=((0, 0),))]) == []
        assert found[key(0)].state == UNSENT
        found[key(0)].state = OPEN
    assert settle(found, [held(done=((0, 0),))]) == [found[key(0)]]


def test_what_is_wanted_is_sent_again_looked_up_or_known_to_be_refused() -> None:
    found = entries(OPEN, REFUSED, FLIGHT)
    lookups, refused = wanted(found, [key(0, 1), key(1, 9)])
    assert lookups == [key(3, 9)]
    assert refused == [key(1)]
    assert [entry.state for entry in found.values()] == [UNSENT, REFUSED, FLIGHT]
