"""From files and flags to a `Config`, or to every fault in them at once.

Each setting is converted by its form on its own, so that one fault hides no other. Values of later
files win over earlier ones, flags over files. What depends on several settings is checked last.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from agent.config.document import Document, read
from agent.config.fault import Fault, Faults, Place, Refused, dotted, nearest, quoted
from agent.config.forms import Form
from agent.config.relations import check
from agent.config.settings import Config, SectionType, fields
from agent.config.tables import Each

COMMAND_LINE = "command line"
Key = tuple[str, ...]


class Given(NamedTuple):
    """A value as a document gives it."""

    value: object
    document: Document


class Loaded(NamedTuple):
    """The settings, and where each that is not a default came from, by dotted key."""

    config: Config
    origins: Mapping[str, Place]


def load(
    files: Sequence[str | os.PathLike[str]] = (),
    overrides: Mapping[str, object] | None = None,
    *,
    credentials: str | None = None,
) -> Config:
    """The settings of these files, with flags over them.

    Args:
        files: TOML files; later ones win, key by key.
        overrides: values by dotted key ("broker.url") from the command line.
        credentials: the directory that `credential:NAME` means, $CREDENTIALS_DIRECTORY under systemd.

    Raises:
        Faults: every fault of all of them.
    """
    return load_with_origins(files, overrides, credentials=credentials).config


def load_with_origins(
    files: Sequence[str | os.PathLike[str]] = (),
    overrides: Mapping[str, object] | None = None,
    *,
    credentials: str | None = None,
) -> Loaded:
    """As `load`, and where each setting came from.

    Raises:
        Faults: every fault of all of them.
    """
    faults: list[Fault] = []
    given: dict[Key, Given] = {}
    for document in [*_documents(files, faults), _flags(overrides or {})]:
        _gather(document, document.values, Config, (), given, faults)
    config: Config = _build(Config, (), given, faults)
    origins = {dotted(key): one.document.place(key) for key, one in given.items()}
    doubtful = frozenset(".".join(fault.key.split(".")[:2]) for fault in faults)
    faults.extend(check(config, origins, credentials, doubtful))
    if faults:
        raise Faults(faults)
    return Loaded(config, origins)


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


def _gather(
    document: Document,
    table: Mapping[str, Any],
    section: SectionType,
    path: Key,
    given: dict[Key, Given],
    faults: list[Fault],
) -> None:
    """Sort the values of a table to the settings they are meant for."""
    known = fields(section)
    for name, value in table.items():
        key = (*path, name)
        field = known.get(name)
        if field is None:
            faults.append(_unknown(document, key, known))
        elif field.form is not None:
            given[key] = Given(value, document)
        elif not isinstance(value, dict):
            faults.append(_no_table(document, key, value))
        elif field.each is not None:
            _gather_each(document, value, field.each, key, given, faults)
        else:
            _gather(document, value, field.section, key, given, faults)


def _gather_each(
    document: Document,
    table: Mapping[str, Any],
    each: Each,
    path: Key,
    given: dict[Key, Given],
    faults: list[Fault],
) -> None:
    """The same for a table with one section a name."""
    names = each.names()
    for name, value in table.items():
        key = (*path, name)
        if name not in names:
            faults.append(_unknown(document, key, names))
        elif not isinstance(value, dict):
            faults.append(_no_table(document, key, value))
        else:
            _gather(document, value, each.section, key, given, faults)


def _no_table(document: Document, key: Key, value: object) -> Fault:
    reason = f"{quoted(value)} is no table of settings"
    return Fault(document.place(key), dotted(key), reason, f"[{dotted(key)}] with settings below it")


def _unknown(document: Document, key: Key, known: Iterable[str]) -> Fault:
    """An unknown key; its value is not quoted, it may be a secret."""
    names = tuple(known)
    reason = "is not known" if len(key) > 1 else "is no section"
    meant = nearest(key[-1], names) or _elsewhere(key[-1])
    return Fault(document.place(key), dotted(key), reason, ", ".join(names), meant)


def _elsewhere(name: str) -> str:
    """The setting of that very name in another section."""
    for section in fields(Config).values():
        if name in fields(section.section):
            return f"{section.name}.{name}"
    return ""


def _build(section: SectionType, path: Key, given: Mapping[Key, Given], faults: list[Fault]) -> Any:
    """The section with every value that its form takes; a fault for every other."""
    values = {}
    for field in fields(section).values():
        key = (*path, field.name)
        if field.section is not None:
            values[field.name] = _build(field.section, key, given, faults)
        elif field.each is not None:
            values[field.name] = _build_each(field.each, key, given, faults)
        elif field.form is not None and key in given:
            values[field.name] = _convert(field.form, field.default, key, given[key], faults)
    return section(**values)


def _build_each(each: Each, path: Key, given: Mapping[Key, Given], faults: list[Fault]) -> Mapping[str, Any]:
    """One section for each name that has a setting of its own."""
    names = dict.fromkeys(key[len(path)] for key in given if key[: len(path)] == path)
    return MappingProxyType({name: _build(each.section, (*path, name), given, faults) for name in names})


def _convert(form: Form, default: object, key: Key, given: Given, faults: list[Fault]) -> object:
    """The value, or the default and a fault for every part of the value that is not taken."""
    try:
        return form.read(given.value)
    except Refused as refused:
        for why in refused.refusals:
            inner = (*key, *why.inside)
            place = given.document.place(inner)
            faults.append(Fault(place, dotted(inner), why.reason, why.allowed, why.nearest))
        return default
