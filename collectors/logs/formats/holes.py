"""The holes of lines of one shape, a column each: literals are compared and holes stepped over in turn."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from collectors.logs.formats.alike import Alike, alike, alike_or_not, fill
from collectors.logs.formats.digits import numbers
from collectors.logs.formats.runs import Run, runs_of
from collectors.logs.formats.shape import Shape
from collectors.logs.formats.words import (
    FIRST,
    NO,
    WIDE,
    Flags,
    Floats,
    Ints,
    Text,
    Words,
    differing,
    end_at,
    head_of,
    same,
    texts,
    words_of,
)

_NONE = np.empty(0)


class Column(NamedTuple):
    """A hole in many lines: where it begins and ends; the words of a text, or the values of a number; the
    other is empty."""

    begins: Ints
    ends: Ints
    words: list[Words]
    values: Floats

    def of(self, rows: Ints) -> Column:
        """The same of some of the lines."""
        values = self.values[rows] if len(self.values) else self.values
        return Column(self.begins[rows], self.ends[rows], [word[rows] for word in self.words], values)


class Holes:
    """Steps over the holes of a shape.

    Args:
        shape: what the lines look like.
        kept: the holes that are wanted.
        worded: those of them whose words are wanted, and how many; longer ones are not read.
        empty: those of them, numbers, in which there may be none: `null`, or `NaN` and `Infinity`, which JSON
            does not have. Their value is NaN.
    """

    def __init__(
        self, shape: Shape, kept: Collection[int], worded: Mapping[int, int], empty: Collection[int] = ()
    ) -> None:
        self.shape, self._kept, self._worded = shape, frozenset(kept), dict(worded)
        self._empty = frozenset(empty)
        runs = runs_of(shape, self._worded, self._empty)
        self._runs = {run.first: run for run in runs}
        self._within = {run.first + at for run in runs for at in range(1, run.count)}
        # Words in which the end of a text is looked for at once: as many as the longest took the last time.
        self._widths = [1 for _ in shape.holes]
        # How long all texts were the last time, 0 if not alike; and how most numbers were written.
        self._sizes = [0 for _ in shape.holes]
        self._alike: list[Alike | None] = [None for _ in shape.holes]

    def step(self, text: Text, rows: Ints) -> tuple[dict[int, Column], Flags]:
        """The wanted holes of each line, and in which lines all is as it should be; no holes, if in none."""
        place = text.starts[rows]
        ok = np.ones(len(rows), np.bool_)
        found: dict[int, Column] = {}
        for at, (hole, literal) in enumerate(zip(self.shape.holes, self.shape.literals, strict=False)):
            if at in self._within:
                continue
            front = min(words_of(literal), WIDE)
            if len(literal) > 8 * front:
                ok &= same(text, place, literal[: -8 * front])
            begins = place + len(literal)
            window = text.window(begins - 8 * front, front + self._widths[at])
            ok &= differing(window, literal[-8 * front :]) == NO
            if not ok.any():
                return {}, ok
            if at in self._runs:
                place, ok = self._run(text, self._runs[at], begins, ok, found)
                continue
            column, read = (self._number if hole.number else self._text)(text, begins, window[:, front:], at)
            ok = ok if read is None else ok & read
            if at in self._worded:
                ok &= column.ends - begins <= 8 * self._worded[at]
            if at in self._kept:
                found[at] = column
            place = column.ends
        last = self.shape.literals[-1]
        return found, ok & same(text, place, last) & (place + len(last) == text.ends[rows])

    def _run(
        self, text: Text, run: Run, begins: Ints, ok: Flags, found: dict[int, Column]
    ) -> tuple[Ints, Flags]:
        """Add the numbers of a run to those found; returns where the last ends, and which lines have all."""
        read = run.read(text, begins, ok)
        for row in range(run.count):
            if run.first + row in self._kept:
                found[run.first + row] = Column(read.begins[row], read.ends[row], [], read.values[row])
        return read.ends[-1], read.ok

    def _number(self, text: Text, begins: Ints, window: Words, at: int) -> tuple[Column, Flags | None]:
        how, number = self._alike[at], None
        if how is not None:
            number = alike_or_not(text, begins, window[:, 0], how, empty=at in self._empty)
        if number is None:
            number = numbers(text, begins, window[:, 0])
            self._alike[at] = alike(text, begins, number, self.shape.literals[at + 1][0])
        if at in self._empty and not number.read.all():
            fill(number, begins, window[:, 0])
        # A number may be a text that tells records apart, such as a status.
        own = head_of(text, begins, number.ends - begins, self._worded[at]) if at in self._worded else []
        return Column(begins, number.ends, own, number.values), number.read

    def _text(self, text: Text, begins: Ints, window: Words, at: int) -> tuple[Column, Flags | None]:
        kept, size = self._worded.get(at, 0), self._sizes[at]
        if size and size // 8 < window.shape[1] and end_at(window, size):
            words = [window[:, word] for word in range(min(size // 8 + 1, kept))]
            if size // 8 < kept:
                words[-1] = words[-1] & FIRST[size % 8]
            return Column(begins, begins + size, words, _NONE), None
        found = texts(text, begins, kept, window)
        sizes = found.ends - begins
        longest = int(sizes.max())
        self._widths[at] = min(longest // 8 + 1, WIDE)
        self._sizes[at] = longest if longest == sizes.min() else 0
        return Column(begins, found.ends, found.words, _NONE), found.read
