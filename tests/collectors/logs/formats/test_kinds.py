from __future__ import annotations

import json
from random import Random

import pytest

from collectors.logs.formats.guess import named


def roles(rows: list[dict[str, object]], kind: str = "json") -> dict[str, str]:
    if kind == "json":
        lines = [json.dumps(row).encode() for row in rows]
    else:
        lines = [" ".join(f"{key}={value}" for key, value in row.items()).encode() for row in rows]
    return {field.role: field.key for field in named(kind, lines).fields}


@pytest.mark.parametrize("kind", ["json", "logfmt"])
@pytest.mark.parametrize(
    ("predicted", "true", "found"),
    [
        (["cat", "dog"], ["cat", "cat"], ("prediction", "label")),
        ([3, 7, 3], [3, 3, 1], ("prediction", "label")),
        ([0.5, 3.25], [1, 3], ("predicted_value", "true_value")),
        ([1, 3], [0.5, 3.25], ("predicted_value", "true_value")),
        (list(range(1000, 1100)), list(range(1000, 1100)), ("predicted_value", "true_value")),
        ([1, 2], ["one", "two"], ("prediction", "label")),
    ],
)
def test_values_tell_classes_from_numbers(
    kind: str, predicted: list[object], true: list[object], found: tuple[str, str]
) -> None:
    rows = [{"request_id": "x", "y_pred": p, "y_true": t} for p, t in zip(predicted, true, strict=True)]
    assert roles(rows, kind) == {"request": "request_id", found[0]: "y_pred", found[1]: "y_true"}


def test_features_that_are_mostly_texts_are_categories() -> None:
    rnd = Random(7)
    rows: list[dict[str, object]] = [
        {
            "features": {
                "age": rnd.choice([30, None, "NaN", "?", 40]),
                "city": rnd.choice(["a", "b", 7]),
                "new": True,
            }
        }
        for _ in range(50)
    ]
    assert set(roles(rows)) == {"feature.age", "category.city", "category.new"}


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"class": "com.example.Main", "status": "ok"}, {"status"}),
        ({"class": "cat", "score": 0.9}, {"prediction", "confidence"}),
        ({"target": "/v1/infer", "request_id": "x", "status": 200}, {"status"}),
        ({"target": "cat", "request_id": "x", "predicted": "dog"}, {"label", "request", "prediction"}),
        ({"rank": 3, "status": "ok"}, {"status"}),
        ({"rank": 3, "prediction": "a", "correct": False}, {"rank", "prediction", "correct"}),
        ({"request_id": "x", "label": "cat"}, {"request", "label"}),
    ],
)
def test_names_that_many_things_bear_are_meant_of_a_model_beside_others(
    row: dict[str, object], found: set[str]
) -> None:
    assert set(roles([row])) == found
