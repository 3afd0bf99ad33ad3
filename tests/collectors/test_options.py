"""Options are plain values with a default each, so that configuration and case folders can say them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from collectors.catalog import NAMES
from collectors.options import OPTIONS, Process, Processes

PLAIN = (bool, int, float, str)


def leaves(value: Any) -> Iterator[Any]:
    """What options are made of: structures and tuples opened."""
    if isinstance(value, tuple):
        for each in value:
            yield from leaves(each)
    else:
        yield value


@pytest.mark.parametrize("name", OPTIONS)
def test_options_are_plain_and_cannot_be_changed(name: str) -> None:
    assert name in NAMES
    assert hash(OPTIONS[name]) == hash(type(OPTIONS[name])())
    assert [value for value in leaves(OPTIONS[name]) if not isinstance(value, PLAIN)] == []
    assert OPTIONS[name].__doc__


def test_the_defaults_of_all_cannot_be_replaced() -> None:
    with pytest.raises(TypeError):
        OPTIONS["processes"] = Processes((Process("a"),))  # type: ignore[index]
