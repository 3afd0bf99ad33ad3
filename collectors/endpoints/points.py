"""What the samples of a page are together: numbers, totals and classic histograms, each of one series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf, isfinite, isnan, nan
from typing import NamedTuple

from collectors.api import Attributes, Series
from collectors.endpoints.exposition import Page, number

MOST_BUCKETS = 256
_WHOLE = 2.0**53

Key = tuple[str, Attributes]
"""How a server calls a number: the family's name and the labels."""


class Buckets(NamedTuple):
    """A classic histogram: `counts[i]` values were at most `bounds[i]` and more than the bound before it;
    the last bound is infinite. `total` is the sum of the values, None where the server does not tell it."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float | None


class Point(NamedTuple):
    """One number of a server, as a series of ours.

    Args:
        key: how the server calls it; two keys may be one series, and one key may be two.
        series: what it is with us.
        value: as the server tells it; of a counter the running total.
        scale: factor to the unit of the series; below zero, the growth of the total is taken off.
    """

    key: Key
    series: Series
    value: float | Buckets
    scale: float = 1.0


def classic(page: Page, name: str) -> Iterator[tuple[Attributes, Buckets | None]]:
    """The histograms of that name by their labels but `le`; None where the buckets contradict each other."""
    found: dict[Attributes, dict[float, float]] = {}
    for labels, value in page.samples.get(f"{name}_bucket", {}).items():
        rest = tuple(pair for pair in labels if pair[0] != "le")
        found.setdefault(rest, {})[_bound(labels)] = value
    totals, counts = (page.samples.get(name + part, {}) for part in ("_sum", "_count"))
    for labels, cumulative in found.items():
        yield labels, buckets_of(cumulative, totals.get(labels), counts.get(labels))


def buckets_of(cumulative: Mapping[float, float], total: float | None, count: float | None) -> Buckets | None:
    """A histogram from how many values were at most each bound; None if that is not what it tells.

    `count` stands for the bucket without a bound where that is missing.
    """
    told = dict(cumulative)
    if inf not in told and count is not None:
        told[inf] = count
    bounds = sorted(told)
    if (
        not bounds
        or any(map(isnan, bounds))
        or bounds[-1] != inf
        or -inf in bounds
        or len(bounds) > MOST_BUCKETS
    ):
        return None
    counts, before = [], 0.0
    for bound in bounds:
        value = told[bound]
        if not before <= value < _WHOLE or value != int(value):
            return None
        counts.append(int(value - before))
        before = value
    return Buckets(tuple(bounds), tuple(counts), total if total is not None and isfinite(total) else None)


def _bound(labels: Attributes) -> float:
    """The bound of a bucket; NaN, which no histogram has, if it is none."""
    bound = number(dict(labels).get("le", ""))
    return nan if bound is None else bound
