from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from agent.config.options import SETTINGS, options, structure
from collectors.catalog import NAMES
from collectors.options import OPTIONS, Filesystem


def structures(which: Any) -> Iterator[Any]:
    """A structure of options, and those that its arrays hold."""
    yield which
    for hint in get_type_hints(which).values():
        for inner in get_args(hint):
            if hasattr(inner, "_fields"):
                yield from structures(inner)


def test_every_option_can_be_set() -> None:
    known = {each for own in OPTIONS.values() for each in structures(type(own))}
    lacking = [
        f"{one.__name__}.{name}" for one in known for name in one._fields if name not in structure(one).fields
    ]
    assert lacking == [], "give them a form and a meaning in agent/config/options.py"
    strays = [
        f"{one.__name__}.{name}" for one, has in SETTINGS.items() for name in has if name not in one._fields
    ]
    assert strays == [], "collectors/options.py has no such option"
    assert set(SETTINGS) == known


def test_options_belong_to_collectors_there_are() -> None:
    assert set(OPTIONS) <= set(NAMES)


def test_a_collector_without_options_has_no_section_of_them() -> None:
    assert options("cpu") is None
    found = options("filesystem")
    assert found is not None
    assert found.make(remote=True) == Filesystem(remote=True)


def test_defaults_are_said_once_and_are_those_of_the_structure() -> None:
    for own in OPTIONS.values():
        of = structure(type(own))
        assert of.make(**{name: field.default for name, field in of.fields.items() if not field.items}) == own
