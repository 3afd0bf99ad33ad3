from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.measure import measured, quantile_of
from agent.stats.histogram import Histogram

FUNCTIONS = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999, "p05": 0.05}
VALUES = st.lists(st.floats(0.0, 1e9) | st.floats(-1e9, 0.0) | st.integers(-5, 5), min_size=1, max_size=300)


def exact(function: str, values: list[float]) -> float:
    """What a function makes of values, by sorting them."""
    if function == "mean":
        return math.fsum(values) / len(values)
    if function in ("min", "max"):
        return {"min": min, "max": max}[function](values)
    return sorted(values)[math.floor(FUNCTIONS[function] * (len(values) - 1))]


@pytest.mark.parametrize("function", [*FUNCTIONS, "mean", "min", "max"])
@given(VALUES)
def test_a_function_is_as_sorting_would_have_it(function: str, values: list[float]) -> None:
    made = measured(Histogram.of(values), quantile_of(function))
    assert made is not None
    relative, absolute = {"mean": (1e-6, 1e-6), "min": (0, 0), "max": (0, 0)}.get(function, (0.0109, 0))
    assert made == pytest.approx(exact(function, values), rel=relative, abs=absolute)


@given(VALUES)
def test_the_values_of_a_collector_are_as_their_histogram(values: list[float]) -> None:
    strange = [*values, math.nan, math.inf, None, "x", 10**400]
    assert measured(strange, 0.9) == measured(tuple(values), 0.9) == measured(Histogram.of(values), 0.9)


@pytest.mark.parametrize("function", ["p99", "mean", "max"])
@pytest.mark.parametrize("value", [None, [], (), Histogram(), Histogram(nonfinite=3), [math.nan], 5.0, "x"])
def test_without_values_there_is_nothing(function: str, value: object) -> None:
    assert measured(value, quantile_of(function)) is None


def test_of_few_values_a_high_quantile_is_not_the_largest_as_the_page_says() -> None:
    assert measured([1.0, 2.0], 0.99) == 1.0
    hundred = [float(n) for n in range(1, 101)]
    assert measured(hundred, 0.99) == pytest.approx(99.0, rel=0.0109)
    assert measured(hundred, 1.0) == 100.0
