"""How what is known of a model is kept and sent: the series of quality, inputs and drift, there and back.

All are counts and sums of kinds that there are, so that windows and devices add up as those of any series do;
accuracy or calibration error are worked out by whoever reads (`agent.stats.quality`). Attributes of the model
(its name, version and slices) come first, those of a measure behind them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from agent.logs.windows import Windows, grown
from agent.stats.baseline import Feature
from agent.stats.histogram import Histogram
from agent.stats.quality import Bin, Calibration, Errors
from agent.stats.standard import Standard
from agent.stats.topk import CAP, Top
from agent.stats.window import Counter, Gauge, Summary, merge_into
from collectors.api import Attributes, Metric, Series
from collectors.logs.formats.roles import SOURCE

NAME, VERSION = "model.name", "model.version"
SAMPLE = "model.sample"
"""The event that is a whole record."""
STEPS = 10_000
"""Confidences are added up in steps of 0.0001, as whole numbers: exact whatever is added to what."""


def _metric(name: str, unit: str, kind: str, attributes: tuple[str, ...], brief: str) -> Metric:
    return Metric(f"model.{name}", unit, kind, attributes, SOURCE, brief)  # type: ignore[arg-type]


PAIRS = _metric("pairs", "{prediction}", "counter", ("result",), "Judged predictions, right or wrong.")
CONFUSION = _metric("confusion", "{prediction}", "top", ("label",), "Of a true class: by predicted class.")
BIN_COUNT = _metric("calibration.count", "{prediction}", "top", (), "Predictions by bin of confidence.")
BIN_RIGHT = _metric("calibration.right", "{prediction}", "top", (), "Right ones by bin of confidence.")
BIN_SUM = _metric("calibration.confidence", "1", "top", (), "Confidence added up by bin, in steps of 0.0001.")
SQUARES = _metric(
    "calibration.squared", "{square}", "counter", (), "Squares of confidence less truth, for Brier."
)
RANKS = _metric("label.rank", "{prediction}", "top", (), "At which rank the true class was predicted.")
OVER = _metric("error.over", "{value}", "counter", (), "By how much too much was predicted.")
UNDER = _metric("error.under", "{value}", "counter", (), "By how much too little was predicted.")
SQUARED = _metric("error.squared", "{square}", "counter", (), "Squares of errors of predicted numbers.")
ABOVE = _metric("truth.above", "{value}", "counter", ("center",), "True numbers above the center, less it.")
BELOW = _metric("truth.below", "{value}", "counter", ("center",), "The center less true numbers below it.")
SPREAD = _metric(
    "truth.squared", "{square}", "counter", ("center",), "Squares of true numbers less the center."
)
LABELS = _metric("labels", "{label}", "counter", ("outcome",), "What became of predictions and truths.")
DELAY = _metric("label.delay", "s", "histogram", (), "How long after its prediction a truth was told.")
NUMBERS = _metric(
    "feature.values",
    "1",
    "histogram",
    ("feature", "center", "spread"),
    "Values of a feature, less the center, by the spread.",
)
CATEGORIES = _metric("feature.categories", "{value}", "top", ("feature",), "Values of a feature.")
FAULTS = _metric("feature.faults", "{value}", "counter", ("feature", "fault"), "What is wrong with values.")
TOGETHER = _metric("feature.missing_together", "{pair}", "top", (), "Features that are missing together.")
DISTINCT = _metric("feature.distinct", "{value}", "gauge", ("feature",), "Different values of an hour.")
CONSTANT = _metric("feature.constant", "s", "gauge", ("feature",), "For how long a value has not changed.")
DRIFT = _metric(
    "drift",
    "1",
    "gauge",
    ("feature", "test"),
    "Score of the last window by its threshold: above 1 it has drifted.",
)

BASELINE_NUMBERS = _metric(
    "baseline.values",
    "1",
    "histogram",
    ("feature", "center", "spread"),
    "Values of a feature in the baseline, less the center, by the spread; told once.",
)
BASELINE_CATEGORIES = _metric(
    "baseline.categories",
    "{value}",
    "top",
    ("feature",),
    "Values of a feature in the baseline; told once.",
)
BASELINE_MISSING = _metric(
    "baseline.missing", "{value}", "counter", ("feature",), "Rows of the baseline without a value; told once."
)
INFO = _metric(
    "info",
    "1",
    "gauge",
    ("model.logs", "process.watch"),
    "1: that there is such a model, which logs tell of it, and which watched process serves it.",
)

METRICS = (
    PAIRS,
    CONFUSION, BIN_COUNT, BIN_RIGHT, BIN_SUM, SQUARES, RANKS, OVER, UNDER, SQUARED, ABOVE, BELOW,
    SPREAD, LABELS, DELAY, NUMBERS, CATEGORIES, FAULTS, TOGETHER, DISTINCT, CONSTANT, DRIFT,
    BASELINE_NUMBERS, BASELINE_CATEGORIES, BASELINE_MISSING, INFO,
)  # fmt: skip
_OWN = {metric.name: metric for metric in METRICS}
_OF_BASELINE = {metric.name: metric for metric in (BASELINE_NUMBERS, BASELINE_CATEGORIES, BASELINE_MISSING)}
_OF_WINDOWS = {metric.name: metric for metric in METRICS if metric.name not in {*_OF_BASELINE, INFO.name}}


def series(metric: Metric, model: Attributes, *values: str) -> Series:
    """The series of a measure of a model; `values` are those of the metric's own attributes, in order."""
    own = zip(metric.attributes, values, strict=True)
    return Series(metric.name, metric.unit, metric.kind, (*model, *own))


