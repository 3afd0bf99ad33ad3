from __future__ import annotations

import pytest

from agent.stats.frame import Event
from agent.stats.topk import Top
from agent.view import faults as faulty
from agent.view.faults import Fault, Faults, Meaning, Seen, faults, meanings


def event(log: str, identity: str, text: str) -> Event:
    about = (("log.name", log), ("error.template", identity), ("error.example", f"{text} 7"))
    return Event("boot", 0.0, 0.0, "model.error", about, text)


def test_counts_of_all_windows_meet_what_events_tell() -> None:
    known = meanings(
        [event("api", "a1", "old"), event("api", "a1", "no memory"), event("b", "a1", "other log")]
    )
    assert known["api", "a1"] == Meaning("no memory", "no memory 7")
    seen = [
        Seen("api", 60.0, 120.0, Top({"a1": 2, "b2": 9}, 1)),
        Seen("api", 0.0, 60.0, Top({"a1": 3}, 2)),
        Seen("b", 0.0, 60.0, Top({"a1": 1})),
    ]
    assert faults(seen, known) == Faults(
        (
            Fault("api", "b2", 9, 60.0, 120.0),
            Fault("api", "a1", 5, 0.0, 120.0, "no memory", "no memory 7"),
            Fault("b", "a1", 1, 0.0, 60.0, "other log", "other log 7"),
        ),
        3,
    )


def test_other_events_and_events_without_attributes_tell_nothing_wrong() -> None:
    assert meanings([event("api", "a", "x")._replace(name="logs.format")]) == {}
    assert meanings([event("api", "a", "x")._replace(attributes=())]) == {("", ""): Meaning("x", "")}


def test_beyond_a_bound_templates_are_counted_as_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faulty, "MOST", 2)
    found = faults([Seen("api", 0.0, 1.0, Top({f"t{n}": 2 for n in range(5)}))] * 2, {})
    assert [fault.count for fault in found.found] == [4, 4]
    assert found.other == 12
