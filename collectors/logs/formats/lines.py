"""Chunks of whole lines to columns: the fast way where the lines allow it, else one at a time.

Which way a line goes changes nothing of what it becomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from collectors.logs.formats.columns import MISSED, UNTIMED, Batch, Labels
from collectors.logs.formats.exact import Exact
from collectors.logs.formats.fast import Read, Teller
from collectors.logs.formats.format import Format
from collectors.logs.formats.known import EXACT
from collectors.logs.formats.record import Judge, Record
from collectors.logs.formats.times import Near
from collectors.logs.formats.words import Desk, Ints, Text

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


def fast_of(form: Format) -> Fast | None:
    """The fast path of a format, if there is one."""
    if form.kind == "json":
        from collectors.logs.formats.fastjson import FastJson

        return FastJson(form)
    from collectors.logs.formats.fasttext import FastText, usable

    return FastText(form) if usable(form) else None


class Lines:
    """Reads one log.

    Args:
        form: its format.
        fast: False reads all lines one at a time.
    """

    def __init__(self, form: Format, *, fast: bool = True) -> None:
        self.form, self.labels, self.judge = form, Labels(form), Judge(form)
        self._exact = Exact(form)
        self._fast = fast_of(form) if fast else None
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
        reading = _Reading(self, text, near, len(self.form.numbers))
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

    def __init__(self, lines: Lines, text: Text, near: Near, width: int) -> None:
        self._lines, self._text, self._near = lines, text, near
        size = len(text)
        self.minutes = np.full(size, UNTIMED, np.int64)
        self.labels = np.full(size, EXACT, np.int64)
        self._numbers = [np.full(size, np.nan) for _ in range(width)]
        self._failed: list[tuple[int, str]] = []
        self._blank = self._missed = 0
        self._samples: list[tuple[int, bytes]] = []

    def label(self, row: int) -> int:
        """The number of the texts of a line; EXACT if it is not understood."""
        record = self._lines.record(self._text.line(row), self._near)
        return EXACT if record is None else self._lines.labels[record.texts]

    def failed(self, labels: Ints) -> Ints:
        """Which places in a column of labels are of failed records."""
        return self._lines.failed(labels)

    def fill(self, read: Read) -> None:
        """Put in what the fast path read."""
        # Rows are in order.
        rows = read.rows if len(read.rows) < len(self.labels) else slice(None)
        self.minutes[rows], self.labels[rows] = read.minutes, read.labels
        for column, values in zip(self._numbers, read.numbers, strict=True):
            column[rows] = values
        self._failed.extend(read.messages)
        self.labels[read.missed] = MISSED_LINE
        self._missed += len(read.missed)
        for row in read.missed[: MISSED - len(self._samples)]:
            self._samples.append((int(row), self._text.line(int(row))))

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
        for column, value in zip(self._numbers, record.numbers, strict=True):
            column[row] = value
        if record.message and self._lines.judge.fault(record.texts):
            self._failed.append((row, record.message))
        return record

    def date(self, times: Sequence[float | None]) -> None:
        """Date the lines that tell no time themselves."""
        for row in np.flatnonzero(self.minutes == UNTIMED).tolist():
            time = times[row] if row < len(times) else None
            if time is not None:
                self.minutes[row] = int(time // 60)

    def batch(self) -> Batch:
        """The lines that were understood, in their order."""
        kept = self.labels >= 0
        samples = [line for _, line in sorted(self._samples)]
        count = int(np.count_nonzero(self._text.ends > self._text.starts)) - self._blank
        if kept.all():
            return Batch(
                count,
                self.minutes,
                self.labels,
                tuple(self._numbers),
                sorted(self._failed),
                self._missed,
                samples,
            )
        places = np.cumsum(kept) - 1
        return Batch(
            count,
            self.minutes[kept],
            self.labels[kept],
            tuple(column[kept] for column in self._numbers),
            [(int(places[row]), message) for row, message in sorted(self._failed)],
            self._missed,
            samples,
        )
