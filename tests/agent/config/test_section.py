from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

import pytest

from agent.config.forms import Flag, Text
from agent.config.section import Each, Items, Pairs, Setting, described, section


class Inner(NamedTuple):
    """Inside.

    Args:
        none of these.
    """

    flag: Annotated[bool, Setting(Flag(), "A flag.")] = True


def inner(_: str = "") -> Any:
    return section(Inner)


class Outer(NamedTuple):
    """Around."""

    name: Annotated[str, Setting(Text(), "A name.", '"x"')]
    one: Inner = Inner()
    each: Annotated[Any, Setting(Each(lambda: ("a",), inner), "Some.")] = MappingProxyType({})
    items: Annotated[Any, Setting(Items(inner, 2), "Several.")] = ()
    pairs: Annotated[Any, Setting(Pairs(Text(), 2, "[a-z]+", "letters"), "Pairs.")] = MappingProxyType({})
    not_a_setting: Any = None


def test_a_structure_describes_its_settings() -> None:
    found = section(Outer)
    assert list(found.fields) == ["name", "one", "each", "items", "pairs"]
    assert found.fields["name"].required
    assert found.fields["name"].example == '"x"'
    assert found.fields["one"].section is section(Inner)
    assert found.fields["one"].doc == "Inside."
    assert not found.fields["items"].required
    assert found.get(found.make(name="a"), "name") == "a"


@pytest.mark.parametrize(("key", "taken"), [("abc", True), ("", False), ("a1", False), ("a\n", False)])
def test_pairs_have_keys_of_one_kind(key: str, taken: bool) -> None:
    pairs = section(Outer).fields["pairs"].pairs
    assert pairs is not None
    assert pairs.takes(key) is taken
    assert "letters" in pairs.allowed()


def test_a_setting_that_is_not_described_is_no_field() -> None:
    found = described(Inner, {})
    assert dict(found.fields) == {}
    assert found.make() == Inner()
