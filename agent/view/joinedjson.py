"""The joined record of a model as JSON has it: base units, s since 1970, null for what is not known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from agent.ship.plain import json_event, json_series
from agent.stats.frame import Event
from agent.stats.histogram import Histogram
from agent.stats.quality import Average, Class, Classified, Errors
from agent.view.inputs import Input, Usual
from agent.view.joined import Joined, Quality, concerns, total
from agent.view.lines import statistics
from agent.view.rows import Window
from collectors.api import Series


def as_json(of: Joined, held: Mapping[Series, Sequence[Window]]) -> dict[str, object]:
    """All of it, and the figures of the series that tell how fast the model is, over the whole time; what is
    not finite is null."""
    found: dict[str, object] = finite(_record(of, held))
    return found


def finite(value: Any) -> Any:
    """The same with null for what JSON has no number for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(each) for each in value]
    return value


def _record(of: Joined, held: Mapping[Series, Sequence[Window]]) -> dict[str, object]:
    return {
        "model": of.name,
        "start": round(of.start, 3),
        "end": round(of.end, 3),
        "version": of.version or None,
        "logs": of.info.logs,
        "process": of.info.process or None,
        "quality": quality(of.quality),
        "labels": of.labels,
        "label_delay": _quantiles(of.delay),
        "inputs": [input_(each) for each in of.inputs],
        "missing_together": of.together.counts if of.together is not None else {},
        "versions": [
            {
                "version": part.version or None,
                "slice": part.slice or None,
                "first": round(part.first, 3),
                "last": round(part.last, 3),
                "quality": quality(part.quality),
            }
            for part in of.parts
        ],
        "series": [
            {**json_series(each), **_figures(total(windows))}
            for each, windows in held.items()
            if concerns(each, of.name, of.info)
        ],
        "samples": [_event(each) for each in of.samples],
        "events": [_event(each) for each in of.events],
    }


def _figures(window: Window) -> dict[str, object]:
    return {"covered": round(window.covered, 3), **statistics(window.summary, window.covered)}


def quality(of: Quality) -> dict[str, object]:
    """What is known of how good it is."""
    calibration = of.calibration
    return {
        "classes": _classes(of.classes) if of.classes is not None else None,
        "top_accuracy": {str(rank): found for rank, found in of.top.items()},
        "ece": calibration.ece if calibration is not None else None,
        "brier": calibration.brier if calibration is not None else None,
        "errors": [_errors(each) for each in of.errors],
    }


def _classes(of: Classified) -> dict[str, object]:
    return {
        "pairs": of.count,
        "accuracy": of.accuracy,
        "macro": _average(of.macro),
        "weighted": _average(of.weighted),
        "by_class": {
            each.name: {"support": each.support, "predicted": each.predicted, **_average(each)}
            for each in of.classes
        },
    }


def _average(of: Average | Class) -> dict[str, float | None]:
    return {"precision": of.precision, "recall": of.recall, "f1": of.f1}


def _errors(of: Errors) -> dict[str, object]:
    return {"pairs": of.count, "mae": of.mae, "rmse": of.rmse, "bias": of.bias, "r2": of.r2}


def input_(of: Input) -> dict[str, object]:
    """A feature."""
    return {
        "feature": of.name,
        "count": of.count,
        "now": _usual(of.usual),
        "baseline": _usual(of.baseline),
        "top": dict(of.top),
        "baseline_top": dict(of.known),
        "missing": of.missing,
        "faults": of.faults,
        "distinct": of.distinct,
        "constant": of.constant,
        "drifted": of.drifted,
        "scores": of.scores,
        "since": of.since,
        "or_longer": of.longer,
    }


def _usual(of: Usual | None) -> dict[str, float] | None:
    return of._asdict() if of is not None else None


def _quantiles(of: Histogram | None) -> dict[str, float | None] | None:
    return {f"p{100 * q:g}": of.quantile(q) for q in (0.5, 0.9, 0.99)} if of is not None else None


def _event(of: Event) -> dict[str, object]:
    return {"event": of.name, **{key: each for key, each in json_event(of).items() if key != "name"}}
