"""What a rule makes of a histogram: a quantile, the mean, the least or the largest of its values. Pure."""

from __future__ import annotations

from agent.stats.histogram import Histogram
from agent.stats.totals import usable

_ENDS = {"min": 0.0, "max": 1.0}


def quantile_of(function: str) -> float | None:
    """The quantile that a function of the grammar stands for (p99: 0.99, max: 1), None for the mean."""
    if function == "mean":
        return None
    digits = function[1:]
    return _ENDS[function] if function in _ENDS else int(digits) / 10 ** len(digits)


def measured(value: object, quantile: float | None) -> float | None:
    """That quantile, or the mean, of what came since the reading before; None where there was nothing.

    A log hands over a histogram; a collector the values themselves, of which those that are no finite
    number are left out.
    """
    if not isinstance(value, Histogram):
        if not isinstance(value, (list, tuple)):
            return None
        value = Histogram.of([each for each in value if usable(each)])
    if quantile is not None:
        return value.quantile(quantile)
    return value.total / value.count if value.count else None
