"""What is wrong with a configuration, said so that it can be mended: place, key, reason, allowed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

LONGEST_QUOTE = 60


class Place(NamedTuple):
    """Where a setting came from: a file and its line (from 1), or "command line" without a line."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


class Fault(NamedTuple):
    """One fault. `key` is dotted, or empty where the whole file is meant; `allowed` says what would
    be right, `nearest` is the known key that was probably meant; both may be empty."""

    place: Place
    key: str
    reason: str
    allowed: str = ""
    nearest: str = ""

    def __str__(self) -> str:
        parts = [f"{self.place}: {self.key}: {self.reason}" if self.key else f"{self.place}: {self.reason}"]
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        if self.nearest:
            parts.append(f'did you mean "{self.nearest}"?')
        return ", ".join(parts)


class Faults(ValueError):  # noqa: N818 - all of them at once
    """A configuration that cannot be used, with every fault in it, in the order of the lines."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=_order))
        super().__init__("\n".join(map(str, self.faults)))


def _order(fault: Fault) -> tuple[str, int]:
    return (fault.place.file, fault.place.line or 0)


class Refusal(NamedTuple):
    """Why a value is not taken; `inside` leads from the setting to the part of a table at fault."""

    reason: str
    allowed: str
    inside: tuple[str | int, ...] = ()
    nearest: str = ""


class Refused(ValueError):  # noqa: N818 - raised by forms, turned into faults by the loader
    """A form does not take a value, for one reason or several."""

    def __init__(self, *refusals: Refusal) -> None:
        self.refusals = refusals
        super().__init__("; ".join(refusal.reason for refusal in refusals))


class Expanded(str):
    """A text that holds values of variables; messages show it as it was written."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, text: str, *, written: str) -> Expanded:
        """`text` is what the text came to."""
        made = super().__new__(cls, text)
        made.written = written
        return made


def dotted(path: Sequence[str | int]) -> str:
    """A key as it is written in TOML: parts with other than bare characters in quotes; the tables of an
    array are counted from 1, as in `alert[2].when`."""
    found = ""
    for part in path:
        if isinstance(part, int):
            found += f"[{part + 1}]"
        else:
            found += f"{'.' if found else ''}{part if _is_bare(part) else quoted(part)}"
    return found


def _is_bare(part: str) -> bool:
    return part.isascii() and part.replace("-", "").replace("_", "").isalnum()


def quoted(value: object) -> str:
    """A value for a message: short, on one line, without characters that steer a terminal."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number beyond 64 bits"
    if isinstance(value, Expanded):
        value = value.written
    if not isinstance(value, str):
        return str(value)
    text = value if len(value) <= LONGEST_QUOTE else value[: LONGEST_QUOTE - 3] + "..."
    inner = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
    return '"' + inner.replace('"', '\\"') + '"'


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like this one, or nothing."""
    import difflib

    found = difflib.get_close_matches(word, tuple(known), 1)
    return found[0] if found else ""