def of_confusion(model: Attributes, confusion: Mapping[tuple[str, str], int]) -> Windows:
    """How often each class (first) was predicted as each; of at most 62 classes, for a top keeps no more. How
    many were right and wrong is told apart, for rules of alerts."""
    rows: dict[str, dict[str, int]] = {}
    found: Windows = {}
    for (label, taken), count in confusion.items():
        rows.setdefault(label, {})[taken] = count
        pairs = series(PAIRS, model, "right" if label == taken else "wrong")
        merge_into(found, {pairs: grown(count, count)})
    for label, row in rows.items():
        found[series(CONFUSION, model, label)] = Top.of(row.items())
    return found


def of_calibration(model: Attributes, found: Calibration) -> Windows:
    """How far confidence can be believed."""
    bins = [(str(place), one) for place, one in found.bins.items()]
    return {
        series(BIN_COUNT, model): Top.of((place, one.count) for place, one in bins),
        series(BIN_RIGHT, model): Top.of((place, one.right) for place, one in bins),
        series(BIN_SUM, model): Top.of((place, round(one.confidence * STEPS)) for place, one in bins),
        series(SQUARES, model): grown(found.count, found.squares),
    }


def of_ranks(model: Attributes, ranks: Mapping[int, int]) -> Windows:
    """At which rank the true class was predicted."""
    return {series(RANKS, model): Top.of((str(rank), count) for rank, count in ranks.items())}


def of_errors(model: Attributes, sums: Errors) -> Windows:
    """Sums of errors of predicted numbers: parts without sign, for a counter only grows."""
    center = f"{sums.center:g}"
    return {
        series(OVER, model): grown(sums.count, max(0.0, sums.absolute + sums.signed) / 2),
        series(UNDER, model): grown(sums.count, max(0.0, sums.absolute - sums.signed) / 2),
        series(SQUARED, model): grown(sums.count, sums.squared),
        series(ABOVE, model, center): grown(sums.count, max(0.0, sums.truth_absolute + sums.truth) / 2),
        series(BELOW, model, center): grown(sums.count, max(0.0, sums.truth_absolute - sums.truth) / 2),
        series(SPREAD, model, center): grown(sums.count, sums.truth_squared),
    }


def of_numbers(model: Attributes, feature: str, standard: Standard, values: Histogram) -> Windows:
    """A feature's standardised values."""
    return {series(NUMBERS, model, feature, f"{standard.center!r}", f"{standard.spread!r}"): values}


def of_baseline(model: Attributes, features: Mapping[str, Feature]) -> Windows:
    """Features of a baseline, to be told once: what is told twice counts twice. Of more categories than a top
    keeps, the most frequent are told, with their own counts."""
    found: Windows = {}
    for name, feature in features.items():
        if isinstance(feature.values, Histogram):
            center, spread = feature.standard
            found[series(BASELINE_NUMBERS, model, name, f"{center!r}", f"{spread!r}")] = feature.values
        else:
            found[series(BASELINE_CATEGORIES, model, name)] = _fewer(feature.values)
        if feature.missing:
            missing = grown(feature.missing, feature.missing)
            found[series(BASELINE_MISSING, model, name)] = missing
    return found


