"""The holes of a JSON shape to columns: numbers and their states, classes, requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import NamedTuple

import msgspec
import numpy as np

from collectors.logs.formats.amounts import amounts, written
from collectors.logs.formats.classes import Classes
from collectors.logs.formats.codes import Codes, codes_of
from collectors.logs.formats.escapes import marked
from collectors.logs.formats.fast import Values, scaled
from collectors.logs.formats.format import Format
from collectors.logs.formats.hashes import LONGEST, requests
from collectors.logs.formats.holes import Column
from collectors.logs.formats.jsonlines import scalar
from collectors.logs.formats.record import Record, use_of
from collectors.logs.formats.shape import Shape
from collectors.logs.formats.states import INFINITE, MISSING, NAN, States, state_of
from collectors.logs.formats.values import flag
from collectors.logs.formats.words import FIRST, NO, ZEROS, Flags, Floats, Ints, Text, Words, word_of

WORDS = LONGEST // 8
LONGEST_WHOLE = 18
"""Digits of a request's id that is a number."""
_HIGH = word_of(0xF0)
_FLAGS = np.array([0.0, 1.0, nan])
_NONE = np.empty(0, np.int64)
Filled = Mapping[int, Column]


class _Number(NamedTuple):
    """The hole of a number, None where all lines have `value`; of a flag, what its texts are."""

    place: int | None
    scale: float
    use: str
    value: float
    flags: Codes | None


class _Class(NamedTuple):
    """The hole of a class, None where all lines have `number`; and what its texts are."""

    place: int | None
    number: int
    codes: Codes


def empty_keys(form: Format) -> frozenset[str]:
    """The keys at which a shape may have nothing: those of numbers alone."""
    numbers = (*form.numbers, *form.outcomes)
    keys = {field.key for field in numbers if use_of(field.role) != "flag"}
    plain = [field.key for field in form.fields if field not in numbers]
    return frozenset(keys.difference(plain, form.attributes))


class JsonColumns:
    """Makes columns of the holes of a shape.

    Args:
        form: the format.
        classes: the names of its classes.
        shape: of the lines.
        record: what a line of this shape is.
    """

    def __init__(self, form: Format, classes: Sequence[Classes], shape: Shape, record: Record) -> None:
        self._shape = shape
        places = {hole.key: at for at, hole in enumerate(shape.holes) if hole.key}
        self._numbers = [
            _Number(places.get(field.key), field.scale, use, value, Codes(_flag) if use == "flag" else None)
            for field, value in zip(
                (*form.numbers, *form.outcomes), (*record.numbers, *record.outcomes), strict=True
            )
            for use in (use_of(field.role),)
        ]
        numbers = form.numbers
        self._measured = len(numbers)
        self._features = [
            (numbers.index(field), state) for field, state in zip(form.features, record.states, strict=True)
        ]
        self._classes = [
            _Class(places.get(field.key), names[name], codes_of(names))
            for field, names, name in zip(form.classes, classes, record.classes, strict=True)
        ]
        self._request = places.get(form.key("request") or "")
        self._constant = None if form.key("request") is None else record.request

    @property
    def worded(self) -> dict[int, int]:
        """The holes whose words are wanted, and how many."""
        found = {each.place: WORDS for each in self._numbers if each.flags is not None}
        found.update({each.place: WORDS for each in self._classes})
        found[self._request] = WORDS
        return {place: words for place, words in found.items() if place is not None}

    @property
    def placed(self) -> set[int]:
        """The holes of numbers."""
        return {each.place for each in self._numbers if each.place is not None}

    def fit(self, text: Text, holes: Filled, ok: Flags) -> Flags:
        """Those of the lines whose request's id is read as the exact path reads it."""
        if self._request is None:
            return ok
        hole = holes[self._request]
        if not self._shape.holes[self._request].number:
            return ok & ~marked(hole.words) if text.marked else ok
        lengths = hole.ends - hole.begins
        wrong = np.zeros(len(lengths), np.uint64)
        for at, word in enumerate(hole.words):
            wrong |= (word ^ ZEROS) & _HIGH & FIRST[np.clip(lengths - 8 * at, 0, 8)]
        ok &= (wrong == NO) & (lengths <= LONGEST_WHOLE)
        return ok

    def read(self, text: Text, holes: Filled, size: int) -> Values:
        """The columns of so many lines."""
        numbers = tuple([self._number(text, holes, each, size) for each in self._numbers])
        return Values(
            numbers[: self._measured],
            numbers[self._measured :],
            tuple([self._states(text, holes, at, numbers[at], state) for at, state in self._features]),
            tuple([
                np.full(size, each.number)
                if each.place is None
                else self._coded(text, holes[each.place], each.place, each.codes)
                for each in self._classes
            ]),
            self._requests(holes, size),
        )  # fmt: skip

    def _number(self, text: Text, holes: Filled, each: _Number, size: int) -> Floats:
        if each.place is None:
            return np.full(size, each.value)
        hole = holes[each.place]
        if each.flags is not None:
            values: Floats = _FLAGS[self._coded(text, hole, each.place, each.flags)]
            return values
        if self._shape.holes[each.place].number:
            return scaled(hole.values, each.scale, each.use)
        return scaled(amounts(text, hole.begins, hole.ends, each.scale), 1.0, each.use)

    def _coded(self, text: Text, hole: Column, place: int, codes: Codes) -> Ints:
        """The numbers of what stands in a hole."""
        number = self._shape.holes[place].number

        def value(row: int) -> object:
            begin, end = int(hole.begins[row]), int(hole.ends[row])
            return scalar(msgspec.Raw(text.part(begin, end))) if number else written(text, begin, end)

        return codes.numbers(hole.words, hole.ends - hole.begins, value)

    def _states(self, text: Text, holes: Filled, at: int, values: Floats, state: int) -> States | None:
        """The states of a feature; `state` is that of the line that the shape was learned from."""
        place = self._numbers[at].place
        if place is None:
            return np.full(len(values), state, np.uint8) if state else None
        # The least tells it where none is: that is one pass.
        rows = np.flatnonzero(np.isnan(values)) if isnan(values.min(initial=0.0)) else _NONE
        if not len(rows):
            return None
        begins, ends, *_ = holes[place]
        found = np.zeros(len(values), np.uint8)
        if self._shape.holes[place].number:
            first = text.bytes[begins[rows]]
            found[rows] = np.where(first == ord("n"), MISSING, np.where(first == ord("N"), NAN, INFINITE))
        else:
            for row in rows.tolist():
                found[row] = state_of(written(text, int(begins[row]), int(ends[row])), nan)
        return found

    def _requests(self, holes: Filled, size: int) -> Words | None:
        if self._constant is None:
            return None
        if self._request is None:
            return np.full(size, self._constant, np.uint64)
        hole = holes[self._request]
        return requests(hole.words, hole.ends - hole.begins)


def _flag(value: object) -> int:
    """Which of _FLAGS it is."""
    found = flag(value)
    return 2 if isnan(found) else int(found)
