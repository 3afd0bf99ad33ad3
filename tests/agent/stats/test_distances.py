"""Distances from counts: as scipy tells them of the same bins, and of the values themselves."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.stats.distances import (
    Bins,
    aligned,
    chi_square_quantile,
    grouped,
    jensen_shannon,
    kolmogorov_quantile,
    kolmogorov_smirnov,
    population_stability,
    wasserstein,
)
from agent.stats.histogram import Histogram
from agent.stats.standard import Standard
from tests.labelled import shuttle

COUNTS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=30)


def of_sensor(column: int) -> tuple[NDArray[np.float64], NDArray[np.float64], Bins]:
    """A sensor's normal readings and its anomalies, standardised, and their bins."""
    table = shuttle()
    normal, other = (table[table[:, -1] == anomaly, column] for anomaly in (0, 1))
    standard = Standard.of(normal)
    bins = aligned(standard.histogram(normal), standard.histogram(other))
    return standard.of_all(normal), standard.of_all(other), bins


sensors = pytest.mark.parametrize("column", range(9))


@pytest.mark.science
@sensors
def test_they_are_as_scipy_tells_them_of_the_same_bins(column: int) -> None:
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import entropy, wasserstein_distance

    bins = of_sensor(column)[2]
    p, q = np.array(bins.reference), np.array(bins.window)
    spread = np.ptp(bins.places)
    assert wasserstein(bins) == pytest.approx(
        wasserstein_distance(bins.places, bins.places, p, q), abs=1e-9 * spread
    )
    assert jensen_shannon(p.tolist(), q.tolist()) == pytest.approx(jensenshannon(p, q, 2), abs=1e-9)
    one, two = (np.array(group) + 0.5 for group in grouped(bins, 10))
    assert population_stability(*grouped(bins, 10)) == pytest.approx(entropy(one, two) + entropy(two, one))


@pytest.mark.science
@sensors
def test_the_largest_distance_is_as_scipy_tells_it_of_the_values(column: int) -> None:
    from scipy.stats import ks_2samp

    normal, other, bins = of_sensor(column)
    told = ks_2samp(normal, other).statistic
    assert kolmogorov_smirnov(bins.reference, bins.window) == pytest.approx(told, abs=0.02)
    assert kolmogorov_smirnov(bins.reference, bins.window) <= told + 1e-9


@pytest.mark.science
@pytest.mark.parametrize("shift", [0.1, 0.5, 1.0])
def test_of_a_shift_beside_a_large_mean_they_are_those_of_the_values(shift: float) -> None:
    from scipy.stats import ks_2samp, wasserstein_distance

    random = np.random.default_rng(4)
    one, two = random.normal(300, 1, 20_000), random.normal(300 + shift, 1, 20_000)
    standard = Standard(300.0, 1.0)
    bins = aligned(standard.histogram(one), standard.histogram(two))
    assert kolmogorov_smirnov(bins.reference, bins.window) == pytest.approx(
        ks_2samp(one, two).statistic, abs=0.002
    )
    assert wasserstein(bins) == pytest.approx(wasserstein_distance(one, two), abs=0.01)


@pytest.mark.science
@pytest.mark.parametrize("probability", [0.95, 0.99, 0.9967])
def test_quantiles_are_as_scipy_tells_them(probability: float) -> None:
    from scipy.stats import chi2, kstwobign

    for degrees in range(1, 40):
        assert chi_square_quantile(probability, degrees) == pytest.approx(
            chi2.ppf(probability, degrees), rel=0.01
        )
    assert kolmogorov_quantile(probability) == pytest.approx(kstwobign.ppf(probability), rel=1e-3)


@given(COUNTS)
def test_they_are_symmetric_and_zero_of_the_same(pairs: list[tuple[int, int]]) -> None:
    one, two = ([pair[side] for pair in pairs] for side in (0, 1))
    for distance in (kolmogorov_smirnov, population_stability, jensen_shannon):
        assert distance(one, two) == pytest.approx(distance(two, one), abs=1e-9)
        assert distance(one, one) == pytest.approx(0, abs=1e-7)
        assert 0 <= distance(one, two) < inf
    assert max(kolmogorov_smirnov(one, two), jensen_shannon(one, two)) <= 1 + 1e-9


def test_the_disjoint_are_as_far_apart_as_can_be() -> None:
    bins = Bins((1.0, 2.0, 4.0), (5, 0, 0), (0, 0, 7))
    assert kolmogorov_smirnov(bins.reference, bins.window) == 1
    assert jensen_shannon(bins.reference, bins.window) == 1
    assert wasserstein(bins) == 3


@given(st.lists(st.floats(-1e6, 1e6)), st.lists(st.floats(-1e6, 1e6)), st.integers(-2, 5))
def test_aligned_bins_have_every_value_in_order(a: list[float], b: list[float], scale: int) -> None:
    one, two = Histogram.of(a), Histogram.of(b, scale)
    bins = aligned(one, two)
    assert (sum(bins.reference), sum(bins.window)) == (len(a), len(b))
    assert list(bins.places) == sorted(set(bins.places))


@given(COUNTS, st.integers(1, 12))
def test_groups_have_every_value_in_order(pairs: list[tuple[int, int]], groups: int) -> None:
    bins = Bins(tuple(map(float, range(len(pairs)))), *zip(*pairs, strict=True))
    one, two = grouped(bins, groups)
    assert len(one) == len(two) <= groups
    assert (sum(one), sum(two)) == (sum(bins.reference), sum(bins.window))


def test_groups_have_alike_much_of_the_reference() -> None:
    bins = Bins(tuple(map(float, range(100))), (3,) * 100, tuple(range(100)))
    one, two = grouped(bins, 10)
    assert one == [30] * 10
    assert two == [sum(range(start, start + 10)) for start in range(0, 100, 10)]
