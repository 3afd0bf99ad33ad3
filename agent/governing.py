"""The daemon's look at itself: what it uses against `[limits]`, and what is done when that is too much.

    main thread   each `EVERY` s: usage -> governor (agent.judge.governor) -> regime, to the runner
                                  its steps -> an event, a line of the log, the status, a gauge

CPU time is a mean of the last minute. Memory is the resident one while that is well below the limit, else
the proportional share, for which the kernel walks all pages: once a minute, and in between what others bear
of the resident one is taken to be what it was. Where that too is near the limit, it walks at each look.
"""

from __future__ import annotations

import gc
import resource
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import NamedTuple

from agent.config.quantity import show_share
from agent.config.settings import Alert, Limits
from agent.judge.governor import DEFAULT_PACE, Governor, Step
from agent.judge.ladder import EASY
from agent.judge.rules.grammar import parse
from agent.judge.rules.rule import Rule
from collectors import own
from collectors.api import Attributes
from collectors.host import Host
from collectors.runner import UP, Runner
from collectors.schedule import KEY, Plan
from collectors.tally import Tally

EVERY = 10.0
MEAN = 60.0
# A look that comes so much too early is in time, in s.
TIMELY = 0.01
# Of the descriptors that the kernel allows the process, how many count as its limit at most.
ALLOWED = 0.75
MIB = 1024 * 1024
STEP = "outrider.governor.step"
UNREAD = "outrider.governor.unread"


class Outlets(NamedTuple):
    """Whom to tell; each returns at once. `event` is the writer's, `tight` tells it to wait with less in
    memory, `say` is the log's."""

    event: Callable[[str, str, Attributes], None]
    tight: Callable[[bool], None]
    say: Callable[[str, str], None]
    tally: Tally


class Governing:
    """Looks at this process, and has the runner do with less."""

    def __init__(
        self,
        limits: Limits,
        ruled: frozenset[str],
        runner: Runner,
        host: Host,
        cpu: Callable[[], float],
        outlets: Outlets,
    ) -> None:
        """`ruled` are the collectors that alert rules look at; `cpu` gives the CPU s of this process."""
        allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = limits.descriptors if allowed == resource.RLIM_INFINITY else ALLOWED * allowed
        bounds = {
            "cpu": limits.cpu,
            "memory": float(limits.memory),
            "descriptors": min(float(limits.descriptors), most),
        }
        self._governor = Governor(bounds, ruled, DEFAULT_PACE)
        self._bounds = bounds
        self._runner = runner
        self._host = host
        self._cpu = cpu
        self._outlets = outlets
        self._due = self._walk_due = 0.0
        self._others_bear = 0
        self._spent: deque[tuple[float, float]] = deque()
        for limit in bounds:
            outlets.tally.set(STEP, 0, **{"outrider.governor.limit": limit})

    def look(self, now: float) -> tuple[str, ...]:
        """Look, if that is due at `now` (boot clock, s); what is the matter, in slugs."""
        if now >= self._due:
            self._due = now + EVERY
            steps = self._governor.look(now, self.usage(now), self._runner.costs())
            for step in steps:
                self._take(step)
        return tuple(f"governor.{limit}" for limit, step in self._governor.steps.items() if step)

    def usage(self, now: float) -> dict[str, float | None]:
        """What is used, in the units of the limits; None where it cannot be read, or not yet be known."""
        return {
            "cpu": self._share(now),
            "memory": self._read("memory", partial(self._memory, now)),
            "descriptors": self._read("descriptors", own.descriptors),
        }

    def _share(self, now: float) -> float | None:
        """CPU s a second since a minute ago; in the first minute, with its start, none is known."""
        self._spent.append((now, self._cpu()))
        while len(self._spent) > 2 and self._spent[1][0] <= now - MEAN:
            self._spent.popleft()
        (began, before), (_, after) = self._spent[0], self._spent[-1]
        return (after - before) / (now - began) if now - began >= MEAN - TIMELY else None

    def _memory(self, now: float, host: Host) -> float:
        _, rss = own.resident(host)
        near = EASY * self._bounds["memory"]
        if rss <= near:
            return rss
        if now >= self._walk_due or rss - self._others_bear > near:
            self._others_bear = rss - own.proportional(host)
            self._walk_due = now + own.SELDOM
        return rss - self._others_bear

    def _read(self, limit: str, read: Callable[[Host], float]) -> float | None:
        try:
            return read(self._host)
        except (OSError, ValueError):
            self._outlets.tally.add(UNREAD, 1, **{"outrider.governor.limit": limit})
            return None

    def _take(self, step: Step) -> None:
        """Carry a step out, and say so."""
        self._runner.govern(self._governor.regime)
        if step.limit == "memory":
            self._outlets.tight(step.step > 0)
            if step.up:
                give_back()
        self._outlets.tally.set(STEP, step.step, **{"outrider.governor.limit": step.limit})
        value, bound = shown(step.limit, step.value), shown(step.limit, step.bound)
        text = f"{step.limit} is at {value}, limits.{step.limit} is {bound}: {step.done}"
        attributes = (
            ("limit", step.limit),
            ("value", f"{step.value:.6g}"),
            ("bound", f"{step.bound:.6g}"),
            ("step", str(step.step)),
        )
        self._outlets.event("governor.tightened" if step.up else "governor.eased", text, attributes)
        self._outlets.say("warning" if step.up else "info", text)


def shown(limit: str, value: float) -> str:
    """A value of a limit, for people."""
    if limit == "cpu":
        return f"{show_share(round(value, 4))} of a core"
    return f"{value / MIB:.1f} MiB" if limit == "memory" else f"{value:.0f} open files"


def ruled(alerts: Iterable[Alert], plans: Iterable[Plan]) -> frozenset[str]:
    """The collectors whose readings, or whose state, one of the rules looks at."""
    metrics = {plan.registration.name: plan.registration.metrics for plan in plans}
    rules = [parse(alert.when, alert.clear) for alert in alerts]
    return frozenset(
        name
        for name, mine in metrics.items()
        for rule in rules
        if any(selector.names(each.name) for each in mine for selector in rule.selectors)
        or _of_state(rule, name)
    )


def _of_state(rule: Rule, name: str) -> bool:
    """Whether a rule looks at the `outrider.up` of this collector."""
    wanted: Mapping[str, str] = dict(rule.selector.attributes)
    return fnmatchcase(UP.name, rule.selector.metric) and fnmatchcase(name, wanted.get(KEY[0], "*"))


def give_back() -> None:
    """Free what nobody refers to, and hand free memory back to the kernel where the C library can."""
    import ctypes

    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
