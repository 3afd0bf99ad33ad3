"""A count of what came within the last period, whenever that is: kept in parts, told a little too high."""

from __future__ import annotations

from typing import Any, NamedTuple

PARTS = 24
"""A period is remembered in so many parts, and the one that lies partly before it."""

BEYOND = 1 << 63
"""No saved number is as large."""


class Sliding(NamedTuple):
    """What was counted of late, never changed: `period` is in s; `parts` are newest first, and the newest
    began `age` s ago."""

    period: float
    age: float = 0.0
    parts: tuple[int, ...] = (0,)

    @property
    def total(self) -> int:
        """What came within the last period, and up to a part before it."""
        return sum(self.parts)

    def plus(self, amount: int) -> Sliding:
        """So much more came now."""
        first, *others = self.parts
        return self._replace(parts=(first + amount, *others))

    def after(self, seconds: float) -> Sliding:
        """So many seconds later; a part that ends more than a period ago counts no more."""
        ended, age = divmod(self.age + seconds, self.period / PARTS)
        if not ended:
            return self._replace(age=age)
        fresh = (0,) * int(min(ended, PARTS + 1))
        return self._replace(age=age, parts=(*fresh, *self.parts)[: PARTS + 1])

    def over(self, period: float) -> Sliding:
        """As the count of this period; what was counted over another one came just now."""
        return self if period == self.period else Sliding(period, parts=(self.total,))

    def saved(self) -> list[object]:
        """As JSON has it."""
        return [self.period, round(self.age, 1), list(self.parts)]

    @classmethod
    def load(cls, saved: Any) -> Sliding:
        """From what `saved` gave.

        Raises:
            ValueError, TypeError: it is none.
        """
        period, age, parts = saved
        numbers = [period, age, *parts]
        sound = all(isinstance(each, (int, float)) and 0 <= each < BEYOND for each in numbers)
        whole = all(isinstance(each, int) for each in parts)
        if not (sound and whole and period > 0 and 0 < len(parts) <= PARTS + 1):
            raise ValueError("no sliding count")
        return cls(period, age, tuple(parts))
