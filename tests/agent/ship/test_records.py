"""Intervals of numbers behave as the sets they stand for."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ship.records import covered, is_block, minus, touching, union, within

SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 9)).map(lambda t: (t[0], t[0] + t[1])), max_size=8
)


def numbers(spans: list[tuple[int, int]]) -> set[int]:
    return {n for first, last in spans for n in range(first, last + 1)}


@given(SPANS)
def test_a_union_is_sorted_disjoint_and_not_adjoining(spans: list[tuple[int, int]]) -> None:
    joined = union(spans)
    assert numbers(joined) == numbers(spans)
    assert all(left[1] + 1 < right[0] for left, right in itertools.pairwise(joined))


@given(SPANS, SPANS)
def test_minus_and_within_are_difference_and_intersection(
    a: list[tuple[int, int]], b: list[tuple[int, int]]
) -> None:
    assert numbers(minus(a, b)) == numbers(a) - numbers(b)
    assert numbers(within(a, b)) == numbers(a) & numbers(b)


@given(SPANS, st.integers(0, 60), st.integers(0, 9))
def test_touching_is_the_intersection_with_one_interval(
    spans: list[tuple[int, int]], first: int, more: int
) -> None:
    touched = touching(union(spans), first, first + more)
    assert touched == within(spans, [(first, first + more)])


@given(SPANS, st.integers(0, 60), st.integers(0, 9))
def test_covered_means_every_number(spans: list[tuple[int, int]], first: int, more: int) -> None:
    assert covered(first, first + more, spans) == (set(range(first, first + more + 1)) <= numbers(spans))


@pytest.mark.parametrize(("first", "last"), [(0, 0), (5, 5), (0, 7), (8, 15), (6, 7), (1024, 2047)])
def test_these_are_aligned_blocks(first: int, last: int) -> None:
    assert is_block(first, last)


@pytest.mark.parametrize(("first", "last"), [(1, 2), (0, 2), (4, 11), (7, 6), (-2, -1), (3, 6)])
def test_these_are_none(first: int, last: int) -> None:
    assert not is_block(first, last)


@given(st.integers(0, 12), st.integers(0, 99), st.integers(0, 12), st.integers(0, 99))
def test_two_blocks_are_nested_or_disjoint(k: int, i: int, j: int, m: int) -> None:
    a = set(range(i << k, (i + 1) << k)) if k < 8 else set(range((i % 3) << k, (i % 3 + 1) << k))
    b = set(range(m << j, (m + 1) << j)) if j < 8 else set(range((m % 3) << j, (m % 3 + 1) << j))
    assert not a & b or a <= b or b <= a
