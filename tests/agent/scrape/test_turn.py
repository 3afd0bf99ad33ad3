"""Totals between two looks: growth, restarts, what is new and what was away."""

from __future__ import annotations

from math import inf

from agent.scrape.turn import NUMBERS, PROCESSES, Grown, GrownBuckets, Look, Turn, grown
from collectors.endpoints.points import Buckets, Key

A: Key = ("a", ())
B: Key = ("b", (("x", "1"),))


def looked(turn: Turn, born: float | None, at: float, **totals: float) -> dict[str, Grown | None]:
    """One whole look at these totals, `at` on both clocks."""
    look = turn.look(born, at, at)
    found = {name: look.total((name, ()), value) for name, value in totals.items()}
    look.end(whole=True)
    return found


def test_the_first_look_is_what_later_ones_are_compared_with() -> None:
    turn = Turn()
    assert looked(turn, None, 1.0, a=7.0) == {"a": None}
    assert looked(turn, None, 2.0, a=9.5) == {"a": Grown(2.5, reset=False)}
    assert looked(turn, None, 3.0, a=9.5) == {"a": Grown(0.0, reset=False)}


def test_a_total_that_falls_began_anew() -> None:
    turn = Turn()
    looked(turn, None, 1.0, a=100.0)
    assert looked(turn, None, 2.0, a=4.0) == {"a": Grown(4.0, reset=True)}


def test_what_appears_between_two_looks_is_new() -> None:
    turn = Turn()
    looked(turn, None, 1.0, a=1.0)
    assert looked(turn, None, 2.0, a=1.0, b=3.0)["b"] == Grown(3.0, reset=False)


def test_what_appears_after_a_page_that_was_not_whole_may_be_old() -> None:
    turn = Turn()
    looked(turn, None, 1.0, a=1.0)
    look = turn.look(None, 2.0, 2.0)
    look.total(A, 1.0)
    look.end(whole=False)
    assert looked(turn, None, 3.0, a=2.0, b=30.0) == {"a": Grown(1.0, reset=False), "b": None}
    assert looked(turn, None, 4.0, a=2.0, b=31.0)["b"] == Grown(1.0, reset=False)


def test_what_was_away_is_not_counted_again() -> None:
    turn = Turn()
    looked(turn, None, 1.0, a=1.0, b=50.0)
    looked(turn, None, 2.0, a=1.0)
    assert looked(turn, None, 3.0, a=1.0, b=52.0)["b"] == Grown(2.0, reset=False)


def test_a_new_process_counts_from_zero_even_beyond_the_old_totals() -> None:
    turn = Turn()
    looked(turn, 100.0, 200.0, a=10.0)
    assert looked(turn, 205.5, 215.0, a=12.0) == {"a": Grown(12.0, reset=False)}
    assert turn.look(205.5, 230.0, 230.0).since == 215.0


def test_workers_behind_one_port_count_for_themselves() -> None:
    turn = Turn()
    looked(turn, 100.0, 200.0, a=10.0)
    assert looked(turn, 100.5, 215.0, a=400.0) == {"a": None}, "it is older than the last look"
    assert looked(turn, 100.0, 230.0, a=11.0) == {"a": Grown(1.0, reset=False)}
    assert looked(turn, 100.5, 245.0, a=405.0) == {"a": Grown(5.0, reset=False)}


def test_since_when_a_total_grew() -> None:
    turn = Turn()
    assert turn.look(None, 1.0, 1.0).since is None
    assert turn.look(None, 9.0, 9.0).since == 1.0
    other = Turn()
    other.look(50.0, 100.0, 100.0)
    assert other.look(110.0, 115.0, 115.0).since == 100.0, "a new process began after the last look"


def test_one_key_may_be_asked_twice() -> None:
    turn = Turn()
    looked(turn, None, 1.0, a=1.0)
    look = turn.look(None, 2.0, 2.0)
    assert look.total(A, 4.0) == look.total(A, 4.0) == Grown(3.0, reset=False)


def test_processes_are_bounded() -> None:
    turn = Turn()
    for n in range(3 * PROCESSES):
        looked(turn, float(n), 1000.0 + n, a=1.0)
    assert looked(turn, 0.0, 2000.0, a=9.0) == {"a": None}, "it was forgotten"


def test_what_was_seen_last_is_remembered() -> None:
    turn = Turn()
    for n in range(4):
        look = turn.look(None, float(n), float(n))
        for at in range(NUMBERS // 2):
            look.total((f"{n}.{at}", ()), 1.0)
        look.end(whole=True)
    look = turn.look(None, 5.0, 5.0)
    assert look.total(("1.0", ()), 5.0) is None, "what was forgotten is not taken for new"
    assert look.total(("2.0", ()), 5.0) == Grown(4.0, reset=False)
    assert look.total(("3.0", ()), 5.0) == Grown(4.0, reset=False)


def test_a_histogram_takes_the_room_of_its_buckets() -> None:
    turn, bounds = Turn(), tuple(float(n) for n in range(NUMBERS // 4))
    for n in range(6):
        look = turn.look(None, float(n), float(n))
        look.buckets((f"h{n}", ()), Buckets(bounds, (0,) * len(bounds), 0.0))
        look.end(whole=True)
    assert [len(each.totals) for each in turn._processes.values()] == [4]


def histogram(
    *counts: int, total: float | None = 1.0, bounds: tuple[float, ...] = (1.0, 2.0, inf)
) -> Buckets:
    return Buckets(bounds, counts, total)


def test_histograms_grow_by_bucket() -> None:
    found = grown(histogram(1, 2, 0, total=3.0), histogram(1, 4, 1, total=9.5))
    assert found == GrownBuckets(histogram(0, 2, 1, total=6.5), reset=False)


def test_a_histogram_began_anew_where_a_bucket_fell() -> None:
    now = histogram(6, 1, 0, total=7.0)
    assert grown(histogram(0, 5, 0), now) == GrownBuckets(now, reset=True)


def test_other_bounds_leave_nothing_to_compare() -> None:
    assert grown(histogram(1, 2, 0), histogram(4, 4, 0, bounds=(1.0, 3.0, inf))) is None


def test_a_sum_that_is_not_told_is_not_known() -> None:
    found = grown(histogram(1, 0, 0, total=None), histogram(2, 0, 0, total=4.0))
    assert found == GrownBuckets(histogram(1, 0, 0, total=None), reset=False)


def test_histograms_in_a_look() -> None:
    turn = Turn()
    first = turn.look(None, 1.0, 1.0)
    assert first.buckets(B, histogram(1, 1, 1)) is None
    first.end(whole=True)
    second: Look = turn.look(None, 2.0, 2.0)
    assert second.buckets(B, histogram(1, 1, 2, total=5.0)) == GrownBuckets(
        histogram(0, 0, 1, total=4.0), reset=False
    )
    new = histogram(3, 0, 0, total=2.0)
    assert second.buckets(A, new) == GrownBuckets(new, reset=False)
