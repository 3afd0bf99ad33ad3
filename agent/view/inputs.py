"""A model's inputs as people read them: in their own units, with what was usual, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from agent.logs.measures import CONSTANT, DISTINCT, VERSION, Inputs, Known
from agent.logs.verdicts import NO_VALUE
from agent.stats.baseline import Feature
from agent.stats.frame import Event
from agent.stats.histogram import Histogram
from agent.stats.quality import share
from agent.stats.standard import Standard
from agent.stats.topk import Top

DRIFT = "model.drift"
QUARTILES = 1.349
"""Standard deviations between the quartiles of a normal distribution."""
SEVERAL = 3

Drifts = Mapping[tuple[str, str], Sequence[tuple[float, float]]]
"""By feature and test: when (wall s), and the score by its threshold; the oldest first."""


class Usual(NamedTuple):
    """Where numbers lie, in the unit of the feature: the median, and about a standard deviation."""

    median: float
    spread: float


class Input(NamedTuple):
    """One feature; None where nothing tells it.

    Args:
        count: values.
        usual, baseline: of numbers, now and in the baseline.
        top, known: of categories, the most frequent with their shares, now and in the baseline.
        missing: the share of rows without a value.
        faults: how often, by name.
        distinct: different values of an hour.
        constant: for how long it has not changed, s.
        scores: of the last window by test, in thresholds: above 1 it has drifted.
        since: since when it drifts (wall s).
        first: of when the first verdict is that is known (wall s): it may drift for longer, if since then.
    """

    name: str
    count: int  # type: ignore[assignment]  # a field of that name hides tuple.count
    usual: Usual | None = None
    baseline: Usual | None = None
    top: tuple[tuple[str, float], ...] = ()
    known: tuple[tuple[str, float], ...] = ()
    missing: float | None = None
    faults: Mapping[str, int] = {}
    distinct: float | None = None
    constant: float | None = None
    scores: Mapping[str, float] = {}
    since: float | None = None
    first: float | None = None

    @property
    def longer(self) -> bool:
        """Whether it drifted before anything is known."""
        return self.since is not None and self.since == self.first

    @property
    def drifted(self) -> bool | None:
        """Whether any test says so; None where none was made."""
        return max(self.scores.values()) > 1 if self.scores else None


def inputs(
    known: Known,
    baseline: Mapping[str, Feature],
    drifts: Drifts,
    begun: Mapping[str, float | None] = MappingProxyType({}),
) -> tuple[Input, ...]:
    """Every feature that is seen, expected or judged, those that drift first; `begun`: since when."""
    names = {*known.features, *baseline, *(feature for feature, _ in drifts)}
    found = [
        _input(name, known, baseline.get(name), _of(drifts, name))._replace(
            since=begun.get(name), first=_first(drifts, name)
        )
        for name in sorted(names)
    ]
    return tuple(sorted(found, key=lambda each: -max(each.scores.values(), default=0.0)))


def _input(name: str, known: Known, reference: Feature | None, scores: Mapping[str, float]) -> Input:
    seen = known.features.get(name, Inputs())
    missing = sum(count for fault, count in seen.faults.items() if fault in NO_VALUE)
    values = numbers(seen, reference)
    count = values[1].count if values else seen.categories.seen if seen.categories else 0
    usually: Usual | None = None
    most: tuple[tuple[str, float], ...] = ()
    if reference is not None and isinstance(reference.values, Histogram):
        usually = usual(reference.standard, reference.values)
    elif reference is not None and isinstance(reference.values, Top):
        most = frequent(reference.values)
    return Input(
        name,
        count,
        usual(*values) if values else None,
        usually,
        frequent(seen.categories) if seen.categories else (),
        most,
        share(missing, count + missing),
        seen.faults,
        known.levels.get((DISTINCT.name, name)),
        known.levels.get((CONSTANT.name, name)),
        scores,
    )


def numbers(seen: Inputs, reference: Feature | None) -> tuple[Standard, Histogram] | None:
    """A feature's numbers by the standard of its baseline; of several without one, the most."""
    if reference is not None and reference.standard in seen.numbers:
        return reference.standard, seen.numbers[reference.standard]
    return max(seen.numbers.items(), key=lambda item: item[1].count, default=None)


def usual(standard: Standard, values: Histogram) -> Usual | None:
    """Where numbers lie, in their own unit; None where there are none."""
    low, median, high = (values.quantile(q) for q in (0.25, 0.5, 0.75))
    if low is None or median is None or high is None:
        return None
    return Usual(standard.center + standard.spread * median, standard.spread * (high - low) / QUARTILES)


def frequent(top: Top) -> tuple[tuple[str, float], ...]:
    """The most frequent categories and their shares."""
    order = sorted(top.counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple((name, count / top.seen) for name, count in order[:SEVERAL])


def _of(drifts: Drifts, name: str) -> dict[str, float]:
    """The last scores by test, the worst first."""
    told = {test: points for (feature, test), points in drifts.items() if feature == name and points}
    # What an earlier window was judged by says nothing of the last one.
    last = max((points[-1][0] for points in told.values()), default=0.0)
    scores = {test: points[-1][1] for test, points in told.items() if points[-1][0] == last}
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


def _first(drifts: Drifts, name: str) -> float | None:
    return min(
        (points[0][0] for (feature, _), points in drifts.items() if feature == name and points), default=None
    )


def since(drifts: Drifts, events: Sequence[Event], name: str, version: str) -> float | None:
    """Since when a feature drifts (wall s), None while it does not: as told when it turned, else by the first
    window of those that drifted one after another."""
    worst: dict[float, float] = {}
    for (feature, _), points in drifts.items():
        if feature == name:
            for at, score in points:
                worst[at] = max(score, worst.get(at, 0.0))
    begun = None
    for at in sorted(worst, reverse=True):
        if worst[at] <= 1:
            break
        begun = at
    turns = [each for each in events if _turned(each, name, version)]
    last = max(turns, key=lambda event: event.wall, default=None)
    if last is not None and drifted(last) and (begun is not None or not worst):
        return last.wall
    return begun


def _turned(event: Event, name: str, version: str) -> bool:
    about = dict(event.attributes)
    return event.name == DRIFT and about.get("feature") == name and about.get(VERSION, "") == version


def drifted(event: Event) -> bool:
    """Whether an event says that a feature begins to drift, not that it is over."""
    return dict(event.attributes).get("drifted") == "true"
