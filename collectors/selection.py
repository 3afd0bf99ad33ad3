"""Which series are kept, by their metric's name and by the values of their attributes.

Applied by the runner to every reading, so that no collector knows of it. What is decided holds as long
as a collector hands over the same tuple of series; a poll then costs the picking of the values alone,
and nothing where no pattern can concern its metrics.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from itertools import compress
from types import MappingProxyType
from typing import NamedTuple

from collectors.api import Absence, Metric, Reading, Series


class Patterns(NamedTuple):
    """Patterns with `*`, `?` and `[...]`: what one of `include` matches (all, where it is empty) is
    taken, unless one of `exclude` does."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def take(self, text: str) -> bool:
        """Whether this is taken."""
        wanted = not self.include or any(fnmatchcase(text, each) for each in self.include)
        return wanted and not self.refuse(text)

    def refuse(self, text: str) -> bool:
        """Whether this is left out by name."""
        return any(fnmatchcase(text, each) for each in self.exclude)


class Selection(NamedTuple):
    """Patterns of metrics' names, and of attributes' values by the attribute's key. A series without
    an attribute is not judged by it."""

    metrics: Patterns = Patterns()
    attributes: Mapping[str, Patterns] = MappingProxyType({})

    def sieve(self, metrics: Iterable[Metric]) -> Sieve | None:
        """What picks the series of a collector with these metrics; None if all of them are kept."""
        declared = tuple(metrics)
        keys = {key for metric in declared for key in metric.attributes}
        attributes = {key: each for key, each in self.attributes.items() if any(each) and key in keys}
        if not any(self.metrics) and not attributes:
            return None
        return Sieve(Selection(self.metrics, attributes), frozenset(metric.name for metric in declared))

    def takes(self, series: Series) -> bool:
        """Whether this series is kept."""
        return self.metrics.take(series.name) and all(
            self.attributes[key].take(value) for key, value in series.attributes if key in self.attributes
        )


class Sieve:
    """Picks from the readings of one collector, whose metrics have these `names`. `excluded` is how many
    series the last reading lost."""

    __slots__ = (
        "_kept",
        "_kept_words",
        "_lost_words",
        "_mask",
        "_names",
        "_selection",
        "_series",
        "excluded",
    )

    def __init__(self, selection: Selection, names: frozenset[str]) -> None:
        self._selection = selection
        self._names = names
        self._series: tuple[Series, ...] | None = None
        self._kept: tuple[Series, ...] = ()
        self._mask: list[bool] = []
        self._kept_words = self._lost_words = frozenset[str]()
        self.excluded = 0

    def __call__(self, reading: Reading) -> Reading:
        """The reading without what is left out; the same tuple of series as long as it was given one."""
        series, values, absences = reading
        if series is not self._series:
            self._arrange(series)
        if absences:
            absences = tuple(each for each in absences if not self._is_left_out(each))
        if self.excluded:
            series, values = self._kept, list(compress(values, self._mask))
        return Reading(series, values, absences)

    def _arrange(self, series: tuple[Series, ...]) -> None:
        takes = self._selection.takes
        self._mask = [takes(each) for each in series]
        self._kept = tuple(compress(series, self._mask))
        self._series = series
        self.excluded = len(series) - len(self._kept)
        self._kept_words = frozenset(word for each in self._kept for word in _words(each))
        self._lost_words = frozenset(word for each in series for word in _words(each)) - self._kept_words

    def _is_left_out(self, absence: Absence) -> bool:
        """Whether it is of a metric or device that is not kept; one without series goes by its name."""
        what = absence.what
        if what in self._kept_words or what in self._lost_words:
            return what in self._lost_words
        if what in self._names:
            return not self._selection.metrics.take(what)
        return any(each.refuse(what) for each in self._selection.attributes.values())


def _words(series: Series) -> Iterable[str]:
    """What an absence may call it: its metric, or what one of its attributes says."""
    yield series.name
    for _, value in series.attributes:
        yield value
