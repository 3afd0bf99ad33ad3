"""Numbers for names that stay over restarts, at most so many: those of a joined pair mean what they meant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import numpy as np

from agent.logs.models.rows import Classes
from agent.stats.bins import Floats, distinct
from agent.stats.quality import OTHER
from agent.stats.topk import key_of
from collectors.logs.formats.classes import NAMELESS, nameless


class Numbered:
    """Names in the order in which they came, at most `most`."""

    def __init__(self, most: int, names: Iterable[str] = ()) -> None:
        self._most = most
        self.names = list(names)[:most]
        self._numbers = {name: number for number, name in enumerate(self.names)}
        self.changed = False

    def number(self, name: str) -> int | None:
        """The number of a name, given if there is room."""
        found = self._numbers.get(name)
        if found is None and len(self.names) < self._most:
            found = self._numbers[name] = len(self.names)
            self.names.append(name)
            self.changed = True
        return found

    def saved(self) -> bytes:
        """As it is stored."""
        self.changed = False
        return json.dumps(self.names).encode()

    @classmethod
    def restored(cls, most: int, saved: bytes | None) -> Numbered:
        """What was stored; what is none of it is begun anew."""
        try:
            names = json.loads(saved) if saved else []
        except (ValueError, RecursionError):
            names = []
        if not isinstance(names, list):
            names = []
        return cls(most, [name for name in names if isinstance(name, str)])


def values_of(classes: Classes, known: Numbered) -> Floats:
    """A value for each row by which classes are the same or not: the number of its name, or from `NAMELESS`
    on a hash of it; NaN where there is none."""
    numbers = classes.numbers
    named = numbers < NAMELESS
    table = np.full(len(classes.names), np.nan)
    for at in distinct(numbers[named]).tolist():
        if at:
            name = classes.names[at]
            number = known.number(key_of(name)) if name != OTHER else None
            table[at] = nameless(name) if number is None else number
    found: Floats = table[np.where(named, numbers, 0)]
    found[~named] = numbers[~named]
    return found


def called(known: Numbered) -> tuple[Sequence[str], int]:
    """The names of classes by number, that of the nameless behind them, and its number."""
    return [*known.names, OTHER], len(known.names)
