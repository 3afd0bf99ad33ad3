"""Features of rows become windows; a reference is given or learned, and kept; drift is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agent.logs import measures
from agent.logs.measures import Known, added, known
from agent.logs.models.inputs import PILOT, VERSIONS, Found, Inputs
from agent.logs.models.reference import LEAST, Settings
from agent.logs.models.rows import Categories, Classes, Numbers, Rows
from agent.logs.windows import Windows
from agent.stats.baseline import Baseline, Feature
from agent.stats.feature import FINE, MISSING, TYPE
from agent.stats.standard import Standard
from agent.stats.topk import Top
from collectors.api import Attributes
from collectors.logs.formats.classes import NAMELESS

NOW = 1_800_000_000.0
OWNER: Attributes = (("log.name", "api"), ("model.name", "iris"), ("model.version", "1"))
RANDOM = np.random.default_rng(7)
SETTINGS = Settings(learn=600.0, window=60.0)


def inputs(**more: Any) -> Inputs:
    return Inputs("iris", SETTINGS, more.pop("ranges", {}), 300.0, **more)


def rows(
    numbers: Mapping[str, Sequence[float]] | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
    *,
    at: float = NOW,
    owner: Attributes = OWNER,
    codes: Mapping[str, Sequence[int]] | None = None,
    **more: Any,
) -> Rows:
    numbers, categories, codes = numbers or {}, categories or {}, codes or {}
    count = len(next(iter([*numbers.values(), *categories.values(), *more.values()])))

    def column(name: str, values: Sequence[float]) -> Numbers:
        array = np.array(values, np.float64)
        told = codes.get(name, np.where(np.isnan(array), MISSING, FINE))
        return Numbers(name, array, np.array(told, np.uint8))

    def classes(values: Sequence[str]) -> Classes:
        names = ["", *sorted(set(values) - {""})]
        return Classes(np.array([names.index(value) for value in values], np.int64), names)

    return Rows(
        np.full(count, at),
        np.zeros(count, np.int64),
        [(*owner, ("site", "a"))],
        np.zeros(count, np.bool_),
        numbers=tuple(column(name, values) for name, values in numbers.items()),
        categories=tuple(Categories(name, classes(values)) for name, values in categories.items()),
        **more,
    )


def told(one: Inputs, now: float = NOW) -> tuple[Windows, list[Found]]:
    minutes, found = one.flush(now)
    return added(minutes.values()), found


def of(windows: Windows) -> Known:
    return known(windows)[OWNER]


def normal(count: int, mean: float = 0.0) -> list[float]:
    return RANDOM.normal(mean, 1.0, count).tolist()


def test_the_first_values_tell_the_standard_and_are_counted() -> None:
    one = inputs()
    few = normal(PILOT // 2, 300.0)
    one.take(rows({"temp": few}), NOW)
    assert told(one)[0] == {}, "they are held back"
    one.take(rows({"temp": normal(PILOT, 300.0)}, at=NOW + 60), NOW + 60)
    windows, _ = told(one, NOW + 60)
    [(standard, values)] = of(windows).features["temp"].numbers.items()
    assert values.count == PILOT // 2 + PILOT
    assert abs(standard.center - 300.0) < 1
    one.take(rows({"temp": [300.0]}), NOW + 61)
    [(again, _)] = of(told(one, NOW + 61)[0]).features["temp"].numbers.items()
    assert again == standard


def test_what_is_wrong_with_values_is_counted() -> None:
    one = inputs(
        ranges={"temp": (0.0, 10.0)},
        given=baseline({"temp": normal(600), "hum": normal(600)}, {"site": "ab"}),
    )
    one.take(
        rows(
            {"temp": [1.0, *[np.nan] * 4, np.inf, 11.0], "hum": [0.5, np.nan, *[0.5] * 5]},
            {"site": ["a", "", "", "c", "a", "a", "a"]},
            codes={"temp": [FINE, MISSING, MISSING, TYPE, FINE, FINE, FINE]},
        ),
        NOW,
    )
    one_known = of(told(one)[0])
    assert one_known.features["temp"].faults == {"missing": 1, "type": 1, "nan": 1, "infinite": 1, "range": 1}
    assert one_known.features["site"].faults == {"unseen": 1, "missing": 1}, "one without any is no input"
    assert one_known.features["site"].categories == Top({"a": 4, "c": 1})
    assert one_known.together == Top({"temp, site": 1})


def test_features_that_are_missing_together_are_told() -> None:
    one = inputs()
    one.take(rows({"a": [1.0, np.nan], "b": [1.0, np.nan], "c": [1.0, 2.0]}), NOW)
    assert of(told(one)[0]).together == Top({"a, b": 1})


def baseline(numbers: Mapping[str, list[float]], categories: Mapping[str, str] | None = None) -> Baseline:
    features: dict[str, Feature] = {}
    for name, values in numbers.items():
        standard = Standard.of(np.array(values))
        features[name] = Feature(standard.histogram(np.array(values)), standard)
    for name, letters in (categories or {}).items():
        features[name] = Feature(Top.of((letter, 300) for letter in letters))
    return Baseline("iris", "", NOW, features)


def test_drift_from_a_given_baseline_is_told_when_it_turns() -> None:
    one = inputs(given=baseline({"temp": normal(5000), "hum": normal(5000)}))
    shipped = told(one)[1]
    one.take(rows({"temp": normal(1000), "hum": normal(1000)}), NOW)
    _, first = told(one, NOW + 1)
    assert [found.turn.frozen is not None for found in (*shipped, *first)] == [True], "it is shipped once"
    turns: list[tuple[int, float, tuple[str, ...]]] = [
        (61, 0, ()),
        (122, 2, ("temp",)),
        (183, 2, ()),
        (244, 0, ("temp",)),
    ]
    for at, mean, turned in turns:
        one.take(rows({"temp": normal(1000, mean), "hum": normal(1000)}, at=NOW + at), NOW + at)
        windows, [found] = told(one, NOW + at + 60)
        assert found.turn.turned == turned
        score = of(windows).levels["model.drift", "temp", "kolmogorov_smirnov"]
        assert (score > 1) == (mean > 0)


def test_a_feature_that_does_not_come_any_more_has_drifted() -> None:
    one = inputs(given=baseline({"temp": normal(600), "hum": normal(600)}))
    told(one)
    one.take(rows({"temp": normal(600)}), NOW)
    [found] = told(one, NOW + 61)[1]
    assert found.turn.turned == ("hum",)


def test_a_baseline_is_learned_frozen_and_kept() -> None:
    one = inputs()
    stored: dict[str, bytes] = {}
    for at in range(0, 660, 60):
        one.take(rows({"temp": normal(100, 5.0)}, {"site": ["a"] * 100}, at=NOW + at), NOW + at)
        _, found = told(one, NOW + at)
        stored |= {name: state for name, state in one.changes(NOW + at).items() if state is not None}
    [only] = found
    assert only.turn.frozen is not None
    assert only.turn.frozen.features["site"].values == Top({"a": 1100})
    assert only.turn.frozen.features["temp"].seen.count >= LEAST
    again = inputs(stored=stored)
    again.take(rows({"temp": normal(1000, 9.0)}, {"site": ["a"] * 1000}, at=NOW + 700), NOW + 700)
    assert again.fresh == []
    [last] = told(again, NOW + 770)[1]
    assert last.turn.turned == ("temp",)
    assert last.turn.frozen is None


def test_a_new_version_begins_anew_and_is_told() -> None:
    one = inputs()
    two: Attributes = (*OWNER[:2], ("model.version", "2"))
    one.take(rows({"temp": normal(100)}), NOW)
    one.take(rows({"temp": normal(100)}, owner=two), NOW)
    assert one.fresh == [OWNER, two]
    for version in range(2 * VERSIONS):
        one.take(rows({"temp": [1.0]}, owner=(*OWNER[:2], ("model.version", f"v{version}"))), NOW)
    assert one.refused == VERSIONS + 2
    assert len(list(one.references())) == VERSIONS


def test_what_the_model_says_is_looked_at_too() -> None:
    one = inputs(given=baseline({"confidence": RANDOM.uniform(0.8, 1.0, 600).tolist()}, {"prediction": "ab"}))
    told(one)
    names = ["", "a", "b", "c"]
    one.take(
        rows(
            {"temp": [1.0] * 600},
            predictions=Classes(np.array([3] * 599 + [0]), names),
            confidence=RANDOM.uniform(0.3, 0.6, 600),
        ),
        NOW,
    )
    windows, [found] = told(one, NOW + 61)
    assert set(found.turn.turned) == {"prediction", "confidence"}
    assert of(windows).features["prediction"].categories == Top({"c": 599})
    assert of(windows).features["confidence"].faults == {}


def test_predictions_without_a_name_are_one_category() -> None:
    one = inputs()
    numbers = np.array([2, 2, NAMELESS + 1, NAMELESS + 2])
    one.take(rows({"temp": [1.0] * 4}, predictions=Classes(numbers, ["", "other", "a"])), NOW)
    windows, _ = told(one, NOW + 61)
    assert of(windows).features["prediction"].categories == Top({"a": 2, "other": 2})


def test_distinct_and_unchanged_values_are_told() -> None:
    one = inputs()
    one.take(rows({"temp": [1.0, 2.0, 2.0]}, {"site": ["a", "b", "a"]}), NOW)
    told(one)
    one.take(rows({"temp": [2.0]}, {"site": ["b"]}, at=NOW + 3600), NOW + 3600)
    levels = of(told(one, NOW + 3600)[0]).levels
    assert levels["model.feature.distinct", "temp"] == 2.0
    assert levels["model.feature.distinct", "site"] == 2.0
    assert levels["model.feature.constant", "temp"] == 3600.0
    assert ("model.feature.constant", "site") not in levels


def test_a_stored_reference_that_is_none_is_told_and_begun_anew() -> None:
    one = inputs(stored={"iris@1": b"Frubbish"})
    one.take(rows({"temp": normal(100)}), NOW)
    assert "cannot be read" in one.faults[0]
    assert of(told(one)[0]).features["temp"].numbers
    assert measures.DRIFT.attributes == ("feature", "test")


def test_a_given_baseline_is_told_once_and_another_one_anew() -> None:
    given = baseline({"temp": normal(600)})
    stored: dict[str, bytes] = {}

    def life(made: Baseline | None) -> list[bool]:
        one = inputs(given=made, stored=dict(stored))
        one.take(rows({"temp": normal(100)}), NOW)
        found = told(one)[1]
        stored.update({name: state for name, state in one.changes(NOW).items() if state is not None})
        assert [each.turn.frozen is not None for each in found] == [bool(each.turn.told) for each in found]
        return [each.turn.frozen is not None for each in found]

    assert life(given) == [True]
    assert life(given) == []
    assert life(baseline({"temp": normal(700)})) == [True]
    assert life(None) == [], "it learns anew"
    assert life(given) == [True]
