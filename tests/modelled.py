"""Forty minutes of a made-up model, by the daemon's own functions: its inputs shift in the last ten."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from agent.logs import measures
from agent.logs.measures import known
from agent.logs.verdicts import verdicts
from agent.logs.windows import Windows, grown
from agent.stats.baseline import Baseline, Feature
from agent.stats.frame import Content, Event
from agent.stats.histogram import Histogram
from agent.stats.outcomes import calibrations, confusions
from agent.stats.standard import Standard
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge
from collectors.api import Attributes, Series
from collectors.processes import metrics as processes
from tests.messages import content

MINUTES, SHIFT = 40, 30
CLASSES = ("setosa", "versicolor", "virginica")
TEMPERATURE = Standard(20.0, 2.0)
ROWS = 120
TEXT = '{"request": "r7", "temperature": 26.1, "user": "[email]"}'


def of(version: str) -> Attributes:
    """The attributes of the model in a version."""
    return (("log.name", "api"), ("model.name", "iris"), ("model.version", version))


@cache
def baseline() -> Baseline:
    """What version 2 was made for."""
    values = np.random.default_rng(1).normal(20, 2, 5000)
    features = {
        "temperature": Feature(TEMPERATURE.histogram(values), TEMPERATURE, 125),
        "site": Feature(Top({"north": 3000, "south": 2000})),
    }
    return Baseline("iris", "2", 0.0, features)


@cache
def minute(step: int) -> Windows:
    """The windows of a minute; version 2 begins in the tenth, and its inputs shift in the thirtieth."""
    model = of("1" if step < 10 else "2")
    random = np.random.default_rng(step)
    shifted = step >= SHIFT
    values = TEMPERATURE.histogram(random.normal(26 if shifted else 20, 2, ROWS))
    truth = random.integers(0, 3, ROWS)
    taken = np.where(random.random(ROWS) < (0.5 if shifted else 0.1), (truth + 1) % 3, truth)
    cells, right = np.zeros(ROWS, np.int64), truth == taken
    confidence = random.uniform(0.7, 1.0, ROWS)
    windows: Windows = {
        **measures.of_info((("model.name", "iris"),), ("api", "labels"), "uvicorn"),
        **measures.of_numbers(model, "temperature", TEMPERATURE, values),
        **measures.of_confusion(model, confusions(cells, truth, taken, right, CLASSES, other=-1)[0]),
        **measures.of_calibration(model, calibrations(cells, confidence, right)[0][0]),
        measures.series(measures.CATEGORIES, model, "site"): Top({"north": 72, "south": 48}),
        measures.series(measures.FAULTS, model, "temperature", "missing"): grown(3, 3),
        measures.series(measures.FAULTS, model, "temperature", "range"): grown(1, 1),
        measures.series(measures.DISTINCT, model, "temperature"): Gauge(1, 81.0, 81.0, 81.0, 81.0),
        measures.series(measures.LABELS, (("model.name", "iris"),), "joined"): grown(ROWS, ROWS),
        measures.series(measures.LABELS, (("model.name", "iris"),), "unlabelled"): grown(2, 2),
        measures.series(measures.DELAY, model): Histogram.of([30.0] * 100 + [3000.0] * 20),
        **_load(model, step),
    }
    if step == 10:
        windows |= measures.of_baseline(model, baseline().features)
    if step >= 10:
        windows |= _drift(model, windows)
    return windows


def _load(model: Attributes, step: int) -> Windows:
    """What logs, process and device tell of how fast it is."""
    gpu = (("hw.id", "GPU-1"), ("hw.name", "Orin"))
    return {
        Series("model.requests", "{request}", "counter", (*model, ("status", "200"))): _grown(ROWS - 6),
        Series("model.requests", "{request}", "counter", (*model, ("status", "503"))): _grown(6),
        Series("model.errors", "{error}", "counter", (*model, ("error.type", "503"))): _grown(6),
        Series("model.request.duration", "s", "histogram", model): Histogram.of(
            [0.02 + 0.0005 * n for n in range(ROWS)]
        ),
        Series("model.queue.length", "{request}", "gauge", model): _gauge(step % 4),
        Series(
            "model.tokens", "{token}", "counter", (*model, ("gen_ai.token.type", "output"))
        ): _grown(6000),
        processes.UTILIZATION.of(**{"process.watch": "uvicorn"}): _gauge(0.31),
        processes.MEMORY.of(**{"process.watch": "uvicorn"}): _gauge(4.1e8),
        processes.MEMORY.of(**{"process.watch": "other"}): _gauge(9.9e9),
        processes.GPU.of(
            **{"process.watch": "uvicorn", "process.gpu.memory.location": "device"}
        ): _gauge(1.2e9),
        Series("hw.power", "W", "gauge", gpu): _gauge(11.5),
        Series("hw.gpu.throttled", "1", "gauge", (*gpu, ("hw.gpu.throttle.reason", "heat"))): _gauge(0.0),
        Series("system.memory.usage", "By", "gauge", ()): _gauge(1e9),
        Series("model.requests", "{request}", "counter", (("log.name", "b"), ("status", "200"))): _grown(1),
    }  # fmt: skip


def _drift(model: Attributes, windows: Windows) -> Windows:
    found = verdicts(baseline().features, known(windows)[model])
    return {
        measures.series(measures.DRIFT, model, name, score.test): _gauge(score.ratio)
        for name, each in found.items()
        for score in each.verdict.scores
    }


def _grown(count: float) -> Counter:
    return Counter(int(count), float(count), count / 60, 0)


def _gauge(value: float) -> Gauge:
    return Gauge(1, float(value), float(value), float(value), float(value))


def minutes(end: float) -> Iterator[Content]:
    """The windows of all minutes, the last of which ends at this wall time."""
    for step in range(MINUTES):
        yield content(end - 60.0 * (MINUTES - step), minute(step))


def events(end: float) -> tuple[Event, ...]:
    """What was told of it: its versions, and that a feature began to drift."""

    def event(step: float, name: str, text: str, **about: str) -> Event:
        attributes = tuple((key.replace("__", "."), value) for key, value in about.items())
        return Event("boot-1", 3600.0, end - 60.0 * (MINUTES - step) - 3600.0, name, attributes, text)

    of = {"model__name": "iris", "model__version": "2"}
    turned = {
        "feature": "temperature",
        "test": "population_stability",
        "score": "5.1",
        "threshold": "0.2",
        "drifted": "true",
    }
    return (
        event(10, "model.version", "version 2 is new", **of),
        event(SHIFT + 1, "model.drift", "temperature drifts", **turned, n="120", **of),
        event(SHIFT + 1, "model.version", "", model__name="other", model__version="9"),
    )


def samples(end: float) -> tuple[Event, ...]:
    """Records that were kept: one by chance, one at an edge, one of another model."""
    about: tuple[Attributes, ...] = (
        (("model.name", "iris"), ("weight", "12.5"), ("stratum", "setosa"), ("edge", "")),
        (("model.name", "iris"), ("weight", "1"), ("stratum", "setosa"), ("edge", "slowest")),
        (("model.name", "other"), ("weight", "2"), ("stratum", ""), ("edge", "")),
    )
    return tuple(
        Event("boot-1", 3600.0, end - 3660.0 - n, "model.sample", each, TEXT) for n, each in enumerate(about)
    )
