"""Joining: every pair that fits exactly once, whatever comes first, is repeated, or crashes in between."""

from __future__ import annotations

import tracemalloc
from math import isnan, nan
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.stats.joining import Pairs, Side, Tally, Window
from collectors.logs.formats.hashes import request_of

HOUR = 3600.0


def identities(names: list[str]) -> np.ndarray:
    return np.array([request_of(name) for name in names], np.uint64)


def side(names: list[str], values: list[float], times: list[float] | None = None) -> Side:
    at = np.zeros(len(names)) if times is None else np.array(times, np.float64)
    return Side(identities(names), np.array(values, np.float64), at)


def said(names: list[str], values: list[float], confidence: list[float], groups: list[int]) -> Side:
    return side(names, values)._replace(confidence=np.array(confidence), groups=np.array(groups))


def pairs(found: Pairs) -> list[tuple[float, float]]:
    return list(zip(found.predicted.tolist(), found.truth.tolist(), strict=True))


class Stored(NamedTuple):
    """A store with one transaction: pieces, and how often each pair was counted."""

    pieces: dict[str, bytes]
    counted: dict[tuple[float, float], int]
    tallies: list[Tally]

    def keep(self, window: Window, found: list[tuple[float, float]]) -> None:
        for name, piece in window.changes().items():
            if piece is None:
                del self.pieces[name]
            else:
                self.pieces[name] = piece
        for pair in found:
            self.counted[pair] = self.counted.get(pair, 0) + 1
        self.tallies.append(window.tally)
        window.tally = Tally()
        window.saved()


@pytest.mark.parametrize("first", ["prediction", "truth"])
def test_a_pair_is_joined_whichever_comes_first(first: str) -> None:
    window = Window(100, HOUR)
    one = said(["a", "b", "c"], [1, 2, 3], [0.8, nan, 1.5], [7, 8, 9])._replace(
        times=np.array([5.0, 6.0, 7.0])
    )
    other = side(["c", "a", "x"], [30, 10, 99], [17.0, 15.0, 10.0])
    if first == "prediction":
        assert pairs(window.predictions(one, 20.0)) == []
        found = window.truths(other, 20.0)
    else:
        assert pairs(window.truths(other, 20.0)) == []
        found = window.predictions(one, 20.0)
    rows = sorted(zip(found.groups.tolist(), pairs(found), strict=True))
    assert rows == [(7, (1, 10)), (9, (3, 30))]
    assert sorted((found.told_at - found.predicted_at).tolist()) == [10, 10]
    assert sorted(found.confidence.tolist(), key=isnan) == pytest.approx([0.8, nan], nan_ok=True)
    assert window.tally == Tally(joined=2)


def test_repetitions_are_counted_and_join_nothing() -> None:
    window = Window(100, HOUR)
    window.predictions(side(["a", "a", "b"], [1, 2, 3]), 0.0)
    assert pairs(window.truths(side(["a", "a", "x", "x"], [10, 11, 5, 6]), 1.0)) == [(1, 10)]
    assert pairs(window.truths(side(["a", "x"], [12, 7]), 2.0)) == []
    assert pairs(window.predictions(side(["a", "b", "x"], [4, 5, 6]), 3.0)) == [(6, 5)]
    assert window.tally == Tally(joined=2, repeated_predictions=3, repeated_truths=4)


def test_what_waits_too_long_leaves_and_is_counted() -> None:
    window = Window(100, 60.0)
    window.predictions(side(["a", "b", "c"], [1, 2, 3]), 0.0)
    window.truths(side(["c", "x"], [9, 8]), 30.0)
    window.expire(60.0)
    assert len(window) == 4
    window.expire(60.1)
    assert window.tally == Tally(joined=1, unlabelled=2)
    assert pairs(window.truths(side(["a"], [7]), 60.2)) == []
    window.expire(1000.0)
    assert window.tally == Tally(joined=1, unlabelled=2, unknown=2)
    assert len(window) == 0


def test_too_many_push_out_the_first_and_are_counted() -> None:
    window = Window(3, HOUR)
    window.predictions(side(["d", "c"], [1, 2]), 0.0)
    window.truths(side(["c"], [9]), 0.0)
    window.predictions(side(["b", "a", "z"], [3, 4, 5]), 0.0)
    assert len(window) == 3
    assert window.tally == Tally(joined=1, unlabelled=1, crowded=1)
    assert pairs(window.truths(side(["d", "b", "a"], [1, 2, 3]), 0.0)) == [(4, 3), (3, 2)]


