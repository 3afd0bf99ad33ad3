"""A baseline from values that stream by: what all of them at once would give."""

from __future__ import annotations

import numpy as np
import pytest

from agent.stats.drift import judged
from agent.stats.learning import PILOT, Learning
from agent.stats.standard import Standard
from agent.stats.topk import Top
from tests.labelled import shuttle


@pytest.mark.science
def test_real_columns_are_counted_exactly_in_parts_of_any_size() -> None:
    table = np.random.default_rng(1).permutation(shuttle())
    for sizes in (1000, 7777, len(table)):
        learning = Learning()
        for start in range(0, len(table), sizes):
            for column in range(9):
                learning.numbers(f"f{column}", table[start : start + sizes, column])
        found = learning.baseline("shuttle", "1", 0.0)
        for column in range(9):
            feature = found.features[f"f{column}"]
            expected = feature.standard.histogram(table[:, column])
            assert feature.values == expected._replace(total=feature.seen.values.total)  # type: ignore[union-attr]
            assert feature.seen.values.total == pytest.approx(expected.total)  # type: ignore[union-attr]
            if sizes < PILOT:
                first = table[: -(-PILOT // sizes) * sizes, column]
                assert feature.standard == Standard.of(first)


def test_a_few_values_are_settled_when_asked_for_and_more_may_come() -> None:
    learning = Learning()
    learning.numbers("x", np.array([1.0, 2.0, 3.0, np.nan]))
    first = learning.baseline("m", "1", 0.0).features["x"]
    learning.numbers("x", np.array([4.0, np.inf]))
    learning.missing("x", 5)
    then = learning.baseline("m", "1", 0.0).features["x"]
    assert (first.seen.count, first.missing) == (3, 1)
    assert (then.seen.count, then.missing) == (4, 7)
    assert first.standard == then.standard == Standard.of(np.array([1.0, 2.0, 3.0]))


def test_a_known_standard_is_used() -> None:
    learning = Learning({"x": Standard(300.0, 2.0)})
    learning.numbers("x", np.array([302.0]))
    feature = learning.baseline("m", "1", 0.0).features["x"]
    assert feature.standard == Standard(300.0, 2.0)
    assert feature.extent == (302.0, 302.0)


def test_categories_add_up_and_those_without_a_name_are_missing() -> None:
    learning = Learning()
    learning.categories("c", [("de", 3), ("", 2)])
    learning.categories("c", [("de", 1), ("fr", 1)])
    learning.missing("c", 1)
    feature = learning.baseline("m", "1", 0.0).features["c"]
    assert (feature.values, feature.missing) == (Top({"de": 4, "fr": 1}), 3)


def test_the_first_column_decides_the_kind() -> None:
    learning = Learning()
    learning.numbers("n", np.array([1.0]))
    learning.categories("n", [("seven", 4), ("", 1)])
    learning.categories("c", [("de", 2)])
    learning.numbers("c", np.array([1.0, np.nan]))
    learning.missing("unknown", 3)
    features = learning.baseline("m", "1", 0.0).features
    assert (features["n"].seen.count, features["n"].missing) == (1, 5)
    assert (features["c"].values, features["c"].missing) == (Top({"de": 2}), 2)
    assert set(features) == {"n", "c"}


def test_too_many_and_too_long_ones_are_counted_only() -> None:
    learning = Learning(most=2)
    for name in ("a", "b", "c", "a", "c"):
        learning.numbers(name, np.array([1.0]))
    learning.categories("x" * 129, [("de", 1)])
    assert set(learning.baseline("m", "1", 0.0).features) == {"a", "b"}
    assert learning.refused == 3


def test_what_was_learnt_does_not_drift_from_itself() -> None:
    random = np.random.default_rng(2)
    learning = Learning()
    learning.numbers("x", random.normal(300, 1, 10_000))
    feature = learning.baseline("m", "1", 0.0).features["x"]
    for mean, drifted in ((300, False), (301, True)):
        window = feature.standard.histogram(random.normal(mean, 1, 1000))
        assert judged(feature.seen, feature.seen._replace(values=window)).drifted is drifted
