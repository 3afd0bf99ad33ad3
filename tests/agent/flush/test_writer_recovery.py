"""What a killed life left in the ring, and windows that come late."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.flush.leftover import Leftover
from agent.stats.ring import Ring
from agent.store.errors import StoreFull
from agent.store.store import Store
from collectors.api import Reading
from tests.agent.flush.rig import REQUESTS, Rig, failing
from tests.waiting import until


def polled(ring: Ring, first: int, last: int) -> None:
    """Poll a counter of one a second."""
    for second in range(first, last + 1):
        ring.write(float(second), [("model", Reading((REQUESTS,), (second,)))])


def killed(directory: Path) -> Path:
    """A life that stored a minute and was killed 31 s after; where its ring lies."""
    ring = Ring.open(directory.with_name("ring"), "boot", 100, 64)
    rig = Rig(directory)
    rig.writer.leftover = Leftover(directory, "boot", 2.0, 60.0)
    rig.writer.leftover.ring = ring
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    polled(ring, 0, 60)
    rig.window()
    until(lambda: len(rig.flushes()) == 2)
    polled(ring, 61, 91)
    assert ring.kept == 60.0
    ring.close()
    assert rig.writer.stop(20)
    return directory.with_name("ring")


def again(directory: Path) -> Rig:
    rig = Rig(directory)
    rig.writer.leftover = Leftover(directory.with_name("ring"), "boot", 2.0, 60.0)
    return rig


def test_what_a_killed_life_left_in_the_ring_is_stored_once(tmp_path: Path) -> None:
    state = tmp_path / "state"
    killed(state)
    said = []
    for _ in range(3):
        rig = again(state)
        rig.writer.start()
        assert rig.writer.ready.wait(20)
        assert rig.writer.stop(20)
        said += rig.lines
    # Not that it was killed: a store that is found damaged after a clean stop has the same said of it.
    assert said == [
        ("info", "31 s of an earlier run of the daemon are not in the store, and come from the ring")
    ]
    spans = [frame.span[1:4] for content in rig.contents() for frame in content.frames]
    assert spans == [(0.0, 60.0, 60.0), (60.0, 91.0, 31.0)]
    assert rig.total() == 1 + 31
    assert rig.events() == ["agent.recovered"]


def test_a_crash_in_the_midst_of_recovery_neither_doubles_nor_loses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    killed(state)
    rig = again(state)
    on_open(rig, monkeypatch, lambda store: monkeypatch.setattr(store, "flush", failing(store, 1)))
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    rig.writer.stop(20)
    after = again(state)
    after.writer.start()
    assert after.writer.ready.wait(20)
    assert after.writer.stop(20)
    assert after.total() == 1 + 31


def test_a_store_begun_anew_does_not_get_again_what_was_shipped(tmp_path: Path) -> None:
    killed(tmp_path / "state")
    (tmp_path / "state").rename(tmp_path / "away")
    rig = again(tmp_path / "state")
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    assert rig.writer.stop(20)
    assert [frame.span[1:3] for content in rig.contents() for frame in content.frames] == [(60.0, 91.0)]


def test_a_store_that_cannot_tell_what_it_has_costs_the_remains_and_not_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    killed(state)
    rig = again(state)
    on_open(rig, monkeypatch, lambda store: monkeypatch.setattr(store, "ended", lambda _: no_space()))
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    rig.number = 10
    rig.window()
    assert rig.writer.stop(20)
    assert rig.total() == 2
    assert rig.counted("outrider.store.errors") == 1


def on_open(rig: Rig, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Store], None]) -> None:
    """Have each store that the writer opens spoiled first."""
    real = rig._open

    def opened() -> Store:
        store = real()
        spoil(store)
        return store

    monkeypatch.setattr(rig.writer, "_open", opened)


def no_space() -> float:
    raise StoreFull("the disk is full; free space")
