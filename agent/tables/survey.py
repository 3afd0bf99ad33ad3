"""The first reading of a table: what each feature is, where its numbers lie, how many values differ."""

from __future__ import annotations

from math import inf

import numpy as np

from agent.stats.distinct import Distinct, of_numbers, of_texts
from agent.stats.learning import PILOT
from agent.stats.standard import Standard
from agent.tables.chunk import Cells, Chunk, numbers
from agent.tables.sample import Sample


class Column:
    """What was seen of a feature. `numbers` and `texts` count cells, `infinite` those of the numbers."""

    def __init__(self) -> None:
        self.numbers = self.infinite = self.texts = 0
        self.fractions = False
        """Whether a number is not whole."""
        self.low, self.high = inf, -inf
        self.distinct = Distinct()
        self._sample = Sample(PILOT)

    def take(self, cells: Cells) -> None:
        """Look at further cells."""
        read = numbers(cells)
        if read.texts:
            self.texts += sum(read.texts.values())
            self.distinct.add(of_texts(read.texts))
        there = read.values[~np.isnan(read.values)]
        finite = there[np.isfinite(there)]
        self.numbers += len(there)
        self.infinite += len(there) - len(finite)
        if len(finite):
            self.distinct.add(of_numbers(finite))
            self.low, self.high = min(self.low, float(finite.min())), max(self.high, float(finite.max()))
            self.fractions = self.fractions or bool((finite != np.floor(finite)).any())
            self._sample.add(finite)

    @property
    def count(self) -> int:
        """Cells that have something."""
        return self.numbers + self.texts

    @property
    def standard(self) -> Standard:
        """Of its numbers."""
        return Standard.of(self._sample.values)


class Survey:
    """What was seen of all features: `rows`, and each column by the feature's name."""

    def __init__(self) -> None:
        self.rows = 0
        self.columns: dict[str, Column] = {}

    def take(self, chunk: Chunk) -> None:
        """Look at further rows."""
        self.rows += chunk.rows
        for name, cells in chunk.columns.items():
            self.columns.setdefault(name, Column()).take(cells)
