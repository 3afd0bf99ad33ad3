"""The most frequent values of a category: Misra-Gries counts that merge.

Any value that makes up more than 1 / (cap + 1) of the items is kept. A kept count is never too
high, and too low by at most `other` / (cap + 1); the sum of all counts and `other` is exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

CAP = 64
"""Values kept in a window."""

KEY_LENGTH = 128
"""Characters kept of a value."""


def key_of(value: str) -> str:
    """The value as it is counted: at most 128 characters, each of which UTF-8 can carry."""
    key = value[:KEY_LENGTH]
    return key if key.isascii() else key.encode("utf-8", "replace").decode("utf-8")


def _purged(counts: dict[str, int], other: int, cap: int) -> Top:
    """Keep at most `cap` values: the count of the next one is taken from all, into `other`."""
    if len(counts) <= cap:
        return Top(counts, other)
    ordered = sorted(counts.values(), reverse=True)
    cut = ordered[cap]
    kept = {key: n - cut for key, n in counts.items() if n > cut}
    return Top(kept, other + sum(ordered) - sum(kept.values()))


class Top(NamedTuple):
    """Counts of the most frequent values; `other` counts the items that are in none of them."""

    counts: dict[str, int] = {}  # noqa: RUF012 - shared and never changed
    other: int = 0

    @classmethod
    def of(cls, items: Iterable[tuple[str, int]], cap: int = CAP) -> Top:
        """The top of (value, count) pairs; values beyond the `cap` most frequent are purged.

        While it runs, at most twice `cap` values are held.

        Raises:
            ValueError: a count is negative.
        """
        return cls().plus(items, cap)

    def plus(self, items: Iterable[tuple[str, int]], cap: int = CAP) -> Top:
        """This top with further (value, count) pairs; as `of`, and raises as it does."""
        counts, other = self.counts.copy(), self.other
        for value, n in items:
            if n < 0:
                raise ValueError(f"the count of {value!r} must be at least 0, not {n}")
            if n:
                key = key_of(value)
                counts[key] = counts.get(key, 0) + n
            if len(counts) > 2 * cap:
                counts, other = _purged(counts, other, cap)
        return _purged(counts, other, cap)

    def merged(self, other: Top, cap: int = CAP) -> Top:
        """The top of both sets of items."""
        counts = self.counts.copy()
        for key, n in other.counts.items():
            counts[key] = counts.get(key, 0) + n
        return _purged(counts, self.other + other.other, cap)

    @property
    def seen(self) -> int:
        """The number of items seen; exact."""
        return sum(self.counts.values()) + self.other
