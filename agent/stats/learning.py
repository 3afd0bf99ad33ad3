"""A baseline made while values stream by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from agent.stats.baseline import CATEGORIES, FEATURES, NAME, Baseline, Feature
from agent.stats.bins import Floats
from agent.stats.histogram import Histogram
from agent.stats.standard import SCALE, Standard
from agent.stats.topk import Top

PILOT = 4096
"""Numbers of a feature that wait until they tell its standard."""


class _Numbers:
    """One feature that is a number: values wait until there are enough to tell their standard."""

    def __init__(self, standard: Standard | None) -> None:
        self.standard, self.missing = standard, 0
        self._waiting: list[Floats] = []
        self._count = 0
        self._histogram = Histogram(SCALE)

    def take(self, values: Floats) -> None:
        """Count values; those that are not finite are missing."""
        finite = values[np.isfinite(values)]
        self.missing += len(values) - len(finite)
        self._waiting.append(finite)
        self._count += len(finite)
        if self.standard is not None or self._count >= PILOT:
            self.settle()

    def settle(self) -> Feature:
        """What was counted, with the standard that was given or found."""
        values = np.concatenate([np.empty(0), *self._waiting])
        if self.standard is None:
            self.standard = Standard.of(values)
        self._waiting, self._count = [], 0
        self._histogram = self._histogram.merged(self.standard.histogram(values))
        return Feature(self._histogram, self.standard, self.missing)


class Learning:
    """Counts what becomes a baseline.

    Args:
        standards: of features whose standard is known; that of others is found in their first `PILOT` values,
            which should be a fair sample: a file in the order of a feature is better read twice.
        most: features that are counted.

    The first column of a feature decides whether it is a number or a category; of the other kind its values
    are missing. `refused` counts columns beyond `most`, or with a name that is too long.
    """

    def __init__(self, standards: Mapping[str, Standard] | None = None, most: int = FEATURES) -> None:
        self.refused = 0
        self._standards, self._most = standards or {}, most
        self._numbers: dict[str, _Numbers] = {}
        self._categories: dict[str, tuple[Top, int]] = {}

    def numbers(self, name: str, values: Floats) -> None:
        """Count numbers; NaN where there are none."""
        if name in self._categories:
            self.missing(name, len(values))
        elif self._room(name):
            if name not in self._numbers:
                self._numbers[name] = _Numbers(self._standards.get(name))
            self._numbers[name].take(values)

    def categories(self, name: str, values: Iterable[tuple[str, int]]) -> None:
        """Count categories, each with how often it is there; "" where there is none."""
        if not self._room(name):
            return
        counts = dict(values)
        absent = counts.pop("", 0)
        if name in self._numbers:
            self.missing(name, absent + sum(counts.values()))
            return
        top, missing = self._categories.get(name, (Top(), 0))
        more = Top.of(counts.items(), CATEGORIES)
        self._categories[name] = top.merged(more, CATEGORIES), missing + absent

    def missing(self, name: str, count: int) -> None:
        """Count rows without a value of a feature that is known."""
        if name in self._numbers:
            self._numbers[name].missing += count
        elif name in self._categories:
            top, missing = self._categories[name]
            self._categories[name] = top, missing + count

    def _room(self, name: str) -> bool:
        if name in self._numbers or name in self._categories:
            return True
        if len(name) > NAME or len(self._numbers) + len(self._categories) >= self._most:
            self.refused += 1
            return False
        return True

    def baseline(self, model: str, version: str, made: float) -> Baseline:
        """What was counted so far."""
        numbers = {name: each.settle() for name, each in self._numbers.items()}
        categories = {
            name: Feature(top, missing=missing) for name, (top, missing) in self._categories.items()
        }
        return Baseline(model, version, made, {**numbers, **categories})
