"""CPU microseconds a poll of each collector costs: back to back, and at one tick a second.

    python tests/benchmarks/bench_collect.py [SECONDS]

A tick costs several times the same work in a loop, because other work has taken the caches in
between: judge the ticks. `poll` is everything together through the runner, as the daemon calls it,
the slower collectors at their own intervals. SECONDS (default 20) is how long the ticks last.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from collectors import catalog
from collectors.api import Collector, NoData
from collectors.host import Host
from collectors.runner import Runner
from collectors.tally import Tally
from tests.collecting import opened, planned

LOOPS = 2000


def there(host: Host, tally: Tally) -> Iterator[tuple[str, Collector]]:
    """The collectors that find something on this host."""
    for name in catalog.NAMES:
        with contextlib.suppress(NoData):
            collector = opened(name, host, tally)
            collector.collect(0.0)
            yield name, collector


def looped(collector: Collector) -> float:
    """Microseconds a poll, back to back."""
    for _ in range(LOOPS // 10):
        collector.collect(0.0)
    start = time.process_time_ns()
    for _ in range(LOOPS):
        collector.collect(0.0)
    return (time.process_time_ns() - start) / LOOPS / 1e3


def ticked(collectors: dict[str, Collector], seconds: int) -> dict[str, list[float]]:
    """Microseconds of each collector's poll at each tick."""
    spent: dict[str, list[float]] = {name: [] for name in collectors}
    due = time.monotonic()
    for _ in range(seconds):
        due += 1.0
        time.sleep(max(0.0, due - time.monotonic()))
        for name, collector in collectors.items():
            start = time.thread_time_ns()
            collector.collect(0.0)
            spent[name].append((time.thread_time_ns() - start) / 1e3)
    return spent


def polled(runner: Runner, seconds: int) -> list[float]:
    """Microseconds of each tick's `Runner.poll`."""
    spent = []
    token = runner.token
    list(runner.poll(time.clock_gettime(time.CLOCK_BOOTTIME), token))
    for _ in range(seconds):
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        time.sleep(max(0.0, runner.next_due() - now))
        start = time.thread_time_ns()
        list(runner.poll(time.clock_gettime(time.CLOCK_BOOTTIME), token))
        spent.append((time.thread_time_ns() - start) / 1e3)
    return spent


def main(seconds: int) -> None:
    """Print the table."""
    host, tally = Host(), Tally()
    collectors = dict(there(host, tally))
    loops = {name: looped(collector) for name, collector in collectors.items()}
    ticks = ticked(collectors, seconds)
    print(f"{'collector':12}{'series':>8}{'loop us':>10}{'tick us, median':>18}{'mean':>8}{'every s':>9}")
    for name, collector in collectors.items():
        series = len(collector.collect(0.0).series)
        mean = sum(ticks[name]) / len(ticks[name])
        every = catalog.interval(name, 1.0)
        print(f"{name:12}{series:8}{loops[name]:10.1f}{median(ticks[name]):18.1f}{mean:8.1f}{every:9.0f}")
        collector.close()
    runner = Runner(planned(), host, tally, time.perf_counter)
    spent = polled(runner, seconds)
    runner.close()
    print(f"{'poll':12}{'':8}{'':10}{median(spent):18.1f}{sum(spent) / len(spent):8.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
