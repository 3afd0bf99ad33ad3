"""`outrider test --cost`: what each collector costs on this host, as the daemon polls it.

CPU time is that of the whole process, so that what a driver does in a thread of its own counts too. The
collectors are polled in turn and pause between: back to back the caches would be warm, and a poll cost a
fraction of what it costs the daemon. Opening a collector is not counted; it is paid once.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from agent.config.plans import plans, selection
from agent.config.quantity import show_duration
from agent.config.settings import Config
from collectors.api import Reading
from collectors.aside import Aside, Hung
from collectors.host import Host
from collectors.runner import Runner
from collectors.schedule import Plan
from collectors.selection import Selection
from collectors.tally import Tally

UNUSED = 1e-3  # s: due at every call


class Cost(NamedTuple):
    """What one collector costs: CPU s of a poll (the median), series, s between polls in the daemon. With
    a `reason` it could not be read, and `poll` is None."""

    collector: str
    poll: float | None
    series: int
    interval: float
    reason: str = ""

    @property
    def a_minute(self) -> float:
        """CPU seconds a minute in the daemon."""
        return 60.0 / self.interval * (self.poll or 0.0)


class Clocks(NamedTuple):
    """Boot time and this process's CPU time, in s, and a way to wait."""

    boot: Callable[[], float]
    cpu: Callable[[], float]
    wait: Callable[[float], object]


def run(config: Config, host: Host, polls: int, interval: float, *, as_json: bool) -> int:
    """Measure, print; 1 if nothing at all could be read."""
    clocks = Clocks(lambda: time.clock_gettime(time.CLOCK_BOOTTIME), time.process_time, time.sleep)
    found = measure(
        plans(config), host, selection(config), polls, interval, config.collect.hang_after, clocks
    )
    sys.stdout.writelines(f"{line}\n" for line in (json_lines if as_json else table)(found))
    return 0 if any(cost.poll is not None for cost in found) else 1


def measure(
    planned: Iterable[Plan],
    host: Host,
    kept: Selection,
    polls: int,
    interval: float,
    patience: float,
    clocks: Clocks,
) -> list[Cost]:
    """Poll every collector once and then `polls` times more, `interval` s apart.

    One that has not answered for `patience` s is left behind.
    """
    tally = Tally()
    measured = [_Measured(plan, host, tally, kept, patience, clocks) for plan in planned]
    for turn in range(polls + 1):
        if turn:
            clocks.wait(interval)
        for each in measured:
            each.poll()
    return [each.result() for each in measured]


class _Measured:
    """One collector under the daemon's runner, in a thread that can be left behind."""

    def __init__(
        self, plan: Plan, host: Host, tally: Tally, kept: Selection, patience: float, clocks: Clocks
    ) -> None:
        self._name = plan.registration.name
        self._interval = plan.interval
        often = plan._replace(interval=UNUSED)
        self._runner = Runner([often], host, tally, clocks.boot, float("inf"), selection=kept)
        self._aside: Aside[tuple[float, Reading | None]] = Aside(self._name, patience, clocks.boot)
        self._clocks = clocks
        self._spent: list[float] = []
        self._series: int | None = None
        self._hung = ""

    def poll(self) -> None:
        """Once; the first, which opens it, does not count."""
        if self._hung:
            return
        try:
            spent, reading = self._aside(self._timed)
        except Hung as error:
            self._hung = str(error)
            return
        if reading is not None:
            if self._series is not None:
                self._spent.append(spent)
            self._series = len(reading.series)

    def result(self) -> Cost:
        """What came of it."""
        reason = self._hung or self._runner.states()[0].reason
        if not self._hung:
            self._runner.close()
            self._aside.close()
        if not self._spent or reason:
            return Cost(self._name, None, 0, self._interval, reason or "no second reading")
        return Cost(self._name, median(self._spent), self._series or 0, self._interval)

    def _timed(self) -> tuple[float, Reading | None]:
        begin = self._clocks.cpu()
        found = dict(self._runner.poll(self._clocks.boot(), self._runner.token))
        return self._clocks.cpu() - begin, found.get(self._name)


def json_lines(costs: Sequence[Cost]) -> Iterator[str]:
    """One JSON object a collector, and one for all."""
    for cost in costs:
        fields: dict[str, object] = {"collector": cost.collector, "interval": cost.interval}
        if cost.poll is None:
            yield json.dumps({**fields, "reason": cost.reason})
        else:
            read = {"poll": round(cost.poll, 7), "series": cost.series, "cpu": round(cost.a_minute, 5)}
            yield json.dumps({**fields, **read})
    yield json.dumps({"collector": "all", "series": _series(costs), "cpu": round(_a_minute(costs), 5)})


def table(costs: Sequence[Cost]) -> Iterator[str]:
    """A line a collector, and one for all."""
    yield f"{'collector':14}{'us a poll':>10}{'every':>8}{'series':>8}{'CPU s a minute':>16}"
    for cost in costs:
        every = show_duration(cost.interval)
        if cost.poll is None:
            yield f"{cost.collector:14}{'-':>10}{every:>8}{'-':>8}{'-':>16}  {cost.reason}"
        else:
            yield (
                f"{cost.collector:14}{cost.poll * 1e6:10.0f}{every:>8}{cost.series:8}{cost.a_minute:16.5f}"
            )
    yield f"{'all':14}{'':10}{'':8}{_series(costs):8}{_a_minute(costs):16.5f}"


def _series(costs: Sequence[Cost]) -> int:
    return sum(cost.series for cost in costs)


def _a_minute(costs: Sequence[Cost]) -> float:
    return sum(cost.a_minute for cost in costs)
