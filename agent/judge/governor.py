"""What the daemon gives up when it uses more than its limits allow, and in what order. Pure.

One ladder a limit (`agent.judge.ladder`). What their steps ask for adds up:

    cpu           1, 2   the costly collectors at 2, 4 times their intervals
                  3, 4   all collectors at 2, 4 times theirs, the costly ones at 8, 16 times
                  5 ...  one collector more is switched off
    memory        1      what can be given back is given back
                  2 ...  that again, and one collector more is switched off
    descriptors   1      all collectors close what they keep open, and begin anew
                  2 ...  that again, and one collector more is switched off

A collector's weight is the CPU time it takes a minute at its own interval, as measured, times its priority:
`RULED` for one whose readings an alert rule looks at, else 1. The heaviest is switched off first and comes
back last; costly are the heaviest that together have `COSTLY` of the weight. Never switched off are those
in `KEPT`: without them nobody could tell how the host does, and how we do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agent.judge.ladder import Ladder, Pace
from collectors.schedule import Cost, Regime

KEPT = frozenset(("cpu", "memory", "own"))
RULED = 1 / 16
COSTLY = 0.8
# For each step of the CPU's ladder, how much longer intervals are: of the costly, of all.
STRETCHED = ((1, 1), (2, 1), (4, 1), (8, 2), (16, 4))
DEFAULT_PACE = Pace()


class Step(NamedTuple):
    """A step that was taken: whose `limit`, the value that asked for it and its `bound`, in the limit's own
    unit; `step` is the one it led to, `up` the direction, `done` what is done from now on, in words."""

    limit: str
    value: float
    bound: float
    step: int
    up: bool
    done: str


class Governor:
    """Decides; whoever asks carries out `regime`.

    Args:
        limits: bounds by name: "cpu" (a share of one core), "memory" (bytes), "descriptors".
        ruled: collectors that alert rules look at.
        pace: how fast steps follow each other.
    """

    def __init__(self, limits: Mapping[str, float], ruled: frozenset[str], pace: Pace = DEFAULT_PACE) -> None:
        self.regime = Regime()
        self._ladders = {name: Ladder(limit, pace) for name, limit in limits.items()}
        self._ruled = ruled
        self._off: dict[str, str] = {}

    @property
    def steps(self) -> dict[str, int]:
        """On which step each limit is; 0 is all as configured."""
        return {name: ladder.step for name, ladder in self._ladders.items()}

    def look(self, now: float, values: Mapping[str, float | None], costs: Sequence[Cost]) -> list[Step]:
        """Judge what is used now, and take the steps that are due.

        Args:
            now: on a clock that only goes forward.
            values: by limit; None where it could not be read.
            costs: of every collector that is enabled. While none is known, nobody can say which is costly,
                and the CPU's ladder waits.
        """
        open_to_it = sum(cost.name not in KEPT for cost in costs)
        known = any(cost.poll is not None for cost in costs if cost.name not in KEPT)
        taken = []
        for name, ladder in self._ladders.items():
            value = values.get(name) if known or name != "cpu" else None
            moved = ladder.look(now, value, _before_off(name) + open_to_it)
            if moved and value is not None:
                done = self._rule(costs, name, moved > 0)
                taken.append(Step(name, value, ladder.limit, ladder.step, moved > 0, done))
        return taken

    def _rule(self, costs: Sequence[Cost], limit: str, up: bool) -> str:
        """Make the regime that the steps of now ask for; what is other than before, in words."""
        before = self.regime
        order = [cost.name for cost in self._heaviest_first(costs)]
        self._switch(order, limit)
        costly_times, all_times = STRETCHED[min(self.steps.get("cpu", 0), len(STRETCHED) - 1)]
        costly = self._costly(costs)
        factors = {cost.name: costly_times if cost.name in costly else all_times for cost in costs}
        stretched = {name: factor for name, factor in factors.items() if factor > 1}
        reopen = before.reopen + (up and limit == "descriptors")
        self.regime = Regime(stretched, dict(self._off), reopen)
        return described(before, self.regime, all_times, gives_back=up and limit == "memory")

    def _switch(self, order: Sequence[str], limit: str) -> None:
        """Have as many switched off as the furthest ladder asks for."""
        wanted = max(ladder.step - _before_off(name) for name, ladder in self._ladders.items())
        remaining = [name for name in order if name not in self._off]
        while len(self._off) < wanted and remaining:
            self._off[remaining.pop(0)] = f"switched off: {limit} is past limits.{limit}"
        while len(self._off) > max(0, wanted):
            self._off.popitem()

    def _weight(self, cost: Cost) -> float:
        a_minute = 60.0 / cost.interval * (cost.poll or 0.0)
        return a_minute * (RULED if cost.name in self._ruled else 1.0)

    def _heaviest_first(self, costs: Sequence[Cost]) -> list[Cost]:
        return sorted((cost for cost in costs if cost.name not in KEPT), key=self._weight, reverse=True)

    def _costly(self, costs: Sequence[Cost]) -> frozenset[str]:
        """The heaviest of those that run; at least one."""
        running = [cost for cost in self._heaviest_first(costs) if cost.name not in self._off]
        enough = COSTLY * sum(map(self._weight, running))
        found: list[str] = []
        for cost in running:
            found.append(cost.name)
            enough -= self._weight(cost)
            if enough <= 0.0:
                break
        return frozenset(found)


def _before_off(limit: str) -> int:
    """The last step of a ladder that switches nothing off."""
    return len(STRETCHED) - 1 if limit == "cpu" else 1


def described(before: Regime, after: Regime, all_times: int, *, gives_back: bool) -> str:
    """What is done, in words: what was switched, and the intervals as they are now."""
    found = []
    if gives_back:
        found.append("memory given back")
    if after.reopen != before.reopen:
        found.append("what collectors keep open closed")
    found += [f"{name} switched off" for name in after.off if name not in before.off]
    found += [f"{name} switched on" for name in before.off if name not in after.off]
    if after.factors != before.factors:
        found.append(f"intervals {_stretch(after.factors, all_times)}")
    return ", ".join(found) or "nothing is left to be done"


def _stretch(factors: Mapping[str, int], all_times: int) -> str:
    most = max(factors.values(), default=1)
    if most == 1:
        return "as configured"
    costly = f"x{most} of {', '.join(name for name, factor in factors.items() if factor == most)}"
    return f"x{all_times} of all, {costly}" if all_times > 1 else costly
