from __future__ import annotations

import pytest

from agent.ship.lanes import Cargo
from agent.ship.unanswered import Sent, Unanswered


def status() -> Sent:
    return Sent("status", 100, None, "alert")


def test_there_is_room_until_the_window_is_full() -> None:
    window = Unanswered(2)
    window.add(1, status(), 0.0)
    assert window.room()
    window.add(2, status(), 0.0)
    assert not window.room()
    window.answered(1, 1.0)
    assert (window.room(), len(window)) == (True, 1)


def test_one_place_beside_the_window_is_for_what_is_urgent() -> None:
    window = Unanswered(2)
    window.add(1, status(), 0.0)
    window.add(2, status(), 0.0)
    assert (window.room(), window.room(urgent=True)) == (False, True)
    window.add(3, status(), 0.0)
    assert not window.room(urgent=True)


@pytest.mark.parametrize(
    ("receive_maximum", "window", "most"), [(1, 1, 1), (2, 1, 2), (4, 3, 4), (5, 4, 5), (9, 4, 5)]
)
def test_the_broker_never_has_more_than_it_takes(receive_maximum: int, window: int, most: int) -> None:
    unanswered = Unanswered(4, receive_maximum)
    assert (unanswered.window, unanswered.most) == (window, most)


def test_each_publish_has_its_time_from_when_it_became_the_oldest() -> None:
    window = Unanswered(4)
    assert window.since() is None
    window.add(1, status(), 10.0)
    window.add(2, status(), 11.0)
    assert window.since() == 10.0
    window.answered(1, 15.0)
    assert window.since() == 15.0
    window.answered(2, 16.0)
    assert window.since() is None
    window.add(3, status(), 20.0)
    assert window.since() == 20.0


def test_an_answer_out_of_turn_does_not_excuse_the_oldest() -> None:
    window = Unanswered(4)
    window.add(1, status(), 10.0)
    window.add(2, status(), 11.0)
    window.answered(2, 15.0)
    assert window.since() == 10.0


def test_a_strange_answer_changes_nothing() -> None:
    window = Unanswered(4)
    window.add(1, status(), 10.0)
    assert window.answered(9, 15.0) is None
    assert (window.since(), len(window)) == (10.0, 1)


def test_statuses_are_not_data() -> None:
    window, cargo = Unanswered(4), Cargo(1000)
    window.add(1, status(), 0.0)
    window.add(2, Sent("data", 500, cargo, "live"), 0.0)
    assert window.data() == [(500, cargo)]
