"""Classic histograms are put together from their samples, if these do not contradict each other."""

from __future__ import annotations

from math import inf, nan

import pytest

from collectors.endpoints.exposition import read
from collectors.endpoints.points import MOST_BUCKETS, Buckets, buckets_of, classic


def test_histograms_by_labels() -> None:
    body = b"""
h_bucket{m="a",le="1"} 2
h_bucket{m="b",le="+Inf"} 9
h_bucket{m="a",le="+Inf"} 5
h_bucket{m="a",le="0.5"} 1
h_sum{m="a"} 7.5
h_count{m="a"} 5
"""
    found = dict(classic(read(body, lambda _: True), "h"))
    assert found == {
        (("m", "a"),): Buckets((0.5, 1.0, inf), (1, 1, 3), 7.5),
        (("m", "b"),): Buckets((inf,), (9,), None),
    }


def test_the_count_stands_for_the_bucket_without_a_bound() -> None:
    assert buckets_of({1.0: 2.0}, 1.0, 5.0) == Buckets((1.0, inf), (2, 3), 1.0)


@pytest.mark.parametrize(
    "cumulative",
    [{}, {1.0: 2.0}, {1.0: 3.0, inf: 2.0}, {1.0: -1.0, inf: 2.0}, {1.0: 0.5, inf: 2.0}, {inf: nan},
     {inf: inf}, {inf: 1e17}, {nan: 1.0, inf: 2.0}, {-inf: 1.0, inf: 2.0},
     {float(n): 0.0 for n in range(MOST_BUCKETS)} | {inf: 0.0}],
)  # fmt: skip
def test_what_contradicts_itself_is_none(cumulative: dict[float, float]) -> None:
    assert buckets_of(cumulative, 1.0, None) is None


def test_a_sum_that_is_no_number_is_not_known() -> None:
    found = buckets_of({inf: 1.0}, nan, None)
    assert found is not None
    assert found.total is None


def test_a_bound_that_is_none() -> None:
    page = read(b'h_bucket{le="x"} 1\nh_bucket{le="+Inf"} 1\n', lambda _: True)
    assert list(classic(page, "h")) == [((), None)]
