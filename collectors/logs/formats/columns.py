"""Records as columns: what a chunk of lines became, ready to be summed up a column at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from collectors.logs.formats.format import Format
from collectors.logs.formats.words import FRONT

LABELS = 1024
"""Different combinations of texts kept of a log; records with further ones are told apart by less."""
OTHER = "other"
UNTIMED = -1
MISSED = 8
"""Lines kept of a chunk that were not understood."""


class Batch(NamedTuple):
    """The records of some lines.

    Args:
        lines: how many lines there were, empty ones not counted.
        minutes: each record's own time, minutes since 1970 (int64); UNTIMED where it tells none.
        labels: its texts, as a number that `Labels` gave (int64).
        numbers: a column (float64, base units, NaN where absent) for each of the format's `numbers`.
        messages: row and text of failed records that have one.
        missed: how many lines were not understood.
        samples: some of those.
        outcomes: a column for each of the format's `outcomes`, as `numbers`.
        states: a column (`states`) for each of the format's `features`; None: all are numbers.
        classes: a column (int64, as `Classes` has it) for each of the format's `classes`.
        requests: the identity of each record's request (48 bits), 0 where it tells none; None: the format
            has none.
        raw: the lines themselves. Who keeps a batch takes it out, for it holds the whole chunk.
    """

    lines: int
    minutes: NDArray[np.int64]
    labels: NDArray[np.int64]
    numbers: tuple[NDArray[np.float64], ...]
    messages: Sequence[tuple[int, str]] = ()
    missed: int = 0
    samples: Sequence[bytes] = ()
    outcomes: tuple[NDArray[np.float64], ...] = ()
    states: tuple[NDArray[np.uint8] | None, ...] = ()
    classes: tuple[NDArray[np.int64], ...] = ()
    requests: NDArray[np.uint64] | None = None
    raw: Raw | None = None


class Raw(NamedTuple):
    """The lines that records were made of, in their order.

    Args:
        chunk: whole lines.
        starts: of each record the place where its line begins, FRONT for the first.
        ends: and where it ends, before what ends the line.
    """

    chunk: bytes
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def line(self, row: int) -> bytes:
        """The line of a record."""
        return self.chunk[self.starts[row] - FRONT : self.ends[row] - FRONT]


class Labels(dict[tuple[str, ...], int]):
    """Numbers for combinations of texts. At most LABELS; then attributes, and at last all texts, become
    `other`. Numbers are given in turn, and `texts[number]` are the texts."""

    def __init__(self, form: Format) -> None:
        super().__init__()
        self.texts: list[tuple[str, ...]] = []
        self._kept = [field.role in ("status", "level") for field in form.texts]
        self.folded = 0

    def __missing__(self, texts: tuple[str, ...]) -> int:
        if len(self.texts) >= LABELS:
            self.folded += 1
            texts = tuple(
                [text if kept or not text else OTHER for text, kept in zip(texts, self._kept, strict=True)]
            )
            if texts not in self and len(self.texts) >= 2 * LABELS:
                texts = tuple([OTHER if text else "" for text in texts])
            if texts in self:
                return self[texts]
        self[texts] = number = len(self.texts)
        self.texts.append(texts)
        return number
