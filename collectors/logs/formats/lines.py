"""Chunks of whole lines to columns: the fast way where the lines allow it, else one at a time.

Which way a line goes changes nothing of what it becomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from collectors.logs.formats.classes import Classes
from collectors.logs.formats.columns import MISSED, UNTIMED, Batch, Labels, Raw
from collectors.logs.formats.exact import Exact
from collectors.logs.formats.fast import Read, Teller, Values
from collectors.logs.formats.format import Format
from collectors.logs.formats.known import EXACT
from collectors.logs.formats.record import Judge, Record
from collectors.logs.formats.roles import CLASSES
from collectors.logs.formats.states import States
from collectors.logs.formats.times import Near
from collectors.logs.formats.words import Desk, Flags, Ints, Text

FEW = 64
"""So few lines are read one at a time."""
MISSED_LINE = -3
ROUNDS = 4
"""How often the fast path may look at a chunk, each time after it learned something new."""
LESSON = 8
"""Lines that are read one at a time before it looks again."""


class Fast(Protocol):
    """Reads many lines at once, as far as it can."""

    def read(self, text: Text, rows: Ints, near: Near, teller: Teller) -> list[Read]:
        """The columns of the lines that it can read."""
        ...

    def learn(self, line: bytes, record: Record) -> bool:
        """See a line that it could not read, and what it is; whether it can read more lines now."""
        ...


def fast_of(form: Format, classes: Sequence[Classes]) -> Fast | None:
    """The fast path of a format, whose classes have these names, if there is one."""
    if form.kind == "json":
        from collectors.logs.formats.fastjson import FastJson

        return FastJson(form, classes)
    from collectors.logs.formats.fasttext import FastText, usable

    return FastText(form, classes) if usable(form) else None


class Lines:
    """Reads one log.

    Args:
        form: its format.
        fast: False reads all lines one at a time.
        classes: of predictions and labels, for logs of one model in which the one or the other stands.

    `classes` has the names for each of the format's `classes`; predictions and labels share theirs.
    """

    def __init__(self, form: Format, *, fast: bool = True, classes: Classes | None = None) -> None:
        self.form, self.labels, self.judge = form, Labels(form), Judge(form)
        pairs = classes or Classes()
        self.classes = [pairs if field.role in CLASSES else Classes() for field in form.classes]
        self._exact = Exact(form)
        self._fast = fast_of(form, self.classes) if fast else None
        self._faults: list[bool] = []
        self._desk = Desk()

    def read(self, chunk: bytes, near: Near, times: Sequence[float | None] | None = None) -> Batch:
        """What the lines of a chunk became; the end of the last may be missing.

        Args:
            chunk: whole lines.
            near: what their own times leave open.
            times: when each line was written, s since 1970, for those that tell no time themselves.
        """
        chunk = chunk.replace(b"\r\n", b"\n") if b"\r" in chunk else chunk
        text = Text(chunk if chunk.endswith(b"\n") or not chunk else chunk + b"\n", self._desk)
        reading = _Reading(self, text, near)
        rows = np.flatnonzero(text.ends > text.starts)
        if self._fast is not None and len(rows) >= FEW:
            rows = self._many(self._fast, text, rows, near, reading)
        for row in rows:
            reading.exact(int(row))
        if times is not None:
            reading.date(times)
        return reading.batch()

    def _many(self, fast: Fast, text: Text, rows: Ints, near: Near, reading: _Reading) -> Ints:
        """Read what the fast path can read, which learns from some of the rest; returns what is left."""
        for _ in range(ROUNDS):
            for read in fast.read(text, rows, near, reading):
                reading.fill(read)
            rows = rows[reading.labels[rows] == EXACT]
            if len(rows) < FEW:
                break
            lesson, rows = rows[:LESSON], rows[LESSON:]
            learned = [self._learned(fast, reading, text, int(row)) for row in lesson]
            if not any(learned):
                break
        return rows

    def _learned(self, fast: Fast, reading: _Reading, text: Text, row: int) -> bool:
        record = reading.exact(row)
        return record is not None and fast.learn(text.line(row), record)

    def failed(self, labels: Ints) -> Ints:
        """Which places in a column of labels are of failed records."""
        for texts in self.labels.texts[len(self._faults) :]:
            self._faults.append(bool(self.judge.fault(texts)))
        return np.flatnonzero(np.array(self._faults, np.bool_)[labels])

    def record(self, line: bytes, near: Near) -> Record | None:
        """What a line is, the exact way."""
        return self._exact.record(line, near)


class _Reading:
    """The columns of a chunk while they are filled, over all its lines."""

    def __init__(self, lines: Lines, text: Text, near: Near) -> None:
        self._lines, self._text, self._near = lines, text, near
        size = len(text)
        self.minutes = np.full(size, UNTIMED, np.int64)
        self.labels = np.full(size, EXACT, np.int64)
        self._values: Values | None = None
        self._failed: list[tuple[int, str]] = []
        self._blank = self._missed = 0
        self._samples: list[tuple[int, bytes]] = []

    def label(self, row: int) -> int:
        """The number of the texts of a line; EXACT if it is not understood."""
        record = self._lines.record(self._text.line(row), self._near)
        return EXACT if record is None else self._lines.labels[record.texts]

    def blank(self, labels: Ints) -> Flags:
        """Where in a column of labels there are those of lines without a text."""
        found: Flags = labels == self._lines.labels.get(("",) * len(self._lines.form.texts), EXACT)
        return found

    def failed(self, labels: Ints) -> Ints:
        """Which places in a column of labels are of failed records."""
        return self._lines.failed(labels)

    def fill(self, read: Read) -> None:
        """Put in what the fast path read."""
        # Rows are in order.
        rows = read.rows if len(read.rows) < len(self.labels) else slice(None)
        self.minutes[rows], self.labels[rows] = read.minutes, read.labels
        if self._values is None and len(read.rows) == len(self.labels) and not len(read.missed):
            self._values = read.values
        else:
            self._fill(rows, read.values)
        self._failed.extend(read.messages)
        self.labels[read.missed] = MISSED_LINE
        self._missed += len(read.missed)
        for row in read.missed[: MISSED - len(self._samples)]:
            self._samples.append((int(row), self._text.line(int(row))))

    def _fill(self, rows: Ints | slice, said: Values) -> None:
        """Put the values of some lines in."""
        own = self._own()
        for columns, more in ((own.numbers, said.numbers), (own.outcomes, said.outcomes)):
            for column, values in zip(columns, more, strict=True):
                column[rows] = values
        for at, states in enumerate(said.states):
            if states is not None:
                self._stated(at)[rows] = states
        for numbers, named in zip(own.classes, said.classes, strict=True):
            numbers[rows] = named
        if own.requests is not None and said.requests is not None:
            own.requests[rows] = said.requests

    def _own(self) -> Values:
        """The values of all lines; where none is known yet, nothing is in them."""
        if self._values is None:
            form, size = self._lines.form, len(self.labels)
            self._values = Values(
                tuple([np.full(size, np.nan) for _ in form.numbers]),
                tuple([np.full(size, np.nan) for _ in form.outcomes]),
                (None,) * len(form.features),
                tuple([np.zeros(size, np.int64) for _ in form.classes]),
                None if form.key("request") is None else np.zeros(size, np.uint64),
            )
        return self._values

    def exact(self, row: int) -> Record | None:
        """Read one line the exact way, and put it in."""
        line = self._text.line(row)
        if not line.strip():
            self._blank += 1
            return None
        record = self._lines.record(line, self._near)
        if record is None:
            self._missed += 1
            if len(self._samples) < MISSED:
                self._samples.append((row, line))
            return None
        self.labels[row] = self._lines.labels[record.texts]
        self.minutes[row] = UNTIMED if record.time is None else int(record.time // 60)
        self._put(row, record)
        if record.message and self._lines.judge.fault(record.texts):
            self._failed.append((row, record.message))
        return record

    def _put(self, row: int, record: Record) -> None:
        own = self._own()
        for columns, values in ((own.numbers, record.numbers), (own.outcomes, record.outcomes)):
            for column, value in zip(columns, values, strict=True):
                column[row] = value
        for at, state in enumerate(record.states):
            if state:
                self._stated(at)[row] = state
        for numbers, names, name in zip(own.classes, self._lines.classes, record.classes, strict=True):
            numbers[row] = names[name]
        if own.requests is not None:
            own.requests[row] = record.request

    def _stated(self, at: int) -> States:
        """The states of a feature, of which at least one is about to be put in."""
        own = self._own()
        found = own.states[at]
        if found is None:
            found = np.zeros(len(self.labels), np.uint8)
            self._values = own._replace(states=(*own.states[:at], found, *own.states[at + 1 :]))
        return found

    def date(self, times: Sequence[float | None]) -> None:
        """Date the lines that tell no time themselves."""
        for row in np.flatnonzero(self.minutes == UNTIMED).tolist():
            time = times[row] if row < len(times) else None
            if time is not None:
                self.minutes[row] = int(time // 60)

    def batch(self) -> Batch:
        """The lines that were understood, in their order."""
        kept = self.labels >= 0
        rows: slice | Flags = slice(None)
        messages, text, own = sorted(self._failed), self._text, self._own()
        if not kept.all():
            rows, places = kept, np.cumsum(kept) - 1
            messages = [(int(places[row]), message) for row, message in messages]
        return Batch(
            lines=int(np.count_nonzero(text.ends > text.starts)) - self._blank,
            minutes=self.minutes[rows],
            labels=self.labels[rows],
            numbers=tuple([column[rows] for column in own.numbers]),
            messages=messages,
            missed=self._missed,
            samples=[line for _, line in sorted(self._samples)],
            outcomes=tuple([column[rows] for column in own.outcomes]),
            states=tuple([None if states is None else states[rows] for states in own.states]),
            classes=tuple([column[rows] for column in own.classes]),
            requests=None if own.requests is None else own.requests[rows],
            raw=Raw(text.chunk, text.starts[rows], text.ends[rows]),
        )
