"""Thirty days with an outage each, on a simulated clock: what a device takes must not grow.

    python tests/torture/soak.py --days 30 --every 60

The real store, outbox, link and fleet store (`tests.pipeline`); the broker is gone for six hours a day. At
the end of each day everything must have reached the sink, and what the device takes is measured: Python's
memory, descriptors, files and their bytes, rows, entries of the outbox.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.store.sizing import MIB, POLICIES, Limits
from tests.pipeline import DEVICE, PAUSE, Pipeline

HOUR, DAY = 3600.0, 86_400.0
GONE, BACK = 2 * HOUR, 8 * HOUR
KEPT = 3 * DAY
ATTEMPTS = 10
"""In a long window a refused link tries again so often: more often would be most of the time here."""

LATEST = 3
"""Rows that may be unconfirmed at any time: an answer comes with the next flush."""


class Day(NamedTuple):
    """What the device took at the end of a day, and in how many windows the day's backlog had drained."""

    memory: int
    descriptors: int
    files: int
    size: int
    rows: int
    entries: int
    drained: int


def soak(
    directory: Path, days: int, every: float, say: Callable[[str], object] = lambda _: None
) -> list[Day]:
    """Live so many days, with a window each `every` s.

    Raises:
        AssertionError: something is lost, or has not arrived by the end of its day.
    """
    policies = {name: policy._replace(max_age=KEPT) for name, policy in POLICIES.items()}
    limits = Limits(MIB, ((8, 6 * HOUR), (64, DAY)), policies, settle=0)
    found: list[Day] = []
    tracemalloc.start()
    try:
        with closing(Pipeline(directory, limits, pause=max(PAUSE, every / ATTEMPTS))) as pipeline:
            pipeline.unsynced()
            for _ in range(days):
                found.append(_day(pipeline, directory, every))
                say(f"day {len(found)}: {found[-1]}")
    finally:
        tracemalloc.stop()
    return found


def _day(pipeline: Pipeline, directory: Path, every: float) -> Day:
    """The broker goes after two hours, and comes back after eight."""
    drained = None
    for n in range(int(DAY / every)):
        at = n * every
        if GONE <= at < BACK:
            pipeline.lose()
        pipeline.there = not GONE <= at < BACK
        pipeline.window(after=every)
        if at >= BACK and drained is None and pipeline.unconfirmed() <= LATEST:
            drained = n + 1 - int(BACK / every)
    assert drained is not None, "the backlog never drained"
    assert pipeline.unconfirmed() <= LATEST
    for table in ("lost", "aside"):
        assert pipeline.fleet.spans(DEVICE, table) == [], table
    pipeline.fleet.retain(pipeline.wall - KEPT)
    pipeline.arrivals.clear()
    return _measured(pipeline, directory / "state", drained)


def _measured(pipeline: Pipeline, state: Path, drained: int) -> Day:
    gc.collect()
    files = [path for path in state.iterdir() if path.is_file()]
    return Day(
        tracemalloc.get_traced_memory()[0],
        len(os.listdir("/proc/self/fd")),
        len(files),
        sum(path.stat().st_size for path in files),
        len(pipeline.rows()),
        pipeline.entries(),
        drained,
    )


def main() -> None:
    """The command line."""
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between windows")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="outrider-soak-") as place:
        days = soak(Path(place), args.days, args.every, lambda line: print(line, flush=True))
    print(f"day 5:  {days[min(4, len(days) - 1)]}")
    print(f"day {len(days)}: {days[-1]}")


if __name__ == "__main__":
    main()