def test_a_clock_that_goes_back_keeps_what_waits() -> None:
    window = Window(10, 60.0)
    window.predictions(side(["a"], [1]), 1000.0)
    assert pairs(window.truths(side(["a"], [2]), 10.0)) == [(1, 2)]
    assert window.tally == Tally(joined=1)


CHUNK = st.tuples(st.sampled_from("pt"), st.lists(st.integers(0, 12), max_size=6))


@settings(max_examples=300)
@given(st.lists(st.tuples(CHUNK, st.sampled_from(["", "save", "crash"])), max_size=25), st.integers(2, 8))
def test_a_crash_anywhere_neither_loses_nor_repeats_a_pair(
    steps: list[tuple[tuple[str, list[int]], str]], most: int
) -> None:
    """What was counted with a crash is what one that never crashed counted of the same input."""
    store, window = Stored({}, {}, []), Window(most, 10.0)
    straight, expected = Window(most, 10.0), dict[tuple[float, float], int]()
    unsaved: list[tuple[int, tuple[str, list[int]]]] = []
    found: list[tuple[float, float]] = []

    def taken(one: Window, at: int, chunk: tuple[str, list[int]]) -> list[tuple[float, float]]:
        kind, numbers = chunk
        rows = side([str(n) for n in numbers], [at * 100.0 + n for n in range(len(numbers))])
        return pairs((one.predictions if kind == "p" else one.truths)(rows, float(at)))

    for at, (chunk, then) in enumerate(steps):
        for pair in taken(straight, at, chunk):
            expected[pair] = expected.get(pair, 0) + 1
        unsaved.append((at, chunk))
        found += taken(window, at, chunk)
        if then == "crash":
            window = Window.restored(store.pieces, most, 10.0)
            found = [pair for number, again in unsaved for pair in taken(window, number, again)]
        elif then == "save":
            store.keep(window, found)
            unsaved, found = [], []
    store.keep(window, found)
    assert store.counted == expected
    assert tuple(map(sum, zip(*store.tallies, strict=True))) == straight.tally
    again = Window.restored(store.pieces, most, 10.0)
    assert len(again) == len(window)
    everyone = side([str(n) for n in range(13)], [0.0] * 13)
    now = float(len(steps))
    assert pairs(again.truths(everyone, now)) == pairs(window.truths(everyone, now))


def test_nothing_is_written_twice_and_what_is_obsolete_is_deleted() -> None:
    store, window = Stored({}, {}, []), Window(10_000, 60.0)
    for minute in range(20):
        now = minute * 30.0
        window.predictions(side([f"{minute}-{n}" for n in range(100)], [n % 10 for n in range(100)]), now)
        found = window.truths(side([f"{minute - 1}-{n}" for n in range(50)], [1.0] * 50), now)
        store.keep(window, pairs(found))
        assert window.changes() == {}
    assert len(store.pieces) <= 4
    assert max(map(len, store.pieces.values())) < 100 * 9.25 + 50 * 9.25 + 50 + 100
    window.expire(1e6)
    store.keep(window, [])
    assert store.pieces == {}
    assert len(Window.restored(store.pieces, 10, 10.0)) == 0


def test_without_room_joined_ones_are_left_out_and_then_all_waits() -> None:
    store, window = Stored({}, {}, []), Window(1000, HOUR)
    names = [str(n) for n in range(200)]
    window.predictions(side(names, [1.0] * 200), 0.0)
    window.truths(side(names[:150], [1.0] * 150), 0.0)
    assert window.changes(100) == {}
    window.saved()
    assert window.unsaved == 200
    whole, brief = window.changes()["0"], window.changes(1000)["0"]
    assert whole is not None
    assert brief is not None
    assert len(whole) > 1000 > len(brief)
    window.saved()
    assert window.unsaved == 0
    again = Window.restored({"0": brief}, 1000, HOUR)
    assert len(again) == 200
    found = again.truths(side(names, [2.0] * 200), 1.0)
    assert len(pairs(found)) == 50, "those that waited are joined, the others are strangers now"
    assert again.tally.repeated_truths == 0
    store.keep(window, [])
    assert window.changes() == {}


