from __future__ import annotations

from agent.stats.frame import Event
from agent.view.rows import Board
from agent.view.standing import UNHEARD, Standing, standings
from tests.messages import content, gauge
from tests.pictures import series

NOW = 120.0


def event(name: str, at: float, text: str = "", collector: str = "gpu") -> Event:
    return Event("boot", at, 0.0, name, (("outrider.collector", collector),), text)


def found(up: float | None, *events: Event) -> Standing:
    from agent.ship.records import Key

    made = Board()
    if up is not None:
        made.add(
            Key(7, "windows", 0, 0),
            content(58.0, {series("outrider.up", outrider__collector="gpu"): gauge(up)}),
        )
    (one,) = standings(made.rows(NOW, 4), events, NOW)
    return one


def test_up_says_ok_and_how_old_that_is() -> None:
    assert found(1.0)[:4] == ("gpu", "ok", "", 2.0)


def test_down_has_the_reason_of_the_last_event() -> None:
    assert found(0.0, event("collector.failing", 50.0, "OSError"))[1:3] == ("failing", "OSError")
    assert found(0.0, event("collector.stale", 50.0, "no answer for 10 s"))[1:3] == (
        "stale",
        "no answer for 10 s",
    )


def test_down_without_a_reason_says_that_it_was_not_heard() -> None:
    assert found(0.0)[1:3] == ("failing", UNHEARD)
    assert found(0.0, event("collector.ok", 10.0))[1:3] == ("failing", UNHEARD)


def test_an_event_after_the_window_counts_more() -> None:
    assert found(1.0, event("collector.failing", 119.0, "OSError"))[1:4] == ("failing", "OSError", 1.0)
    assert found(0.0, event("collector.failing", 50.0, "x"), event("collector.ok", 119.0))[1:3] == ("ok", "")


def test_what_is_absent_has_its_reason_alone() -> None:
    assert found(None, event("collector.absent", 20.0, "no\x1b[2J driver")) == Standing(
        "gpu", "absent", "no\ufffd driver", 100.0, None
    )


def test_a_state_that_is_not_known_is_none_of_ours() -> None:
    assert found(None, event("collector.\x1b[2J", 20.0))[1] == "unknown"


def test_the_worst_come_first() -> None:
    told = [
        event("collector.absent", 1.0, "", "a"),
        event("collector.stale", 1.0, "", "c"),
        event("collector.failing", 1.0, "", "b"),
    ]
    assert [each.name for each in standings((), told, NOW)] == ["c", "b", "a"]


def test_one_that_the_governor_switched_off_says_so() -> None:
    why = "switched off: cpu is past limits.cpu"
    assert found(1.0, event("collector.governed", 119.0, why))[1:3] == ("governed", why)
    assert found(1.0, event("collector.governed", 10.0, why))[1:3] == ("ok", "")
