"""Sampling by column: what single rows would give, few records made, unbiased over chunks and strata."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.reservoir import Sampled, estimated, samples
from agent.stats.sampling import OTHER, Sampling

NAMES = ["ok", "error", "rare"]


def taken(sampling: Sampling, strata: list[int], scores: dict[str, list[float]], at: int = 0) -> None:
    columns = {name: np.array(column, np.float64) for name, column in scores.items()}
    sampling.take(np.array(strata, np.int64), NAMES, columns, lambda row: at + row)


def made(seed: int = 1, **more: Any) -> Sampling:
    return Sampling(np.random.default_rng(seed), **{"most": 5, "strata": 8, **more})


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), max_size=20), max_size=5),
    st.integers(1, 4),
    st.integers(1, 3),
)
def test_every_row_is_counted_once_and_the_furthest_are_kept(
    chunks: list[list[tuple[int, int]]], most: int, edge: int
) -> None:
    sampling = made(most=most, edges={"slowest": edge})
    rows: list[tuple[int, int]] = []
    for chunk in chunks:
        scores = {"slowest": [float(score) for _, score in chunk]}
        taken(sampling, [number for number, _ in chunk], scores, len(rows))
        rows += chunk
    found = sampling.flush()
    kept = list(samples(found))
    assert len({sample.record for sample in kept}) == len(kept)
    assert all(rows[sample.record][0] == NAMES.index(sample.stratum) for sample in kept)
    furthest = sorted(range(len(rows)), key=lambda row: -rows[row][1])[:edge]
    assert [sample.record for sample in kept if sample.edge] == furthest
    for number, name in enumerate(NAMES):
        count = sum(own == number and row not in furthest for row, (own, _) in enumerate(rows))
        assert sum(s.weight for s in kept if s.stratum == name and not s.edge) == pytest.approx(count)
        assert sum(s.stratum == name and not s.edge for s in kept) == min(most, count)
    assert not list(samples(sampling.flush()))


def test_counts_come_back_without_bias() -> None:
    random = np.random.default_rng(9)
    strata = random.choice(3, 2000, p=[0.9, 0.08, 0.02])
    score = random.normal(size=2000) + strata
    truth = int(np.count_nonzero(score > 1))
    found = []
    for seed in range(1000):
        sampling = made(seed, most=40, own={"error": 80}, edges={"slowest": 10, "least": 5})
        for part in np.array_split(np.arange(2000), 3):
            scores = {"slowest": score[part], "least": -score[part]}
            sampling.take(strata[part], NAMES, scores, part.__getitem__)
        found.append(estimated(sampling.flush(), lambda row: bool(score[row] > 1)))
    assert abs(np.mean([each.count for each in found]) / truth - 1) < 0.02
    assert 0.93 <= np.mean([each.low <= truth <= each.high for each in found]) <= 0.98


def test_a_stratum_may_have_room_of_its_own() -> None:
    sampling = made(most=2, own={"error": 7})
    taken(sampling, [0, 1] * 20, {})
    assert {name: len(stratum.items) for name, stratum in sampling.flush().strata.items()} == {
        "ok": 2,
        "error": 7,
    }


def test_too_many_strata_are_one() -> None:
    sampling = made(strata=1)
    taken(sampling, [2, 1, 0], {})
    taken(sampling, [0, 2], {})
    assert {name: stratum.count for name, stratum in sampling.flush().strata.items()} == {"ok": 2, OTHER: 3}


def test_rows_that_are_at_no_edge_and_columns_that_nobody_asked_for() -> None:
    sampling = made(edges={"slowest": 3, "absent": 2})
    taken(sampling, [0, 0, 0], {"slowest": [float("nan"), 1.0, -np.inf], "unknown": [1.0, 2.0, 3.0]})
    found = sampling.flush()
    assert [item.record for item in found.edges["slowest"].items] == [1, 2]
    assert found.strata["ok"].count == 1
    assert not found.edges["absent"].items


def test_hardly_a_record_is_made_of_many_rows() -> None:
    sampling = made(most=10, edges={"slowest": 5})
    calls: list[int] = []
    random = np.random.default_rng(3)
    for _ in range(10):
        sampling.take(np.zeros(10_000, np.int64), NAMES, {"slowest": random.random(10_000)}, calls.append)
    assert len(calls) < 200
    found: Sampled = sampling.flush()
    assert found.strata["ok"].count == 99_995