def test_what_waited_for_room_follows_with_what_came_since() -> None:
    window, pieces = Window(100, HOUR), dict[str, bytes]()
    for name, room in (("a", 1000), ("b", 0), ("c", 0), ("d", 1000)):
        window.predictions(side([name], [1]), 0.0)
        pieces |= {serial: piece for serial, piece in window.changes(room).items() if piece is not None}
        window.saved()
        again = Window.restored(pieces, 100, HOUR)
        assert len(again) == (1 if name in "abc" else 4)
    assert len(pairs(again.truths(side(list("abcd"), [1.0] * 4), 1.0))) == 4


def test_what_failed_to_be_stored_is_offered_again() -> None:
    window, pieces = Window(100, HOUR), dict[str, bytes]()
    window.predictions(said(["a"], [1], [0.5], [3]), 0.0)
    assert window.changes() == window.changes()
    window.truths(side(["a"], [2]), 1.0)
    window.predictions(side(["b"], [4]), 1.0)
    pieces |= {name: piece for name, piece in window.changes().items() if piece is not None}
    window.truths(side(["b"], [5]), 2.0)
    window.saved()
    assert len(Window.restored(pieces, 100, HOUR)) == 2
    pieces |= {name: piece for name, piece in window.changes().items() if piece is not None}
    again = Window.restored(pieces, 100, HOUR)
    assert pairs(again.truths(side(["a", "b"], [8, 9]), 3.0)) == []
    assert again.tally == Tally(repeated_truths=2)


def test_one_in_a_hundred_an_hour_late_with_crashes_in_between() -> None:
    random = np.random.default_rng(20)
    count, store, window = 20_000, Stored({}, {}, []), Window(50_000, 2 * HOUR)
    made_at = np.sort(random.uniform(0, HOUR, count))
    told_at = made_at + np.where(random.random(count) < 0.01, HOUR, random.exponential(5, count))
    names = [f"request-{n}" for n in range(count)]
    ids, order = identities(names), np.argsort(told_at)
    for minute in range(122):
        start, end = minute * 60.0, (minute + 1) * 60.0
        made = np.flatnonzero((made_at >= start) & (made_at < end))
        told = order[(told_at[order] >= start) & (told_at[order] < end)]
        for attempt in ("crashed", "kept"):
            if attempt == "kept" and minute % 7 == 0:
                window = Window.restored(store.pieces, 50_000, 2 * HOUR)
            elif attempt == "crashed" and minute % 7:
                continue
            values = made.astype(np.float64)
            found = pairs(window.predictions(Side(ids[made], values, made_at[made]), end))
            found += pairs(window.truths(Side(ids[told], told.astype(np.float64), told_at[told]), end))
        store.keep(window, found)
    assert store.counted == {(float(n), float(n)): 1 for n in range(count)}


def test_pieces_that_do_not_belong_together_are_refused() -> None:
    window, pieces = Window(100, HOUR), dict[str, bytes]()
    for name in "abc":
        window.predictions(side([name], [1]), 0.0)
        pieces |= {serial: piece for serial, piece in window.changes().items() if piece is not None}
        window.saved()
    assert len(Window.restored(pieces, 100, HOUR)) == 3
    with pytest.raises(ValueError, match="missing"):
        Window.restored({"0": pieces["0"], "2": pieces["2"]}, 100, HOUR)
    window.truths(side(["c"], [1]), 0.0)
    marks = window.changes()["3"]
    assert marks is not None
    with pytest.raises(ValueError, match="missing"):
        Window.restored({"3": marks}, 100, HOUR)
    with pytest.raises(ValueError):
        Window.restored({"not a number": marks}, 100, HOUR)


def test_without_room_those_that_left_are_forgotten() -> None:
    window = Window(100, 3600.0)

    def join(rounds: int) -> None:
        for at in range(rounds):
            ids = np.arange(at * 100, at * 100 + 100, dtype=np.uint64)
            one = Side(ids, np.zeros(100), np.zeros(100))
            window.predictions(one, 0.0)
            window.truths(one, 0.0)
            assert window.changes(0.0) == {}
            window.saved()

    join(20)
    tracemalloc.start()
    join(300)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 400_000
    assert window.changes().keys() == {"0"}
