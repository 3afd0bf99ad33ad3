"""Which columns of a table are features, and how they are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import NamedTuple

from agent.stats.baseline import FEATURES, NAME
from agent.stats.topk import key_of

PREDICTION, CONFIDENCE = "prediction", "confidence"
"""What a model says is a feature of these names: its drift is judged as that of its inputs."""
INSIDE = "features."
LEFT_OUT = 1000
"""Columns whose reason is kept; more are only counted."""


class Choice(NamedTuple):
    """What was asked for. Names are those of columns, or patterns such as `pixel_*`.

    Args:
        features: only these are features; all where there is none.
        exclude: these are not.
        categories: these are categories, whatever they hold.
        prediction: the column of what the model said.
        confidence: the column of how sure it was.
        renamed: what a feature is called, by the column's name; it goes by that everywhere above.
    """

    features: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    prediction: str = PREDICTION
    confidence: str = CONFIDENCE
    renamed: Mapping[str, str] = MappingProxyType({})


class Names:
    """The features of columns as they turn up, at most `most`.

    Where the first rows have columns `features.NAME`, or an object `features`, only those are features,
    called NAME, beside prediction and confidence.
    """

    def __init__(self, choice: Choice, most: int = FEATURES) -> None:
        self.choice = choice
        self.left_out: dict[str, str] = {}
        """Why a column is none, by its name."""
        self.unasked: set[str] = set()
        """Some of the columns that were not asked for."""
        self.refused = 0
        """How often one came for which there was no room."""
        self.columns: dict[str, str] = {}
        """The feature of each column that is one, of all that turned up."""
        self._taken: set[str] = set()
        self._inside: bool | None = None
        self._most = most

    def of(self, columns: Iterable[str]) -> dict[str, str]:
        """The feature of each of these columns that is one, by the column's name."""
        given = list(columns)
        if self._inside is None:
            self._inside = any(column.startswith(INSIDE) for column in given)
        return {column: name for column in given if (name := self._feature(column)) is not None}

    def leave(self, column: str, why: str) -> None:
        """Note why a column is no feature; the first reason stands."""
        if len(self.left_out) < LEFT_OUT:
            self.left_out.setdefault(column, why)
        elif column not in self.left_out:
            self.refused += 1

    def _feature(self, column: str) -> str | None:
        if column in self.columns:
            return self.columns[column]
        name = self._called(column)
        if name is None:
            return None
        if not name:
            self.leave(column, "it has no name")
        elif len(name) > NAME:
            self.leave(column[:NAME], f"its name is longer than {NAME} characters")
        elif key_of(name) != name:
            self.leave(column, "its name is no Unicode")
        elif name in self._taken:
            self.leave(column, f"another column is called {name}")
        elif len(self._taken) >= self._most:
            self.leave(column, f"there are {self._most} features already")
        else:
            self.columns[column] = name
            self._taken.add(name)
            return name
        return None

    def _called(self, column: str) -> str | None:
        """The feature's name; None where it was not asked for."""
        choice = self.choice
        name = column.removeprefix(INSIDE) if self._inside else column
        name = choice.renamed.get(name, name)
        for given, stands in ((choice.prediction, PREDICTION), (choice.confidence, CONFIDENCE)):
            if column == given:
                return stands
            if name == stands:
                self.leave(column, f"{stands} is {given}")
                return None
        if self._inside and not column.startswith(INSIDE):
            self.leave(column, f"it is beside {INSIDE[:-1]}")
            return None
        asked = not choice.features or matches(name, choice.features)
        if asked and not matches(name, choice.exclude):
            return name
        if len(self.unasked) < LEFT_OUT:
            self.unasked.add(name)
        return None


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name is one of these, or fits one."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
