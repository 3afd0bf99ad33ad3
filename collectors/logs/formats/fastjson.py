"""JSON lines by their shape: all lines of a chunk that one logger wrote alike, a column at a time.

From the start of each line on, literals are compared and holes stepped over in turn, so that a line is read
here only if the exact path would see the same in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from collectors.logs.formats.amounts import written
from collectors.logs.formats.classes import Classes
from collectors.logs.formats.escapes import marked, odd
from collectors.logs.formats.fast import (
    UNTIMED,
    Minutes,
    Read,
    Teller,
    epochs,
    form_of,
    minutes_of,
)
from collectors.logs.formats.format import Format
from collectors.logs.formats.holes import Column, Holes
from collectors.logs.formats.jsoncolumns import JsonColumns, empty_keys
from collectors.logs.formats.known import Known
from collectors.logs.formats.record import LONGEST_MESSAGE, Record
from collectors.logs.formats.shape import Shape, shape_of, written_at
from collectors.logs.formats.times import Near
from collectors.logs.formats.words import KEPT, Desk, Flags, Ints, Text

SHAPES = 8
"""Shapes that are known of a log."""
FEW = 32
"""So few lines are not worth a shape."""


class Unusable(ValueError):  # noqa: N818 - the line is not at fault
    """A line has no shape that this path could read."""


class JsonShape:
    """Reads the lines of one shape.

    Args:
        form: the format.
        classes: the names of its classes.
        shape: of the lines.
        line: one of them, as bytes.
        record: what it is.

    Raises:
        Unusable: a wanted field is of a kind that only the exact path reads.
    """

    def __init__(
        self, form: Format, classes: Sequence[Classes], shape: Shape, line: bytes, record: Record
    ) -> None:
        self.shape = shape
        places = {hole.key: at for at, hole in enumerate(shape.holes) if hole.key}
        self._columns = JsonColumns(form, classes, shape, record)
        self._texts = [places[field.key] for field in form.texts if field.key in places]
        self._time = places.get(form.key("time") or "")
        self._minutes: Minutes | None = None
        if self._time is not None and not shape.holes[self._time].number:
            self._minutes = self._time_form(written_at(line, shape, self._time))
        self._known = Known(len(self._texts))
        self._message = self._text(places.get(form.key("message") or ""))
        worded = self._columns.worded
        for at in (*self._texts, *([] if self._time is None else [self._time])):
            worded[at] = KEPT
        placed = self._columns.placed
        if self._message is not None:
            placed.add(self._message)
        self._holes = Holes(shape, {*worded, *placed}, worded, self._columns.placed - set(worded))

    def _text(self, place: int | None) -> int | None:
        if place is not None and self.shape.holes[place].number:
            raise Unusable
        return place

    def _time_form(self, written: str) -> Minutes:
        form = form_of(written)
        if form is None:
            raise Unusable
        return form

    def read(self, text: Text, rows: Ints, near: Near, teller: Teller) -> Read | None:
        """The lines of this shape among the rows; None: there is none."""
        holes, ok = self._holes.step(text, rows)
        if not ok.any():
            return None
        ok = self._columns.fit(text, holes, ok)
        minutes, ok = self._times(text, holes, ok, near)
        if not ok.all():
            kept = np.flatnonzero(ok)
            rows, minutes, holes = rows[kept], minutes[kept], _of(holes, kept)
        return self._finished(text, rows, holes, minutes, teller)

    def _times(self, text: Text, holes: dict[int, Column], ok: Flags, near: Near) -> tuple[Ints, Flags]:
        found = np.full(len(ok), UNTIMED, np.int64)
        if self._time is None:
            return found, ok
        column = holes[self._time]
        if len(column.values):
            found[ok] = epochs(column.values[ok])
        elif self._minutes is not None:
            ok = ok & (column.ends - column.begins == self._minutes.length)
            if text.marked:
                ok &= ~marked(column.words)
            rows = np.flatnonzero(ok)
            whole = len(rows) == len(ok)
            own = column if whole else column.of(rows)
            found[rows], ok[rows] = minutes_of(text, self._minutes, own.begins, own.words, near)
        return found, ok

    def _finished(
        self, text: Text, rows: Ints, holes: dict[int, Column], minutes: Ints, teller: Teller
    ) -> Read:
        """The columns of lines that are of this shape, as far as their texts are known."""
        labels = self._known.numbers([holes[at].words for at in self._texts], rows, teller.label)
        ok = labels >= 0
        if not ok.all():
            kept = np.flatnonzero(ok)
            rows, minutes, labels, holes = rows[kept], minutes[kept], labels[kept], _of(holes, kept)
        values = self._columns.read(text, holes, len(rows))
        said = values.saying(teller.blank(labels))
        if said is not None:
            kept = np.flatnonzero(said)
            rows, minutes, labels, holes = rows[kept], minutes[kept], labels[kept], _of(holes, kept)
            values = values.of(said)
        messages = self._messages(text, rows, holes, teller.failed(labels))
        return Read(rows, minutes, labels, values, messages)

    def _messages(
        self, text: Text, rows: Ints, holes: dict[int, Column], failed: Ints
    ) -> list[tuple[int, str]]:
        """Line and message of those that failed."""
        if self._message is None:
            return []
        begins, ends, *_ = holes[self._message]
        found = [(int(rows[at]), written(text, int(begins[at]), int(ends[at]))) for at in failed]
        return [(row, message[:LONGEST_MESSAGE]) for row, message in found if message]


def _of(holes: dict[int, Column], rows: Ints) -> dict[int, Column]:
    return {at: hole.of(rows) for at, hole in holes.items()}


class FastJson:
    """Reads JSON lines of the shapes that it has seen; learns new ones."""

    def __init__(self, form: Format, classes: Sequence[Classes]) -> None:
        self._form, self._classes, self._empty = form, classes, empty_keys(form)
        self._shapes: list[JsonShape] = []

    def read(self, text: Text, rows: Ints, near: Near, teller: Teller) -> list[Read]:
        """The lines that are of a known shape."""
        strange = odd(text)
        rows = rows if strange is None else rows[~strange[rows]]
        found = []
        for shape in list(self._shapes):
            if len(rows) < FEW:
                break
            read = shape.read(text, rows, near, teller)
            if read is None:
                continue
            found.append(read)
            if len(read.rows) == len(rows):
                break
            rows = rows if not len(read.rows) else np.setdiff1d(rows, read.rows, assume_unique=True)
        return found

    def learn(self, line: bytes, record: Record) -> bool:
        """Make the shape of a line known that the exact path had to read; whether it is a new one."""
        text = Text(line + b"\n", Desk())
        if odd(text) is not None:
            return False
        own = text.body[:-1].tobytes()
        shape = shape_of(own, self._empty)
        if shape is None or any(known.shape == shape for known in self._shapes):
            return False
        try:
            made = JsonShape(self._form, self._classes, shape, own, record)
        except Unusable:
            return False
        self._shapes = [*self._shapes[-SHAPES + 1 :], made]
        return True
