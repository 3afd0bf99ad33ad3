"""What is known of a model survives being kept and added up as windows of ordinary series."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.logs import measures
from agent.logs.measures import Info, added, known
from agent.logs.windows import Windows, grown
from agent.stats.baseline import Feature
from agent.stats.outcomes import calibrations, confusions, errors, ranks
from agent.stats.quality import Errors, classified
from agent.stats.standard import Standard
from agent.stats.topk import Top
from agent.stats.window import Gauge
from collectors.api import Attributes, Series

MODEL: Attributes = (("log.name", "api"), ("model.name", "iris"), ("model.version", "1"))
NAMES = ("a", "b", "c > d")
CELLS = np.zeros(0, np.int64)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 10_000)), min_size=1),
    st.integers(),
)
def test_quality_is_that_of_all_pairs_however_they_are_cut(
    rows: list[tuple[int, int, int]], cut: int
) -> None:
    def windows(part: list[tuple[int, int, int]]) -> Windows:
        truth, taken, confidence = np.array(part, np.int64).reshape(-1, 3).T
        cells, right = np.zeros(len(part), np.int64), truth == taken
        found: Windows = {}
        for confusion in confusions(cells, truth, taken, right, NAMES, other=-1).values():
            found |= measures.of_confusion(MODEL, confusion)
        for calibration in calibrations(cells, confidence / 10_000, right)[0].values():
            found |= measures.of_calibration(MODEL, calibration)
        for rank in ranks(cells, truth + 1, 3).values():
            found |= measures.of_ranks(MODEL, rank)
        return found

    at = cut % len(rows)
    one = known(windows(rows))[MODEL]
    two = known(added([windows(rows[:at]), windows(rows[at:])]))[MODEL]
    assert one.confusion == two.confusion
    assert one.ranks == two.ranks
    right = sum(truth == taken for truth, taken, _ in rows)
    assert classified(two.confusion).accuracy == right / len(rows)
    assert one.calibration is not None
    assert two.calibration is not None
    assert one.calibration.bins == two.calibration.bins
    assert two.calibration.brier == pytest.approx(one.calibration.brier)


@given(
    st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=1),
    st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=1),
)
def test_errors_of_numbers_come_back(a: list[tuple[float, float]], b: list[tuple[float, float]]) -> None:
    def sums(rows: list[tuple[float, float]]) -> Errors:
        truth, predicted = np.array(rows).T
        return errors(np.zeros(len(rows), np.int64), truth, predicted, 5.0)[0][0]

    windows = added([measures.of_errors(MODEL, sums(a)), measures.of_errors(MODEL, sums(b))])
    [back] = known(windows)[MODEL].errors.values()
    assert back == pytest.approx(sums(a + b), abs=1e-6)


def test_features_labels_and_levels_come_back() -> None:
    standard = Standard(1 / 3, 0.1)
    values = standard.histogram(np.array([0.3, 0.4, 1.0]))
    windows: Windows = {
        **measures.of_numbers(MODEL, "temp", standard, values),
        measures.series(measures.FAULTS, MODEL, "temp", "missing"): grown(2, 2.0),
        measures.series(measures.CATEGORIES, MODEL, "site"): Top({"x": 2}),
        measures.series(measures.LABELS, MODEL, "joined"): grown(3, 3.0),
        measures.series(measures.DRIFT, MODEL, "temp", "missing"): Gauge(1, 2.5, 2.5, 2.5, 2.5),
        measures.series(measures.TOGETHER, MODEL): Top({"temp, site": 1}),
    }
    found = known(windows)[MODEL]
    assert found.features["temp"] == ({standard: values}, None, {"missing": 2})
    assert found.features["site"].categories == Top({"x": 2})
    assert found.labels == {"joined": 3}
    assert found.levels == {("model.drift", "temp", "missing"): 2.5}
    assert found.together == Top({"temp, site": 1})
    assert found.calibration is None


def test_what_comes_from_elsewhere_and_is_none_of_ours_is_left_out() -> None:
    strange: Windows = {
        Series("model.confusion", "", "counter", (("label", "a"),)): grown(1, 1.0),
        Series("model.confusion", "", "top", ()): Top({"a": 1}),
        Series("model.label.rank", "", "top", ()): Top({"²": 1, "-1": 1, "1e9": 1, "2": 1}),
        measures.series(measures.NUMBERS, (), "x", "nan", "1"): Standard().histogram(np.array([1.0])),
        measures.series(measures.SPREAD, (), "infinite"): grown(1, math.inf),
        Series("system.cpu.utilization", "1", "gauge", ()): Gauge(1, 1.0, 1.0, 1.0, 1.0),
    }
    found = known(strange)[()]
    assert found.confusion == {}
    assert found.ranks == {2: 1}
    assert found.errors == {}
    assert found.features["x"].numbers == {}


CATEGORIES = st.dictionaries(st.text(min_size=1, max_size=8), st.integers(1, 1000), max_size=64)
FINITE = st.floats(-1e6, 1e6)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.one_of(
            st.builds(
                lambda values, center, spread, missing: Feature(
                    Standard(center, spread).histogram(np.array(values)), Standard(center, spread), missing
                ),
                st.lists(FINITE, min_size=1, max_size=50), FINITE, st.floats(1e-6, 1e6), st.integers(0, 99),
            ),
            st.builds(
                lambda counts, other, missing: Feature(Top(counts, other), missing=missing),
                CATEGORIES, st.integers(0, 99), st.integers(0, 99),
            ),
        ),
        max_size=5,
    )
)  # fmt: skip
def test_a_baseline_comes_back_and_is_none_of_the_windows(features: dict[str, Feature]) -> None:
    windows = measures.of_baseline(MODEL, features)
    assert measures.baseline_of(windows) == ({MODEL: features} if features else {})
    assert known(windows) == {}


def test_of_many_categories_of_a_baseline_the_most_frequent_keep_their_counts() -> None:
    counts = {f"c{n}": n for n in range(1, 101)}
    told = measures.of_baseline(MODEL, {"site": Feature(Top(counts, 7))})
    values = measures.baseline_of(told)[MODEL]["site"].values
    assert isinstance(values, Top)
    assert values.counts == {f"c{n}": n for n in range(37, 101)}
    assert values.seen == sum(counts.values()) + 7


def test_who_tells_of_a_model_and_what_serves_it_comes_back() -> None:
    windows = {*measures.of_info(MODEL, ("api", "labels"), "uvicorn"), Series("model.info", "1", "gauge", ())}
    assert measures.info_of(windows) == {"iris": Info(("api", "labels"), "uvicorn")}
    assert measures.info_of(measures.of_info(MODEL, (), "")) == {"iris": Info((), "")}
