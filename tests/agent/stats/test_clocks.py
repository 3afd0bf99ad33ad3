"""What is known of a boot's clock sets, never adds; in any order, bounded, nothing hostile believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.clocks import BOOTS, Clock, Clocks, clock_event, corrected, strays, told_by
from agent.stats.frame import MAX_EVENTS, Content, Event, Frame, Span, merge_contents

NOW = 1_795_689_600.0
TOLD = clock_event(Clock("b", NOW, "synchronised"), 900.0)


def recorded(start: float, offset: float, quality: str = "unsynchronised", boot: str = "b") -> Content:
    span = Span(boot, start, start + 60.0, 60.0, offset, quality)
    return Content((Frame(span, {}),), (Event(boot, start, offset, "made.up", (), ""),))


def test_what_was_recorded_in_1970_is_dated_by_what_is_known_now() -> None:
    clocks = Clocks()
    before = recorded(10.0, 0.0)
    assert clocks.corrected(before) is before
    assert clocks.learn([TOLD]).keys() == {"b"}
    after = clocks.corrected(before)
    assert after.frames[0].span == Span("b", 10.0, 70.0, 60.0, NOW, "synchronised")
    assert after.events[0].wall == NOW + 10.0


def test_it_sets_and_never_adds() -> None:
    clocks = Clocks()
    clocks.learn([TOLD])
    once = clocks.corrected(recorded(10.0, 7.0))
    assert clocks.corrected(once) == once
    assert clocks.learn([TOLD]) == {}


def test_another_boot_and_a_clock_that_was_better_known_stay() -> None:
    clocks = Clocks()
    clocks.learn([clock_event(Clock("b", NOW, "unknown"), 900.0)])
    other = recorded(10.0, 0.0, boot="c")
    assert clocks.corrected(other) is other
    assert clocks.corrected(recorded(10.0, 5.0, "synchronised")).frames[0].span.offset == 5.0


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.sampled_from(["unknown", "synchronised"]))),
    st.randoms(use_true_random=False),
)
def test_in_whatever_order_they_are_heard_the_same_is_known(
    said: list[tuple[int, int, str]], random: object
) -> None:
    events = [clock_event(Clock("b", NOW + by, quality), float(at)) for at, by, quality in said]
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, two = Clocks(), Clocks()
    one.learn(events)
    for event in shuffled:
        two.learn([event])
    assert one.known() == two.known()


def _with(**changed: str) -> Event:
    said = {"boot": "b", "offset": repr(NOW), "quality": "synchronised", **changed}
    return TOLD._replace(attributes=tuple((key, text) for key, text in said.items() if text != "-"))


@pytest.mark.parametrize(
    "event",
    [
        _with(offset="nan"),
        _with(offset="inf"),
        _with(offset="1e300"),
        _with(offset="soon"),
        _with(offset="-"),
        _with(boot="another"),
        _with(boot="-"),
        _with(quality="unsynchronised"),
        _with(quality="certain"),
        TOLD._replace(name="clock.step"),
        TOLD._replace(attributes=()),
    ],
)
def test_what_cannot_be_believed_tells_nothing(event: Event) -> None:
    assert told_by(TOLD) is not None
    assert told_by(event) is None
    assert Clocks().learn([event]) == {}


def test_only_so_many_boots_are_remembered() -> None:
    clocks = Clocks()
    for n in range(3 * BOOTS):
        clocks.learn([clock_event(Clock(f"b{n}", NOW, "synchronised"), 1.0)])
    assert list(clocks.known()) == [f"b{n}" for n in range(2 * BOOTS, 3 * BOOTS)]


def test_a_clock_strays_where_it_is_wrong_by_more_than_a_second_or_was_not_known() -> None:
    best = Clock("b", NOW, "unknown")
    assert strays(best._replace(offset=NOW + 1.5), best)
    assert strays(best._replace(quality="unsynchronised"), best)
    assert not strays(best._replace(offset=NOW + 0.5), best)
    assert not strays(Clock("b", 0.0, "synchronised"), best)
    assert not strays(Clock("c", 0.0, "unknown"), best)
    assert not strays(Clock("b", 0.0, "unknown"), best._replace(quality="unsynchronised"))


def test_of_too_many_events_a_clock_is_never_the_one_that_goes() -> None:
    many = Content(events=tuple(Event("b", float(n), 0.0, "made.up", (), "") for n in range(MAX_EVENTS)))
    merged = merge_contents(many, Content(events=(TOLD,)))
    assert merged.events[-1] == TOLD
    assert (len(merged.events), merged.dropped) == (MAX_EVENTS, 1)
    only = Content(events=(TOLD,) * MAX_EVENTS)
    assert merge_contents(only, Content(events=(TOLD,))).dropped == 1


def test_contents_without_a_known_boot_are_the_very_same() -> None:
    content = recorded(10.0, 0.0)
    assert corrected(content, {}) is content
    assert corrected(Content(), {"b": Clock("b", NOW, "synchronised")}) == Content()
