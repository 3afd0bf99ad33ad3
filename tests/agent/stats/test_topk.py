"""Misra-Gries: exact totals, counts within their bound, bounded memory."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.topk import CAP, KEY_LENGTH, Top

ITEMS = st.lists(st.tuples(st.sampled_from([f"v{n}" for n in range(12)]), st.integers(0, 9)), max_size=60)


def within_bounds(top: Top, items: list[tuple[str, int]], cap: int) -> bool:
    true: Counter[str] = Counter()
    for value, n in items:
        true[value] += n
    return (
        top.seen == sum(true.values())
        and len(top.counts) <= cap
        and all(n - top.other / (cap + 1) <= top.counts.get(value, 0) <= n for value, n in true.items())
        and all(n > 0 for n in top.counts.values())
    )


@given(ITEMS, st.integers(1, 5))
def test_totals_are_exact_and_counts_within_the_bound(items: list[tuple[str, int]], cap: int) -> None:
    assert within_bounds(Top.of(items, cap), items, cap)


@given(ITEMS, ITEMS, ITEMS, st.integers(1, 5))
def test_merging_keeps_the_bound_in_any_tree(
    a: list[tuple[str, int]], b: list[tuple[str, int]], c: list[tuple[str, int]], cap: int
) -> None:
    one, two, three = Top.of(a, cap), Top.of(b, cap), Top.of(c, cap)
    assert within_bounds(one.merged(two, cap).merged(three, cap), a + b + c, cap)
    assert within_bounds(one.merged(two.merged(three, cap), cap), a + b + c, cap)
    assert one.merged(two, cap) == two.merged(one, cap)


@given(ITEMS, ITEMS)
def test_below_the_cap_everything_is_exact(a: list[tuple[str, int]], b: list[tuple[str, int]]) -> None:
    merged = Top.of(a).merged(Top.of(b))
    assert merged == Top.of(a + b)
    assert merged.other == 0
    assert merged.merged(Top()) == merged == Top().merged(merged)


def test_a_frequent_value_survives_a_flood_of_rare_ones() -> None:
    flood = [(f"rare-{n}", 1) for n in range(20_000)]
    for n in range(0, 20_000, 10):
        flood[n] = ("often", 1)
    top = Top.of(flood)
    assert len(top.counts) <= CAP
    assert max(top.counts, key=top.counts.__getitem__) == "often"
    assert top.seen == 20_000


def test_merging_changes_neither() -> None:
    one, two = Top({"a": 1}, 2), Top({"a": 3}, 4)
    assert one.merged(two) == Top({"a": 4}, 6)
    assert (one, two) == (Top({"a": 1}, 2), Top({"a": 3}, 4))


def test_long_values_are_cut_and_count_together() -> None:
    top = Top.of([("x" * KEY_LENGTH + "a", 1), ("x" * KEY_LENGTH + "b", 2)])
    assert top == Top({"x" * KEY_LENGTH: 3}, 0)


def test_what_utf8_cannot_carry_is_replaced() -> None:
    assert Top.of([("\udc80é", 1)]) == Top({"?é": 1}, 0)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="must be at least 0"):
        Top.of([("a", -1)])
