from __future__ import annotations

import json

import pytest

from agent.demo.model import InvalidArgument, Model
from agent.demo.query import QueryError
from agent.demo.visit import Visit

FEATURES = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
TIMES = {"latency_ms", "queue_ms", "preprocess_ms", "inference_ms"}


@pytest.fixture(scope="module")
def model() -> Model:
    return Model()


def visit(what: object) -> Visit:
    made = Visit(json.dumps(what).encode())
    made.waited(0.0125)
    return made


def untimed(made: Visit) -> dict[str, object]:
    return {name: value for name, value in made.fields().items() if name not in TIMES}


def test_a_flower(model: Model) -> None:
    made = visit({"features": FEATURES})
    assert json.loads(json.dumps(made.run(model)))["species"] == "setosa"
    assert untimed(made) == {
        "batch_size": 1, "prediction": "setosa", "confidence": 0.8755, "features": FEATURES
    }  # fmt: skip
    fields = made.fields()
    assert fields.keys() >= TIMES
    assert fields["queue_ms"] == 12.5


def test_many_flowers_are_not_logged(model: Model) -> None:
    made = visit({"flowers": [list(FEATURES.values()), [6.5, 3.0, 5.8, 2.2]]})
    assert made.run(model) == {"species": ["setosa", "virginica"]}
    assert untimed(made) == {"batch_size": 2}


def test_features_are_logged_as_they_came(model: Model) -> None:
    made = visit({"features": {"petal_length": float("nan"), "petal_width": float("-inf")}})
    with pytest.raises(ValueError, match="not finite"):
        made.run(model)
    assert untimed(made) == {"batch_size": 1, "features": {"petal_length": "nan", "petal_width": "-inf"}}


def test_a_failure_of_the_model_has_a_time_too(model: Model) -> None:
    made = visit({"features": {"petal_length": 1.4}})
    with pytest.raises(InvalidArgument):
        made.run(model)
    assert made.fields().keys() >= TIMES


def test_what_never_came_to_the_model_has_no_time_there(model: Model) -> None:
    made = visit([])
    with pytest.raises(QueryError):
        made.run(model)
    assert made.fields().keys() == TIMES - {"inference_ms"}
    assert Visit(b"").fields().keys() == {"latency_ms"}
