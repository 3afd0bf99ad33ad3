"""What tells the series of a log apart: model, version and chosen attributes, at most so many of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.stats.topk import key_of
from collectors.api import Attributes
from collectors.logs.formats.columns import OTHER
from collectors.logs.formats.format import Format
from collectors.logs.formats.record import LONGEST_TEXT, Judge
from collectors.logs.redact import ended

Clean = Callable[[str, str], str]
"""Takes out of a field's text what may not be kept: its key, the text."""


NAMES = {"model": "model.name", "version": "model.version"}
MOST_STATUSES = 32
MOST_FAULTS = 64


class Names:
    """Numbers for names, in turn; beyond `most` of them, that of `other`. "" is 0."""

    def __init__(self, most: int) -> None:
        self.names = ["", OTHER]
        self._numbers = {"": 0, OTHER: 1}
        self._most = most

    def number(self, name: str) -> int:
        """The number of a name."""
        found = self._numbers.get(name)
        if found is None:
            if len(self.names) - 2 >= self._most:
                return 1
            found = self._numbers[name] = len(self.names)
            self.names.append(name)
        return found


class Groups:
    """Groups, statuses and faults of labels."""

    def __init__(self, form: Format, most: int, clean: Clean) -> None:
        self._judge, self._clean, self._most = Judge(form), clean, most
        fields = form.texts
        self._keys = [field.key for field in fields]
        self._status = next((field.key for field in fields if field.role == "status"), "")
        self._names = [
            NAMES.get(field.role, field.key)
            if field.role in NAMES or field.role.startswith("attribute:")
            else ""
            for field in fields
        ]
        self.attributes: list[Attributes] = []
        self._numbers: dict[Attributes, int] = {}
        self.statuses, self.faults = Names(MOST_STATUSES), Names(MOST_FAULTS)
        self._known: list[tuple[int, int, int] | None] = []

    def places(self, texts: Sequence[tuple[str, ...]], labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """A row of group, status and fault (numbers) for each of the labels, which `texts` tells.

        Who is first in the column of labels has a place of its own, as long as there are some.
        """
        if len(self._known) < len(texts) or None in self._known:
            self._known += [None] * (len(texts) - len(self._known))
            seen, first = np.unique(labels, return_index=True)
            for label in seen[np.argsort(first)].tolist():
                if self._known[label] is None:
                    self._known[label] = self._place(texts[label])
        table = np.array([place or (0, 0, 0) for place in self._known], np.int64).reshape(-1, 3)
        # A column after the other, as they are looked at.
        found: NDArray[np.int64] = np.stack([column[labels] for column in table.T.copy()]).T
        return found

    def _place(self, texts: tuple[str, ...]) -> tuple[int, int, int]:
        status, fault = self._judge.status(texts), self._judge.fault(texts)
        return (
            self._group(texts),
            self.statuses.number(kept(self._clean, self._status, status)),
            self.faults.number(kept(self._clean, "", fault)),
        )

    def _group(self, texts: tuple[str, ...]) -> int:
        own = tuple(
            (name, kept(self._clean, key, text))
            for name, key, text in zip(self._names, self._keys, texts, strict=True)
            if name and text
        )
        if own not in self._numbers:
            if len(self._numbers) >= self._most:
                own = tuple((name, OTHER) for name in self._names if name)
            if own not in self._numbers:
                self._numbers[own] = len(self.attributes)
                self.attributes.append(own)
        return self._numbers[own]


def kept(clean: Clean, key: str, text: str) -> str:
    """What is kept of a record's text: cleaned first, as what is cut off a secret would not be known."""
    return key_of(ended(clean(key, text), cut=len(text) >= LONGEST_TEXT))
