"""Since when a feature drifts, and where its values lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.logs.measures import Inputs, Known
from agent.stats.baseline import Feature
from agent.stats.frame import Event
from agent.stats.standard import Standard
from agent.stats.topk import Top
from agent.view.inputs import Input, frequent, inputs, numbers, since, usual

PSI, KS = ("x", "population_stability"), ("x", "kolmogorov_smirnov")


def turned(at: float, drifted: str, version: str = "1", feature: str = "x") -> Event:
    about = (("feature", feature), ("drifted", drifted), ("model.version", version))
    return Event("b", at, 0.0, "model.drift", about, "")


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), max_size=20))
def test_it_drifts_since_the_first_of_the_last_windows_without_a_pause(
    scores: list[tuple[float, float]],
) -> None:
    drifts = {
        key: [(float(n), pair[at]) for n, pair in enumerate(scores)] for at, key in enumerate((PSI, KS))
    }
    found = since(drifts, (), "x", "1")
    run = 0
    while run < len(scores) and max(scores[len(scores) - 1 - run]) > 1:
        run += 1
    assert found == (float(len(scores) - run) if run else None)
    assert since(drifts, (), "y", "1") is None


def test_an_event_tells_it_to_the_second() -> None:
    drifts = {PSI: [(0.0, 0.5), (60.0, 2.0)]}
    assert since(drifts, [turned(119.0, "true")], "x", "1") == 119.0
    assert since(drifts, [turned(119.0, "true", "2"), turned(3.0, "true", feature="y")], "x", "1") == 60.0
    assert since({}, [turned(119.0, "true")], "x", "1") == 119.0
    assert since({}, [turned(5.0, "true"), turned(9.0, "false")], "x", "1") is None
    assert since({}, [turned(5.0, "1")], "x", "1") is None


def test_what_drifted_in_the_first_verdict_that_is_known_may_drift_for_longer() -> None:
    for points, longer in (([(0.0, 2.0), (60.0, 2.0)], True), ([(0.0, 0.5), (60.0, 2.0)], False)):
        (found,) = inputs(Known(), {}, {PSI: points}, {"x": since({PSI: points}, (), "x", "")})
        assert found.longer is longer
    (told,) = inputs(Known(), {}, {PSI: [(60.0, 2.0)]}, {"x": 59.0})
    assert not told.longer


def test_where_numbers_lie_is_in_their_own_unit() -> None:
    standard = Standard(300.0, 5.0)
    values = np.random.default_rng(1).normal(310, 5, 10_000)
    found = usual(standard, standard.histogram(values))
    assert found is not None
    assert found.median == pytest.approx(310, abs=1.0)
    assert found.spread == pytest.approx(5, rel=0.3)
    assert usual(standard, standard.histogram(np.empty(0))) is None


def test_numbers_are_by_the_standard_of_the_baseline_else_the_most() -> None:
    one, two = Standard(0.0, 1.0), Standard(5.0, 1.0)
    few, many = one.histogram(np.ones(3)), two.histogram(np.ones(9))
    seen = Inputs({one: few, two: many})
    assert numbers(seen, Feature(few, one)) == (one, few)
    assert numbers(seen, None) == (two, many)
    assert numbers(Inputs(), None) is None


def test_a_feature_that_is_only_expected_is_there_without_values() -> None:
    (found,) = inputs(Known(), {"site": Feature(Top({"a": 3, "b": 1}))}, {})
    assert found == Input("site", 0, known=(("a", 0.75), ("b", 0.25)))
    assert found.drifted is None
    assert found.missing is None


def test_scores_are_those_of_the_last_window_the_worst_first() -> None:
    drifts = {PSI: [(0.0, 9.0), (60.0, 0.2)], KS: [(60.0, 0.4)], ("x", "outside"): [(0.0, 7.0)]}
    (found,) = inputs(Known(), {}, drifts)
    assert list(found.scores.items()) == [("kolmogorov_smirnov", 0.4), ("population_stability", 0.2)]
    assert found.drifted is False


def test_the_most_frequent_are_few() -> None:
    assert frequent(Top({"a": 1, "b": 2, "c": 3, "d": 4}, 10)) == (("d", 0.2), ("c", 0.15), ("b", 0.1))
