"""From files and flags to a `Config`, or to every fault in them at once.

Each setting is converted by its form on its own, so that one fault hides no other. Values of later
files win over earlier ones, flags over files. What depends on several settings is checked last.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from agent.config.document import Document, read
from agent.config.fault import Expanded, Fault, Faults, Place, Refused, dotted
from agent.config.gather import Gathered, Key
from agent.config.relations import check
from agent.config.section import Field, Items, Section, section
from agent.config.settings import Config
from agent.config.templates import NONE, Templates, templates
from agent.config.variables import expand

COMMAND_LINE = "command line"
NOTHING: Mapping[str, str] = MappingProxyType({})


class Loaded(NamedTuple):
    """The settings; where each that is not a default came from, by dotted key; and those with variables
    in them, as they are written."""

    config: Config
    origins: Mapping[str, Place]
    templates: Templates = NONE


def load(
    files: Sequence[str | os.PathLike[str]] = (),
    overrides: Mapping[str, object] | None = None,
    *,
    credentials: str | None = None,
    environment: Mapping[str, str] = NOTHING,
) -> Config:
    """The settings of these files, with flags over them.

    Args:
        files: TOML files; later ones win, key by key.
        overrides: values by dotted key ("broker.url") from the command line.
        credentials: the directory that `credential:NAME` means, $CREDENTIALS_DIRECTORY under systemd.
        environment: what `${NAME}` in a file means.

    Raises:
        Faults: every fault of all of them.
    """
    return load_with_origins(files, overrides, credentials=credentials, environment=environment).config


def load_with_origins(
    files: Sequence[str | os.PathLike[str]] = (),
    overrides: Mapping[str, object] | None = None,
    *,
    credentials: str | None = None,
    environment: Mapping[str, str] = NOTHING,
) -> Loaded:
    """As `load`, and where each setting came from.

    Raises:
        Faults: every fault of all of them.
    """
    faults: list[Fault] = []
    gathered = Gathered(faults)
    for document in [*_documents(files, faults), _flags(overrides or {})]:
        gathered.add(document)
    building = _Building(gathered, environment)
    config: Config = building.section(section(Config), ())
    origins = {dotted(key): given.place for key, given in gathered.values.items()}
    faults.extend(check(config, origins, credentials, _doubtful(faults), building.templates))
    if faults:
        raise Faults(faults)
    return Loaded(config, origins, building.templates)


def _documents(files: Sequence[str | os.PathLike[str]], faults: list[Fault]) -> list[Document]:
    documents = []
    for file in files:
        try:
            documents.append(read(file))
        except Faults as error:
            faults.extend(error.faults)
    return documents


def _flags(overrides: Mapping[str, object]) -> Document:
    """The flags as a document: tables made of their dotted keys."""
    values: dict[str, Any] = {}
    for key, value in overrides.items():
        *tables, last = key.split(".")
        table = values
        for name in tables:
            table = table.setdefault(name, {})
        table[last] = value
    return Document(COMMAND_LINE, values, {})


def _doubtful(faults: Sequence[Fault]) -> frozenset[str]:
    """The keys with a fault at or below them, from the second level on."""
    parts = [fault.key.split(".") for fault in faults]
    return frozenset(".".join(words[:deep]) for words in parts for deep in range(2, len(words) + 1))


class _Building:
    """Makes sections of what was gathered: every value that its form takes; a fault for every other."""

    def __init__(self, gathered: Gathered, environment: Mapping[str, str]) -> None:
        self._gathered = gathered
        self._environment = environment
        self.templates: dict[str, object] = {}

    def section(self, of: Section, path: Key) -> Any:
        made = {field.name: self._field(field, (*path, field.name)) for field in of.fields.values()}
        return of.make(**made)

    def _field(self, field: Field, key: Key) -> Any:
        if field.section is not None:
            return self.section(field.section, key)
        if field.items is not None:
            return self._items(field.items, key)
        names = self._gathered.names(key)
        if field.each is not None:
            each = field.each
            return MappingProxyType({name: self.section(each.section(name), (*key, name)) for name in names})
        if field.pairs is not None:
            form = field.pairs.form
            inner = field._replace(form=form, pairs=None)
            return MappingProxyType({name: self._value(inner, (*key, name)) for name in names})
        return self._value(field, key)

    def _items(self, items: Items, path: Key) -> tuple[Any, ...]:
        """The tables of an array; one without a required value, or of another one's name, is a fault."""
        of, found = items.section(), []
        seen: dict[object, Key] = {}
        for at, given in enumerate(self._gathered.tables.get(path, ())):
            key = (*path, at)
            required = (one.name for one in of.fields.values() if one.required)
            for name in required if isinstance(given.value, dict) else ():
                if (*key, name) not in self._gathered.values:
                    fault = Fault(given.place, dotted((*key, name)), "is missing", "a value of its own")
                    self._gathered.faults.append(fault)
            found.append(self.section(of, key))
            called = getattr(found[-1], items.key)
            if called is not None and seen.setdefault(called, key) != key:
                named = (*key, items.key)
                reason = f"is that of {dotted(seen[called])} too"
                place = self._gathered.values[named].place
                self._gathered.faults.append(Fault(place, dotted(named), reason, items.allowed()))
        return tuple(found)

    def _value(self, field: Field, key: Key) -> object:
        """The value, or the default and a fault for every part of the value that is not taken."""
        given = self._gathered.values.get(key)
        if given is None or field.form is None:
            return field.default
        try:
            written = given.value
            if given.document.file != COMMAND_LINE:  # what stands there, a shell has seen already
                self.templates.update(templates(key, written))
                written = expand(written, self._environment)
            found = field.form.read(written)
        except Refused as refused:
            for why in refused.refusals:
                place = given.document.place((*given.key, *why.inside))
                where = dotted((*key, *why.inside))
                self._gathered.faults.append(Fault(place, where, why.reason, why.allowed, why.nearest))
            return field.default
        return str(found) if isinstance(found, Expanded) else found
