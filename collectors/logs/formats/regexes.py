"""What a regular expression may cost, and whether it looks at digits: told from its parse, before any line.

Python's `re` tries again and again where a repeat may end at several places. Each such repeat multiplies the
time by the line's length, and one inside another makes it exponential. Sets of characters tell which
repeats they are: one that cannot take what may follow it ends at one place only.

Whatever the answer, lines are cut to `longest(pattern)`, so that no line takes more than a fraction of a
second.
"""

from __future__ import annotations

import importlib
import re
import sys
from functools import lru_cache
from typing import Any

LONGEST_PATTERN = 1024
MOST = 3
"""The power of the line's length that a pattern's time may grow by."""
LENGTHS = {1: 16384, 2: 4096, 3: 512}
"""Bytes of a line that a pattern of this power goes through at most."""
_MANY = 16
"""A repeat of more than so many is taken for one without end."""
_OPTIONS = 12

_parser: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
_ALL = frozenset(range(256))
_DIGITS = frozenset(b"0123456789")
_NONE: frozenset[int] = frozenset()
_WORD = _DIGITS | frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_CATEGORIES = {"DIGIT": _DIGITS, "SPACE": frozenset(b" \t\n\r\f\v"), "WORD": _WORD}
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")
Chars = frozenset[int]


class Unsafe(ValueError):  # noqa: N818 - the pattern is at fault
    """A pattern could run for ever; the message says where."""


def fault(pattern: object, most: int = MOST) -> str:
    """Why this is no pattern for lines, whose time grows by at most this power of their length; or ""."""
    if not isinstance(pattern, str) or not 0 < len(pattern) <= LONGEST_PATTERN:
        return f"is no text of at most {LONGEST_PATTERN} characters"
    try:
        re.compile(pattern.encode())
        power = degree(pattern)
    except (re.error, ValueError, RecursionError, OverflowError) as error:
        return f"is no pattern: {error}"
    if power > most:
        return f"could run for ever: its time grows by the power {power} of a line's length"
    return ""


@lru_cache(256)
def degree(pattern: str) -> int:
    """The power of a line's length by which the time of a match from its start grows.

    Raises:
        Unsafe: it grows exponentially.
    """
    walk = _Walk()
    walk.sequence(list(_parser.parse(pattern.encode())), _NONE, looped=False)
    if walk.options > _OPTIONS:
        raise Unsafe(f"{walk.options} optional parts could each be taken or left")
    return 1 + walk.ambiguous


def longest(pattern: str, *, searched: bool) -> int:
    """Bytes of a line that the pattern may go through; `searched`: it may begin anywhere."""
    return LENGTHS[min(degree(pattern) + searched, MOST)]


class _Walk:
    """Counts what is ambiguous."""

    def __init__(self) -> None:
        self.ambiguous = self.options = 0

    def sequence(self, nodes: list[Any], follow: Chars, *, looped: bool) -> None:
        """Nodes one after the other, behind which one of `follow` may stand."""
        for at, (op, arg) in enumerate(nodes):
            rest, empty = first(nodes[at + 1 :])
            self._node(str(op), arg, rest | follow if empty else rest, looped=looped)

    def _node(self, op: str, arg: Any, follow: Chars, *, looped: bool) -> None:
        if op in _REPEATS:
            self._repeat(arg, follow, looped=looped)
        elif op == "BRANCH":
            self._branch([list(branch) for branch in arg[1]], follow, looped=looped)
        elif op in ("SUBPATTERN", "ATOMIC_GROUP"):
            self.sequence(list(arg[-1] if op == "SUBPATTERN" else arg), follow, looped=looped)
        elif op in ("ASSERT", "ASSERT_NOT"):
            self.sequence(list(arg[1]), _NONE, looped=looped)
        elif op.startswith("GROUPREF"):
            raise Unsafe("a reference to a group")

    def _repeat(self, arg: tuple[int, int, Any], follow: Chars, *, looped: bool) -> None:
        least, most, body = arg[0], int(arg[1]), list(arg[2])
        own, empty = first(body)
        ambiguous = bool(own & follow)
        if most <= _MANY:
            if ambiguous and looped and most > least:
                raise Unsafe("a repeat inside a repeat could end at several places")
            before = self.ambiguous, self.options
            self.sequence(body, follow | own if most > 1 else follow, looped=looped)
            # What is ambiguous inside is so each time that it is repeated.
            self.ambiguous += (self.ambiguous - before[0]) * (most - 1)
            self.options += (self.options - before[1]) * (most - 1) + (most - least) * ambiguous
            return
        if ambiguous and looped:
            raise Unsafe("a repeat inside a repeat could end at several places")
        if empty:
            raise Unsafe("what is repeated may be empty")
        self.ambiguous += ambiguous
        self.sequence(body, follow | own, looped=True)

    def _branch(self, branches: list[list[Any]], follow: Chars, *, looped: bool) -> None:
        seen: Chars = _NONE
        for branch in branches:
            own, empty = first(branch)
            own |= follow if empty else _NONE
            if own & seen:
                if looped:
                    raise Unsafe("a repeated alternative could be taken in several ways")
                self.options += 1
            seen |= own
            self.sequence(branch, follow, looped=looped)


