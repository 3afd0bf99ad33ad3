"""Whether what a model is given, or says, is still what it was: one verdict a feature, with its evidence.

Each test has a threshold that is the larger of what would matter and of what chance alone exceeds in a
hundredth (`Bounds.alarm`) of windows of this size; the tests of a verdict share that hundredth. So a small
window is not blamed for its size, and a large one not for what nobody would notice. Chance is that of values
which do not depend on each other: where they do, a window says less than its size. Features of one model
share the hundredth as well (`Bounds.shared`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from agent.stats.distances import (
    aligned,
    chi_square_quantile,
    grouped,
    jensen_shannon,
    kolmogorov_quantile,
    kolmogorov_smirnov,
    population_stability,
    wasserstein,
)
from agent.stats.histogram import Histogram
from agent.stats.topk import Top


class Bounds(NamedTuple):
    """What is taken for a drift.

    Args:
        alarm: the share of windows of a feature that may be called drifted though nothing did.
        stability: the population stability index that matters; 0.25 is commonly called large.
        distance: the distance of Kolmogorov and Smirnov that matters.
        rate: by how much the share of values that are missing, outside or unseen must change.
        least: values of a window, below which nothing is said.
    """

    alarm: float = 0.01
    stability: float = 0.1
    distance: float = 0.1
    rate: float = 0.01
    least: int = 50

    def shared(self, features: int) -> Bounds:
        """So many features share the alarms (Bonferroni): of a window of all of them, no larger share is
        called drifted by chance than of one with a single feature."""
        return self._replace(alarm=self.alarm / max(1, features))


DEFAULT = Bounds()
GROUPS = 10
"""Into so many parts of like size a reference is cut at most."""
IN_GROUP = 20
"""Values of a window in each of them, at least, on average."""
CATEGORIES = 20
"""Categories that are told apart at most, the most frequent of the reference."""
IN_CATEGORY = 10
"""Values in each of them, at least, if nothing drifted: with fewer, chance alone exceeds the threshold of the
stability index more often than it says."""


class Seen(NamedTuple):
    """What was seen of a feature: its values (numbers standardised, or categories), and how often none."""

    values: Histogram | Top
    missing: int = 0

    @property
    def count(self) -> int:  # type: ignore[override]  # a property of that name hides tuple.count
        """Values seen."""
        return self.values.count if isinstance(self.values, Histogram) else self.values.seen


class Score(NamedTuple):
    """What a test found: `score` is a drift above `threshold`."""

    test: str
    score: float
    threshold: float

    @property
    def ratio(self) -> float:
        """The score in thresholds."""
        return self.score / self.threshold


class Verdict(NamedTuple):
    """What is said of a feature.

    Args:
        drifted: None where there was too little to tell.
        reference: values of the reference.
        window: values of the window.
        scores: of all tests, the worst first.
        distances: further measures that have no threshold: `jensen_shannon`, `wasserstein` (in spreads).
    """

    drifted: bool | None
    reference: int
    window: int
    scores: tuple[Score, ...] = ()
    distances: Mapping[str, float] = {}

    @property
    def worst(self) -> Score | None:
        """The score that is most above, or least below, its threshold."""
        return self.scores[0] if self.scores else None


def judged(reference: Seen, window: Seen, bounds: Bounds = DEFAULT) -> Verdict:
    """Whether the window differs from the reference.

    Raises:
        TypeError: one has numbers, the other categories.
    """
    m, n = reference.count, window.count
    if min(m + reference.missing, n + window.missing) < bounds.least:
        return Verdict(None, m, n)
    scores = [_missing(reference, window, bounds)]
    distances: dict[str, float] = {}
    if min(m, n) >= bounds.least:
        if isinstance(reference.values, Histogram) and isinstance(window.values, Histogram):
            found, distances = _numbers(reference.values, window.values, bounds)
        elif isinstance(reference.values, Top) and isinstance(window.values, Top):
            found, distances = _categories(reference.values, window.values, bounds)
        else:
            raise TypeError("numbers and categories cannot be compared")
        scores += found
    scores.sort(key=lambda score: -score.ratio)
    return Verdict(scores[0].ratio > 1, m, n, tuple(scores), distances)


_TESTS = 4
"""Of a verdict, at most: they share the alarms."""

Found = tuple[list[Score], dict[str, float]]


def _numbers(reference: Histogram, window: Histogram, bounds: Bounds) -> Found:
    bins = aligned(reference, window)
    m, n = reference.count, window.count
    apart = kolmogorov_smirnov(bins.reference, bins.window)
    chance = kolmogorov_quantile(1 - bounds.alarm / _TESTS) * sqrt(1 / m + 1 / n)
    scores = [Score("kolmogorov_smirnov", apart, max(bounds.distance, chance))]
    one, two = grouped(bins, max(2, min(GROUPS, min(m, n) // IN_GROUP)))
    scores += _stability(one, two, bounds)
    first, last = _occupied(bins.reference)
    outside = sum(bins.window[:first]) + sum(bins.window[last + 1 :])
    # Of m values, the next one is beyond the largest with a chance of 1 / (m + 1); the same below.
    scores.append(_more("outside", (2, m), (outside, n), bounds))
    shape = jensen_shannon(bins.reference, bins.window)
    return scores, {"jensen_shannon": shape, "wasserstein": wasserstein(bins)}


def _occupied(counts: Sequence[int]) -> tuple[int, int]:
    """The first and the last place with a count."""
    there = [place for place, count in enumerate(counts) if count]
    return there[0], there[-1]


def _stability(reference: list[int], window: list[int], bounds: Bounds) -> list[Score]:
    if len(reference) < 2:
        return []
    chance = chi_square_quantile(1 - bounds.alarm / _TESTS, len(reference) - 1)
    chance *= 1 / sum(reference) + 1 / sum(window)
    score = population_stability(reference, window)
    return [Score("population_stability", score, max(bounds.stability, chance))]


def _categories(reference: Top, window: Top, bounds: Bounds) -> Found:
    m, n = reference.seen, window.seen
    order = sorted(reference.counts, key=lambda name: (-reference.counts[name], name))
    named = [name for name in order[:CATEGORIES] if reference.counts[name] * min(m, n) >= IN_CATEGORY * m]
    one, two = ([top.counts.get(name, 0) for name in named] for top in (reference, window))
    if sum(one) < m or sum(two) < n:
        one, two = [*one, m - sum(one)], [*two, n - sum(two)]
    scores = _stability(one, two, bounds)
    if not reference.other:
        unseen = sum([count for name, count in window.counts.items() if name not in reference.counts])
        # Good and Turing: as much is to be expected as was seen once.
        once = sum([count == 1 for count in reference.counts.values()])
        # An unseen category comes several times: a window larger than the reference tells no more of them.
        size = min(m, n)
        scores.append(_more("unseen", (once, m), (unseen * size / n, size), bounds))
    return scores, {"jensen_shannon": jensen_shannon(one, two)}


def _missing(reference: Seen, window: Seen, bounds: Bounds) -> Score:
    m, n = reference.count + reference.missing, window.count + window.missing
    return _rate("missing", (reference.missing, m), (window.missing, n), bounds)


def _more(test: str, reference: tuple[int, int], window: tuple[float, int], bounds: Bounds) -> Score:
    """Of two shares: by how much that of the window is larger."""
    found = _rate(test, reference, window, bounds)
    return found if window[0] * reference[1] > reference[0] * window[1] else found._replace(score=0.0)


def _rate(test: str, reference: tuple[int, int], window: tuple[float, int], bounds: Bounds) -> Score:
    """Of two shares (part, whole): how far they are apart."""
    (a, m), (b, n) = reference, window
    both = (a + b) / (m + n)
    deviations = NormalDist().inv_cdf(1 - bounds.alarm / _TESTS / 2)
    parts = 1 / m + 1 / n
    chance = deviations * sqrt(both * (1 - both) * parts) + parts / 2
    return Score(test, abs(b / n - a / m), max(bounds.rate, chance))
