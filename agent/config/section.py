"""What the loader and the generators know of settings: sections, their fields, and the kinds of field.

A section is described by a structure (a named tuple), whose fields bear a `Setting`; or it is put
together, as that of a collector is. Both are asked here, as a `Section`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, get_type_hints

from agent.config.forms import Form

Structure = Any  # a class of settings: NamedTuple has no common base to name here


class Each(NamedTuple):
    """A table with one section for each of the names, which are asked for when needed.

    With an `example` the section of this one name is shown in place of all.
    """

    names: Callable[[], tuple[str, ...]]
    section: Callable[[str], Section]
    example: str = ""


class Items(NamedTuple):
    """An array of at most so many tables; no two have the same value of the field `key`."""

    section: Callable[[], Section]
    most: int
    key: str = "name"

    def allowed(self) -> str:
        """The bounds."""
        return f"at most {self.most} tables, each with a {self.key} of its own"


class Pairs(NamedTuple):
    """A table of keys that the user chooses, at most so many, each with a value of one form."""

    form: Form
    most: int
    key: str
    """What a key may be: a regular expression without groups, for the whole of it."""
    words: str
    """The same in words."""

    def takes(self, key: str) -> bool:
        """Whether this may be a key."""
        return re.fullmatch(self.key, key) is not None

    def allowed(self) -> str:
        """The bounds."""
        return f"at most {self.most} keys of {self.words}, each with {self.form.allowed()}"


class Setting(NamedTuple):
    """How one setting is written and what it means; `example` in TOML where there is no default."""

    form: Form | Each | Items | Pairs
    doc: str
    example: str = ""


class Field(NamedTuple):
    """A field of a section. One of `form`, `section`, `each`, `items` and `pairs` says of which kind."""

    name: str
    doc: str
    default: Any = None
    required: bool = False
    example: str = ""
    form: Form | None = None
    section: Section | None = None
    each: Each | None = None
    items: Items | None = None
    pairs: Pairs | None = None


class Section(NamedTuple):
    """A table of settings: what it is about, its fields in the order of the file, what is made of their
    values, and how one of them is got back from that."""

    doc: str
    fields: Mapping[str, Field]
    make: Callable[..., Any]
    get: Callable[[Any, str], Any] = getattr


@cache
def section(structure: Structure) -> Section:
    """The section that a structure with annotated fields describes."""
    found: dict[str, Field] = {}
    for name, hint in get_type_hints(structure, include_extras=True).items():
        settings = [note for note in getattr(hint, "__metadata__", ()) if isinstance(note, Setting)]
        if settings:
            found[name] = field(structure, name, settings[0])
        elif hasattr(hint, "_fields"):
            inner = section(hint)
            found[name] = Field(name, inner.doc, structure._field_defaults[name], section=inner)
    return Section(_doc(structure), MappingProxyType(found), structure)


def described(structure: Structure, settings: Mapping[str, Setting]) -> Section:
    """The section of a structure whose settings are told apart from it; those that are not are no fields."""
    found = {name: field(structure, name, settings[name]) for name in structure._fields if name in settings}
    return Section(_doc(structure), MappingProxyType(found), structure)


def field(structure: Structure, name: str, setting: Setting) -> Field:
    """The field of that name; without a default it is required."""
    required = name not in structure._field_defaults
    plain = Field(name, setting.doc, structure._field_defaults.get(name), required, setting.example)
    if isinstance(setting.form, Each):
        return plain._replace(each=setting.form)
    if isinstance(setting.form, Items):
        return plain._replace(items=setting.form)
    if isinstance(setting.form, Pairs):
        return plain._replace(pairs=setting.form)
    return plain._replace(form=setting.form)


def _doc(structure: Structure) -> str:
    """The first paragraph of its documentation."""
    return " ".join(structure.__doc__.split("\n\n")[0].split())
