"""The form of a budget: so many bytes in an hour, a day or a month."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent.config.fault import Refusal, Refused, quoted
from agent.config.forms import Schema
from agent.config.quantity import SIZE_FORM, parse_size, show_tariff

# A month of 31 days, so that no calendar month sees more.
PERIODS = {"hour": 3600.0, "day": 86_400.0, "month": 31 * 86_400.0}
_WRITTEN = re.compile(rf"({SIZE_FORM})\s*/\s*({'|'.join(PERIODS)})", re.IGNORECASE)


class Bytes(NamedTuple):
    """At most `limit` bytes in any `period` s."""

    limit: int
    period: float


class Allowance(NamedTuple):
    """SIZE/hour, SIZE/day or SIZE/month within bounds of the size, both inside; empty for none."""

    low: int
    high: int

    def read(self, value: object) -> Bytes | None:
        """The bytes; None for no budget."""
        if value == "":
            return None
        match = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise Refused(Refusal(f"{quoted(value)} is no budget", self.allowed()))
        limit = parse_size(match[1])
        if not self.low <= limit <= self.high:
            low = limit < self.low
            raise Refused(Refusal(f"{quoted(value)} is too {'small' if low else 'large'}", self.allowed()))
        return Bytes(limit, PERIODS[match[2].lower()])

    def allowed(self) -> str:
        """The form and the bounds."""
        bounds = f"{show_tariff(self.low)} to {show_tariff(self.high)}"
        return f'{bounds} an hour, day or month, written like "10 MB/day", or empty for none'

    def show(self, value: object) -> str:
        """In TOML."""
        return f'"{written(value) if isinstance(value, Bytes) else ""}"'

    def schema(self) -> Schema:
        """In JSON schema; the bounds are the loader's."""
        return {"type": "string", "pattern": rf"^({SIZE_FORM}\s*/\s*({'|'.join(PERIODS)}))?$"}


def written(value: Bytes) -> str:
    """As it is configured: "10 MB/day"."""
    period = next(name for name, seconds in PERIODS.items() if seconds == value.period)
    return f"{show_tariff(value.limit)}/{period}"
