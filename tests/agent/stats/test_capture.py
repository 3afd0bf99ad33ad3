"""Captures are few, overlapping ones are one, and a restart forgets none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.capture import DAY, NOTES, Bounds, Captures, Trigger, under_way

BOUNDS = Bounds(120.0, 60.0, 1800.0, 3)
WALL = 1_700_000_000.0


def fresh(saved: bytes = b"", boot: str = "boot", wall: float = WALL) -> Captures:
    return Captures(BOUNDS, boot, saved, wall)


def at(seconds: float, cause: str = "hot", *, asked: bool = False) -> tuple[Trigger, float]:
    return Trigger(cause, 1000.0 + seconds, "too hot", (("core", "1"),), asked), WALL + seconds


def taken(captures: Captures) -> None:
    assert captures.pending is not None
    captures.written()


def test_a_trigger_begins_a_capture_before_and_after_it() -> None:
    captures = fresh()
    assert captures.due() is None
    assert captures.trigger(*at(0)) == "begun"
    pending = captures.pending
    assert pending is not None
    assert (pending.start, pending.end, pending.boot) == (880.0, 1060.0, "boot")
    assert pending.id.startswith("20231114T221320Z-")
    assert captures.due() == 1060.0
    captures.written()
    assert captures.due() is None


def test_a_trigger_may_ask_for_another_span() -> None:
    captures = fresh()
    captures.trigger(*at(0), 5.0, 0.0)
    assert captures.pending is not None
    assert (captures.pending.start, captures.pending.end) == (995.0, 1000.0)


def test_what_overlaps_is_one_capture_that_ends_later() -> None:
    captures = fresh()
    captures.trigger(*at(0))
    assert captures.trigger(*at(40, "full")) == "joined"
    assert captures.pending is not None
    assert (captures.pending.start, captures.pending.end, captures.pending.joined) == (880.0, 1100.0, 1)
    assert captures.pending.trigger.cause == "hot"


def test_who_joins_and_looks_further_back_brings_the_start_forward_and_takes_nothing_from_the_end() -> None:
    captures = fresh()
    captures.trigger(*at(0))
    captures.trigger(*at(10, "command", asked=True), 600.0, 5.0)
    assert captures.pending is not None
    assert (captures.pending.start, captures.pending.end) == (410.0, 1060.0)
    captures.trigger(*at(20, "command", asked=True), 1.0, 0.0)
    assert captures.trigger(*at(40, "full")) == "joined"
    assert (captures.pending.start, captures.pending.end, captures.pending.joined) == (410.0, 1100.0, 3)


def test_the_notes_of_all_who_ask_are_kept_up_to_a_bound() -> None:
    captures = fresh()
    captures.trigger(Trigger("command", 1000.0, "", asked=True), WALL)
    for note in ("the fan rattled", "", "and the door was open"):
        captures.trigger(Trigger("command", 1001.0, note, asked=True), WALL + 1)
    captures.trigger(*at(2, "full"))
    assert captures.pending is not None
    assert captures.pending.trigger.text == "the fan rattled; and the door was open"
    for n in range(100):
        captures.trigger(Trigger("command", 1003.0, f"note {n}".ljust(200, "."), asked=True), WALL + 3)
    assert len(captures.pending.trigger.text) == NOTES
    assert fresh(captures.saved()).pending == captures.pending


def test_what_is_under_way_is_read_from_what_was_saved() -> None:
    captures = fresh()
    assert under_way(captures.saved(), "boot") is None
    captures.trigger(*at(0))
    assert under_way(captures.saved(), "boot") == captures.pending
    assert under_way(captures.saved(), "another boot") is None
    assert under_way(captures.saved(pending=False), "boot") is None
    assert under_way(b"{", "boot") is None


def test_a_stream_of_triggers_puts_the_end_off_only_so_far() -> None:
    captures = fresh()
    captures.trigger(*at(0))
    for n in range(1, 1000):
        captures.trigger(*at(n * 0.5, f"rule-{n}"))
    assert captures.due() == 880.0 + 2 * 180.0


def test_a_trigger_after_the_end_waits_for_nothing() -> None:
    captures = fresh()
    captures.trigger(*at(0))
    assert captures.trigger(*at(61, "full")) == "busy"
    captures.written()
    assert captures.trigger(*at(62, "full")) == "begun"


def test_a_cause_has_to_cool_down_whether_it_began_a_capture_or_joined_it() -> None:
    captures = fresh()
    captures.trigger(*at(0))
    captures.trigger(*at(10, "full"))
    taken(captures)
    assert [captures.trigger(*at(s, c)) for s, c in ((1799, "hot"), (1809, "full"))] == ["cooldown"] * 2
    assert captures.trigger(*at(1800)) == "begun"


def test_what_people_ask_for_needs_no_cooldown_but_counts() -> None:
    captures = fresh()
    for n in range(3):
        assert captures.trigger(*at(100 * n, "command", asked=True)) == "begun"
        taken(captures)
    assert captures.trigger(*at(400, "command", asked=True)) == "per_day"


def test_a_thousand_alerts_begin_no_more_captures_than_a_day_may_have() -> None:
    captures, begun = fresh(), 0
    for n in range(1000):
        begun += captures.trigger(*at(80.0 * n, f"rule-{n % 40}")) == "begun"
        if captures.pending is not None and (n % 2 or captures.due() == 0):
            captures.written()
    assert begun == 3
    assert captures.trigger(*at(DAY + 1)) == "begun"


def test_a_pending_capture_goes_on_after_a_restart() -> None:
    before = fresh()
    before.trigger(*at(0))
    before.trigger(*at(10, "full"))
    after = fresh(before.saved())
    assert after.pending == before.pending
    assert after.missed is None
    taken(after)
    assert after.trigger(*at(100)) == "cooldown"


def test_a_capture_whose_boot_is_over_is_missed() -> None:
    before = fresh()
    before.trigger(*at(0))
    after = fresh(before.saved(), "another boot")
    assert after.pending is None
    assert after.missed == before.pending
    assert fresh(after.saved(), "another boot").missed is None


def test_a_state_without_the_pending_capture_keeps_what_else_counts() -> None:
    captures = fresh()
    captures.trigger(*at(0))
    after = fresh(captures.saved(pending=False))
    assert after.pending is None
    assert after.trigger(*at(100)) == "cooldown"


def test_a_clock_that_was_years_ahead_blocks_nothing_for_years() -> None:
    captures = fresh(wall=WALL + 1e9)
    for n in range(3):
        captures.trigger(Trigger(f"rule-{n}", 0.0), WALL + 1e9 + n)
        captures.written()
    assert captures.trigger(*at(0)) == "per_day"
    assert captures.trigger(*at(DAY + 1)) == "begun"


def test_a_saved_state_stays_small_whatever_the_causes_are() -> None:
    captures = Captures(Bounds(1.0, 1.0, 1e6, 100), "boot", b"", WALL)
    for n in range(2000):
        captures.trigger(*at(0, f"rule-{n}"))
    saved = captures.saved()
    assert 1024 < len(saved) < 64 * 1024
    assert fresh(saved).pending == captures.pending


GOOD = b'{"pending":null,"begun":[],"causes":{}}'
AWAY = b'{"pending":["id","boot",["hot",1,"",[],false],0,2,0],"begun":[1],"causes":{"hot":1}}'


@pytest.mark.parametrize(
    "saved",
    [b"{", b"[]", b"null", b'{"pending":1}', GOOD.replace(b"[]", b'["x"]'), GOOD.replace(b"[]", b"[NaN]"),
     AWAY.replace(b"0,2,0", b"0,2"), AWAY.replace(b'"hot",1', b'"hot",true'), b"[" * 100_000,
     GOOD + b" " * 70_000, GOOD.replace(b"[]", b"[" + b"9" * 400 + b"]"),
     AWAY.replace(b"0,2,0", b"0,1e300,0"), AWAY.replace(b"0,2,0", b"2,0,0")],
)  # fmt: skip
def test_a_state_that_cannot_be_read_is_forgotten(saved: bytes) -> None:
    captures = fresh(saved)
    assert captures.pending is None
    assert captures.trigger(*at(0)) == "begun"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_state_or_none(saved: bytes) -> None:
    assert fresh(saved).trigger(*at(0)) == "begun"


def test_the_states_of_these_tests_are_states() -> None:
    assert fresh(AWAY).pending is not None
