"""What statistics cost: folding a tick and a minute, the ring, histograms, merges.

    python tests/benchmarks/bench_stats.py

Six sources of 20 series each (half gauges, half counters) that all change, as on a busy machine; the
median and the least of many runs. A tick at 1 Hz costs more than here, where the caches are warm.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter_ns

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent.stats.fold import Fold
from agent.stats.frame import Content, Frame, Span, merge_contents
from agent.stats.histogram import Histogram
from agent.stats.ring import Ring
from agent.stats.topk import Top
from collectors.api import Reading, Series

SOURCES, GAUGES, COUNTERS = 6, 10, 10
SHARED = Path("/dev/shm")

Tick = list[tuple[str, Reading]]


def ticks() -> Iterator[Tick]:
    """Ticks of 120 series, the layouts ever the same objects."""
    layouts = {
        f"source{n}": tuple(
            Series(f"system.metric{n}.part{k}", "1", "gauge" if k < GAUGES else "counter", (("cpu", str(k)),))
            for k in range(GAUGES + COUNTERS)
        )
        for n in range(SOURCES)
    }
    totals = {source: [random.randrange(10**9) for _ in range(COUNTERS)] for source in layouts}
    while True:
        for source in layouts:
            totals[source] = [total + random.randrange(10**5) for total in totals[source]]
        yield [
            (source, Reading(layout, [*(random.random() for _ in range(GAUGES)), *totals[source]]))
            for source, layout in layouts.items()
        ]


def took(call: Callable[[], object]) -> float:
    """Microseconds of one call."""
    start = perf_counter_ns()
    call()
    return (perf_counter_ns() - start) / 1e3


def show(what: str, times: list[float], per: int = 1) -> None:
    """One line of the table."""
    print(f"{what:<58} {median(times) / per:>10.3f} {min(times) / per:>10.3f}")


def bench_fold(minutes: int = 60) -> None:
    """The path of each second, and the close of each minute."""
    fold, source, adds, closes = Fold(1000), ticks(), [], []
    windows = []
    for second in range(minutes * 60):
        now, tick = second * 1.0003, next(source)

        def add(now: float = now, tick: Tick = tick) -> None:
            for name, reading in tick:
                fold.add(name, now, reading)

        adds.append(took(add))
        if second % 60 == 59:
            closes.append(took(lambda: windows.append(fold.close())))
    show("fold: add a tick of 6 sources", adds)
    show("fold: close a minute of 120 series", closes)
    bench_merge([Frame(Span("b", 60.0 * n, 60.0 * n + 60, 60, 0, "s"), w) for n, w in enumerate(windows)])


def bench_merge(frames: list[Frame]) -> None:
    """Two minutes into one."""
    contents = [Content((frame,)) for frame in frames]
    pairs = list(pairwise(contents))
    show("frame: merge two minutes of 120 series", [took(partial(merge_contents, *pair)) for pair in pairs])


def bench_ring(rows: int = 3600) -> None:
    """Writing a tick, reading an hour."""
    with tempfile.TemporaryDirectory(dir=SHARED if SHARED.is_dir() else None) as folder:
        path, source = Path(folder) / "ring", ticks()
        ring = Ring.open(path, "boot", rows, 1000)
        first = next(source)
        show("ring: the first tick (grows from 32 to 128 columns)", [took(lambda: ring.write(0.0, first))])
        times = []
        for second in range(1, rows + 400):
            tick = next(source)
            times.append(took(partial(ring.write, float(second), tick)))
        show("ring: write a tick of 120 series", times)
        show(
            "ring: copy and check the file, as another process does",
            [took(lambda: Ring.view(path)) for _ in range(20)],
        )
        view = Ring.view(path)
        show("ring: read an hour of a series", [took(lambda: view.read(view.series[0])) for _ in range(20)])
        print(f"ring: bytes of the file {path.stat().st_size:>43,}")
        ring.close()


def bench_histogram() -> None:
    """Entering values, merging, asking."""
    values = [random.lognormvariate(-3, 1) for _ in range(1000)]
    show(
        "histogram: enter a value, 1,000 together",
        [took(lambda: Histogram.of(values)) for _ in range(200)],
        1000,
    )
    one, two = Histogram.of(values), Histogram.of(random.lognormvariate(-2, 1) for _ in range(1000))
    show(
        f"histogram: merge {len(one.positive)} and {len(two.positive)} buckets",
        [took(lambda: one.merged(two)) for _ in range(500)],
    )
    show("histogram: a quantile", [took(lambda: one.quantile(0.99)) for _ in range(500)])


def bench_top() -> None:
    """Counting a skewed category."""
    items = [(f"error {int(random.paretovariate(1.2))}", 1) for _ in range(1000)]
    show("top: count an item, 1,000 together", [took(lambda: Top.of(items)) for _ in range(200)], 1000)
    one = Top.of(items)
    show(
        f"top: merge {len(one.counts)} and {len(one.counts)} values",
        [took(lambda: one.merged(one)) for _ in range(500)],
    )


def main() -> None:
    """Print the table."""
    random.seed(1)
    print(f"{'microseconds':<58} {'median':>10} {'least':>10}")
    bench_fold()
    bench_ring()
    bench_histogram()
    bench_top()
    print(f"peak memory of this process, KiB {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:>34,}")


if __name__ == "__main__":
    main()