def _fewer(top: Top) -> Top:
    """The categories that a window may hold; a merge would take from the count of each."""
    if len(top.counts) <= CAP:
        return top
    kept = dict(sorted(top.counts.items(), key=lambda item: (-item[1], item[0]))[:CAP])
    return Top(kept, top.seen - sum(kept.values()))


def of_info(model: Attributes, logs: Iterable[str], process: str) -> Windows:
    """That there is such a model: with every window, so that whoever begins to look learns it soon."""
    return {series(INFO, model, ",".join(logs), process): Gauge(1, 1.0, 1.0, 1.0, 1.0)}


class Inputs(NamedTuple):
    """A feature of a model: numbers by their standard, or categories; faults by name."""

    numbers: Mapping[Standard, Histogram] = {}
    categories: Top | None = None
    faults: Mapping[str, int] = {}


class Known(NamedTuple):
    """What windows say of one model, version and slice."""

    confusion: Mapping[tuple[str, str], int] = {}
    calibration: Calibration | None = None
    ranks: Mapping[int, int] = {}
    errors: Mapping[float, Errors] = {}
    labels: Mapping[str, int] = {}
    delay: Histogram | None = None
    features: Mapping[str, Inputs] = {}
    together: Top | None = None
    levels: Mapping[tuple[str, ...], float] = {}
    """Of the gauges: the last value, by name and own attributes."""


def known(windows: Mapping[Series, Summary]) -> dict[Attributes, Known]:
    """What windows say of each model, by its attributes. What is of a kind that it should not be is left out:
    windows may come from anywhere."""
    return {model: _known(parts) for model, parts in _by_model(windows, _OF_WINDOWS).items()}


def baseline_of(windows: Mapping[Series, Summary]) -> dict[Attributes, dict[str, Feature]]:
    """The baseline of each model, by its attributes, as far as these windows tell one: the inverse of
    `of_baseline`."""
    found = {}
    for model, parts in _by_model(windows, _OF_BASELINE).items():
        missing = {own[0]: int(delta) for own, _, delta in _counters(parts, BASELINE_MISSING)}
        features = {}
        for own, summary in parts.get(BASELINE_NUMBERS.name, ()):
            center, spread = _float(own[1]), _float(own[2])
            if isinstance(summary, Histogram) and center is not None and spread is not None and spread > 0:
                features[own[0]] = Feature(summary, Standard(center, spread), missing.get(own[0], 0))
        for own, summary in parts.get(BASELINE_CATEGORIES.name, ()):
            if isinstance(summary, Top):
                features[own[0]] = Feature(summary, missing=missing.get(own[0], 0))
        found[model] = features
    return found


class Info(NamedTuple):
    """Who tells of a model, and what serves it."""

    logs: tuple[str, ...]
    process: str


def info_of(windows: Iterable[Series]) -> dict[str, Info]:
    """What is told of models, by their names; of one that was told twice, the last."""
    found = {}
    for each in windows:
        about = dict(each.attributes)
        if each.name == INFO.name and about.get(NAME):
            logs = about.get(INFO.attributes[0], "")
            found[about[NAME]] = Info(tuple(filter(None, logs.split(","))), about.get(INFO.attributes[1], ""))
    return found


Parts = Mapping[str, list[tuple[tuple[str, ...], Summary]]]


def _by_model(windows: Mapping[Series, Summary], wanted: Mapping[str, Metric]) -> dict[Attributes, Parts]:
    """What is of these metrics, by the attributes of the model, each with the values of its own."""
    found: dict[Attributes, dict[str, list[tuple[tuple[str, ...], Summary]]]] = {}
    for each, summary in windows.items():
        model = owner(each, wanted)
        if model is not None:
            own = tuple(value for _, value in each.attributes[len(model) :])
            found.setdefault(model, {}).setdefault(each.name, []).append((own, summary))
    return dict(found)


def owner(of: Series, wanted: Mapping[str, Metric] | None = None) -> Attributes | None:
    """The attributes of the model, which come before those of the measure; None of a series that is none of
    `wanted`, or of any of these metrics."""
    metric = (_OWN if wanted is None else wanted).get(of.name)
    split = len(of.attributes) - len(metric.attributes) if metric is not None else -1
    if metric is None or metric.kind != of.kind or split < 0:
        return None
    return (
        of.attributes[:split] if tuple(key for key, _ in of.attributes[split:]) == metric.attributes else None
    )


