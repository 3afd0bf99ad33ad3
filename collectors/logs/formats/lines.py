"""Chunks of whole lines to columns: the fast way where the lines allow it, else one at a time.

Which way a line goes changes nothing of what it becomes.
"""

from __future__ import annotations

from collections.abc import Sequence

from collectors.logs.formats.columns import Batch, Labels, batch_of
from collectors.logs.formats.exact import Exact
from collectors.logs.formats.format import Format
from collectors.logs.formats.record import Judge, Record
from collectors.logs.formats.times import Near


class Lines:
    """Reads one log."""

    def __init__(self, form: Format) -> None:
        self.form, self.labels, self.judge = form, Labels(form), Judge(form)
        self._exact = Exact(form)

    def read(self, chunk: bytes, near: Near) -> Batch:
        """What the lines of a chunk became; it ends with a whole line."""
        return self._one_by_one([line for line in chunk.split(b"\n") if line.strip()], near)

    def _one_by_one(self, lines: Sequence[bytes], near: Near) -> Batch:
        records: list[Record] = []
        failed, missed = [], []
        for line in lines:
            record = self._exact.record(line, near)
            if record is None:
                missed.append(line)
                continue
            if record.message and self.judge.fault(record.texts):
                failed.append(len(records))
            records.append(record)
        return batch_of(records, self.labels, len(self.form.numbers), len(lines), failed, missed)
