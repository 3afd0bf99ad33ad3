from __future__ import annotations

import json
from typing import Any

import pytest

from agent.ship import limits
from agent.ship.alert import Alert, AlertSeries, parse_alert
from agent.ship.protocol import Settings
from agent.ship.purse import Purse
from agent.ship.retained import HUSH, Due, Retained, Voice
from collectors.api import Series

SESSION = (77, 3)
ROOM = 100_000


def voice(now: float) -> Voice:
    return Voice(SESSION, now, 1.7e9 + now)


def alert(rule: str, value: float = 90.0) -> Alert:
    series = AlertSeries(Series("hw.temperature", "Cel", "gauge", ()), value, 1.7e9)
    return Alert("d", rule, "warning", "hot", "", "hw.temperature > 85", 1.7e9, 0.0, (series,))


def retained(*quiet: str, room: int = ROOM) -> Retained:
    made = Retained(Settings("f", "d"), Purse())
    made.told(dict.fromkeys(quiet))
    made.begin(room)
    return made


def said(made: Retained, now: float, *, changed: bool = True) -> list[str]:
    """The alerts said at this moment, with "-" before one that is over."""
    found = []
    while (due := made.alert(voice(now), changed=changed)) is not None:
        found.append(("" if due.payload else "-") + due.what)
    return found


def status(due: Due) -> dict[str, Any]:
    assert due.what == "status"
    fields: dict[str, Any] = json.loads(due.payload)
    return fields


def test_with_a_connection_the_state_of_every_rule_is_said() -> None:
    made = retained("a", "b", "c")
    made.told({"b": alert("b")})
    assert said(made, 0.0) == ["alert/b"]
    assert said(made, 0.0, changed=False) == ["-alert/a", "-alert/c"]
    assert said(made, 100.0) == said(made, 100.0, changed=False) == []
    made.begin(ROOM)
    assert said(made, 101.0) == ["alert/b"]
    assert said(made, 101.0, changed=False) == ["-alert/a", "-alert/c"]


def test_an_alert_says_who_when_and_what() -> None:
    made = retained()
    made.told({"a": alert("a")})
    due = made.alert(voice(5.0), changed=True)
    assert due is not None
    assert parse_alert(due.payload) == alert("a")._replace(at=1.7e9 + 5.0)
    assert json.loads(due.payload)["session"] == list(SESSION)


def test_an_alert_that_is_over_is_said_as_a_change() -> None:
    made = retained("a")
    said(made, 0.0, changed=False)
    made.told({"a": alert("a")})
    assert said(made, 20.0) == ["alert/a"]
    made.told({"a": None})
    assert said(made, 40.0) == ["-alert/a"]


def test_a_rule_that_flaps_is_said_only_so_often_and_as_it_is_by_then() -> None:
    made = retained()
    made.told({"a": alert("a")})
    assert said(made, 0.0) == ["alert/a"]
    made.told({"a": None})
    assert said(made, 1.0) == ["-alert/a"]
    made.told({"a": alert("a")})
    assert said(made, 2.0) == []
    assert made.wake_at(2.0) == HUSH
    made.told({"a": alert("a", 99.0)})
    assert said(made, HUSH - 0.1) == []
    due = made.alert(voice(HUSH), changed=True)
    assert due is not None
    assert parse_alert(due.payload).series[0].value == 99.0
    assert made.wake_at(HUSH) == float("inf")
    made.told({"a": None})
    assert said(made, HUSH + 0.9) == []
    assert said(made, HUSH + 1.0) == ["-alert/a"]


def test_what_waits_for_a_place_and_not_for_its_time_needs_no_waking() -> None:
    made = retained()
    made.told({"a": alert("a")})
    assert made.wake_at(0.0) == float("inf")
    assert said(made, 0.0) == ["alert/a"]
    made.told({"a": None})
    assert made.wake_at(1.0) == float("inf")


def test_what_fired_and_cleared_before_it_was_said_is_said_to_be_over() -> None:
    made = retained()
    made.told({"a": alert("a")})
    made.told({"a": None})
    assert said(made, 0.0) == ["-alert/a"]


def test_an_alert_that_the_broker_refused_is_said_again_later() -> None:
    made = retained()
    made.told({"a": alert("a")})
    assert said(made, 0.0) == ["alert/a"]
    made.failed("alert/a", 30.0)
    assert made.wake_at(0.0) == 30.0
    assert said(made, 29.0) == []
    assert said(made, 30.0) == ["alert/a"]


def test_an_alert_finds_room_in_what_the_broker_takes() -> None:
    made = retained(room=450)
    wide = alert("a")._replace(series=alert("a").series * 5)
    made.told({"a": wide})
    due = made.alert(voice(0.0), changed=True)
    assert due is not None
    assert len(due.payload) + len(due.what) <= 450
    assert parse_alert(due.payload).more >= 3
    small = retained(room=50)
    small.told({"a": wide})
    with pytest.raises(OverflowError, match="the broker 43"):
        small.alert(voice(0.0), changed=True)
    assert small.alert(voice(100.0), changed=True) is None


def test_an_alert_is_never_longer_than_a_view_reads() -> None:
    made = retained()
    made.told({"a": alert("a")._replace(series=alert("a").series * 20, summary="\N{SNOWMAN}" * 2500)})
    due = made.alert(voice(0.0), changed=True)
    assert due is not None
    assert 14_000 < len(due.payload) <= limits.ALERT


def test_a_status_is_due_when_it_changed_and_when_it_is_old() -> None:
    made = retained()
    assert made.status_due(0.0, flushed=False)
    assert status(made.status(voice(0.0)))["state"] == "online"
    assert not made.status_due(899.0, flushed=True)
    assert not made.status_due(900.0, flushed=False)
    assert made.status_due(900.0, flushed=True)
    made.degraded = ("store: full",)
    assert made.status_due(1.0, flushed=False)
    made.unheard = True
    assert status(made.status(voice(1.0)))["reasons"] == ["store: full", "nobody subscribed"]
    assert status(made.offline(voice(2.0))) == {
        "v": [1, 1], "device": "d", "state": "offline", "session": list(SESSION), "reasons": [],
        "at": 1.7e9 + 2,
    }  # fmt: skip
    made.begin(ROOM)
    assert made.status_due(2.0, flushed=False)


def test_site_and_tags_are_said_with_every_status_where_there_are_any() -> None:
    made = Retained(Settings("f", "d", site="hall 3", tags={"rack": "7"}), Purse())
    for due in (made.status(voice(0.0)), made.offline(voice(0.0))):
        fields = status(due)
        assert (fields["site"], fields["tags"]) == ("hall 3", {"rack": "7"})
    assert {"site", "tags"} & set(status(Retained(Settings("f", "d"), Purse()).status(voice(0.0)))) == set()
