"""One file of settings, read with care: its values, and the place of each."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from agent.config.fault import Fault, Faults, Place
from agent.config.locate import Steps, locate
from agent.config.regular import read_regular

if sys.version_info >= (3, 11):
    from tomllib import loads
else:
    from tomli import loads

__all__ = ["Document", "loads", "read"]

LARGEST = 1024 * 1024
LONGEST_LINE = 2048  # TOML parsers take a time quadratic in the parts of a dotted key
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
_AT_END = " (at end of document)"


class Document(NamedTuple):
    """The values of one file as TOML gives them, and the lines they stand on."""

    file: str
    values: Mapping[str, Any]
    lines: Mapping[Steps, int]

    def place(self, path: Sequence[str | int]) -> Place:
        """Where a key stands; for one that is not there, where the table around it begins."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(tuple(path[:length]))
            if line is not None:
                return Place(self.file, line)
        return Place(self.file)


def read(file: str | os.PathLike[str]) -> Document:
    """Read and parse one file.

    Raises:
        Faults: it cannot be read, is no file, too large, not UTF-8 or no TOML.
    """
    name = os.fspath(file)
    text = _text(name)
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST_LINE:
            allowed = f"at most {LONGEST_LINE} characters"
            raise Faults([Fault(Place(name, number), "", "the line is too long", allowed)])
    try:
        return Document(name, loads(text), locate(text))
    except RecursionError:
        raise Faults([Fault(Place(name), "", "is nested too deeply")]) from None
    except ValueError as error:
        raise Faults([_syntax(name, text, str(error))]) from None


def _syntax(name: str, text: str, message: str) -> Fault:
    """TOML's own complaint, its line moved to where we put lines."""
    match = _AT_LINE.search(message)
    line = int(match[1]) if match else None
    if message.endswith(_AT_END):
        line = text.count("\n") + (not text.endswith("\n"))
        message = message.removesuffix(_AT_END) + " at the end of the file"
    return Fault(Place(name, line), "", f"is no TOML: {_AT_LINE.sub('', message)}")


def _text(name: str) -> str:
    """UTF-8, with or without the mark that some editors put first."""
    try:
        data, _ = read_regular(name, LARGEST)
    except ValueError as error:  # a null byte in the name is one, too
        raise Faults([Fault(Place(name), "", str(error))]) from None
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"is not UTF-8: byte 0x{data[error.start]:02x}"
        raise Faults([Fault(Place(name, line), "", reason)]) from None
