"""From lines to a model's records: what a log says of a model is what the model is told."""

from __future__ import annotations

import json
from datetime import timezone
from typing import Any

from agent.logs.log import Log
from agent.logs.measures import added, known
from agent.logs.models.bridge import tells
from agent.logs.models.model import Model, Plan
from agent.logs.windows import Windows
from agent.stats.quality import classified
from agent.stats.topk import Top
from collectors.api import Attributes
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.presets import PRESETS

NOW = 1_800_000_000.0
FORM = Format(
    "x",
    "json",
    (
        Field("time", "t"),
        Field("request", "id"),
        Field("version", "v"),
        Field("status", "status"),
        Field("prediction", "p"),
        Field("label", "y"),
        Field("confidence", "c"),
        Field("feature.temp", "f.temp"),
        Field("feature.hum", "f.hum"),
        Field("category.site", "f.site"),
    ),
    attributes=("zone",),
)
LABELS = Format("y", "json", (Field("request", "id"), Field("label", "y")))
OWN: Attributes = (("log.name", "api"), ("model.name", "iris"), ("model.version", "1"))


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps({"t": NOW, "v": "1", **record}).encode() + b"\n" for record in records)


def log(model: Model, form: Format = FORM, name: str = "api") -> Log:
    return Log(form, (("log.name", name),), timezone.utc, model=model)


def found(model: Model) -> Windows:
    return added(model.flush(NOW + 5).minutes.values())


def test_pairs_of_two_logs_and_features_of_one() -> None:
    model = Model(Plan("iris"), {}, NOW)
    one, two = log(model), log(model, LABELS, "labels")
    for number in range(200):
        features = {"temp": float(number % 7), "hum": "wet" if number == 3 else 1.0, "site": "ab"[number % 2]}
        if number == 5:
            del features["temp"]
        one.take(
            lines({"id": f"r{number}", "status": 200, "p": "cat", "c": 0.9, "f": features, "zone": "z"}), NOW
        )
    one.flush()
    for number in range(100):
        two.take(
            json.dumps({"id": f"r{number}", "y": "cat" if number % 4 else "dog"}).encode() + b"\n", NOW + 2
        )
    two.flush()
    models = known(found(model))
    sliced = (*OWN, ("zone", "z"))
    quality = models[sliced]
    assert classified(quality.confusion).accuracy == 0.75
    assert quality.calibration is not None
    assert quality.calibration.count == 100
    inputs = models[OWN].features
    assert inputs["temp"].faults == {"missing": 1}
    assert inputs["hum"].faults == {"type": 1}
    assert inputs["site"].categories == Top({"a": 100, "b": 100})
    assert {name: sum(values.count for values in each.numbers.values()) for name, each in inputs.items()} == {
        "temp": 199, "hum": 199, "site": 0, "prediction": 0, "confidence": 200,
    }  # fmt: skip


def test_what_the_model_sums_up_is_not_in_the_log_too() -> None:
    model = Model(Plan("iris"), {}, NOW)
    one = log(model)
    one.take(lines({"status": 200, "c": 0.5, "f": {"temp": 1.0}}), NOW)
    [minute] = one.flush()
    assert {series.name for series in minute.windows} == {"model.requests"}
    alone = Log(FORM, (("log.name", "api"),), timezone.utc)
    alone.take(lines({"status": 200, "c": 0.5, "f": {"temp": 1.0}}), NOW)
    [minute] = alone.flush()
    assert {"model.confidence", "model.feature.temp"} <= {series.name for series in minute.windows}


def test_a_name_in_the_lines_wins() -> None:
    model = Model(Plan("iris"), {}, NOW)
    form = FORM._replace(fields=(*FORM.fields, Field("model", "m")))
    one = log(model, form)
    one.take(lines({"p": "a", "y": "a", "m": "other model"}), NOW)
    one.flush()
    [owner] = [each for each, what in known(found(model)).items() if what.confusion]
    assert dict(owner)["model.name"] == "other model"


def test_which_formats_tell_more_than_how_fast_it_was() -> None:
    assert tells(FORM)
    assert tells(LABELS)
    assert not tells(PRESETS["uvicorn"])


def test_names_of_classes_and_categories_are_redacted() -> None:
    model = Model(Plan("iris"), {}, NOW)
    one = log(model)
    one.take(lines({"p": "bob@example.org", "y": "bob@example.org", "f": {"site": "eve@example.org"}}), NOW)
    one.flush()
    models = known(found(model))
    assert models[OWN].confusion == {("[email]", "[email]"): 1}
    assert models[OWN].features["site"].categories == Top({"[email]": 1})
    assert b"example.org" not in b"".join(state or b"" for state in model.changes(NOW).values())


def test_the_delay_of_a_label_is_not_that_of_minutes() -> None:
    model = Model(Plan("iris"), {}, NOW)
    one, two = log(model), log(model, LABELS, "labels")
    turn = NOW + 60
    one.take(lines({"id": "r", "p": "a", "t": turn - 1}), turn + 1)
    one.flush()
    two.take(b'{"id": "r", "y": "a"}\n', turn + 3)
    two.flush()
    delay = known(added(model.flush(turn + 3).minutes.values()))[OWN].delay
    assert delay is not None
    assert 3.0 < delay.high < 3.1