def _known(parts: Parts) -> Known:
    return Known(
        {
            (own[0], taken): count
            for own, summary in parts.get(CONFUSION.name, ())
            if isinstance(summary, Top)
            for taken, count in summary.counts.items()
        },
        _calibration(parts),
        dict(_numbered(_top(parts, RANKS))),
        _errors(parts),
        {own[0]: int(delta) for own, _, delta in _counters(parts, LABELS)},
        next((one for _, one in parts.get(DELAY.name, ()) if isinstance(one, Histogram)), None),
        _features(parts),
        _top(parts, TOGETHER),
        {
            (metric.name, *own): summary.last
            for metric in (DISTINCT, CONSTANT, DRIFT)
            for own, summary in parts.get(metric.name, ())
            if isinstance(summary, Gauge)
        },
    )


def _top(parts: Parts, metric: Metric) -> Top | None:
    return next((one for _, one in parts.get(metric.name, ()) if isinstance(one, Top)), None)


def _numbered(top: Top | None) -> Iterator[tuple[int, int]]:
    """Counts by a number; keys that are none are somebody else's."""
    for key, count in top.counts.items() if top is not None else ():
        if key.isascii() and key.isdecimal() and len(key) < 6:
            yield int(key), count


def _counters(parts: Parts, metric: Metric) -> Iterator[tuple[tuple[str, ...], int, float]]:
    for own, summary in parts.get(metric.name, ()):
        if isinstance(summary, Counter):
            yield own, summary.count, summary.delta


def _calibration(parts: Parts) -> Calibration | None:
    counts = dict(_numbered(_top(parts, BIN_COUNT)))
    if not counts:
        return None
    right, sums = dict(_numbered(_top(parts, BIN_RIGHT))), dict(_numbered(_top(parts, BIN_SUM)))
    bins = {
        place: Bin(count, sums.get(place, 0) / STEPS, right.get(place, 0)) for place, count in counts.items()
    }
    return Calibration(bins, sum(delta for _, _, delta in _counters(parts, SQUARES)))


def _errors(parts: Parts) -> dict[float, Errors]:
    """Sums of errors by center. Where that changed, errors themselves are known of all, truths by center."""
    count, over, under, squared = 0, 0.0, 0.0, 0.0
    for _, rows, delta in _counters(parts, SQUARED):
        count, squared = count + rows, squared + delta
    over = sum(delta for _, _, delta in _counters(parts, OVER))
    under = sum(delta for _, _, delta in _counters(parts, UNDER))
    above = {own[0]: delta for own, _, delta in _counters(parts, ABOVE)}
    below = {own[0]: delta for own, _, delta in _counters(parts, BELOW)}
    found = {}
    for own, rows, delta in _counters(parts, SPREAD):
        center = _float(own[0])
        if center is not None and rows:
            more, less, part = above.get(own[0], 0.0), below.get(own[0], 0.0), rows / max(count, rows)
            sums = (part * (over + under), part * squared, part * (over - under))
            found[center] = Errors(center, rows, *sums, more - less, more + less, delta)
    return found


def _features(parts: Parts) -> dict[str, Inputs]:
    names = {own[0] for metric in (NUMBERS, CATEGORIES, FAULTS) for own, _ in parts.get(metric.name, ())}
    return {name: _inputs(parts, name) for name in sorted(names)}


def _inputs(parts: Parts, name: str) -> Inputs:
    numbers: dict[Standard, Histogram] = {}
    for own, summary in parts.get(NUMBERS.name, ()):
        center, spread = _float(own[1]), _float(own[2])
        if own[0] == name and isinstance(summary, Histogram) and center is not None and spread:
            numbers[Standard(center, spread)] = summary
    categories = next(
        (one for own, one in parts.get(CATEGORIES.name, ()) if own[0] == name and isinstance(one, Top)), None
    )
    faults = {own[1]: int(delta) for own, _, delta in _counters(parts, FAULTS) if own[0] == name}
    return Inputs(numbers, categories, faults)


def _float(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if abs(found) < 1e300 else None


def added(windows: Iterable[Mapping[Series, Summary]]) -> Windows:
    """The sum of windows, of one device or of many."""
    total: Windows = {}
    for each in windows:
        merge_into(total, each)
    return total
