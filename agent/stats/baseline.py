"""What a model was made for: of each feature its values, and how often there were none.

The reference of drift. It is counted while values stream by, adds up over devices where the features have
one standard, and is a JSON file that people can read, checked field by field when it is read back:

    {"format": 1, "model": "...", "version": "...", "made": s since 1970, "features": {
        "age": {"center": 41.0, "spread": 9.5, "missing": 3, "scale": 2, "zero": 12,
                "positive": [[index, count], ...], "negative": [...], "total": 1.5, "low": -2.1, "high": 3.3},
        "country": {"missing": 0, "counts": {"de": 600, "fr": 300}, "other": 12}}}

Numbers are standardised (`agent.stats.standard`), buckets those of its histograms.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, NamedTuple, NoReturn

from agent.stats.drift import Seen
from agent.stats.histogram import MAX_BUCKETS, MIN_SCALE, Histogram
from agent.stats.standard import SCALE, Standard
from agent.stats.topk import KEY_LENGTH, Top

FORMAT = 1
LARGEST = 4 * 1024 * 1024
"""Bytes of a file."""
FEATURES = 1000
CATEGORIES = 256
"""Categories kept of a feature, the most frequent."""
NAME = 128
"""Characters of a name."""
_COUNT = 2**53
_INDEX = 2**31


class BaselineError(ValueError):
    """It is no baseline, or one that does not fit; says where and why."""


class Feature(NamedTuple):
    """One feature: its values, the standard of numbers, and how many rows had no usable value."""

    values: Histogram | Top
    standard: Standard = Standard()
    missing: int = 0

    @property
    def seen(self) -> Seen:
        """As drift is judged by it."""
        return Seen(self.values, self.missing)

    @property
    def extent(self) -> tuple[float, float] | None:
        """The least and the largest number, None where there are none."""
        if not isinstance(self.values, Histogram) or not self.values.count:
            return None
        center, spread = self.standard
        return center + spread * self.values.low, center + spread * self.values.high


class Baseline(NamedTuple):
    """All features of a model in one version, by name. `made` is s since 1970."""

    model: str
    version: str
    made: float
    features: Mapping[str, Feature]


def merged(one: Baseline, two: Baseline) -> Baseline:
    """The baseline of the rows of both; what only one knows is taken from it.

    Raises:
        BaselineError: they are of two models or versions, or a feature has two kinds or standards.
    """
    if (one.model, one.version) != (two.model, two.version):
        raise BaselineError(f"{one.model} {one.version} and {two.model} {two.version} are no one model")
    features = dict(one.features)
    for name, feature in two.features.items():
        features[name] = summed(name, features[name], feature) if name in features else feature
    if len(features) > FEATURES:
        raise BaselineError(f"{len(features)} features, at most {FEATURES} are allowed")
    return one._replace(made=max(one.made, two.made), features=features)


def summed(name: str, one: Feature, two: Feature) -> Feature:
    """Both parts of the feature of this name together.

    Raises:
        BaselineError: they have two kinds or standards.
    """
    if one.standard != two.standard:
        raise BaselineError(
            f"{name}: standards {tuple(one.standard)} and {tuple(two.standard)} do not add up"
        )
    missing = one.missing + two.missing
    if isinstance(one.values, Histogram) and isinstance(two.values, Histogram):
        return one._replace(values=one.values.merged(two.values), missing=missing)
    if isinstance(one.values, Top) and isinstance(two.values, Top):
        return one._replace(values=one.values.merged(two.values, CATEGORIES), missing=missing)
    raise BaselineError(f"{name}: numbers and categories do not add up")


def encoded(baseline: Baseline) -> bytes:
    """As a file.

    Raises:
        BaselineError: it would be larger than may be read back.
    """
    features = {name: _plain(feature) for name, feature in sorted(baseline.features.items())}
    document = {"format": FORMAT, **baseline._asdict(), "features": features}
    data = json.dumps(document, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode()
    if len(data) > LARGEST:
        raise BaselineError(f"{len(data)} bytes, at most {LARGEST} are allowed")
    return data


def _plain(feature: Feature) -> dict[str, Any]:
    values = feature.values
    if isinstance(values, Top):
        return {"missing": feature.missing, "counts": values.counts, "other": values.other}
    return {
        **feature.standard._asdict(),
        "missing": feature.missing,
        "scale": values.scale,
        "zero": values.zero,
        "positive": sorted(values.positive.items()),
        "negative": sorted(values.negative.items()),
        "total": values.total,
        "low": values.low,
        "high": values.high,
    }


def decoded(data: bytes) -> Baseline:
    """The inverse of `encoded`.

    Raises:
        BaselineError: it is no such file.
    """
    if len(data) > LARGEST:
        raise BaselineError(f"{len(data)} bytes, at most {LARGEST} are allowed")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"no JSON: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BaselineError(f"not a baseline of format {FORMAT}")
    table = document.get("features")
    if not isinstance(table, dict) or len(table) > FEATURES:
        raise BaselineError(f"features must be a table of at most {FEATURES}")
    model, version = (_text(document.get(key), key) for key in ("model", "version"))
    features = {_text(name, "a feature's name"): _feature(plain, name) for name, plain in table.items()}
    return Baseline(model, version, _float(document.get("made"), "made"), features)


def _fault(where: str, value: Any, wanted: str) -> NoReturn:
    raise BaselineError(f"{where} must be {wanted}, not {str(value)[:40]!r}")


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > NAME:
        _fault(where, value, f"a text of at most {NAME} characters")
    return value


def _float(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(_held(value)):
        _fault(where, value, "a finite number")
    return float(value)


def _held(value: float) -> float:
    """A number as a double; infinite where it is beyond."""
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _whole(value: Any, where: str, least: int = 0, most: int = _COUNT) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        _fault(where, value, f"a whole number within [{least}, {most}]")
    return value


def _feature(plain: Any, name: str) -> Feature:
    where = f"features.{name}"
    if not isinstance(plain, dict):
        _fault(where, plain, "a table")
    missing = _whole(plain.get("missing"), f"{where}.missing")
    if "counts" in plain:
        return Feature(_top(plain, where), missing=missing)
    center, spread = (_float(plain.get(key), f"{where}.{key}") for key in ("center", "spread"))
    if spread <= 0:
        _fault(f"{where}.spread", spread, "above 0")
    return Feature(_histogram(plain, where), Standard(center, spread), missing)


def _top(plain: dict[str, Any], where: str) -> Top:
    counts = plain["counts"]
    if not isinstance(counts, dict) or len(counts) > CATEGORIES:
        _fault(f"{where}.counts", counts, f"a table of at most {CATEGORIES} categories")
    for category, count in counts.items():
        if len(category) > KEY_LENGTH:
            _fault(f"{where}.counts", category, f"of categories of at most {KEY_LENGTH} characters")
        _whole(count, f"{where}.counts", 1)
    return Top(counts, _whole(plain.get("other"), f"{where}.other"))


def _histogram(plain: dict[str, Any], where: str) -> Histogram:
    scale = _whole(plain.get("scale"), f"{where}.scale", MIN_SCALE, SCALE)
    zero = _whole(plain.get("zero"), f"{where}.zero")
    positive, negative = (_buckets(plain.get(key), f"{where}.{key}") for key in ("positive", "negative"))
    total, low, high = (_float(plain.get(key), f"{where}.{key}") for key in ("total", "low", "high"))
    if low > high:
        _fault(f"{where}.low", low, f"at most `high`, {high}")
    count = zero + sum(positive.values()) + sum(negative.values())
    return Histogram(scale, zero, positive, negative, _whole(count, where), total, low, high)


def _buckets(plain: Any, where: str) -> dict[int, int]:
    if not isinstance(plain, list) or len(plain) > MAX_BUCKETS:
        _fault(where, plain, f"a list of at most {MAX_BUCKETS} buckets")
    found = dict(_pairs(plain, where))
    if len(found) != len(plain):
        _fault(where, plain, "of buckets that are named once")
    return found


def _pairs(plain: Iterable[Any], where: str) -> Iterable[tuple[int, int]]:
    for pair in plain:
        if not isinstance(pair, list) or len(pair) != 2:
            _fault(where, pair, "of pairs of index and count")
        yield _whole(pair[0], where, -_INDEX, _INDEX - 1), _whole(pair[1], where, 1)
