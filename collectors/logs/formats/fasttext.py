"""Lines of text by their skeleton: what is left when each digit is a 0.

Patterns that take any digit where they take one (`regexes.blind`) take two lines of one skeleton apart in the
same places. So a pattern goes through one line of each skeleton only, and the digits of the others are read
where it found them. What the patterns do not match, they do not match in any line of that skeleton.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isnan, nan
from typing import NamedTuple

import numpy as np

from collectors.logs.formats.classes import Classes
from collectors.logs.formats.codes import Codes, codes_of
from collectors.logs.formats.digits import numbers
from collectors.logs.formats.exact import LONGEST_TEXT_LINE, splitter_of
from collectors.logs.formats.fast import UNTIMED, Minutes, Read, Teller, Values, form_of, minutes_of
from collectors.logs.formats.format import Format
from collectors.logs.formats.hashes import LONGEST, requests
from collectors.logs.formats.known import Known
from collectors.logs.formats.record import LONGEST_MESSAGE, Making, Record, measured
from collectors.logs.formats.regexes import blind
from collectors.logs.formats.states import MISSING as ABSENT
from collectors.logs.formats.states import States, state_of
from collectors.logs.formats.textlines import decoded
from collectors.logs.formats.times import Near, moment
from collectors.logs.formats.traces import Spans
from collectors.logs.formats.values import SCALES
from collectors.logs.formats.words import KEPT, Flags, Floats, Ints, Text, Words, head_of

LONGEST_NUMBER = 24
"""Characters of a number that is not read one at a time."""
PLANS = 2048
"""Skeletons that are known of a log; with more of them all are forgotten."""
NEW = 256
"""Skeletons that are looked at in one chunk."""
MISSED, UNSEEN = 0, -1
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
# Its digits say whether it is a number at all.
_HUGE = re.compile(r"[eE][+-]?\d{3}", re.ASCII)
_VALUE = re.compile(r"([+-]?\d+(?:\.\d+)?) ?([a-zA-Z%]*)", re.ASCII)


class Place(NamedTuple):
    """Where a number stands in the lines of a skeleton.

    Args:
        begin: from the line's start.
        length: characters of the whole field; 0: it is absent, or never a number.
        digits: characters of its decimal part; 0: it is read one at a time.
        factor: what this is multiplied by.
    """

    begin: int = 0
    length: int = 0
    digits: int = 0
    factor: float = 1.0


class Plan(NamedTuple):
    """What a pattern found in a line, for all of its skeleton.

    Args:
        numbers: where each number stands.
        texts: begin and length of each text that has digits; (0, 0) for the others.
        classes: begin and length of each class.
        request: begin and length of the request's id.
        time: begin and length of the time, and the number of its form; -1: read one at a time, -2: none.
        message: begin and length of the message.
    """

    numbers: tuple[Place, ...]
    texts: tuple[tuple[int, int], ...]
    time: tuple[int, int, int]
    message: tuple[int, int]
    classes: tuple[tuple[int, int], ...]
    request: tuple[int, int]


class _Plans(dict[bytes, int]):
    """Numbers of plans by skeleton."""

    def __missing__(self, skeleton: bytes) -> int:
        return UNSEEN


def usable(form: Format) -> bool:
    """Whether lines of one skeleton are taken apart alike."""
    if form.kind == "logfmt":
        return not any(re.search(r"\d", field.key) for field in (*form.fields, *form.texts))
    return all(blind(pattern) for pattern in (*form.patterns, *form.parts))


class FastText:
    """Reads lines of skeletons that it has seen; looks at new ones."""

    def __init__(self, form: Format, classes: Sequence[Classes]) -> None:
        self._making = making = Making(form)
        self._numbers = [*making.numbers, *making.outcomes]
        self._codes = [codes_of(names) for names in classes]
        nothing, none = tuple([Place() for _ in self._numbers]), (0, 0)
        self._nothing = Plan(nothing, (), (0, 0, -2), none, tuple([none for _ in classes]), none)
        self._spans = splitter_of(form).spans
        self._forms: list[Minutes] = []
        self._forget()

    def _forget(self) -> None:
        self._plans = _Plans()
        self._made: list[Plan] = [self._nothing]
        self._tables: _Tables | None = None
        self._known = Known(1 + len(self._making.texts))

    def read(self, text: Text, rows: Ints, near: Near, teller: Teller) -> list[Read]:
        """The lines of known skeletons; some new ones are looked at first."""
        skeletons = text.chunk.translate(_DIGITS).split(b"\n")
        rows = rows[~text.having(b"\x1b\r")[rows]]
        if len(rows) < len(skeletons) - 1:
            skeletons = [skeletons[row] for row in rows.tolist()]
        plans = np.fromiter(map(self._plans.__getitem__, skeletons), np.int64, len(rows))
        unseen = np.flatnonzero(plans == UNSEEN)
        if len(unseen):
            self._look(text, rows, unseen, skeletons, near)
            plans = np.fromiter(map(self._plans.__getitem__, skeletons), np.int64, len(rows))
        missed = rows[plans == MISSED]
        found = plans > MISSED
        if not found.all():
            rows, plans = rows[found], plans[found]
        return [self._columns(text, rows, plans, near, teller)._replace(missed=missed)]

    def learn(self, line: bytes, record: Record) -> bool:
        """Nothing: new skeletons are looked at while reading."""
        return False

    def _look(self, text: Text, rows: Ints, unseen: Ints, skeletons: Sequence[bytes], near: Near) -> None:
        """Make plans of new skeletons."""
        if len(self._plans) + NEW > PLANS:
            self._forget()
        for at in unseen.tolist():
            skeleton = skeletons[at]
            if skeleton in self._plans or not skeleton.strip():
                continue
            self._plans[skeleton] = self._number(text.line(int(rows[at])), near)
            if len(self._plans) % NEW == 0:
                break
        self._tables = None

    def _number(self, line: bytes, near: Near) -> int:
        """The number of the plan for a line; MISSED where it is not understood, UNSEEN where others of its
        skeleton may be."""
        spans = self._spans(line) if len(line) <= LONGEST_TEXT_LINE else None
        if spans is None:
            return MISSED
        found = {key: decoded(line[begin:end]) for key, (begin, end) in spans.items()}
        if any(_HUGE.search(found.get(key, "")) for key, *_ in self._numbers):
            return UNSEEN
        begin, end = spans.get(self._making.request or "", (0, 0))
        if end - begin > LONGEST or not line[begin:end].isascii() or b"\\" in line[begin:end]:
            return UNSEEN
        if self._making.record(found, near) is None:
            # With other digits there may be a number.
            return UNSEEN if any(found.get(key) for key, *_ in self._numbers) else MISSED
        self._made.append(self._plan(spans, found))
        return len(self._made) - 1

    def _plan(self, spans: Spans, found: dict[str, str]) -> Plan:
        def span(key: str | None) -> tuple[int, int]:
            begin, end = spans.get(key or "", (0, 0))
            return begin, end - begin

        places = tuple(
            place_of(found.get(key, ""), *span(key), scale, use) for key, scale, use in self._numbers
        )
        texts = tuple(
            span(key) if re.search(r"\d", found.get(key, ""), re.ASCII) else (0, 0)
            for key in self._making.texts
        )
        time = span(self._making.time)
        return Plan(
            places,
            texts,
            (*time, self._time(found.get(self._making.time or ""))),
            span(self._making.message),
            tuple(map(span, self._making.classes)),
            span(self._making.request),
        )

    def _time(self, written: str | None) -> int:
        if not written:
            return -2
        form = form_of(written)
        if form is None:
            return -1
        if form not in self._forms:
            self._forms.append(form)
        return self._forms.index(form)

    def _columns(self, text: Text, rows: Ints, plans: Ints, near: Near, teller: Teller) -> Read:
        tables = self._tables = self._tables or _Tables(self._made)
        starts = text.starts[rows]
        texts: list[list[Words]] = [[plans.astype(np.uint64)]]
        read = np.ones(len(rows), np.bool_)
        for begins, lengths in tables.texts:
            own = lengths[plans]
            texts.append(head_of(text, starts + begins[plans], own))
            if lengths.max(initial=0) > 8 * KEPT:
                read &= own <= 8 * KEPT
        labels = self._known.numbers(texts, rows, teller.label)
        read &= labels >= 0
        for _, lengths in tables.classes:
            if lengths.max(initial=0) > LONGEST:
                read &= lengths[plans] <= LONGEST
        minutes = self._times(text, starts, plans, tables, near, read)
        columns = [
            self._column(text, starts, plans, tables, at, scale, use)
            for at, (_, scale, use) in enumerate(self._numbers)
        ]
        if not read.all():
            rows, plans, starts = rows[read], plans[read], starts[read]
            minutes, labels, columns = minutes[read], labels[read], [column[read] for column in columns]
        values = self._values(text, starts, plans, tables, columns)
        said = values.saying(teller.blank(labels))
        if said is not None:
            rows, plans, starts, minutes = rows[said], plans[said], starts[said], minutes[said]
            labels, values = labels[said], values.of(said)
        messages = []
        for at in teller.failed(labels).tolist():
            begin, length = self._made[int(plans[at])].message
            place = int(starts[at]) + begin
            if message := decoded(text.part(place, place + length))[:LONGEST_MESSAGE]:
                messages.append((int(rows[at]), message))
        return Read(rows, minutes, labels, values, messages)

    def _values(
        self, text: Text, starts: Ints, plans: Ints, tables: _Tables, columns: Sequence[Floats]
    ) -> Values:
        measured = len(self._making.numbers)
        states = [
            self._states(text, starts, plans, tables, at, columns[at]) for at, _ in self._making.features
        ]
        coded = [
            _coded(text, starts + begins[plans], lengths[plans], codes)
            for codes, (begins, lengths) in zip(self._codes, tables.classes, strict=True)
        ]
        asked = None if self._making.request is None else _requests(text, starts, plans, tables.request)
        return Values(
            tuple(columns[:measured]), tuple(columns[measured:]), tuple(states), tuple(coded), asked
        )

    def _states(
        self, text: Text, starts: Ints, plans: Ints, tables: _Tables, at: int, values: Floats
    ) -> States | None:
        """The states of a feature."""
        none = np.flatnonzero(np.isnan(values))
        if not len(none):
            return None
        found = np.zeros(len(values), np.uint8)
        begins, lengths, *_ = tables.numbers[at]
        found[none] = ABSENT
        for row in none[lengths[plans[none]] > 0].tolist():
            begin = int(starts[row] + begins[plans[row]])
            written = decoded(text.part(begin, begin + int(lengths[plans[row]])))
            found[row] = state_of(written, nan)
        return found

    def _column(
        self, text: Text, starts: Ints, plans: Ints, tables: _Tables, at: int, scale: float, use: str
    ) -> Floats:
        """The values of one number."""
        begins, lengths, digits, factors = tables.numbers[at]
        own = digits[plans]
        result = np.full(len(plans), nan)
        quick = np.flatnonzero(own > 0)
        if len(quick):
            every = len(quick) == len(plans)
            chosen = plans if every else plans[quick]
            places = (starts if every else starts[quick]) + begins[chosen]
            found = numbers(text, places)
            values = found.values * factors[chosen]
            if use != "value":
                values[values < 0] = nan
            right = found.read & (found.ends - places == digits[chosen])
            result[quick[right] if not right.all() else quick] = values[right] if not right.all() else values
            slow = quick[~right]
        else:
            slow = quick
        single = np.flatnonzero((own == 0) & (lengths[plans] > 0))
        for row in (*slow.tolist(), *single.tolist()):
            begin = int(starts[row] + begins[plans[row]])
            written = decoded(text.part(begin, begin + int(lengths[plans[row]])))
            result[row] = measured(written, scale, use)
        return result

    def _times(self, text: Text, starts: Ints, plans: Ints, tables: _Tables, near: Near, read: Flags) -> Ints:
        """The minutes of the lines; `read` is taken from those that could not be read."""
        minutes = np.full(len(plans), UNTIMED, np.int64)
        if self._making.time is None:
            return minutes
        begins, lengths, forms = tables.times
        own = forms[plans]
        for form in range(-1, len(self._forms)):
            rows = np.flatnonzero(own == form)
            if not len(rows):
                continue
            places = starts[rows] + begins[plans[rows]]
            sizes = lengths[plans[rows]]
            if form >= 0:
                words = head_of(text, places, sizes)
                minutes[rows], ok = minutes_of(text, self._forms[form], places, words, near)
                read[rows] &= ok
            else:
                for row, place, size in zip(rows.tolist(), places.tolist(), sizes.tolist(), strict=True):
                    time = moment(decoded(text.part(place, place + size)), near)
                    minutes[row] = UNTIMED if time is None else int(time // 60)
        return minutes


def _coded(text: Text, begins: Ints, lengths: Ints, codes: Codes) -> Ints:
    """The numbers of classes."""

    def value(row: int) -> object:
        return decoded(text.part(int(begins[row]), int(begins[row] + lengths[row])))

    return codes.numbers(head_of(text, begins, lengths, LONGEST // 8), lengths, value)


def _requests(text: Text, starts: Ints, plans: Ints, where: tuple[Ints, Ints]) -> Words:
    """The identities of requests."""
    begins, lengths = where
    own = lengths[plans]
    return requests(head_of(text, starts + begins[plans], own, LONGEST // 8), own)


def place_of(written: str, begin: int, length: int, scale: float, use: str) -> Place:
    """Where a number stands, by how it is written in one line of a skeleton."""
    if not length:
        return Place()
    parts = _VALUE.fullmatch(written)
    unit = parts[2] if parts else ""
    if (
        parts is None
        or use == "flag"
        or parts[1][0] == "+"
        or len(parts[1]) > LONGEST_NUMBER
        or (unit and unit not in SCALES)
    ):
        return Place(begin, length)
    factor = (0.01 if unit == "%" else SCALES[unit]) if unit else scale
    if isnan(measured(written, scale, use)) and not written.startswith("-"):
        return Place(begin, length)
    return Place(begin, length, len(parts[1]), factor)


class _Tables:
    """Plans by column."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        width = max(len(plan.texts) for plan in plans)
        texts = np.array([plan.texts or ((0, 0),) * width for plan in plans], np.int64).reshape(
            len(plans), width, 2
        )
        self.texts = [(texts[:, at, 0], texts[:, at, 1]) for at in range(width)]
        self.classes = [_spans([plan.classes[at] for plan in plans]) for at in range(len(plans[0].classes))]
        self.request = _spans([plan.request for plan in plans])
        times = np.array([plan.time for plan in plans], np.int64)
        self.times = times[:, 0], times[:, 1], times[:, 2]
        self.numbers: list[tuple[Ints, Ints, Ints, Floats]] = []
        for at in range(len(plans[0].numbers)):
            column = [plan.numbers[at] for plan in plans]
            whole = np.array([place[:3] for place in column], np.int64)
            factors = np.array([place.factor for place in column])
            self.numbers.append((whole[:, 0], whole[:, 1], whole[:, 2], factors))


def _spans(spans: Sequence[tuple[int, int]]) -> tuple[Ints, Ints]:
    found = np.array(spans, np.int64)
    return found[:, 0], found[:, 1]
