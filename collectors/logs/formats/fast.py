"""What the fast paths give: columns for the lines that they could read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from collectors.logs.formats.states import MISSING, States
from collectors.logs.formats.times import FORMS, Near, epoch, moment
from collectors.logs.formats.words import (
    ABOVE_NINE,
    KEPT,
    NO,
    TOPS,
    ZEROS,
    Flags,
    Floats,
    Ints,
    Text,
    Words,
    word_of,
)

MOST_MINUTES = 32
"""Different minutes that are read in one chunk; more are left to the exact path."""
UNTIMED = -1
_TWO, _EIGHTS = word_of(2), word_of(8)
NO_ROWS: Ints = np.empty(0, np.int64)


class Minutes:
    """Times of one form, by what they say down to the minute: many lines say the same.

    Args:
        length: characters of a time.
        seconds: where its two digits of seconds stand.
        fraction: where the digits of their fraction begin and end.
    """

    def __init__(self, length: int, seconds: int, fraction: tuple[int, int]) -> None:
        self.form = length, seconds, fraction
        kept, digits = bytearray(32), bytearray(32)
        kept[:length] = b"\xff" * length
        for at in (*range(seconds, seconds + 2), *range(*fraction)):
            kept[at], digits[at] = 0, 0xFF
        tens = bytearray(32)
        tens[seconds] = 0x0F
        self._tens = np.frombuffer(bytes(tens), np.dtype("<u8"))
        self._kept = np.frombuffer(bytes(kept), np.dtype("<u8"))
        self._digits = np.frombuffer(bytes(digits), np.dtype("<u8"))
        self.length = length

    def heads(self, column: list[Words]) -> tuple[list[Words], Flags]:
        """What of the words of times tells the minute, and whether seconds and fraction are proper digits."""
        wrong: Words | None = None
        heads = []
        for word, kept, digits, tens in zip(column, self._kept, self._digits, self._tens, strict=False):
            heads.append(word & kept)
            if digits:
                own = (word ^ ZEROS) & digits
                own = ((own + ABOVE_NINE) | own) & TOPS
                # No seconds beyond 59: 6 and more, and what is in their place is a digit, have these bits.
                own |= ((word & tens) + (_TWO & tens)) & (_EIGHTS & tens)
                wrong = own if wrong is None else wrong | own
        proper: Flags = np.ones(len(column[0]), np.bool_) if wrong is None else wrong == NO
        return heads, proper

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Minutes) and self.form == other.form

    def __hash__(self) -> int:
        return hash(self.form)


class Values(NamedTuple):
    """What lines say, beside what tells them apart.

    Args:
        numbers: a column for each number of the format.
        outcomes: a column for each of its outcomes.
        states: a column for each of its features; None: all are numbers.
        classes: a column for each of its classes.
        requests: the identities of their requests, if it has them.
    """

    numbers: tuple[Floats, ...]
    outcomes: tuple[Floats, ...]
    states: tuple[States | None, ...]
    classes: tuple[Ints, ...]
    requests: Words | None

    def saying(self, doubtful: Flags) -> Flags | None:
        """Which lines say something, None where all do; others than the `doubtful` do anyway."""
        left = np.flatnonzero(doubtful)
        for column in (*self.numbers, *self.outcomes):
            left = left[np.isnan(column[left])] if len(left) else left
        for own in self.classes:
            left = left[own[left] == 0]
        for states in self.states:
            left = left if states is None else left[states[left] <= MISSING]
        if not len(left):
            return None
        found = np.ones(len(doubtful), np.bool_)
        found[left] = False
        return found

    def of(self, rows: Flags) -> Values:
        """The same of some of the lines."""
        return Values(
            tuple([column[rows] for column in self.numbers]),
            tuple([column[rows] for column in self.outcomes]),
            tuple([None if column is None else column[rows] for column in self.states]),
            tuple([column[rows] for column in self.classes]),
            None if self.requests is None else self.requests[rows],
        )


class Read(NamedTuple):
    """The lines that were read, and their columns.

    Args:
        rows: which lines.
        minutes: minutes since 1970; UNTIMED where absent.
        labels: numbers of their texts.
        values: what they say.
        messages: line and text of those that failed and have one.
        missed: lines that are not understood.
    """

    rows: Ints
    minutes: Ints
    labels: Ints
    values: Values
    messages: Sequence[tuple[int, str]] = ()
    missed: Ints = NO_ROWS


class Teller(Protocol):
    """What a fast path asks of whoever reads the chunk."""

    def label(self, row: int) -> int:
        """The number of the texts of a line, told the exact way; EXACT where it is not understood."""
        ...

    def blank(self, labels: Ints) -> Flags:
        """Where in a column of labels there are those of lines without a text."""
        ...

    def failed(self, labels: Ints) -> Ints:
        """Which places in a column of labels are of failed records."""
        ...


def form_of(text: str) -> Minutes | None:
    """How minutes are read from times of this form; None: it is none that can be."""
    if len(text) > 8 * KEPT:
        return None
    for form in FORMS:
        if found := form.fullmatch(text):
            fraction = found.span("f") if found["f"] else (0, 0)
            return Minutes(len(text), found.start("S"), fraction)
    return None


def minutes_of(text: Text, form: Minutes, begins: Ints, words: list[Words], near: Near) -> tuple[Ints, Flags]:
    """The minutes of times that begin there and have these words, and which were read."""
    heads, read = form.heads(words)
    found = np.full(len(begins), UNTIMED, np.int64)
    left = read
    for _ in range(MOST_MINUTES):
        if not left.any():
            return found, read
        row = int(np.argmax(left))
        same = left
        for head in heads:
            same = same & (head == head[row])
        at = int(begins[row])
        time = moment(text.part(at, at + form.length).decode(), near)
        if time is not None:
            found[same] = int(time // 60)
        left = left ^ same
    return found, read & ~left


def epochs(values: Floats) -> Ints:
    """Minutes of times that are numbers."""
    return np.array(
        [UNTIMED if (at := epoch(value)) is None else int(at // 60) for value in values.tolist()], np.int64
    )


def scaled(values: Floats, scale: float, use: str) -> Floats:
    """What `measured` gives for numbers without a unit of their own."""
    result = values if scale == 1.0 else values * scale
    if use != "value" and len(result) and result.min() < 0:
        result = np.where(result < 0, np.nan, result)
    return result
