"""What the device's store costs: bytes written a day, milliseconds a flush, and what history takes.

    python tests/benchmarks/bench_store.py [DIRECTORY] [--pause 6] [--year]

DIRECTORY must be on a real disk (default: the current one); nothing is written to a tmpfs, so there the
figures would be zero. Bytes a day are those of 60 flushes of 120 noisy series in a store that holds three
days, so that blocks of 8 and 64 are merged as it goes, with a full checkpoint at the end; times 24. A
whole day has fewer checkpoints: one in about 200 flushes. Two whole days each are held to a budget of writes
as the daemon holds them (store.write_budget): the default, which does not bind, and smaller ones. The table
has the second day, the most that any 24 hours of both saw, what of the second day was checkpoints, how many
commits it had, the longest that a minute waited for its commit, and how many windows a commit had at least.
What it takes to make the file, which grows it in advance, is none of it and stands above.
Two counts: the process's own (/proc/self/io, pages made dirty: 4 KiB each) and the block device's
(sectors, /sys/dev/block/*/stat), which has the file system's journal in it, and whatever else the machine
writes: run it on a quiet one, or give a DIRECTORY on a file system of its own (an ext4 image on a loop device
will do).
Without --pause the flushes follow each other at once, and the journal's commits are shared by many. With
--pause 6 each flush has its own, as on a device: ext4 writes three blocks for the log's new time stamp
(not when mounted with `lazytime`). `--year` merges a year of minutes; it takes minutes.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, sleep
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent.config.quantity import Rate, show_rate
from agent.config.settings import Store as Settings
from agent.flash import Flash
from agent.flush.entered import entered
from agent.flush.waiting import Waiting
from agent.judge.thrift import FREELY, OWED, Counted, Thrift
from agent.ledger import Ledger, event_of
from agent.ship.records import Key
from agent.stats.frame import Content, Frame, Span
from agent.stats.window import Counter, Gauge, Summary
from agent.store import codec
from agent.store.flush import Flush
from agent.store.sizing import POLICIES, Limits
from agent.store.store import Store
from collectors import own
from collectors.api import Series
from collectors.host import Host
from collectors.tally import Tally

START = 1_700_000_000.0
SPAN = 60.0
FLUSHES = 60
BUDGETS = (Settings().write_budget, Rate(10_000_000, "day"), Rate(4_000_000, "day"), Rate(1_000_000, "day"))
WARM = 3 * 1440
YEAR = 365 * 1440
KEPT = {name: policy._replace(max_age=1e12) for name, policy in POLICIES.items()}
FULL_TIERS = tuple((2**k, 0.0) for k in range(1, 20))


def noisy(chance: random.Random, series: int) -> dict[Series, Summary]:
    """A minute of a busy machine: a third each utilizations, sizes in pages, and counters of bytes."""
    windows: dict[Series, Summary] = {}
    for n in range(series):
        attributes = (("cpu", str(n // 3)),)
        if n % 3 == 0:
            jiffies = [chance.randrange(100) / 100 for _ in range(60)]
            summary: Summary = Gauge(60, sum(jiffies), min(jiffies), max(jiffies), jiffies[-1])
            windows[Series("system.cpu.utilization", "1", "gauge", attributes)] = summary
        elif n % 3 == 1:
            pages = [4096.0 * (500_000 + chance.randrange(20_000)) for _ in range(60)]
            summary = Gauge(60, sum(pages), min(pages), max(pages), pages[-1])
            windows[Series("system.memory.usage", "By", "gauge", attributes)] = summary
        else:
            summary = Counter(60, float(chance.randrange(10**8)), chance.random() * 1e7, 0)
            windows[Series("system.network.io", "By", "counter", attributes)] = summary
    return windows


class Life:
    """A store and a daemon's way with it: a minute a flush, confirmed with the next one."""

    def __init__(self, directory: Path, limits: Limits, series: int) -> None:
        self.now = START
        self._series = series
        self._chance = random.Random(1)
        self._settled: list[tuple[Key, bytes]] = []
        self._ledger = Ledger()
        self._directory = directory
        self._epochs = count(1)
        self.checkpoints = 0
        self.open(limits)

    def open(self, limits: Limits) -> None:
        """Open the store, with every checkpoint counted, in bytes."""
        self.store = Store.open(self._directory, limits, now=self.now, new_epoch=lambda: next(self._epochs))
        bring_in = self.store._database.checkpoint

        def counted() -> None:
            before = own.written(Host())
            bring_in()
            self.checkpoints += own.written(Host()) - before

        self.store._database.checkpoint = counted  # type: ignore[method-assign]

    def content(self) -> Content:
        """The minute that ends now."""
        boot = self.now - START
        span = Span("boot", boot - SPAN, boot, SPAN, START, "synchronised")
        return Content((Frame(span, noisy(self._chance, self._series)),))

    def flush(self, content: Content, *, aging: int = FREELY) -> None:
        """Store it, and what the ledger has to say of what was done before."""
        boot = self.now - START
        told = tuple(event_of(entry, "boot", boot, START) for entry in self._ledger.take(boot))
        contents = {"windows": content, "events": Content(events=told)}
        done = self.store.flush(Flush(self.now, contents, self._settled, aging=aging))
        for entry in filter(None, map(entered, done.changes)):
            self._ledger.note(entry, boot)
        self._settled = [(row.key, row.digest) for row in done.added if not row.confirmed]

    def minutes(self, times: int) -> Iterator[Content]:
        """So many minutes, one after the other."""
        for _ in range(times):
            self.now += SPAN
            yield self.content()

    def warm(self, times: int) -> None:
        """Fill without waiting for the disk."""
        self.store._connection.execute("PRAGMA synchronous = OFF")
        for content in self.minutes(times):
            self.flush(content)
        self.store._connection.execute("PRAGMA synchronous = FULL")


