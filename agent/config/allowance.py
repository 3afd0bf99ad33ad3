"""The form of a budget: so many bytes in an hour, a day or a month."""

from __future__ import annotations

from typing import NamedTuple

from agent.config.fault import Refusal, Refused, quoted
from agent.config.forms import Schema, bounded
from agent.config.quantity import RATE_FORM, Rate, parse_rate, show_rate, show_tariff


class Allowance(NamedTuple):
    """SIZE/hour, SIZE/day or SIZE/month.

    The bounds, both inside, are of the bytes in that time or, where they are `daily`, of what it comes
    to in a day. With `none` it may be empty: no budget.
    """

    low: int
    high: int
    daily: bool = False
    none: bool = False

    def read(self, value: object) -> Rate | None:
        """The bytes and their time; None for no budget."""
        if self.none and value == "":
            return None
        try:
            rate = parse_rate(value)
        except ValueError:
            raise Refused(Refusal(f"{quoted(value)} is no budget", self.allowed())) from None
        bounded(rate.a_day if self.daily else rate.size, self.low, self.high, quoted(value), self.allowed())
        return rate

    def allowed(self) -> str:
        """The bounds and the form."""
        low, high = show_tariff(self.low), show_tariff(self.high)
        if self.daily:
            told = f'{low} to {high} a day, written like "10 MB/day", with hour, day or month'
        else:
            told = f'{low} to {high} an hour, day or month, written like "10 MB/day"'
        return f"{told}, or empty for none" if self.none else told

    def show(self, value: object) -> str:
        """In TOML."""
        return f'"{show_rate(value) if isinstance(value, Rate) else ""}"'

    def schema(self) -> Schema:
        """In JSON schema; the bounds are the loader's."""
        return {"type": "string", "pattern": f"^({RATE_FORM}){'?' if self.none else ''}$"}
