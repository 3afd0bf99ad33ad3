from __future__ import annotations

import math

import pytest

from agent.demo.query import Query, QueryError, query


def test_a_flower() -> None:
    assert query(b'{"features":{"petal_width":2,"sepal_length":5.1,"colour":"blue"}}') == Query(
        [{"sepal_length": 5.1, "petal_width": 2.0}], many=False
    )


def test_many() -> None:
    assert query(b'{"flowers":[[5.1,3.5,1.4,0.2],[7]]}') == Query(
        [
            {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2},
            {"sepal_length": 7.0},
        ],
        many=True,
    )


def test_not_a_number_is_for_the_model_to_judge() -> None:
    assert math.isnan(query(b'{"features":{"petal_width":NaN}}').flowers[0]["petal_width"])


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not an object"),
        (b"{}", "no features"),
        (b'{"features":[5.1]}', "no features"),
        (b'{"features":{"petal_width":"2"}}', "petal_width is no number"),
        (b'{"features":{"petal_width":null}}', "petal_width is no number"),
        (b'{"features":{"petal_width":true}}', "petal_width is no number"),
        (b'{"features":{"petal_width":1%s}}' % (b"0" * 400), "petal_width is too large"),
        (b'{"flowers":{}}', "flowers: not a list of lists"),
        (b'{"flowers":[5.1]}', "flowers: not a list of lists"),
        (b'{"flowers":[["5.1"]]}', "sepal_length is no number"),
    ],
)
def test_what_is_none_is_said(body: bytes, wrong: str) -> None:
    with pytest.raises(QueryError, match=wrong):
        query(body)
