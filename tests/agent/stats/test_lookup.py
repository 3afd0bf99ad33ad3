"""Numbers by ids: what a dictionary gives, over parts that are merged and numbers that are forgotten."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.lookup import FEW, Lookup

IDS = st.lists(st.integers(0, 30), max_size=8)


@given(st.lists(st.tuples(IDS, st.integers(0, 12)), max_size=12))
def test_the_newest_number_of_an_id_is_found_as_long_as_it_stays(steps: list[tuple[list[int], int]]) -> None:
    lookup, due, count, least = Lookup(), dict[int, int](), 0, 0
    everyone = np.arange(32, dtype=np.uint64)
    for ids, leave in steps:
        numbers = np.arange(count, count + len(ids), dtype=np.int64)
        lookup.add(np.array(ids, np.uint64), numbers, least)
        due |= dict(zip(ids, numbers.tolist(), strict=True))
        count += len(ids)
        least = min(least + leave, count)
        expected = [due[each] if due.get(each, -1) >= least else -1 for each in range(32)]
        assert lookup.find(everyone, least).tolist() == expected


def test_many_are_found_and_old_ones_take_no_room() -> None:
    lookup, random = Lookup(), np.random.default_rng(1)
    ids = random.permutation(20 * FEW).astype(np.uint64)
    for start in range(0, len(ids), 1000):
        part = ids[start : start + 1000]
        lookup.add(part, np.arange(start, start + len(part), dtype=np.int64), max(0, start - FEW))
    least = len(ids) - 3 * FEW
    found = lookup.find(ids, least)
    assert (found[:least] == -1).all()
    assert found[len(ids) - FEW :].tolist() == list(range(len(ids) - FEW, len(ids)))
    assert len(lookup._large.ids) + len(lookup._small.ids) < 4 * FEW
