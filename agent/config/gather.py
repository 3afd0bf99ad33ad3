"""Sorts what documents say to the settings it is meant for; every key that is none is a fault.

Tables merge, values of later documents win, and arrays of tables go on where the one before ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from agent.config.document import Document
from agent.config.fault import Fault, Place, dotted, nearest, quoted
from agent.config.section import Each, Field, Items, Pairs, Section, section
from agent.config.settings import Config

Key = tuple[str | int, ...]
MOST_TOLD = 40  # names in a message


class Given(NamedTuple):
    """A value as a document gives it; `key` leads to it there, where arrays begin anew."""

    value: object
    document: Document
    key: Key

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.document.place(self.key)


class Gathered:
    """What all documents together say: values by the key of their setting, tables of arrays by theirs."""

    __slots__ = ("faults", "tables", "values")

    def __init__(self, faults: list[Fault]) -> None:
        """`faults` is what is added to."""
        self.faults = faults
        self.values: dict[Key, Given] = {}
        self.tables: dict[Key, list[Given]] = {}

    def add(self, document: Document) -> None:
        """Take in a document: what it says wins over what was said before."""
        self._table(document, document.values, section(Config), (), ())

    def names(self, path: Key) -> list[str]:
        """The keys given right below a path, in order."""
        deep = len(path)
        keys = [*self.values, *((*key, 0) for key, tables in self.tables.items() if tables)]
        return list(dict.fromkeys(str(key[deep]) for key in keys if len(key) > deep and key[:deep] == path))

    def _table(
        self, document: Document, table: Mapping[str, Any], of: Section, path: Key, local: Key
    ) -> None:
        for name, value in table.items():
            here = Given(value, document, (*local, name))
            field = of.fields.get(name)
            if field is None:
                self._unknown(here, of.fields)
            else:
                self._field(here, field, (*path, name))

    def _field(self, given: Given, field: Field, key: Key) -> None:
        if field.form is not None:
            self.values[key] = given
        elif field.items is not None:
            self._items(given, field.items, key)
        elif not isinstance(given.value, dict):
            self._no_table(given)
        elif field.section is not None:
            self._table(given.document, given.value, field.section, key, given.key)
        elif field.pairs is not None:
            self._pairs(given, field.pairs, key)
        elif field.each is not None:
            self._each(given, field.each, key)

    def _each(self, given: Given, each: Each, path: Key) -> None:
        """A table with one section a name."""
        names = each.names()
        for name, value in _table_of(given).items():
            inner = Given(value, given.document, (*given.key, name))
            if name not in names:
                self._unknown(inner, names)
            elif not isinstance(value, dict):
                self._no_table(inner)
            else:
                self._table(given.document, value, each.section(name), (*path, name), inner.key)

    def _pairs(self, given: Given, pairs: Pairs, path: Key) -> None:
        for name, value in _table_of(given).items():
            inner = Given(value, given.document, (*given.key, name))
            key = (*path, name)
            if not pairs.takes(name):
                self._fault(inner, "is no key to choose", pairs.words)
            elif key not in self.values and len(self.names(path)) == pairs.most:
                self._fault(inner, "is one too many", pairs.allowed())
            else:
                self.values[key] = inner

    def _items(self, given: Given, items: Items, path: Key) -> None:
        """An array of tables; what is too much is left out."""
        tables = self.tables.setdefault(path, [])
        if not isinstance(given.value, list):
            self._fault(given, f"{quoted(given.value)} is no array of tables", f"[[{dotted(given.key)}]]")
            return
        for at, value in enumerate(given.value):
            inner = Given(value, given.document, (*given.key, at))
            if len(tables) == items.most:
                self._fault(inner, "is one too many", items.allowed())
                return
            tables.append(inner)
            if isinstance(value, dict):
                self._table(given.document, value, items.section(), (*path, len(tables) - 1), inner.key)
            else:
                self._fault(inner, f"{quoted(value)} is no table", f"[[{dotted(given.key)}]]")

    def _no_table(self, given: Given) -> None:
        allowed = f"[{dotted(given.key)}] with settings below it"
        self._fault(given, f"{quoted(given.value)} is no table of settings", allowed)

    def _unknown(self, given: Given, known: Iterable[str]) -> None:
        """An unknown key; its value is not quoted, it may be a secret."""
        names, name = tuple(known), str(given.key[-1])
        reason = "is not known" if len(given.key) > 1 else "is no section"
        allowed = ", ".join(names) if len(names) <= MOST_TOLD else f"one of {len(names)} names"
        self._fault(given, reason, allowed, nearest(name, names) or _elsewhere(name))

    def _fault(self, given: Given, reason: str, allowed: str, meant: str = "") -> None:
        self.faults.append(Fault(given.place, dotted(given.key), reason, allowed, meant))


def _table_of(given: Given) -> Mapping[str, Any]:
    return given.value if isinstance(given.value, dict) else {}


def _elsewhere(name: str) -> str:
    """The setting of that very name in another section."""
    for field in section(Config).fields.values():
        if field.section is not None and name in field.section.fields:
            return f"{field.name}.{name}"
    return ""
