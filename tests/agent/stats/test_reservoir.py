"""Samples: fair whatever the order and the merging, so that counts come back without bias, within bounds."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.reservoir import Edge, Item, Sampled, Stratum, estimated, halved, merged, samples

SCORES = st.lists(st.integers(0, 20), max_size=30)


def sampled(random: Random, records: list[tuple[str, int]], most: int, edge: int) -> Sampled:
    """What is kept of records (stratum, score), those at the edge first."""
    items = [Item(random.random(), stratum, (stratum, score), score) for stratum, score in records]
    kept, others = Edge(edge).plus(items)
    strata = {}
    for name in {stratum for stratum, _ in records}:
        mine = [item for item in others if item.stratum == name]
        strata[name] = Stratum(most).plus(mine, len(mine))
    return Sampled(strata, {"slowest": kept})


def population(random: Random) -> list[tuple[str, int]]:
    """Records of a frequent and a rare class; a score that depends on the class."""
    return [
        ("rare", random.randrange(50, 100)) if random.random() < 0.05 else ("often", random.randrange(80))
        for _ in range(1000)
    ]


def wanted(record: tuple[str, int]) -> bool:
    return record[1] % 3 == 0 or record[1] > 90


@pytest.mark.parametrize("devices", [1, 3])
def test_counts_come_back_without_bias_and_within_their_bounds(devices: int) -> None:
    random = Random(5)
    records = population(random)
    truth = sum(map(wanted, records))
    runs = 1000
    total = covered = 0.0
    for _ in range(runs):
        parts = [sampled(random, records[start::devices], 60, 5) for start in range(devices)]
        whole = parts[0]
        for part in parts[1:]:
            whole = merged(whole, part)
        found = estimated(whole, wanted)
        total += found.count
        covered += found.low <= truth <= found.high
    assert abs(total / runs / truth - 1) < 0.02
    assert 0.93 <= covered / runs <= 0.98


def test_each_record_is_as_likely_as_any_other_of_its_stratum() -> None:
    random = Random(6)
    records = [("a", number) for number in range(40)]
    seen: Counter[int] = Counter()
    for _ in range(2000):
        one = merged(sampled(random, records[:30], 6, 3), sampled(random, records[30:], 6, 3))
        seen.update(sample.record[1] for sample in samples(one) if not sample.edge)
    assert set(seen) == set(range(37))
    expected = 2000 * 6 / 37
    assert sum((n - expected) ** 2 / expected for n in seen.values()) < 70  # chi-square of 36 degrees, 0.06 %


@given(SCORES, SCORES, st.integers(1, 5), st.integers(1, 4), st.randoms(use_true_random=False))
def test_merging_counts_every_record_once(
    a: list[int], b: list[int], most: int, edge: int, random: Random
) -> None:
    records = [[("odd" if score % 2 else "even", score) for score in scores] for scores in (a, b)]
    whole = merged(*(sampled(random, part, most, edge) for part in records))
    found = list(samples(whole))
    assert sum(sample.weight for sample in found) == pytest.approx(len(a + b))
    assert sorted(s.record[1] for s in found if s.edge) == sorted(a + b)[-edge:] if a + b else not found
    assert all(len(stratum.items) == min(most, stratum.count) for stratum in whole.strata.values())


@given(SCORES, st.randoms(use_true_random=False))
def test_what_is_kept_whole_is_known_exactly(scores: list[int], random: Random) -> None:
    one = sampled(random, [("a", score) for score in scores], 30, 2)
    truth = sum(score > 10 for score in scores)
    assert estimated(one, lambda record: record[1] > 10) == (truth, truth, truth)


def test_less_of_one_is_less_of_the_sum() -> None:
    random = Random(7)
    few, many = (sampled(random, [("a", n) for n in range(100)], most, 5) for most in (4, 9))
    for whole in (merged(few, many), merged(many, few)):
        assert (whole.strata["a"].most, whole.strata["a"].count, len(whole.strata["a"].items)) == (4, 195, 4)


def test_halving_keeps_what_a_smaller_sample_would_have_kept() -> None:
    records = [("a", n) for n in range(50)] + [("b", n) for n in range(50)]
    large, small = sampled(Random(8), records, 8, 4), sampled(Random(8), records, 4, 4)
    assert halved(large, ["a", "b"]) == small
    less = halved(large, ["slowest"])
    assert len(less.edges["slowest"].items) == 2
    assert sum(sample.weight for sample in samples(less)) == pytest.approx(100)
    least = large
    for _ in range(10):
        least = halved(least, ["a", "b", "slowest"])
    assert len(list(samples(least))) == 3
    assert large.strata["a"].most == 8


def test_of_equals_at_an_edge_the_first_stays() -> None:
    first, second, third = (Item(0.5, "a", name, 1.0) for name in ("first", "second", "third"))
    edge, displaced = Edge(2).plus([first, second, third])
    assert (edge.items, displaced) == ((first, second), (third,))
    assert edge.plus([third._replace(score=2.0)])[1] == (second,)


def test_bounds_stay_within_what_was_seen() -> None:
    stratum = Stratum(3, 10, tuple(Item(n / 10, "a", n) for n in range(3)))
    one = Sampled({"a": stratum, "empty": Stratum(3)}, {})
    everything, nothing = (
        estimated(one, lambda record: record >= 0),
        estimated(one, lambda record: record < 0),
    )
    assert (everything.count, everything.high, nothing.count, nothing.low) == (10, 10, 0, 0)
    assert everything.low >= 3
    assert nothing.high <= 7
