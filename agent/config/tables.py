"""The form of a setting that is a table itself: tiers by block size."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from agent.config.fault import Expanded, Refusal, Refused, quoted
from agent.config.forms import Duration, Schema
from agent.config.quantity import show_duration


class Tier(NamedTuple):
    """Blocks of `windows` (a power of two), kept in place of finer ones from `age` (s) on."""

    windows: int
    age: float


class Tiers(NamedTuple):
    """A table from a block's size in windows to the age from which it holds."""

    largest: int
    age: Duration

    def read(self, value: object) -> tuple[Tier, ...]:
        """The tiers, finest first."""
        if not isinstance(value, dict):
            raise Refused(Refusal(f"{quoted(value)} is no table", self.allowed()))
        refusals: list[Refusal] = []
        tiers = sorted(tier for key, age in value.items() if (tier := self._tier(key, age, refusals)))
        for finer, coarser in pairwise(tiers):
            if coarser.age <= finer.age:
                age = value[str(coarser.windows)]
                shown = quoted(age) if isinstance(age, Expanded) else show_duration(coarser.age)
                reason = f"{shown} is not above that of {finer.windows} windows"
                allowed = "ages that grow with the size of the block"
                refusals.append(Refusal(reason, allowed, (str(coarser.windows),)))
        if refusals:
            raise Refused(*refusals)
        return tuple(tiers)

    def _tier(self, key: str, age: object, refusals: list[Refusal]) -> Tier | None:
        if key not in self._sizes():
            refusals.append(Refusal("is no size of a block", "a power of two, " + self._range(), (key,)))
            return None
        try:
            return Tier(int(key), self.age.read(age))
        except Refused as refused:
            refusals.extend(refusal._replace(inside=(key,)) for refusal in refused.refusals)
            return None

    def _sizes(self) -> tuple[str, ...]:
        return tuple(str(2**k) for k in range(1, self.largest.bit_length()))

    def _range(self) -> str:
        return f"2 to {self.largest} windows"

    def allowed(self) -> str:
        """Keys and values."""
        return f"a table from a power of two ({self._range()}) to an age, growing together"

    def show(self, value: object) -> str:
        """In TOML, inline."""
        tiers = value if isinstance(value, tuple) else ()
        inner = ", ".join(f"{tier.windows} = {self.age.show(tier.age)}" for tier in tiers)
        return f"{{ {inner} }}" if inner else "{}"

    def schema(self) -> Schema:
        """In JSON schema."""
        sizes = dict.fromkeys(self._sizes(), self.age.schema())
        return {"type": "object", "properties": sizes, "additionalProperties": False}
