from __future__ import annotations

from agent.ship.attempts import MQTT_5, MQTT_311, Attempts
from agent.ship.protocol import Settings


def attempts(protocol: int | None = None) -> Attempts:
    return Attempts(Settings("f", "d", protocol=protocol), lambda: 0.5)


def test_sessions_are_numbered_in_each_epoch() -> None:
    made = attempts()
    sessions = []
    for epoch in (7, 7, 8, 8):
        made.begin(epoch)
        sessions.append(made.session)
    assert sessions == [(7, 1), (7, 2), (8, 1), (8, 2)]


def test_a_refused_version_is_left_for_good() -> None:
    made = attempts()
    assert made.fall_back()
    made.closed()
    assert made.protocol == MQTT_311
    assert not made.fall_back()


def test_an_accepted_version_is_kept_whatever_closes() -> None:
    made = attempts()
    made.accepted(0.0)
    made.closed()
    assert made.protocol == MQTT_5
    assert not made.fall_back()


def test_versions_take_turns_until_one_is_accepted() -> None:
    made = attempts()
    spoken = []
    for _ in range(4):
        spoken.append(made.protocol)
        made.closed()
    assert spoken == [MQTT_5, MQTT_311, MQTT_5, MQTT_311]


def test_a_version_that_was_set_stays() -> None:
    made = attempts(MQTT_311)
    made.closed()
    assert (made.protocol, made.fall_back()) == (MQTT_311, False)


def test_waits_shorten_when_something_got_through() -> None:
    made = attempts()
    waits = [made.wait() for _ in range(3)]
    made.through()
    assert waits[2] > waits[1] > waits[0] == made.wait()
    assert made.wait(long=True) >= 20.0


def test_connections_in_a_row_that_worked_and_soon_ended_are_counted() -> None:
    made = attempts()
    counts = []
    for lived, worked in ((5.0, True), (29.0, True), (5.0, False), (5.0, True), (31.0, True), (1.0, True)):
        made.accepted(100.0)
        if worked:
            made.through()
        counts.append(made.ended(100.0 + lived))
    assert counts == [1, 2, 0, 1, 0, 1]
