"""Samples of whole records, few of many, from which the counts of all can be told without bias.

Records are of strata (a class, a version, errors). Of each stratum those with the smallest random keys are
kept, at most so many: a fair sample whatever the order of arrival, and that of two windows or devices is made
of theirs. Each stands for `count` / kept records. So rare strata are seen although they are rare, and the
weights put right what was sampled unevenly; a heavier record needs no key of its own kind.

Edge cases (the slowest, the least confident) are kept because of what they are: each stands for itself, and
is in no stratum. When a further one takes its place, it goes back to its stratum, with the key it always had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import nsmallest
from math import sqrt
from typing import Any, NamedTuple


class Item(NamedTuple):
    """A record that was kept: its random key within [0, 1), its stratum, and how far it is at an edge."""

    key: float
    stratum: str
    record: Any
    score: float = 0.0


class Stratum(NamedTuple):
    """A fair sample of `count` records: at most `most`, by their keys, the smallest first."""

    most: int
    count: int = 0  # type: ignore[assignment]  # a field of that name hides tuple.count
    items: tuple[Item, ...] = ()

    def plus(self, items: Iterable[Item], count: int) -> Stratum:
        """With `count` further records, of which `items` have the smallest keys."""
        kept = nsmallest(self.most, (*self.items, *items), key=_key)
        return Stratum(self.most, self.count + count, tuple(kept))

    def cut(self, most: int) -> Stratum:
        """A smaller sample of the same records."""
        return Stratum(most, self.count, self.items[:most])


class Edge(NamedTuple):
    """The `most` records with the largest scores, the largest first."""

    most: int
    items: tuple[Item, ...] = ()

    def plus(self, items: Iterable[Item]) -> tuple[Edge, tuple[Item, ...]]:
        """With further ones, and those without a place now. Of equals the one that came first stays."""
        ordered = sorted((*self.items, *items), key=_score, reverse=True)
        return Edge(self.most, tuple(ordered[: self.most])), tuple(ordered[self.most :])


def _key(item: Item) -> float:
    return item.key


def _score(item: Item) -> float:
    return item.score


class Sampled(NamedTuple):
    """What was kept: strata and edges by name. Every stratum of a record at an edge is among the strata."""

    strata: Mapping[str, Stratum]
    edges: Mapping[str, Edge]


class Sample(NamedTuple):
    """A record, for how many it stands, and why it is here: an edge, or "" for chance."""

    record: Any
    weight: float
    stratum: str
    edge: str = ""


def samples(sampled: Sampled) -> Iterator[Sample]:
    """All records, with their weights."""
    for name, edge in sampled.edges.items():
        for item in edge.items:
            yield Sample(item.record, 1.0, item.stratum, name)
    for name, stratum in sampled.strata.items():
        for item in stratum.items:
            yield Sample(item.record, stratum.count / len(stratum.items), name)


def merged(one: Sampled, two: Sampled) -> Sampled:
    """The samples of the records of both; where one kept less of each stratum, so does the sum."""
    strata = dict(one.strata)
    for name, other in two.strata.items():
        mine = strata.get(name, Stratum(other.most))
        least = min(mine.most, other.most)
        strata[name] = mine.cut(least).plus(other.cut(least).items, other.count)
    edges = dict(one.edges)
    for name, edge in two.edges.items():
        before = edges.get(name, Edge(edge.most))
        edges[name], displaced = before._replace(most=min(before.most, edge.most)).plus(edge.items)
        returned(strata, displaced)
    return Sampled(strata, edges)


def returned(strata: dict[str, Stratum], displaced: Iterable[Item]) -> None:
    """Put records that are at no edge any more into their strata."""
    for item in displaced:
        strata[item.stratum] = strata[item.stratum].plus((item,), 1)


def halved(sampled: Sampled, names: Iterable[str]) -> Sampled:
    """Half as much of these strata and edges, at least one of each: for when there is too little room."""
    strata, edges = dict(sampled.strata), dict(sampled.edges)
    for name in names:
        if name in edges:
            edges[name], displaced = Edge(max(1, edges[name].most // 2)).plus(edges[name].items)
            returned(strata, displaced)
        if name in strata:
            strata[name] = strata[name].cut(max(1, strata[name].most // 2))
    return Sampled(strata, edges)


class Estimate(NamedTuple):
    """How many records there were of a kind: unbiased, and bounds that hold in 95 of 100 samples."""

    count: float  # type: ignore[assignment]  # a field of that name hides tuple.count
    low: float
    high: float


_DEVIATIONS = 1.959964
"""A normal value lies within so many standard deviations in 95 of 100 cases."""


def estimated(sampled: Sampled, holds: Callable[[Any], bool]) -> Estimate:
    """How many of all records are such that `holds` is true of them.

    The bounds of a stratum are Wilson's, those of the sum are recovered from how far each is from its count
    (Zou and Donner, "Construction of confidence limits about effect measures", 2008).
    """
    total = float(sum(holds(item.record) for edge in sampled.edges.values() for item in edge.items))
    below = above = 0.0
    for stratum in sampled.strata.values():
        if stratum.items:
            found = _of_stratum(stratum, sum(holds(item.record) for item in stratum.items))
            total += found.count
            below += (found.count - found.low) ** 2
            above += (found.high - found.count) ** 2
    return Estimate(total, total - sqrt(below), total + sqrt(above))


def _of_stratum(stratum: Stratum, hits: int) -> Estimate:
    kept, count = len(stratum.items), stratum.count
    if kept >= count:
        return Estimate(hits, hits, hits)
    share = hits / kept
    # What is known of a part of all is known better than of a sample of infinitely many.
    size = kept * (count - 1) / (count - kept)
    square = _DEVIATIONS * _DEVIATIONS / size
    middle = (share + square / 2) / (1 + square)
    width = sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    low, high = count * (middle - width), count * (middle + width)
    return Estimate(count * share, max(hits, low), min(count - (kept - hits), high))
