"""A day of ticks in simulated time, over the recorded trees of all collectors: memory stays as it was.

    python tests/torture/day.py [--hours 24] [--interval 1]

Each case of each collector is polled at its interval, folded, kept in the ring, judged by rules, closed
into a window each minute and stored; the far side confirms it with the next one. Each hour the trees go on
to their second poll or back to their first, and a made-up collector has other devices. One line for each
tenth of the time says what the process holds; the last one, how much more that is than after the first hours.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent.governing import give_back
from agent.judge.alerts import Alerts
from agent.judge.rules.grammar import parse
from agent.ship.records import Key
from agent.stats.fold import Fold
from agent.stats.frame import Content, Frame
from agent.stats.ring import Ring
from agent.stats.watch import Watch
from agent.store.flush import Flush
from agent.store.sizing import Limits
from agent.store.store import Store
from collectors import catalog, own
from collectors.api import Metric, Reading, Registration, Series
from collectors.host import Host
from collectors.runner import Runner
from collectors.schedule import Plan
from collectors.tally import Tally
from tests.casebook import Case, every_case

WALL = 1_700_000_000.0
HOUR = 3600.0
SETTLED = 5 * HOUR
"""Seconds after which everything has been there once: every tree and rule, a full ring, a full store."""

DEVICES = 40
GONE_AND_COME = Metric(
    "test.device", "1", "gauge", ("device",), "made up", "A device that is there for an hour."
)
RULES = {
    "hot": "hw.temperature > 20 for 2m",
    "busy": "system.network.io > 1 B/s",
    "silent": "no test.device for 10m",
    "full": "system.filesystem.utilization > 10%",
}


class Held(NamedTuple):
    """What the process holds: bytes of memory of its own, descriptors, series and bytes of the store."""

    memory: int
    descriptors: int
    series: int
    store: int

    def __str__(self) -> str:
        return (
            f"{self.memory / 2**20:7.1f} MiB, {self.descriptors} descriptors, {self.series} series, "
            f"store {self.store / 2**20:.2f} MiB"
        )


class Visitors:
    """A collector whose devices are others in each hour."""

    def __init__(self) -> None:
        self._hour = -1
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`."""
        if int(now // HOUR) != self._hour:
            self._hour = int(now // HOUR)
            names = (f"{self._hour}-{number}" for number in range(DEVICES))
            self._series = tuple(GONE_AND_COME.of(device=name) for name in names)
        return Reading(self._series, [now % 60.0] * DEVICES)

    def close(self) -> None:
        """See `Collector.close`."""


class Day:
    """A device whose clock is turned by hand."""

    def __init__(self, folder: Path, interval: float, recorded: Sequence[Case]) -> None:
        self.now = 0.0
        self._trees = [(case, folder / case.collector / case.name) for case in recorded]
        self._second = False
        plans = [self._plan(case, tree, interval) for case, tree in self._trees]
        visitors = Registration("visitors", "Made up.", (GONE_AND_COME,), lambda *_: Visitors())
        self._runner = Runner(
            [*plans, Plan(visitors, max(interval, 10.0))],
            Host(),
            Tally(),
            lambda: self.now,
            cpu=lambda: self.now,
        )
        self._fold = Fold(2000)
        self._ring = Ring.open(folder / "ring", "boot", int(HOUR / interval), 2000)
        self._watch = Watch("boot", 60.0)
        rules = {name: parse(when) for name, when in RULES.items()}
        self._alerts = Alerts(rules, self._runner.intervals, "boot", {})
        serial = itertools.count(1)
        self._store = Store.open(folder / "state", Limits(1 << 21), now=WALL, new_epoch=lambda: next(serial))
        self._settled: list[tuple[Key, bytes]] = []
        self._interval = interval
        self._folder = folder
        self._watch.begin(0.0, WALL)
        self.changes = 0

    def _plan(self, case: Case, tree: Path, interval: float) -> Plan:
        """One case under a name of its own, on its own tree."""
        real, host = catalog.load(case.collector), case.laid(tree)
        every = catalog.interval(case.collector, interval)

        def opened(_: Host, tally: Tally, options: object) -> object:
            return real.open(host, tally, options)

        return Plan(
            real._replace(name=f"{case.collector}/{case.name}", open=opened),  # type: ignore[arg-type]
            every,
            case.options,
        )

    def run(self, seconds: float) -> None:
        """Let so much time go by."""
        end = self.now + seconds
        while self.now < end:
            self.now += self._interval
            if self.now % HOUR < self._interval:
                self._other_trees()
            self._tick()

    def held(self) -> Held:
        """What is held now, when all that is garbage is gone."""
        give_back()
        size = sum(path.stat().st_size for path in (self._folder / "state").iterdir())
        return Held(own.proportional(Host()), own.descriptors(Host()), self._fold.kept, size)

    def close(self) -> None:
        """Give everything back."""
        self._runner.close()
        self._ring.close()
        self._store.close()

    def _tick(self) -> None:
        now = self.now
        readings = []
        self._alerts.begin(now, WALL + now)
        for name, reading in self._runner.poll(now, self._runner.token):
            self._fold.add(name, now, reading)
            self.changes += len(self._alerts.take(name, reading))
            readings.append((name, reading))
        self.changes += len(self._alerts.end())
        if readings:
            self._watch.watched(self._interval)
            self._ring.write(now, readings)
        if now >= self._watch.due():
            self._close_window(now)

    def _close_window(self, now: float) -> None:
        frame = Frame(self._watch.end(now, "synchronised"), self._fold.close())
        self._watch.begin(now, WALL + now)
        contents = {"windows": Content((frame,))}
        done = self._store.flush(Flush(WALL + now, contents, self._settled, alerts=self._alerts.states()))
        self._settled = [(row.key, row.digest) for row in done.added if not row.confirmed]
        self._runner.transitions()

    def _other_trees(self) -> None:
        self._second = not self._second
        for case, tree in self._trees:
            if self._second:
                case.go_on(tree)
            else:
                case.laid(tree)


def run(
    hours: float, interval: float, folder: Path, recorded: Sequence[Case], settled: float = SETTLED
) -> tuple[Held, Held, int]:
    """So many hours over these trees; what is held after the first ones, `settled` s, and at the end, and how
    often alerts changed."""
    day = Day(folder, interval, recorded)
    # Without waiting for the disk: what is written is not what is measured here.
    day._store._connection.execute("PRAGMA synchronous = OFF")
    try:
        first, last = _through(day, hours * HOUR, settled)
        return first, last, day.changes
    finally:
        day.close()
        gc.collect()


def _through(day: Day, seconds: float, settled: float) -> Iterator[Held]:
    """Yield what is held after `settled` s and at the end."""
    day.run(settled)
    yield day.held()
    for tenth in range(1, 11):
        day.run((seconds - settled) / 10)
        sys.stdout.write(f"{day.now / HOUR:6.1f} h: {day.held()}\n")
        sys.stdout.flush()
        if tenth == 10:
            yield day.held()


def main() -> None:
    """Print what is held."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--hours", type=float, default=24.0)
    words.add_argument("--interval", type=float, default=1.0)
    args = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="outrider-day-") as name:
        first, last, changes = run(args.hours, args.interval, Path(name), every_case())
    grown = last.memory - first.memory
    print(f"{grown / 2**20:+.2f} MiB since {SETTLED / HOUR:.0f} h; alerts changed {changes} times")
    sys.exit(1 if grown > 2**20 or last.descriptors > first.descriptors + 2 else 0)


if __name__ == "__main__":
    main()
