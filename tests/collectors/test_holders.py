"""What one collector was told of processes' GPU memory, as another finds it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collectors.holders import NOBODY, STALE, UNTOLD, Held, Holders, Part

BEGAN = {7: 1.0, 8: 2.0}


def told(**gpus: Held) -> Holders:
    found = Holders()
    found.tell(gpus)
    return found


def test_the_memory_of_several_processes_on_several_gpus_is_summed() -> None:
    found = told(a=Held(10.0, {7: 1, 8: 10, 9: 100}), b=Held(10.0, {8: 1000}))
    assert found.of(BEGAN, 20.0) == Part(1011, "", True)


def test_a_process_that_is_on_no_list_has_none() -> None:
    assert told(a=Held(10.0, {9: 100})).of(BEGAN, 20.0) == Part(0, "", False)


def test_nothing_is_known_where_no_gpu_is_asked() -> None:
    assert Holders().of(BEGAN, 20.0) == Part(None, NOBODY, False)
    found = told(a=Held(10.0, {7: 5}))
    found.tell({})
    assert found.of(BEGAN, 20.0) == Part(None, NOBODY, False)


def test_a_gpu_that_cannot_be_asked_is_missed_by_those_that_are_on_it() -> None:
    found = told(a=Held(10.0, {7: 1}, "lost"), b=Held(10.0, {8: 2}))
    assert found.of({7: 0.0}, 20.0) == Part(None, "a: lost", True)
    assert found.of({8: 0.0}, 20.0) == Part(2, "", True)


def test_where_none_can_be_asked_nothing_is_known_even_of_those_on_none() -> None:
    found = told(a=Held(10.0, {7: 1}), b=Held(10.0, {}))
    found.lapse("has not answered")
    assert found.of({8: 0.0}, 20.0) == Part(None, "a: has not answered", False)


def test_bytes_that_the_driver_does_not_say_are_no_zero() -> None:
    found = told(a=Held(10.0, {7: None}), b=Held(10.0, {7: 5}))
    assert found.of(BEGAN, 20.0) == Part(None, f"a: {UNTOLD}", True)


def test_a_number_given_to_a_later_process_is_not_the_one_that_was_meant() -> None:
    found = told(a=Held(10.0, {7: 5}))
    assert found.of({7: 10.0}, 20.0) == Part(5, "", True)
    assert found.of({7: 10.01}, 20.0) == Part(0, "", False)


def test_what_was_told_long_ago_is_nothing_to_go_by() -> None:
    found = told(a=Held(10.0, {7: 5}), b=Held(200.0, {8: 1}))
    assert found.of({7: 0.0}, 10.0 + STALE).size == 5
    assert found.of({7: 0.0}, 11.0 + STALE) == Part(None, "a: last told 301 s ago", True)
    assert found.of({8: 0.0}, 11.0 + STALE) == Part(1, "", True)


PIDS = st.integers(1, 6)
HELD = st.builds(
    Held,
    st.floats(0, 100),
    st.dictionaries(PIDS, st.none() | st.integers(0, 1 << 50)),
    st.sampled_from(["", "asleep"]),
)


@given(
    st.dictionaries(st.sampled_from("abc"), HELD),
    st.dictionaries(PIDS, st.floats(0, 100)),
    st.floats(100, 100 + 2 * STALE),
)
def test_there_are_bytes_or_a_reason(gpus: dict[str, Held], began: dict[int, float], now: float) -> None:
    part = told(**gpus).of(began, now)
    assert (part.size is None) == bool(part.why)
    assert part.size is None or 0 <= part.size <= sum(
        sum(filter(None, each.used.values())) for each in gpus.values()
    )
    assert part.any or not part.size
