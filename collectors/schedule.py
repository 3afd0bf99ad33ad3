"""What the runner knows of each collector: its plan, its cost, when it is due, and how it does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from collectors.api import Collector, Registration
from collectors.selection import Selection

State = Literal["new", "ok", "failing", "absent", "governed", "stale"]
KEY = ("outrider.collector",)
"""The attribute that names a collector."""

# A poll's share in the running mean of what a collector costs.
SHARE = 1 / 8


class Plan(NamedTuple):
    """A collector to run: seconds between its polls, and its options (None: it has none)."""

    registration: Registration
    interval: float
    options: Any = None


class Cost(NamedTuple):
    """What a collector costs: its own interval in s, and CPU s of a poll, None before it is known."""

    name: str
    interval: float
    poll: float | None


NO_FACTORS: Mapping[str, int] = MappingProxyType({})
NONE_OFF: Mapping[str, str] = MappingProxyType({})


class Regime(NamedTuple):
    """What the governor asks for, by collector: how many times longer its interval is, and why it is
    switched off. When `reopen` is another number than before, all close what they keep open."""

    factors: Mapping[str, int] = NO_FACTORS
    off: Mapping[str, str] = NONE_OFF
    reopen: int = 0


class Entry:
    """One collector and how it does."""

    __slots__ = (
        "at",
        "attributes",
        "collector",
        "configured",
        "cost",
        "due",
        "failures",
        "hung",
        "interval",
        "name",
        "off",
        "options",
        "reason",
        "registration",
        "reopen",
        "seconds",
        "sieve",
        "stales",
        "state",
    )  # fmt: skip

    def __init__(self, plan: Plan, selection: Selection) -> None:
        registration, interval, options = plan
        self.registration = registration
        self.sieve = selection.sieve(registration.metrics)
        self.options = options
        self.name = registration.name
        self.attributes = {KEY[0]: registration.name}
        self.interval = self.configured = interval
        self.cost: float | None = None
        self.off = ""
        self.reopen = False
        self.due = 0.0
        self.collector: Collector | None = None
        self.state: State = "new"
        self.reason = ""
        self.at = 0.0
        self.failures = 0
        self.stales = 0
        self.hung = False
        self.seconds: list[float] = []

    def up(self) -> float | None:
        """The value of `outrider.up`."""
        return {"ok": 1, "failing": 0, "stale": 0}.get(self.state)

    def obey(self, regime: Regime, again: bool, now: float) -> None:
        """Take the interval and the switch that the governor gives; what must be done soon is due now."""
        interval = self.configured * regime.factors.get(self.name, 1)
        off = regime.off.get(self.name, "")
        soon = again or bool(off) != bool(self.off)
        if interval != self.interval:
            self.interval = interval
            if self.state in ("new", "ok"):
                self.next_after(now)
        self.off, self.reopen = off, self.reopen or again
        if soon:
            self.due = now

    def spent(self, seconds: float) -> None:
        """A poll took so many CPU s."""
        self.cost = seconds if self.cost is None else self.cost + SHARE * (seconds - self.cost)

    def next_after(self, now: float, delay: float = 0.0) -> None:
        """Due at the next multiple of the interval that lies `delay` or more after this one."""
        polls = now // self.interval + 1 if not delay else (now + delay) // self.interval
        self.due = polls * self.interval
        if self.due <= now + 1e-6 * self.interval:  # 0.3 // 0.1 is 2
            self.due += self.interval
