"""Distinct values: exact while few, near enough when many, the same in any order and on any device."""

from __future__ import annotations

from itertools import filterfalse
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.distinct import EXACT, REGISTERS, Distinct, identity, of_columns, of_numbers, of_texts


def made(*columns: list[float]) -> Distinct:
    found = Distinct()
    for column in columns:
        found.add(of_numbers(np.array(column, np.float64)))
    return found


@given(st.lists(st.floats(allow_nan=True), max_size=60))
def test_few_are_counted_exactly(values: list[float]) -> None:
    found = made(values, values[::2])
    assert found.exact
    assert found.count == len(set(filterfalse(isnan, values)))


@given(
    st.lists(st.lists(st.floats(allow_nan=True), min_size=3, max_size=3), max_size=5),
    st.sampled_from([1, 7, 6000]),
)
def test_columns_have_the_hashes_that_each_has_by_itself(columns: list[list[float]], times: int) -> None:
    made_of = [np.tile(np.array(column, np.float64), times) for column in columns]
    due = [of_numbers(column).tolist() for column in made_of]
    assert [hashes.tolist() for hashes in of_columns(made_of)] == due


@pytest.mark.parametrize("count", [EXACT + 1, 1_000, 5_000, 10_000, 100_000, 1_000_000])
def test_many_are_counted_within_a_few_hundredths(count: int) -> None:
    errors = []
    for start in range(5):
        found = Distinct()
        values = np.arange(count, dtype=np.float64) + start * 7.5e6
        for part in np.array_split(np.concatenate((values, values[::3])), 7):
            found.add(of_numbers(part))
        assert not found.exact
        errors.append(found.count / count - 1)
    assert max(map(abs, errors)) < 0.07
    assert abs(sum(errors)) / 5 < 0.035


@given(st.integers(0, 600), st.integers(0, 600), st.integers(0, 600))
def test_merging_is_adding(a: int, b: int, overlap: int) -> None:
    one, two = list(map(float, range(a))), [float(n + overlap) for n in range(b)]
    merged = made(one)
    merged.merge(made(two))
    assert merged.encoded() == made(one, two).encoded() == made(two, one).encoded()


def test_merging_changes_only_the_first() -> None:
    small, large = made([1.0]), made(list(map(float, range(1000))))
    before = large.encoded()
    small.merge(large)
    small.add(of_numbers(np.arange(5000.0)))
    assert large.encoded() == before


def test_texts_are_the_same_everywhere() -> None:
    found = Distinct()
    found.add(of_texts(["a", "b", "a", "\udc80"]))
    assert found.count == 3
    assert identity("outrider") == 0x2B499B0DD8AE89F2


@pytest.mark.parametrize("count", [0, 3, EXACT, EXACT + 1, 5000])
def test_it_survives_as_bytes(count: int) -> None:
    one = made(list(map(float, range(count))))
    data = one.encoded()
    assert len(data) <= REGISTERS + 1
    assert Distinct.decoded(data).encoded() == data
    assert Distinct.decoded(data).count == one.count


@pytest.mark.parametrize(
    "data", [b"", b"x", b"h1234", b"h" + bytes(8 * EXACT + 8), b"r", b"r" + b"\xff" * REGISTERS]
)
def test_what_is_no_set_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no set of distinct values"):
        Distinct.decoded(data)
