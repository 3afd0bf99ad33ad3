"""Records of a model as columns, as the parts of this room take them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.stats.bins import Floats, Ints
from agent.stats.feature import Codes
from collectors.api import Attributes

Hashes = NDArray[np.uint64]


class Classes(NamedTuple):
    """A column of classes: the number of each row's name, 0 where there is none; the names by number."""

    numbers: Ints
    names: Sequence[str]


class Numbers(NamedTuple):
    """A feature that is a number: NaN where there is none, and then `codes` say why (as in
    `agent.stats.feature`)."""

    name: str
    values: Floats
    codes: Codes


class Categories(NamedTuple):
    """A feature that is a category."""

    name: str
    classes: Classes


class Rows(NamedTuple):
    """Some records, in their order. Columns that the log does not have are None.

    Args:
        times: when, s since 1970; of a row that counts when it is read, when that was.
        groups: the number of each row's model, version and slice.
        attributes: those by number.
        failed: whether the request failed.
        ids: of requests, in 48 bits; 0 where there is none.
        predictions, labels: classes that were predicted, and true ones.
        predicted, true: the same of numbers; NaN where there is none.
        right: 1 where only this is told, and it was right; 0 where wrong; NaN where it is not told.
        confidence, rank, latency: NaN where there is none.
        numbers, categories: the features.
        line: the record of a row, as it was written.
    """

    times: Floats
    groups: Ints
    attributes: Sequence[Attributes]
    failed: NDArray[np.bool_]
    ids: Hashes | None = None
    predictions: Classes | None = None
    labels: Classes | None = None
    predicted: Floats | None = None
    true: Floats | None = None
    right: Floats | None = None
    confidence: Floats | None = None
    rank: Floats | None = None
    latency: Floats | None = None
    numbers: tuple[Numbers, ...] = ()
    categories: tuple[Categories, ...] = ()
    line: Callable[[int], bytes] = lambda _: b""

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.times)
