"""Lines of text: taken apart by regular expressions, or as pairs `key=value` (logfmt).

A reader tells where in the line each field stands; the bytes there, as UTF-8, are the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from collectors.logs.formats.regexes import longest
from collectors.logs.formats.traces import Spans, exception_in, head_of

_PAIR = re.compile(rb'(?:^|(?<=[\s{(,]))([A-Za-z_@][\w.@/-]{0,63})=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))')
_ESCAPE = re.compile(r'\\(["\\nrt/])')
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


class Splitter(Protocol):
    """Finds the fields of a line."""

    def spans(self, line: bytes) -> Spans | None:
        """Where each field begins and ends; None: the line is not of this kind."""
        ...


class Pairs:
    """`key=value` and `key="value"`, anywhere in a line; the last of a key holds."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._wanted = {key.encode(): key for key in keys}

    def spans(self, line: bytes) -> Spans | None:
        """The wanted pairs; None: the line has no pair at all."""
        found: Spans = {}
        pair = None
        for pair in _PAIR.finditer(line):
            if (key := self._wanted.get(pair[1])) is not None:
                found[key] = pair.span(2) if pair[2] is not None else pair.span(3)
        return None if pair is None else found


class Patterns:
    """The first pattern that matches from the start, and the parts wherever they are. None goes through a
    line that is longer than its cost allows."""

    def __init__(self, patterns: Iterable[str], parts: Iterable[str] = ()) -> None:
        self._patterns = [(re.compile(each.encode()), longest(each, searched=False)) for each in patterns]
        self._parts = [(re.compile(each.encode()), longest(each, searched=True)) for each in parts]

    def spans(self, line: bytes) -> Spans | None:
        """The named groups that took part; None: no pattern matches, and no exception ends the record."""
        whole, line = line, head_of(line)
        found = self._in_head(line)
        if found is None:
            return exception_in(whole)
        if len(whole) > len(line):
            # A trace's last line says more than the line above it, such as `Exception on /predict`.
            found = {**found, **(exception_in(whole) or {})}
        return found

    def _in_head(self, line: bytes) -> Spans | None:
        for pattern, most in self._patterns:
            if len(line) <= most and (match := pattern.match(line)):
                found = _groups(match)
                for part, most_of_part in self._parts:
                    if len(line) <= most_of_part and (more := part.search(line)):
                        found.update(_groups(more))
                return found
        return None


def _groups(match: re.Match[bytes]) -> Spans:
    spans = {name: match.span(number) for name, number in match.re.groupindex.items()}
    return {name: span for name, span in spans.items() if span[0] >= 0}


class TextLines:
    """Reads the fields that a splitter finds."""

    def __init__(self, splitter: Splitter) -> None:
        self._spans = splitter.spans

    def fields(self, line: bytes) -> Mapping[str, object] | None:
        """What a line says, by key."""
        spans = self._spans(line)
        if spans is None:
            return None
        return {key: decoded(line[begin:end]) for key, (begin, end) in spans.items()}


def decoded(value: bytes) -> str:
    """The text of a field."""
    text = value.decode("utf-8", "replace")
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text) if "\\" in text else text
