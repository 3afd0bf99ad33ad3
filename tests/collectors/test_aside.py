"""A call that hangs really hangs here: on a lock that the test holds, in a real thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from collectors.aside import Aside, Hung, Lanes, Unasked
from tests.waiting import until


class Gate:
    """A driver that answers only while the gate is open."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        self.open.wait()
        return self.calls


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


@pytest.fixture
def aside() -> Iterator[Aside[int]]:
    made: Aside[int] = Aside("the driver", 0.05, time.monotonic)
    yield made
    made.close()


def named(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_an_answer_comes_back(aside: Aside[int]) -> None:
    assert [aside(lambda value=value: value) for value in range(3)] == [0, 1, 2]  # type: ignore[misc]


def test_what_it_raises_comes_back_too(aside: Aside[int]) -> None:
    with pytest.raises(ZeroDivisionError):
        aside(lambda: 1 // 0)
    assert aside(lambda: 7) == 7


def test_a_call_that_hangs_is_waited_for_once_and_then_only_asked(aside: Aside[int], gate: Gate) -> None:
    with pytest.raises(Hung, match=r"the driver has not answered for 0\.1 s"):
        aside(gate)
    for _ in range(100):
        with pytest.raises(Hung):
            aside(gate)
    assert gate.calls == 1
    assert len(named("the driver")) == 1


def test_when_it_answers_at_last_the_next_call_is_made_afresh(aside: Aside[int], gate: Gate) -> None:
    with pytest.raises(Hung):
        aside(gate)
    gate.open.set()
    until(aside._answered.locked)
    until(lambda: not aside._answered.locked())
    assert aside(gate) == 2


def test_an_error_that_comes_too_late_is_of_no_later_call(aside: Aside[int]) -> None:
    opened = threading.Event()

    def fails() -> int:
        opened.wait()
        raise OSError("late")

    with pytest.raises(Hung):
        aside(fails)
    opened.set()
    until(lambda: not aside._answered.locked())
    assert aside(lambda: 3) == 3


def test_no_thread_is_begun_before_the_first_call_and_none_is_left_after_the_end() -> None:
    quiet: Aside[int] = Aside("quiet", 1.0, time.monotonic)
    assert named("quiet") == []
    quiet(lambda: 1)
    assert len(named("quiet")) == 1
    quiet.close()
    until(lambda: named("quiet") == [])


def test_a_thread_that_hangs_when_it_is_closed_ends_with_its_call(gate: Gate) -> None:
    stuck: Aside[int] = Aside("stuck", 0.05, time.monotonic)
    with pytest.raises(Hung):
        stuck(gate)
    stuck.close()
    assert len(named("stuck")) == 1
    gate.open.set()
    until(lambda: named("stuck") == [])


def test_it_can_be_used_again_after_it_was_closed(aside: Aside[int]) -> None:
    aside(lambda: 1)
    aside.close()
    assert aside(lambda: 2) == 2


def lanes(what: str, most: int = 2) -> Lanes[int]:
    return Lanes(what, 0.05, most, time.monotonic)


def test_things_that_answer_share_one_thread() -> None:
    shared = lanes("shared")
    assert [shared(f"mount {number}", lambda: 1) for number in range(5)] == [1] * 5
    assert len(named("shared")) == 1


def test_one_that_hangs_keeps_its_thread_and_the_others_are_answered(gate: Gate) -> None:
    one = lanes("one of two")
    for _ in range(10):
        with pytest.raises(Hung, match="has not answered"):
            one("dead", gate)
        assert one("alive", lambda: 5) == 5
    assert gate.calls == 1
    assert len(named("one of two")) == 2


def test_no_more_than_so_many_wait_at_once(gate: Gate) -> None:
    few = lanes("few")
    for name in ("first", "second"):
        with pytest.raises(Hung, match="has not answered"):
            few(name, gate)
    with pytest.raises(Unasked, match="not asked: 2 others do not answer"):
        few("third", lambda: 1)
    assert len(named("few")) == 2
    assert gate.calls == 2


def test_a_thread_that_comes_back_is_let_go_though_nobody_asks_its_thing_again(gate: Gate) -> None:
    few = lanes("came back", most=1)
    with pytest.raises(Hung):
        few("unmounted", gate)
    gate.open.set()
    until(lambda: not few._hung["unmounted"].waiting())
    assert few("other", lambda: 3) == 3
    until(lambda: len(named("came back")) == 1)


def test_what_a_thing_raises_is_raised() -> None:
    broken = lanes("broken")
    with pytest.raises(ZeroDivisionError):
        broken("mount", lambda: 1 // 0)
    assert broken("mount", lambda: 2) == 2