class Written(NamedTuple):
    """A row of the table: bytes a day by both counts, the most in any 24 hours and in checkpoints, commits,
    the longest wait for one in minutes, the fewest windows in one."""

    what: str
    process: float
    device: float | None
    commits: int
    wait: float
    fewest: int
    budget: str
    most: float | None = None
    checkpoints: float | None = None

    def __str__(self) -> str:
        sizes = (self.process, self.most, self.checkpoints, self.device)
        shown = "".join(f"{'-':>13}" if size is None else f"{size / 1e6:13.2f}" for size in sizes)
        return f"{self.what:36}{shown}{self.commits:9}{self.wait:9.0f}{self.fewest:8}{self.budget:>12}"


HEAD = "{:36}{:>13}{:>13}{:>13}{:>13}{:>9}{:>9}{:>8}{:>12}".format(
    "written a day, in MB",
    *(
        "this process",
        "most in 24 h",
        "checkpoints",
        "block device",
        "commits",
        "longest",
        "fewest",
        "budget",
    ),
)


def since(flash: Flash, before: Counted, times: float = 1.0) -> tuple[float, float | None]:
    """What both counts grew by, so many times."""
    os.sync()
    now = flash.counted()
    grown = [None if a is None or b is None else times * (b - a) for a, b in zip(before, now, strict=True)]
    return grown[0] or 0.0, grown[1]


def measure(directory: Path, pause: float) -> None:
    """Bytes and milliseconds of an hour of flushes."""
    made = own.written(Host())
    life = Life(directory, Limits(settle=0), 120)
    print(f"making the store                               {(own.written(Host()) - made) / 1e6:8.1f} MB")
    life.warm(WARM)
    life.store._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    life.store._database.log.let_go()
    os.sync()
    contents = list(life.minutes(FLUSHES))
    life.now -= FLUSHES * SPAN
    flash = Flash(Host(), directory)
    before = flash.counted()
    took, cpu = [], process_time()
    for content in contents:
        life.now += SPAN
        start = perf_counter()
        life.flush(content)
        took.append(1e3 * (perf_counter() - start))
        sleep(pause)
    cpu = process_time() - cpu
    life.store._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    table = [Written("an hour and a checkpoint, times 24", *since(flash, before, 24), 24 * FLUSHES, 1, 1, "")]
    sizes = [len(codec.pack(content)) for content in contents]
    print(f"content of 120 noisy series, packed            {median(sizes):8.0f} B")
    print(f"flush: median {median(took):.1f}, most {max(took):.1f} ms; CPU {1e3 * cpu / FLUSHES:.1f} ms")
    table += [second_day(life, flash, rate) for rate in BUDGETS]
    rows = life.store._rows.heads(0, 1 << 62)
    print(f"eleven days in {len(rows)} rows, {life.store._rows.used() / 1024:.2f} MiB used")
    print(HEAD, *table, sep="\n")
    life.store.close()
    start = perf_counter()
    Store.open(directory, Limits(), now=START, new_epoch=lambda: 1).close()
    print(f"opened and checked in                          {1e3 * (perf_counter() - start):8.1f} ms")


