from __future__ import annotations

from agent.flush.states import States


def test_what_is_written_waits_no_more_and_what_changed_meanwhile_does() -> None:
    states = States()
    states.begin({"a": b"1", "b": b"1"})
    states.note({"a": b"2", "b": None, "c": b"1"})
    some = states.some(2)
    assert some == {"a": b"2", "b": None}
    states.written(some)
    assert states.stored == {"a": b"2"}
    assert states.all() == {"c": b"1"}


def test_a_store_that_is_begun_anew_gets_all_that_is_known() -> None:
    states = States()
    states.begin({"a": b"1", "b": b"1"})
    states.note({"b": None, "c": b"1"})
    states.anew()
    assert states.all() == {"a": b"1", "b": None, "c": b"1"}
