"""The exact path: a format's lines to records, one at a time."""

from __future__ import annotations

import re

from collectors.logs.formats.format import Format
from collectors.logs.formats.record import Making, Reader, Record
from collectors.logs.formats.textlines import Pairs, Patterns, Splitter, TextLines
from collectors.logs.formats.times import Near

LONGEST_LINE = 1024 * 1024
LONGEST_TEXT_LINE = 64 * 1024
"""A longer line is not looked at, but counted: JSON, and text that patterns go through."""

_COLOUR = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
"""A control sequence of terminals."""


def keys_of(form: Format) -> tuple[str, ...]:
    """The keys of all fields that are looked at."""
    return tuple(dict.fromkeys([*(field.key for field in form.fields), *form.attributes]))


def splitter_of(form: Format) -> Splitter:
    """What finds the fields in a line of text."""
    return Pairs(keys_of(form)) if form.kind == "logfmt" else Patterns(form.patterns, form.parts)


def reader_of(form: Format) -> Reader:
    """What takes the format's lines apart."""
    if form.kind == "json":
        from collectors.logs.formats.jsonlines import JsonLines

        return JsonLines(keys_of(form))
    return TextLines(splitter_of(form))


def bare(line: bytes) -> bytes:
    """A line without colours, and without what ends it."""
    return (_COLOUR.sub(b"", line) if b"\x1b" in line else line).rstrip(b"\r\n")


class Exact:
    """Reads one line; this defines what a line becomes."""

    def __init__(self, form: Format) -> None:
        self.reader, self.making = reader_of(form), Making(form)
        self.longest = LONGEST_LINE if form.kind == "json" else LONGEST_TEXT_LINE

    def record(self, line: bytes, near: Near) -> Record | None:
        """The record of a line; None: it is not understood."""
        if len(line) > self.longest:
            return None
        found = self.reader.fields(bare(line))
        return self.making.record(found, near) if found is not None else None
