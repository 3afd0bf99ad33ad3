"""How good a model is, from sums: of pairs of prediction and truth, of confidences, of errors.

Everything here is derived when it is read. What is kept and shipped are counts and sums alone, so those of
windows and devices are added first (`merged`), and the numbers of a fleet are those of all its pairs.

A number that has no meaning is None, never 0: the precision of a class that was never predicted, whatever
there is of no pairs. Averages leave it out, as scikit-learn does with `zero_division=nan`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import fsum, sqrt
from typing import NamedTuple

OTHER = "other"
"""The class of all that have no name of their own, when there are too many."""

MISTAKEN = "other, mistaken"
"""Predicted instead of one nameless class: another nameless one. So accuracy stays exact."""

Confusion = Mapping[tuple[str, str], int]
"""How often a class (first) was predicted as another, or as itself (second)."""

BINS = 10
"""Bins of confidence, equally wide: bin k holds [k/10, (k+1)/10), the last one 1 too."""


class Class(NamedTuple):
    """One class: `support` pairs are of it, `predicted` were taken for it, `hits` are both."""

    name: str
    support: int
    predicted: int
    hits: int

    @property
    def precision(self) -> float | None:
        """The share of what was taken for it that is of it."""
        return share(self.hits, self.predicted)

    @property
    def recall(self) -> float | None:
        """The share of what is of it that was taken for it."""
        return share(self.hits, self.support)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall."""
        return share(2 * self.hits, self.support + self.predicted)


class Average(NamedTuple):
    """Precision, recall and F1 of several classes as one."""

    precision: float | None
    recall: float | None
    f1: float | None


class Classified(NamedTuple):
    """What a confusion says, the classes by name."""

    count: int  # type: ignore[assignment]  # a field of that name hides tuple.count
    accuracy: float | None
    classes: tuple[Class, ...]
    macro: Average
    weighted: Average


def merged(confusions: Iterable[Confusion]) -> Counter[tuple[str, str]]:
    """The sum of confusions, of windows or devices. One without a name for a class has it under `OTHER`."""
    total: Counter[tuple[str, str]] = Counter()
    for confusion in confusions:
        total.update(confusion)
    return total


def classified(confusion: Confusion) -> Classified:
    """Accuracy, and precision, recall and F1 of each class, of all alike (macro), and by support."""
    support: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for (truth, taken), n in confusion.items():
        support[truth] += n
        predicted[OTHER if taken == MISTAKEN else taken] += n
    hits = {name: confusion.get((name, name), 0) for name in support | predicted}
    classes = tuple([Class(name, support[name], predicted[name], hits[name]) for name in sorted(hits)])
    count = sum(support.values())
    return Classified(
        count, share(sum(hits.values()), count), classes, _average(classes, [1] * len(classes)),
        _average(classes, [each.support for each in classes]),
    )  # fmt: skip


def _average(classes: Iterable[Class], weights: list[int]) -> Average:
    rows = [(each.precision, each.recall, each.f1) for each in classes]
    return Average(*(_mean([row[at] for row in rows], weights) for at in range(3)))


def _mean(values: list[float | None], weights: list[int]) -> float | None:
    there = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    return share(fsum([value * weight for value, weight in there]), sum([weight for _, weight in there]))


def share(part: float, whole: float) -> float | None:
    """A part of a whole, None of nothing."""
    return part / whole if whole else None


class Bin(NamedTuple):
    """Predictions of like confidence: how many, the sum of their confidences, how many were right."""

    count: int = 0  # type: ignore[assignment]  # a field of that name hides tuple.count
    confidence: float = 0.0
    right: int = 0


class Calibration(NamedTuple):
    """How far confidence can be believed.

    Args:
        bins: by their number, those that have something.
        squares: the sum of (confidence - 1)^2 of what was right and confidence^2 of what was not.
    """

    bins: Mapping[int, Bin] = {}
    squares: float = 0.0

    @property
    def count(self) -> int:  # type: ignore[override]  # a property of that name hides tuple.count
        """How many predictions."""
        return sum([each.count for each in self.bins.values()])

    @property
    def ece(self) -> float | None:
        """The expected calibration error: |mean confidence - share right| of each bin, by its count."""
        gaps = [abs(each.confidence - each.right) for each in self.bins.values()]
        return share(fsum(gaps), self.count)

    @property
    def brier(self) -> float | None:
        """The mean square of confidence less truth (1 where right, 0 where not).

        Of two classes it is Brier's score of the probability of either.
        """
        return share(self.squares, self.count)

    def merged(self, other: Calibration) -> Calibration:
        """The sum of both."""
        bins = dict(self.bins)
        for place, one in other.bins.items():
            before = bins.get(place, Bin())
            bins[place] = Bin(
                before.count + one.count, before.confidence + one.confidence, before.right + one.right
            )
        return Calibration(bins, self.squares + other.squares)


def top_accuracy(ranks: Mapping[int, int], count: int) -> dict[int, float]:
    """The share of pairs whose class was among the k first, by k.

    Args:
        ranks: how often the true class was the k-th that was predicted, by k from 1 on.
        count: pairs; at least the sum of `ranks`, which knows nothing of true classes beyond.
    """
    hits, found = 0, {}
    for rank in range(1, max(ranks, default=0) + 1):
        hits += ranks.get(rank, 0)
        found[rank] = hits / count
    return found


class Errors(NamedTuple):
    """Sums of e = prediction - truth, and of y = truth - center, over pairs: plain, without sign, squared.

    `center` lies near the truths (their mean in the baseline), for the sums of squares of numbers far from
    zero would say nothing of how they vary. It is part of what a series is: only equal ones are added.
    """

    center: float = 0.0
    count: int = 0  # type: ignore[assignment]  # a field of that name hides tuple.count
    absolute: float = 0.0
    squared: float = 0.0
    signed: float = 0.0
    truth: float = 0.0
    truth_absolute: float = 0.0
    truth_squared: float = 0.0

    @property
    def mae(self) -> float | None:
        """The mean absolute error."""
        return share(self.absolute, self.count)

    @property
    def rmse(self) -> float | None:
        """The root of the mean squared error."""
        return sqrt(self.squared / self.count) if self.count else None

    @property
    def bias(self) -> float | None:
        """The mean error: above 0 where too much is predicted."""
        return share(self.signed, self.count)

    @property
    def r2(self) -> float | None:
        """The share of the truths' variance that is explained; None where they do not vary."""
        varied = self.truth_squared - self.truth * self.truth / self.count if self.count > 1 else 0.0
        return 1.0 - self.squared / varied if varied > 1e-12 * self.truth_squared else None

    def merged(self, other: Errors) -> Errors:
        """The sum of both.

        Raises:
            ValueError: they have different centers.
        """
        if self.center != other.center:
            raise ValueError(f"errors around {self.center:g} and {other.center:g} do not add up")
        sums = [a + b for a, b in zip(self[1:], other[1:], strict=True)]
        return Errors(self.center, int(sums[0]), *sums[1:])
