"""Where each key of a TOML text stands: `tomllib` tells values, not lines.

A scanner for text that `tomllib` has already taken: it follows keys, dotted keys, tables, arrays of
tables, inline tables and arrays, and steps over strings of all four kinds and comments. It does not
judge; on text that is no TOML its answer means nothing, but it ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Steps = tuple[str | int, ...]
DEEPEST = 8

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_PLAIN = re.compile(r"[^,\]}#\n]*")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def locate(text: str) -> Mapping[Steps, int]:
    """The line (from 1) of every key and table header down to 8 levels; array items by their index.

    Raises:
        RecursionError: values nested as deep as `tomllib` itself cannot read.
    """
    return _Scanner(text).scan()


class _Scanner:
    """One pass over a text."""

    __slots__ = ("arrays", "at", "counted", "line", "lines", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.counted = 0
        self.line = 1
        self.lines: dict[Steps, int] = {}
        self.arrays: dict[Steps, int] = {}

    def scan(self) -> dict[Steps, int]:
        table: Steps = ()
        while self._blank() and self.at < len(self.text):
            if self._take("[["):
                table = self._header(self._keys(), array=True)
                self._take("]]")
            elif self._take("["):
                table = self._header(self._keys(), array=False)
                self._take("]")
            elif not self._pair(table):
                break
        return self.lines

    def _header(self, keys: list[str], *, array: bool) -> Steps:
        """The path that a header opens: keys of arrays of tables lead to their newest table."""
        path: Steps = ()
        for place, key in enumerate(keys):
            path = self._down(path, key)
            if array and place == len(keys) - 1:
                self.arrays[path] = self.arrays.get(path, -1) + 1
            if path in self.arrays:
                path = self._down(path, self.arrays[path])
        return path

    def _pair(self, table: Steps) -> bool:
        """One `key = value`; False where neither stands here."""
        keys = self._keys()
        path = table
        for key in keys:
            path = self._down(path, key)
        self._space()
        if not keys or not self._take("="):
            return False
        self._space()
        self._value(path)
        return True

    def _value(self, path: Steps) -> None:
        if self._take("["):
            self._items(path)
        elif self._take("{"):
            self._inline(path)
        elif (string := _STRING.match(self.text, self.at)) is not None:
            self.at = string.end()
        else:
            self._skip(_PLAIN)

    def _items(self, path: Steps) -> None:
        index = 0
        while self._blank() and self.at < len(self.text) and not self._take("]"):
            start = self.at
            self._value(self._down(path, index))
            self._blank()
            if not self._take(",") and self.at == start:
                return
            index += 1

    def _inline(self, path: Steps) -> None:
        while self._blank() and self.at < len(self.text) and not self._take("}"):
            if not self._pair(path):
                return
            self._blank()
            self._take(",")

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while True:
            self._space()
            match = _KEY.match(self.text, self.at)
            if match is None:
                return keys
            self.at = match.end()
            keys.append(_plain(match[0]))
            self._space()
            if not self._take("."):
                return keys

    def _down(self, path: Steps, key: str | int) -> Steps:
        """One level down, noted where it stands first; deeper than any setting it is not of interest."""
        if len(path) >= DEEPEST:
            return path
        inner = (*path, key)
        if inner not in self.lines:
            self.line += self.text.count("\n", self.counted, self.at)
            self.counted = self.at
            self.lines[inner] = self.line
        return inner

    def _take(self, word: str) -> bool:
        found = self.text.startswith(word, self.at)
        if found:
            self.at += len(word)
        return found

    def _space(self) -> None:
        self._skip(_SPACE)

    def _blank(self) -> bool:
        self._skip(_BLANK)
        return True

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()


def _plain(key: str) -> str:
    """A key as it was written, without its quotes and escapes."""
    if key[0] == "'":
        return key[1:-1]
    return _ESCAPE.sub(_unescape, key[1:-1]) if key[0] == '"' else key


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(match[3], match[3])
