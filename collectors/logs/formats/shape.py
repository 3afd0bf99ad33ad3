"""The shape of a JSON line: what stays the same in the lines of one logger, and the holes between.

Lines have one shape if all bytes between the holes are the same: keys, punctuation, literals. A hole is
what stands between the quotes of a text, or a number. In a line of ASCII without backslashes and controls
that is all of JSON's grammar: such a line is the object that the exact path would see.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple

from collectors.logs.formats.escapes import MARK

LONGEST = 8192
"""Bytes of all literals together, and of holes as far as they are looked at."""
MOST_HOLES = 192
_NUMBER = re.compile(rb"[-+\d.eE]+|null|NaN|Infinity")
_TOKEN = re.compile(
    rb'(?P<text>"[^"]*")|(?P<number>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\d.eE+-]))|(?P<mark>[{}\[\]:,])'
    rb"|(?P<word>true|false|null)|(?P<none>NaN|Infinity)|(?P<blank> +)"
)


class Hole(NamedTuple):
    """What differs: a text or a number (`number`), of the dotted `key`; "" where it has none."""

    number: bool
    key: str


class Shape(NamedTuple):
    """Literals, none empty, and the holes behind each but the last."""

    literals: tuple[bytes, ...]
    holes: tuple[Hole, ...]


def shape_of(line: bytes, empty: Container[str] = ()) -> Shape | None:
    """The shape of a line that is a JSON object; None where it has none that could be used: keys that come
    twice in an object or have escapes, too much of everything. At the keys `empty` there is a number even
    where this line has `null`, or `NaN` or `Infinity`, which JSON does not have."""
    try:
        tokens = _Tokens(line).found
    except ValueError:
        return None
    literals, holes = [b""], []
    for read, written, key in tokens:
        kind = "number" if key in empty and (written == b"null" or read == "none") else read
        if kind == "none":
            return None
        mark = b'"' if kind == "text" else b""
        if kind in ("text", "number"):
            literals[-1] += mark
            holes.append(Hole(kind == "number", key))
            literals.append(mark)
        else:
            literals[-1] += written
    if len(holes) > MOST_HOLES or sum(map(len, literals)) > LONGEST or not all(literals):
        return None
    return Shape(tuple(literals), tuple(holes))


def written_at(line: bytes, shape: Shape, at: int) -> str:
    """What a line of the shape has in this hole, a text."""
    place = 0
    for literal, hole in zip(shape.literals, shape.holes[: at + 1], strict=False):
        begin = place + len(literal)
        found = _NUMBER.match(line, begin) if hole.number else None
        place = found.end() if found is not None else line.index(b'"', begin)
    return line[begin:place].decode()


class _Tokens:
    """Kind (text, number, key, mark), bytes, and of a value its dotted key ("" where it has none).

    Raises:
        ValueError: there is something that a shape cannot have.
    """

    def __init__(self, line: bytes) -> None:
        self.found: list[tuple[str, bytes, str]] = []
        self._objects: list[tuple[str | None, set[bytes]] | None] = []
        self._name: str | None = ""
        self._expects_key = False
        place = 0
        while place < len(line):
            token = _TOKEN.match(line, place)
            if token is None:
                raise ValueError("not in our grammar")
            place = token.end()
            self._take(str(token.lastgroup), token[0])

    def _take(self, kind: str, written: bytes) -> None:
        if kind == "text" and self._expects_key:
            self._key(written)
            kind = "key"
        elif kind == "mark":
            self._mark(written)
        self.found.append((kind, written, self._name or ""))

    def _key(self, written: bytes) -> None:
        inside = self._objects[-1]
        if inside is None or written in inside[1] or MARK in written:
            raise ValueError("a key comes twice, or has an escape")
        inside[1].add(written)
        name, above = written[1:-1].decode(), inside[0]
        self._name = None if above is None or "." in name else f"{above}.{name}" if above else name
        self._expects_key = False

    def _mark(self, written: bytes) -> None:
        if written == b"{":
            self._objects.append((self._name, set()))
        elif written == b"[":
            self._objects.append(None)
            self._name = None
        elif written in b"}]":
            self._objects.pop()
        self._expects_key = written in b"{," and bool(self._objects) and self._objects[-1] is not None
        if written == b"," and self._objects and self._objects[-1] is None:
            self._name = None
