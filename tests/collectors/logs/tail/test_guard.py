"""A call that does not return costs its own source only, and what it did is taken over when it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest

from collectors.logs.tail.guard import FIRST, Guard, Left


class Source:
    """A part whose calls wait at a gate."""

    def __init__(self, name: str) -> None:
        self.name = self.label = name
        self.gate, self.inside = Event(), Event()
        self.settled = self.closed = 0

    def settle(self) -> None:
        self.settled += 1

    def close(self) -> None:
        self.closed += 1

    def wait(self) -> str:
        self.inside.set()
        assert self.gate.wait(30)
        return f"of {self.name}"

    def fail(self) -> str:
        self.wait()
        raise ValueError(self.name)


class Rig:
    """A guard whose clock stands, and threads that follow."""

    def __init__(self) -> None:
        self.now = 0.0
        self.guard = Guard(lambda: self.now)
        self.ends: list[object] = []
        self.threads: list[Thread] = []

    def follow(self, job: Callable[[], object]) -> Thread:
        """Another thread takes over, and does this."""

        def run() -> None:
            self.guard.take_over()
            try:
                self.ends.append(job())
            except (Left, ValueError) as error:
                self.ends.append(type(error))

        thread = Thread(target=run, daemon=True)
        thread.start()
        self.threads.append(thread)
        return thread

    def hang(self, source: Source, job: Callable[[], Any] | None = None) -> Thread:
        """A thread that waits in a call, and is left."""
        source.gate.clear()
        source.inside.clear()
        thread = self.follow(lambda: self.guard.call(source, job or source.wait))
        assert source.inside.wait(30)
        self.now += 10.0
        hang = self.guard.leave(10.0)
        assert hang is not None
        assert (hang.name, hang.seconds) == (source.name, 10.0)
        self.guard.take_over()
        return thread

    def let(self, source: Source, thread: Thread) -> None:
        source.gate.set()
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    for thread in made.threads:
        thread.join(30)
        assert not thread.is_alive()


def test_a_call_returns_or_raises_what_it_is_given(rig: Rig) -> None:
    source = Source("a")
    source.gate.set()
    assert rig.guard.call(source, source.wait) == "of a"
    with pytest.raises(ValueError, match="a"):
        rig.guard.call(source, source.fail)
    assert rig.guard.free(source)
    assert rig.guard.leave(0.0) is None
    assert rig.guard.hung == ()


def test_a_call_that_lasts_is_left_only_after_a_time(rig: Rig) -> None:
    source = Source("a")
    thread = rig.follow(lambda: rig.guard.call(source, source.wait))
    assert source.inside.wait(30)
    rig.now = 9.0
    assert rig.guard.leave(10.0) is None
    rig.let(source, thread)
    assert rig.ends == ["of a"]


def test_many_calls_that_return_are_no_hang_however_long_they_take_together(rig: Rig) -> None:
    source = Source("a")
    left: list[object] = []

    def slow() -> None:
        rig.now += 6.0
        left.append(rig.guard.leave(10.0))

    for _ in range(5):
        rig.guard.call(source, slow)
    assert left == [None] * 5


def test_what_was_left_is_handed_on_once_and_until_then_nobody_calls_its_source(rig: Rig) -> None:
    a, b = Source("a"), Source("b")
    thread = rig.hang(a)
    b.gate.set()
    assert (rig.guard.free(a), rig.guard.free(b), rig.guard.hung) == (False, True, ("a",))
    assert rig.guard.call(b, b.wait) == "of b"
    assert list(rig.guard.returned()) == []
    rig.let(a, thread)
    assert rig.ends == [Left]
    assert rig.guard.out(a)
    [late] = rig.guard.returned()
    assert late == (a, "of a", None)
    assert rig.guard.free(a)
    assert list(rig.guard.returned()) == []


def test_an_error_that_comes_late_is_handed_on_too(rig: Rig) -> None:
    a = Source("a")
    rig.let(a, rig.hang(a, a.fail))
    [late] = rig.guard.returned()
    assert isinstance(late.error, ValueError)


def test_it_is_well_again_after_two_looks_that_return(rig: Rig) -> None:
    a = Source("a")
    rig.let(a, rig.hang(a))
    assert len(list(rig.guard.returned())) == 1
    rig.guard.look(a, a.wait)
    assert (rig.guard.hung, list(rig.guard.well())) == (("a",), [])
    rig.now = 60.0
    rig.guard.look(a, a.wait)
    assert rig.guard.hung == ()
    assert [(each.name, each.seconds) for each in rig.guard.well()] == [("a", 60.0)]
    assert list(rig.guard.well()) == []


def test_one_that_hangs_again_and_again_is_left_alone_for_longer_and_longer(rig: Rig) -> None:
    a = Source("a")
    pauses = []
    for _ in range(12):
        rig.let(a, rig.hang(a))
        assert len(list(rig.guard.returned())) == 1
        began = rig.now
        while not rig.guard.free(a):
            rig.now += FIRST
        pauses.append(rig.now - began)
    assert pauses == [0.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, *[3600.0] * 5]
    assert sum(thread.is_alive() for thread in rig.threads) == 0


def test_a_thread_that_was_left_calls_nobody_any_more(rig: Rig) -> None:
    a, b = Source("a"), Source("b")

    def both() -> str:
        try:
            rig.guard.call(a, a.wait)
        except Left:
            b.gate.set()
        return rig.guard.call(b, b.wait)

    thread = rig.follow(both)
    assert a.inside.wait(30)
    rig.now = 10.0
    assert rig.guard.leave(10.0) is not None
    rig.let(a, thread)
    assert rig.ends == [Left]
    assert not b.inside.is_set()


def test_what_is_closed_while_a_call_is_out_is_closed_when_that_returns(rig: Rig) -> None:
    a = Source("a")
    thread = rig.hang(a)
    rig.guard.close(a)
    assert a.closed == 0
    rig.let(a, thread)
    assert (a.closed, list(rig.guard.returned())) == (1, [])
    assert rig.guard.free(Source("a"))


def test_what_is_closed_after_a_call_came_back_late_is_closed_at_once(rig: Rig) -> None:
    a = Source("a")
    rig.let(a, rig.hang(a))
    rig.guard.close(a)
    assert (a.closed, list(rig.guard.returned())) == (1, [])
    other = Source("b")
    rig.guard.close(other)
    assert other.closed == 1
