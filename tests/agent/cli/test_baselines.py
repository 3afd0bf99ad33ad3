"""How baselines are shown and compared."""

from __future__ import annotations

import numpy as np
import pytest

from agent.cli.baselines import as_json, as_text, compared, compared_json, compared_text
from agent.stats.baseline import Baseline, BaselineError, Feature
from agent.stats.drift import DEFAULT, judged
from agent.stats.standard import Standard
from agent.stats.topk import Top

STANDARD = Standard(40.0, 10.0)


def number(mean: float, count: int = 1000, standard: Standard = STANDARD) -> Feature:
    return Feature(standard.histogram(np.random.default_rng(1).normal(mean, 10, count)), standard, 3)


def baseline(**features: Feature) -> Baseline:
    return Baseline("ranker", "3.1", 1.7e9, features)


COUNTRY = Feature(Top({"de": 600, "fr": 300, "\x1b[2J": 3, "it": 2, "es": 2, "jp": 1}, 12), missing=7)
ONE = baseline(age=number(40), country=COUNTRY)


def test_a_baseline_in_words() -> None:
    head, names, age, country = as_text(ONE)
    assert head == "ranker 3.1: 2 features, made 2023-11-14T22:13:20Z"
    assert names.split() == ["feature", "values", "missing", "what"]
    assert age.split()[:3] == ["age", "1000", "3"]
    assert "number around 40, spread 10, within [" in age
    assert country.split(maxsplit=3)[3] == "category: de 600, fr 300, \ufffd 3, es 2, it 2, others 13"


def test_a_baseline_as_objects() -> None:
    head, age, country = as_json(ONE)
    assert head == {"kind": "baseline", "model": "ranker", "version": "3.1", "made": 1.7e9, "features": 2}
    assert (age["values"], age["missing"], age["center"], age["spread"]) == (1000, 3, 40.0, 10.0)
    assert (age["low"] < 20, age["high"] > 60) == (True, True)
    assert list(country["top"].items())[:2] == [("de", 600), ("fr", 300)]


def test_a_feature_without_a_value_has_no_range() -> None:
    empty = baseline(x=Feature(STANDARD.histogram(np.empty(0)), STANDARD, 5))
    assert list(as_text(empty))[-1].split() == ["x", "0", "5", "number"]
    assert [about["low"] for about in as_json(empty) if about["kind"] == "feature"] == [None]


def test_features_share_the_alarms_as_they_do_in_the_daemon() -> None:
    two = baseline(age=number(41), country=COUNTRY)
    found = {each.feature: each.verdict for each in compared(ONE, two)}
    for name, feature in ONE.features.items():
        assert found[name] == judged(feature.seen, two.features[name].seen, DEFAULT.shared(2))


def test_what_drifted_comes_first_with_its_evidence() -> None:
    found = compared(ONE, baseline(age=number(60), country=COUNTRY))
    assert [(each.feature, each.differs) for each in found] == [("age", True), ("country", False)]
    age, country, total = compared_text(found)
    assert age.startswith("age      DRIFTED: ")
    assert "kolmogorov_smirnov" in age
    assert country.startswith("country  the same: ")
    assert total == "1 of 2 features drifted"
    about = next(compared_json(found))
    assert (about["feature"], about["drifted"]) == ("age", True)
    assert any(score["score"] > score["threshold"] for score in about["scores"])


def test_what_only_one_has_differs_and_too_little_does_not() -> None:
    found = compared(baseline(age=number(40), gone=COUNTRY), baseline(age=number(90, count=10), new=COUNTRY))
    told = {
        each.feature: (each.differs, line) for each, line in zip(found, compared_text(found), strict=False)
    }
    assert told["gone"] == (True, "gone     only the first has it")
    assert told["new"] == (True, "new      only the second has it")
    assert told["age"] == (False, "age      too few values to tell: 1000 and 10")


@pytest.mark.parametrize(
    ("other", "why"),
    [(number(40, standard=Standard(41.0, 10.0)), "age has two standards.*--like"), (COUNTRY, "a category")],
)
def test_what_has_no_common_measure_is_said(other: Feature, why: str) -> None:
    with pytest.raises(BaselineError, match=why):
        compared(ONE, baseline(age=other, country=COUNTRY))
