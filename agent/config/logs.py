"""Settings of the logs that are followed: which files or units, in which format, and where they are begun."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from agent.config.fault import Refusal, Refused, quoted
from agent.config.forms import Choice, Flag, Schema, Text, Texts, Whole, text
from agent.config.names import Name
from agent.config.quantity import DURATION_FORM, parse_duration, show_duration
from agent.config.section import Pairs, Section, Setting, described

LOGS = 32
DAY = 86_400.0
LONGEST_PATH = 1024
ATTRIBUTE = r"[A-Za-z][A-Za-z0-9_.-]{0,63}"


def _is_path(value: str) -> bool:
    return (
        value.startswith("/")
        and value.isprintable()
        and len(value) <= LONGEST_PATH
        and not {".", ".."} & set(value.split("/"))
    )


PATHS = Texts(
    _is_path,
    "no path",
    "paths that begin with /, without . and .. in them",
    {"type": "string", "pattern": "^/", "maxLength": LONGEST_PATH},
)
"""Absolute paths, in which * ? [...] and ** may stand."""


def _asked(pattern: str, words: str) -> Texts:
    """What systemd's journal is asked for: units, or conditions FIELD=VALUE."""
    return Texts(
        lambda word: word.isprintable() and re.fullmatch(pattern, word) is not None,
        "none of them",
        words,
        {"type": "string", "pattern": f"^{pattern}$"},
    )


class From:
    """Where a log is begun at the first look: "end", "start", or so long ago."""

    def read(self, value: object) -> str | float:
        """The word, or seconds."""
        if value in ("end", "start"):
            return str(value)
        try:
            seconds = parse_duration(value)
        except ValueError:
            raise Refused(Refusal(f"{quoted(value)} is none of them", self.allowed())) from None
        if not 0 < seconds <= DAY:
            raise Refused(Refusal(f"{quoted(value)} is out of bounds", self.allowed()))
        return seconds

    def allowed(self) -> str:
        """All of them."""
        return '"end", "start", or a duration of at most 1d, such as "1h"'

    def show(self, value: object) -> str:
        """In TOML."""
        return text(value) if isinstance(value, str) else f'"{show_duration(float(str(value)))}"'

    def schema(self) -> Schema:
        """In JSON schema."""
        number = {"type": "number", "exclusiveMinimum": 0, "maximum": DAY}
        return {"anyOf": [number, {"type": "string", "pattern": f"^(end|start|{DURATION_FORM})$"}]}


class Zone:
    """A time zone by its name in the IANA's database; empty: the device's."""

    def read(self, value: object) -> str:
        """The name."""
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        if not isinstance(value, str):
            raise Refused(Refusal(f"{quoted(value)} is no text", self.allowed()))
        try:
            if value:
                ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Refused(Refusal(f"{quoted(value)} is no zone this device knows", self.allowed())) from None
        return value

    def allowed(self) -> str:
        """The kinds."""
        return 'a name such as "Europe/Berlin" or "UTC", or empty for the device\'s own'

    def show(self, value: object) -> str:
        """In TOML."""
        return text(value)

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "string", "maxLength": 64}


class Logs(NamedTuple):
    """A model's log that is followed: files, a journal's units or a FIFO."""

    name: str
    paths: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    pipes: tuple[str, ...] = ()
    format: str = "auto"
    start: str | float = "end"
    container: str = "auto"
    multiline: bool = True
    zone: str = ""
    archives: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    groups: int = 20
    attributes: Mapping[str, str] = MappingProxyType({})


SETTINGS = {
    "name": Setting(
        Name(), "What it is called: the attribute log.name of all its series, and its positions.", '"api"'
    ),
    "paths": Setting(
        PATHS,
        "Its files. * ? [...] stand for a part of a name, ** for folders below; files that come later are "
        "found. Rotated ones, compressed or not, are read to their end and need not be named.",
        '["/var/log/api/*.log"]',
    ),
    "units": Setting(
        _asked(r"[A-Za-z0-9@:._\\-]{1,255}", "units, such as model.service"),
        "Units of systemd whose entries in the journal are read.",
    ),
    "matches": Setting(
        _asked(r"[A-Z_][A-Z0-9_]{0,63}=.{1,255}", "conditions FIELD=VALUE"),
        "Further conditions on entries of the journal.",
    ),
    "pipes": Setting(
        PATHS, "FIFOs that are read as they come. Without being named here none is opened, nor a device."
    ),
    "format": Setting(
        Name(),
        "auto (from the first lines), json, logfmt, a preset (collectors/logs/README.md lists them), or the "
        "name of a [[format]] of your own.",
    ),
    "from": Setting(
        From(),
        "Where it is begun the first time: at its end, its start, or so long ago by the lines' own times.",
    ),
    "container": Setting(
        Choice("auto", "none", "docker", "cri"),
        "The container runtime that wraps its lines; auto sees that from a file's first line.",
    ),
    "multiline": Setting(Flag(), "Whether the lines of a stack trace are put together."),
    "zone": Setting(Zone(), "The time zone of times without one."),
    "archives": Setting(PATHS, "Folders beside the log's own where rotated files go."),
    "roots": Setting(PATHS, "Folders that symbolic links may lead into, beside those that paths name."),
    "groups": Setting(
        Whole(1, 200),
        "Combinations of model, version and attributes that are told apart in a window; the rest is `other`.",
    ),
    "attributes": Setting(
        Pairs(Text(128), 8, ATTRIBUTE, "1 to 64 letters, digits and . _ -"),
        "Attributes of all its series, such as the model where its lines do not tell.",
        '"model.name" = "resnet"',
    ),
}


@cache
def logs_section() -> Section:
    """The settings of one log. `from` is no name in Python: the structure calls it `start`."""
    plain = described(Logs, {"start" if name == "from" else name: each for name, each in SETTINGS.items()})
    fields = {
        each.name: each
        for each in (
            field._replace(name="from") if name == "start" else field for name, field in plain.fields.items()
        )
    }

    def make(**values: Any) -> Logs:
        return Logs(start=values.pop("from"), **values)

    def get(logs: Logs, key: str) -> Any:
        return getattr(logs, "start" if key == "from" else key)

    return Section(plain.doc, MappingProxyType(fields), make, get)
