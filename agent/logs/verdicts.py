"""Drift told from windows and baselines that were kept or sent: on a device, or of a fleet as one.

Windows of devices are added up first (`measures.added`), so a verdict on a fleet is that on all its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import NamedTuple

from agent.logs.measures import Inputs, Known
from agent.stats.baseline import CATEGORIES, Feature
from agent.stats.drift import DEFAULT, Bounds, Seen, Verdict, judged
from agent.stats.histogram import Histogram
from agent.stats.standard import Standard
from agent.stats.topk import Top

NO_VALUE = frozenset(("missing", "type", "nan", "infinite"))
"""Faults of rows that have no usable value; others are counted among the values too."""


class Comparison(NamedTuple):
    """A feature in the baseline and in the window, and what is said of it.

    Args:
        reference, window: None where nothing is known of it; of numbers, both by the standard of `reference`.
        verdict: its `drifted` is None where there was too little to tell.
        fault: why the two cannot be compared, "" where they can.
    """

    reference: Feature | None
    window: Seen | None
    verdict: Verdict
    fault: str = ""


UNKNOWN = Verdict(None, 0, 0)


def compared(reference: Feature | None, window: Inputs | None, bounds: Bounds) -> Comparison:
    """One feature, by its share of the alarms. Numbers by another standard than the baseline's are not
    compared: they are of a baseline before this one."""
    if reference is None:
        seen = _any(window) if window is not None else None
        return Comparison(None, seen, UNKNOWN, "there is no baseline")
    if window is None:
        return Comparison(reference, None, UNKNOWN, "no window has it")
    missing = sum(count for fault, count in window.faults.items() if fault in NO_VALUE)
    values: Histogram | Top | None
    if isinstance(reference.values, Histogram):
        values = window.numbers.get(reference.standard)
        if values is None and window.numbers:
            return Comparison(reference, None, UNKNOWN, "its windows are of another baseline")
        if values is None and window.categories is not None:
            return Comparison(reference, None, UNKNOWN, "it was a number in the baseline, and is a category")
        values = values or Histogram()
    else:
        if window.categories is None and window.numbers:
            return Comparison(reference, None, UNKNOWN, "it was a category in the baseline, and is a number")
        values = window.categories or Top()
    seen = Seen(values, missing)
    return Comparison(reference, seen, judged(reference.seen, seen, bounds))


def _any(window: Inputs) -> Seen | None:
    """What there is without a baseline."""
    missing = sum(count for fault, count in window.faults.items() if fault in NO_VALUE)
    values: Iterable[Histogram | Top] = (*window.numbers.values(), *filter(None, (window.categories,)))
    return next((Seen(each, missing) for each in values), None)


def verdicts(
    reference: Mapping[str, Feature], window: Known, bounds: Bounds = DEFAULT
) -> dict[str, Comparison]:
    """Of every feature of the baseline or of the windows, by name; those of the baseline share the alarms."""
    each = bounds.shared(len(reference))
    return {
        name: compared(reference.get(name), window.features.get(name), each)
        for name in sorted({*reference, *window.features})
    }


def of_fleet(told: Iterable[Feature]) -> Feature | None:
    """The baseline of a feature on all devices, from what each has told; None of none.

    Equal ones are one file that all were given, and count once; what devices learned themselves adds up. Of
    several kinds or standards, which do not, the one with the most values counts.
    """
    kinds: dict[tuple[type[Histogram | Top], Standard], list[Feature]] = {}
    for each in told:
        same = kinds.setdefault((type(each.values), each.standard), [])
        if each not in same:
            same.append(each)
    sums = [reduce(_sum, same) for same in kinds.values()]
    return max(sums, key=lambda each: each.seen.count, default=None)


def _sum(one: Feature, two: Feature) -> Feature:
    missing = one.missing + two.missing
    if isinstance(one.values, Histogram) and isinstance(two.values, Histogram):
        return one._replace(values=one.values.merged(two.values), missing=missing)
    if isinstance(one.values, Top) and isinstance(two.values, Top):
        return one._replace(values=one.values.merged(two.values, CATEGORIES), missing=missing)
    raise TypeError("numbers and categories do not add up")
