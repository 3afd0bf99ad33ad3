"""Baselines: the same after being written, added up where they can be, refused where they are none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.baseline import (
    CATEGORIES,
    FEATURES,
    LARGEST,
    Baseline,
    BaselineError,
    Feature,
    decoded,
    encoded,
    merged,
)
from agent.stats.drift import judged
from agent.stats.histogram import Histogram
from agent.stats.standard import Standard
from agent.stats.topk import Top

FLOATS = st.lists(st.floats(-1e9, 1e9), max_size=50)
TEXTS = st.lists(st.tuples(st.text(max_size=10), st.integers(0, 99)), max_size=20)
STANDARD = Standard(41.0, 9.5)


def made(age: list[float], country: list[tuple[str, int]], missing: int = 0) -> Baseline:
    histogram = STANDARD.histogram(np.array(age, np.float64))
    features = {"age": Feature(histogram, STANDARD, missing), "country": Feature(Top.of(country))}
    return Baseline("ranker", "3.1", 1.7e9, features)


@given(FLOATS, TEXTS, st.integers(0, 2**40))
def test_it_is_the_same_after_being_written(
    age: list[float], country: list[tuple[str, int]], missing: int
) -> None:
    one = made(age, country, missing)
    assert decoded(encoded(one)) == one


@given(FLOATS, FLOATS, TEXTS, TEXTS)
def test_devices_add_up(
    a: list[float], b: list[float], one: list[tuple[str, int]], two: list[tuple[str, int]]
) -> None:
    total = merged(made(a, one, 2), made(b, two, 3))
    whole = made(a + b, one + two, 5)
    age, expected = total.features["age"].values, whole.features["age"].values
    assert isinstance(age, Histogram)
    assert isinstance(expected, Histogram)
    assert age._replace(total=0.0) == expected._replace(total=0.0)
    assert total.features["country"] == whole.features["country"]
    assert total.features["age"].missing == 5


def test_what_only_one_knows_is_taken_from_it() -> None:
    more = made([1.0], [("de", 1)])
    less = more._replace(features={"age": more.features["age"]}, made=1.8e9)
    assert merged(less, more).features["country"] == more.features["country"]
    assert merged(more, less).made == 1.8e9


def with_features(**features: Feature) -> Callable[[Baseline], Baseline]:
    return lambda one: one._replace(features=features)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one._replace(version="3.2"), "no one model"),
        (lambda one: one._replace(model="other"), "no one model"),
        (with_features(age=Feature(Histogram(), Standard())), "age: standards"),
        (with_features(age=Feature(Top(), STANDARD)), "age: numbers and categories"),
        (with_features(**{f"f{n}": Feature(Top()) for n in range(FEATURES)}), "1002 features"),
    ],
)
def test_what_does_not_fit_does_not_add_up(change: Callable[[Baseline], Baseline], said: str) -> None:
    one = made([41.0], [("de", 1)])
    with pytest.raises(BaselineError, match=said):
        merged(one, change(one))


def test_a_feature_tells_its_extent_and_is_judged() -> None:
    one = made(list(map(float, range(20, 80))), [("de", 10)], 7)
    low, high = one.features["age"].extent or (0.0, 0.0)
    assert (low, high) == pytest.approx((20.0, 79.0))
    assert one.features["country"].extent is None
    assert made([], []).features["age"].extent is None
    assert judged(one.features["age"].seen, one.features["age"].seen).drifted is False
    assert one.features["age"].seen.missing == 7


def spoilt(path: str, value: Any) -> bytes:
    """A good file, but for one value."""
    document = json.loads(encoded(made([41.0, 60.0, 10.0], [("de", 3)])))
    *way, last = path.split(".")
    place = document
    for key in way:
        place = place[key]
    place[last] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("format", 2, "format 1"),
        ("model", 7, "model must be a text"),
        ("version", "x" * 129, "version must be a text"),
        ("made", "now", "made must be a finite number"),
        ("made", 10**400, "made must be a finite number"),
        ("made", True, "made must be a finite number"),
        ("features", [], "features must be a table"),
        ("features", {str(n): {} for n in range(FEATURES + 1)}, "at most 1000"),
        ("features.age", 3, "features.age must be a table"),
        ("features.age.center", None, "features.age.center must be a finite number"),
        ("features.age.spread", 0, "features.age.spread must be above 0"),
        ("features.age.missing", -1, "features.age.missing must be a whole number"),
        ("features.age.scale", 3, r"features.age.scale must be a whole number within \[-10, 2\]"),
        ("features.age.zero", 1.5, "features.age.zero must be a whole number"),
        ("features.age.zero", 2**53, "features.age must be a whole number"),
        ("features.age.positive", [[1, 2, 3]], "features.age.positive must be of pairs"),
        ("features.age.positive", [[1, 0]], "features.age.positive must be a whole number"),
        ("features.age.positive", [[1, 2], [1, 2]], "features.age.positive must be of buckets"),
        ("features.age.negative", [[2**31, 1]], "features.age.negative must be a whole number"),
        ("features.age.negative", [[n, 1] for n in range(513)], "a list of at most 512 buckets"),
        ("features.age.low", 1e9, "features.age.low must be at most `high`"),
        ("features.age.total", float("nan"), "features.age.total must be a finite number"),
        ("features.country.counts", [], "features.country.counts must be a table"),
        ("features.country.counts", {"x" * 129: 1}, "at most 128 characters"),
        ("features.country.counts", {"de": 0}, "features.country.counts must be a whole number"),
        ("features.country.counts", {str(n): 1 for n in range(CATEGORIES + 1)}, "at most 256 categories"),
        ("features.country.other", None, "features.country.other must be a whole number"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(path: str, value: Any, said: str) -> None:
    with pytest.raises(BaselineError, match=said):
        decoded(spoilt(path, value))


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000, b"7", b" " * (LARGEST + 1)])
def test_what_is_no_baseline_is_refused(data: bytes) -> None:
    with pytest.raises(BaselineError):
        decoded(data)


ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.floats(), lambda of: st.lists(of, max_size=3)
)


@given(ANYTHING, st.sampled_from(["made", "features", "features.age.positive", "features.country.counts"]))
def test_no_value_anywhere_breaks_the_reading(value: Any, path: str) -> None:
    with pytest.raises(BaselineError):
        decoded(spoilt(path, [value, value]))


def test_one_too_large_is_not_written() -> None:
    counts = {f"{n:0128}": 1 for n in range(CATEGORIES)}
    features = {str(n): Feature(Top(counts)) for n in range(FEATURES)}
    with pytest.raises(BaselineError, match="at most"):
        encoded(Baseline("m", "1", 0.0, features))