def first(nodes: list[Any]) -> tuple[Chars, bool]:
    """The bytes with which a match of the nodes may begin, and whether it may be empty."""
    found: Chars = _NONE
    for op, arg in nodes:
        own, empty = _first(str(op), arg)
        found |= own
        if not empty:
            return found, False
    return found, True


def _first(op: str, arg: Any) -> tuple[Chars, bool]:
    if op in (*_REPEATS, "POSSESSIVE_REPEAT"):
        own, empty = first(list(arg[2]))
        return own, empty or arg[0] == 0
    if op == "BRANCH":
        parts = [first(list(branch)) for branch in arg[1]]
        return frozenset().union(*[own for own, _ in parts]), any(empty for _, empty in parts)
    if op in ("SUBPATTERN", "ATOMIC_GROUP"):
        return first(list(arg[-1] if op == "SUBPATTERN" else arg))
    if op in ("AT", "ASSERT", "ASSERT_NOT"):
        return _NONE, True
    return chars(op, arg), False


def chars(op: str, arg: Any) -> Chars:
    """The bytes that one character's place takes; letters in both cases, in case case is ignored."""
    if op == "LITERAL":
        return frozenset(chr(arg).swapcase().encode("latin-1", "replace")[:1] + bytes([arg]))
    if op == "NOT_LITERAL":
        return _ALL - {arg}
    if op == "IN":
        return _set(arg)
    return _ALL


def _set(items: list[Any]) -> Chars:
    found: Chars = _NONE
    negated = False
    for kind, arg in items:
        op = str(kind)
        if op == "NEGATE":
            negated = True
        elif op == "RANGE":
            found |= frozenset(range(arg[0], arg[1] + 1))
        elif op == "CATEGORY":
            name = str(arg).removeprefix("CATEGORY_")
            own = _CATEGORIES[name.removeprefix("NOT_")]
            found |= _ALL - own if name.startswith("NOT_") else own
        else:
            found |= chars(op, arg)
    return _ALL - found if negated else found


def blind(pattern: str) -> bool:
    """Whether it takes any digit where it takes one: then two lines that differ in digits only are taken
    apart alike."""
    return all(own >= _DIGITS or not own & _DIGITS for own in _places(list(_parser.parse(pattern.encode()))))


def _places(nodes: Any) -> list[Chars]:
    """The set of each character's place in it."""
    found: list[Chars] = []
    for op, arg in nodes:
        name = str(op)
        if name in (*_REPEATS, "POSSESSIVE_REPEAT"):
            found += _places(arg[2])
        elif name == "BRANCH":
            found += [own for branch in arg[1] for own in _places(branch)]
        elif name in ("SUBPATTERN", "ATOMIC_GROUP"):
            found += _places(arg[-1] if name == "SUBPATTERN" else arg)
        elif name in ("ASSERT", "ASSERT_NOT"):
            found += _places(arg[1])
        elif name != "AT":
            found.append(chars(name, arg))
    return found
