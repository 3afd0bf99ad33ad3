"""The one quantile summary: a base-2 exponential histogram with OpenTelemetry's bucket rules.

At scale s the base is 2^(2^-s); bucket i of the positive range holds (base^i, base^(i+1)], the
negative range holds absolute values likewise, and exact zeros have a bucket of their own. Merging
is addition. At scale 5 a bucket's midpoint is at most 1.08 % away from any value in it.

Indexes are found without a logarithm: `frexp` splits a value into fraction and exponent, and the
fraction is looked up among the 32 bucket bounds of one octave. The bounds are irrational but for
the power of two, so with each rounded *down* to a double the comparison is exact for every double,
subnormal or huge; and halving the scale, `index >> 1`, is exact as well.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Tallied
from collections.abc import Iterable, Sequence
from math import floor, frexp, isfinite, ldexp
from sys import float_info
from typing import NamedTuple

SCALE = 5
"""The finest scale: 32 buckets an octave."""

MIN_SCALE = -10
"""The coarsest scale: two buckets hold all positive doubles (OpenTelemetry's own limit)."""

MAX_BUCKETS = 512
"""Occupied buckets kept for each sign; with more of them the scale is halved until they fit."""


def _octave(scale: int) -> tuple[float, ...]:
    """The lower bounds 2^(k / 2^scale) / 2 of an octave's buckets, each rounded down to a double."""
    parts = 1 << scale
    bounds = []
    for k in range(parts):
        mantissa, limit = int(2 ** (k / parts) * 2**52), 2 ** (k + 52 * parts)
        while mantissa**parts > limit:
            mantissa -= 1
        while (mantissa + 1) ** parts <= limit:
            mantissa += 1
        bounds.append(ldexp(mantissa, -53))
    return tuple(bounds)


_BOUNDS = _octave(SCALE)
_SMALLEST = ldexp(1.0, -1074)
_LARGEST = float_info.max


def index(value: float, scale: int = SCALE) -> int:
    """The bucket of a finite positive `value` at `scale` (at most `SCALE`); fits an int32."""
    fraction, exponent = frexp(value)
    return (((exponent - 1) << SCALE) + bisect_left(_BOUNDS, fraction) - 1) >> (SCALE - scale)


def midpoint(bucket: int, scale: int) -> float:
    """The value whose relative error against all of (base^i, base^(i+1)] is least: 2lu / (l + u).

    `bucket` may lie beyond the doubles; the result is then the nearest positive finite double.
    """
    exponent, part = divmod(bucket << (SCALE - scale), 1 << SCALE)
    if exponent > float_info.max_exp - 1:
        return _LARGEST
    lower = ldexp(_BOUNDS[part], exponent + 1)
    inverse_base: float = 2.0 ** -(2.0**-scale)
    return max(lower * (2.0 / (1.0 + inverse_base)), _SMALLEST)


def total_of(values: Sequence[float]) -> float:
    """The sum of finite values, held at the largest double where it would overflow."""
    total = sum(values)
    if -_LARGEST <= total <= _LARGEST:
        return total
    return held(sum([ldexp(value, -64) for value in values]) * 2.0**64)


def held(total: float) -> float:
    """A sum of finite numbers, held at the largest double where it went beyond."""
    if -_LARGEST <= total <= _LARGEST:
        return total
    return _LARGEST if total > 0 else -_LARGEST


def _count(values: Iterable[float]) -> dict[int, int]:
    """How many of the positive finite `values` lie in each bucket of the finest scale."""
    scale, bounds = SCALE, _BOUNDS
    split = map(frexp, values)
    return dict(Tallied([((exp - 1) << scale) + bisect_left(bounds, part) - 1 for part, exp in split]))


def _coarser(buckets: dict[int, int], steps: int) -> dict[int, int]:
    """The same counts with the scale reduced by `steps`; a new dict, unless there is no step."""
    if not steps:
        return buckets
    result: dict[int, int] = {}
    for i, n in buckets.items():
        result[i >> steps] = result.get(i >> steps, 0) + n
    return result


def _added(a: dict[int, int], b: dict[int, int]) -> dict[int, int]:
    """The sum of two ranges of one scale, as a new dict."""
    if len(a) < len(b):
        a, b = b, a
    result = a.copy()
    for i, n in b.items():
        result[i] = result.get(i, 0) + n
    return result


class Histogram(NamedTuple):
    """Counts of finite values in exponential buckets, compared by value, never changed.

    `scale` is at most `SCALE`; `positive` and `negative` map a bucket's index to its count, `zero`
    counts exact zeros. `count` finite values have the sum `total` and lie within [low, high];
    both are 0.0 while `count` is 0. `nonfinite` counts NaN and infinities, which enter nothing else.
    """

    scale: int = SCALE
    zero: int = 0
    positive: dict[int, int] = {}  # noqa: RUF012 - shared and never changed
    negative: dict[int, int] = {}  # noqa: RUF012 - shared and never changed
    count: int = 0  # type: ignore[assignment]  # a field of that name hides tuple.count
    total: float = 0.0
    low: float = 0.0
    high: float = 0.0
    nonfinite: int = 0

    @classmethod
    def of(cls, values: Iterable[float], scale: int = SCALE) -> Histogram:
        """The histogram of `values`, at `scale` or at the finest one below that fits.

        Raises:
            ValueError: `scale` is not within [MIN_SCALE, SCALE].
            TypeError: a value is no number.
            OverflowError: an int is too large for a double.
        """
        if not MIN_SCALE <= scale <= SCALE:
            raise ValueError(f"scale must be within [{MIN_SCALE}, {SCALE}], not {scale}")
        given = values if isinstance(values, (list, tuple)) else list(values)
        finite = list(filter(isfinite, given))
        nonfinite = len(given) - len(finite)
        if not finite:
            return cls(scale=scale, nonfinite=nonfinite)
        low, high = float(min(finite)), float(max(finite))
        positive = finite if low > 0 else [value for value in finite if value > 0]
        negative = [-value for value in finite if value < 0] if low < 0 else []
        zero = len(finite) - len(positive) - len(negative)
        exact = cls(
            SCALE, zero, _count(positive), _count(negative),
            len(finite), float(total_of(finite)), low, high, nonfinite,
        )  # fmt: skip
        return fitted(exact.at(scale))

    def at(self, scale: int) -> Histogram:
        """This histogram at a coarser scale: what `of` gives for the same values there.

        Raises:
            ValueError: `scale` is finer than the histogram's own, or below MIN_SCALE.
        """
        if not MIN_SCALE <= scale <= self.scale:
            raise ValueError(f"scale must be within [{MIN_SCALE}, {self.scale}], not {scale}")
        steps = self.scale - scale
        if not steps:
            return self
        return self._replace(
            scale=scale, positive=_coarser(self.positive, steps), negative=_coarser(self.negative, steps)
        )

    def merged(self, other: Histogram) -> Histogram:
        """The histogram of both sets of values; the finer one is brought to the coarser scale."""
        scale = min(self.scale, other.scale)
        one, two = self.at(scale), other.at(scale)
        if not one.count or not two.count:
            return (one if one.count else two)._replace(nonfinite=one.nonfinite + two.nonfinite)
        return fitted(
            Histogram(
                scale,
                one.zero + two.zero,
                _added(one.positive, two.positive),
                _added(one.negative, two.negative),
                one.count + two.count,
                held(one.total + two.total),
                min(one.low, two.low),
                max(one.high, two.high),
                one.nonfinite + two.nonfinite,
            )
        )

    def quantile(self, q: float) -> float | None:
        """The value at rank floor(q * (count - 1)) in order of size, None while there is none.

        At scale 5 it is within 1.08 % of the exact one; q = 0 and q = 1 give `low` and `high`.

        Raises:
            ValueError: `q` is not within [0, 1].
        """
        if not 0.0 <= q <= 1.0:
            raise ValueError(f"a quantile must be within [0, 1], not {q}")
        if not self.count:
            return None
        if q in (0.0, 1.0):
            return self.high if q else self.low
        return max(self.low, min(self.high, self._ranked(floor(q * (self.count - 1)))))

    def _ranked(self, rank: int) -> float:
        """The midpoint of the bucket that holds the value with `rank` smaller ones before it."""
        for i in sorted(self.negative, reverse=True):
            rank -= self.negative[i]
            if rank < 0:
                return -midpoint(i, self.scale)
        rank -= self.zero
        if rank < 0:
            return 0.0
        for i in sorted(self.positive):
            rank -= self.positive[i]
            if rank < 0:
                return midpoint(i, self.scale)
        return self.high


def fitted(histogram: Histogram) -> Histogram:
    """The same at the finest scale, from its own down, at which both signs keep to `MAX_BUCKETS`."""
    scale, positive, negative = histogram.scale, histogram.positive, histogram.negative
    while max(len(positive), len(negative)) > MAX_BUCKETS and scale > MIN_SCALE:
        scale -= 1
        positive, negative = _coarser(positive, 1), _coarser(negative, 1)
    if scale == histogram.scale:
        return histogram
    return histogram._replace(scale=scale, positive=positive, negative=negative)