class Days:
    """Days held to a budget of writes as the writer does it. The clock is simulated, what is written is real.

    `totals` are bytes written since the beginning, by the minute; `gaps` minutes that the oldest of a commit
    waited, `shares` windows in a commit.
    """

    def __init__(self, life: Life, flash: Flash, rate: Rate) -> None:
        self._life, self._flash, self._rate = life, flash, rate
        self._thrift = Thrift(rate.size)
        self._ledger = Ledger()
        self._waiting = Waiting(Tally(), lambda entry: self._ledger.note(entry, life.now))
        self.totals: list[int] = [0]
        self.gaps: list[int] = []
        self.shares: list[int] = []
        life.store.close()
        life.open(Limits(settle=0, burst=round(OWED * rate.size)))
        self._begun = flash.counted()
        self._look()

    def day(self) -> Written:
        """One more."""
        life, before, brought_in = self._life, self._flash.counted(), self._life.checkpoints
        self.gaps, self.shares = [], []
        for content in life.minutes(1440):
            self._minute(content)
            self.totals.append((self._flash.counted().process or 0) - (self._begun.process or 0))
        grown = since(self._flash, before)
        most = max(b - a for a, b in zip(self.totals, self.totals[1440:], strict=False))
        return Written(
            "a whole day",
            *grown,
            len(self.gaps),
            max(self.gaps),
            min(self.shares),
            show_rate(self._rate),
            most,
            life.checkpoints - brought_in,
        )

    def _minute(self, content: Content) -> None:
        life, thrift, waiting = self._life, self._thrift, self._waiting
        waiting.take(content.frames[0], waiting.room(life.store.share.largest), thrift.most)
        self._look()
        if thrift.may_commit(life.now):
            frames = waiting.content.frames
            self.gaps.append(round((life.now - START - frames[0].span.start) / SPAN))
            self.shares.append(len(frames))
            life.flush(waiting.content, aging=thrift.merging(life.now))
            waiting.written()
            thrift.committed(life.now, self._look())

    def _look(self) -> int:
        counted = self._flash.counted()._replace(owed=self._life.store.owed)
        return self._thrift.look(self._life.now, counted).charge


def second_day(life: Life, flash: Flash, rate: Rate) -> Written:
    """The second of two days."""
    days = Days(life, flash, rate)
    days.day()
    return days.day()


def merged(directory: Path, numbers: int, series: int, limits: Limits, name: str) -> None:
    """How many rows and bytes a run of numbers takes."""
    life = Life(directory, limits, series)
    start = perf_counter()
    life.warm(numbers)
    heads = life.store._rows.heads(0, 1 << 62)
    size = sum(head.size or 0 for head in heads)
    print(
        f"{numbers:7d} minutes, {series:3d} series, {name:12}: {len(heads):5d} rows "
        f"(2 log2 N = {2 * math.log2(numbers):.0f}), {size / 1e6:.2f} MB of content, "
        f"{1e3 * (perf_counter() - start) / numbers:.2f} ms a flush"
    )
    life.store.close()


def main() -> None:
    """Print all figures."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("directory", nargs="?", type=Path, default=Path())
    words.add_argument("--year", action="store_true", help="merge a year of minutes")
    words.add_argument("--pause", type=float, default=0.0, help="seconds between flushes")
    args = words.parse_args()
    place = Path(tempfile.mkdtemp(prefix="bench-store-", dir=args.directory))
    try:
        measure(place / "day", args.pause)
        fully = Limits(tiers=FULL_TIERS, policies=KEPT, settle=0)
        merged(place / "merged", 1 << 13, 120, fully, "fully merged")
        if args.year:
            merged(place / "year", YEAR, 12, fully, "fully merged")
            merged(place / "tiers", YEAR, 12, Limits(settle=0), "as by default")
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
