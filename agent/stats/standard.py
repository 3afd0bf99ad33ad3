"""Numbers made alike, so that histograms tell how they shift: (x - center) / spread, in coarse buckets.

The buckets of a histogram grow with a value, so that 300 and 301 share one. Of what is standardised by where
most values of a baseline lie, a bucket beside it is a few hundredths of their spread, and one of an outlier
as wide as the outlier deserves. Center and spread are part of what a series is: others do not add up with it.
"""

from __future__ import annotations

from math import floor, log10
from typing import NamedTuple

import numpy as np

from agent.stats.bins import Cells, Column, Floats
from agent.stats.histogram import Histogram

SCALE = 2
"""Four buckets an octave: 50 features of 20,000 values are 3.8 KB on the wire, at scale 5 18 KB; the distance
of Kolmogorov and Smirnov is still that of the values, less at most 0.001."""

NEAR = 1 / 16
"""What lies so near to the center is in one bucket."""

_WIDTHS = ((0.25, 1.349), (0.05, 3.29), (0.01, 4.653), (0.0, 8.0))
"""Shares of a normal distribution below and above, and how many standard deviations lie between."""

_LEAST = 1e-12
"""A spread below so much of the center is rounding."""

_FURTHEST = 1e300


class Standard(NamedTuple):
    """Where most values lie: around `center`, most of them within two of `spread` (above 0)."""

    center: float = 0.0
    spread: float = 1.0

    @classmethod
    def of(cls, values: Floats) -> Standard:
        """The median, and the spread between the quartiles as one standard deviation would be.

        Where half of all values are one, what lies further out tells the spread; where all are, it is 1. Both
        are rounded, so that they are short where they are told. What is not finite tells nothing.
        """
        finite = np.clip(values[np.isfinite(values)], -_FURTHEST, _FURTHEST)
        if not len(finite):
            return cls()
        shares = [0.5, *(side for share, _ in _WIDTHS for side in (share, 1 - share))]
        center, *sides = np.quantile(finite, shares).tolist()
        for (_, deviations), low, high in zip(_WIDTHS, sides[::2], sides[1::2], strict=True):
            spread = (high - low) / deviations
            if spread > _LEAST * abs(center):
                step = floor(log10(spread)) - 1
                return cls(_rounded(center, step), _rounded(spread, step))
        return cls(center)

    def of_all(self, values: Floats) -> Floats:
        """Standardised values; those beyond a double are held at the largest."""
        with np.errstate(over="ignore"):
            found: Floats = np.clip((values - self.center) / self.spread, -_FURTHEST, _FURTHEST)
        return found

    def column(self, column: Column) -> dict[int, Histogram]:
        """The histogram of each cell's values, standardised. All are finite."""
        return Column(column.cells, self.of_all(column.values)).histograms(SCALE, NEAR)

    def histogram(self, values: Floats) -> Histogram:
        """The histogram of finite values, standardised."""
        cells = Cells(np.zeros(len(values), np.int64))
        return self.column(cells.column(values)).get(0, Histogram(SCALE))


def _rounded(value: float, step: int) -> float:
    """To a multiple of 10^step."""
    return float(f"{value:.{max(0, -step)}f}") if step <= 0 else float(round(value / 10**step) * 10**step)
