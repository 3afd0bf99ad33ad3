"""What a client may ask the model, read from the body of its request.

A flower:  {"features": {"sepal_length": 5.1, "sepal_width": 3.5, ...}}
Many:      {"flowers": [[5.1, 3.5, 1.4, 0.2], ...]}
"""

from __future__ import annotations

import json
from typing import NamedTuple

from agent.demo.iris import FEATURES

LARGEST = 2 * 1024 * 1024
"""Bytes of a body."""

Features = dict[str, float]


class QueryError(Exception):
    """The body is none of these; in words what is wrong."""


class Query(NamedTuple):
    """One request.

    Args:
        flowers: what to look at.
        many: whether it asked for many, and is answered with a list.
    """

    flowers: list[Features]
    many: bool


def query(body: bytes) -> Query:
    """Read a body.

    Raises:
        QueryError: it is none.
    """
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise QueryError(f"not JSON: {error}") from None
    if not isinstance(asked, dict):
        raise QueryError("not an object")
    if "flowers" in asked:
        return Query(_rows(asked["flowers"]), many=True)
    return Query([_features(asked.get("features"))], many=False)


def _rows(rows: object) -> list[Features]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise QueryError("flowers: not a list of lists")
    return [_features(dict(zip(FEATURES, row, strict=False))) for row in rows]


def _features(features: object) -> Features:
    if not isinstance(features, dict):
        raise QueryError("no features")
    return {name: _number(name, features[name]) for name in FEATURES if name in features}


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise QueryError(f"{name} is no number")
    try:
        return float(value)
    except OverflowError:
        raise QueryError(f"{name} is too large") from None
