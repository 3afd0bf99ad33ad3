"""The record of a model as JSON."""

from __future__ import annotations

import json

from agent.stats.quality import Bin, Calibration, Errors
from agent.view.joined import Quality
from agent.view.joinedjson import as_json, finite, input_, quality
from tests.agent.view.test_joined import board, record


def test_all_of_it_is_json_and_what_is_not_known_is_null() -> None:
    found = json.loads(json.dumps(as_json(record(), board().windows), allow_nan=False))
    assert found["process"] == "uvicorn"
    assert found["inputs"][1]["now"] is None
    assert found["inputs"][1]["since"] is None
    assert found["quality"]["errors"] == []
    bare = as_json(record()._replace(delay=None, together=None, version=""), {})
    assert bare["label_delay"] is None
    assert bare["version"] is None
    assert bare["series"] == []


def test_numbers_and_confidences_are_told() -> None:
    found = quality(Quality(None, {1: 0.5}, Calibration({9: Bin(2, 1.9, 1)}, 0.5), (Errors(0, 1, 2, 4, -2),)))
    assert found["classes"] is None
    assert found["top_accuracy"] == {"1": 0.5}
    assert found["errors"] == [{"pairs": 1, "mae": 2.0, "rmse": 2.0, "bias": -2.0, "r2": None}]
    assert found["brier"] == 0.25


def test_an_input_has_its_numbers_in_its_own_unit() -> None:
    found = input_(record().inputs[0])
    assert found["baseline"] == record().inputs[0].baseline._asdict()  # type: ignore[union-attr]
    assert found["since"] == record().inputs[0].since


def test_what_is_not_finite_is_null() -> None:
    assert finite({"a": [1.0, float("inf")], "b": (float("nan"), 2, "x")}) == {
        "a": [1.0, None],
        "b": [None, 2, "x"],
    }
