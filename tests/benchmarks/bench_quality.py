"""What quality, inputs, drift, samples and joining cost, for a model of 10 classes with 50 features.

    python tests/benchmarks/bench_quality.py

Columns of 32,768 rows in two minutes, as a log hands them over; the median of some runs. Lines are not read
here (bench_logs.py): the sum is what is added to that. Then the bytes of a minute, memory, and how large a
shift of a normal feature is found in windows of several sizes.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from agent.ship.body import encode_body, pack
from agent.stats import outcomes
from agent.stats.baseline import encoded
from agent.stats.bins import Rows
from agent.stats.distinct import Distinct, of_numbers
from agent.stats.drift import Seen, judged
from agent.stats.feature import Inputs, Numbers, prolonged
from agent.stats.frame import Content, Frame, Span
from agent.stats.joining import Side, Window
from agent.stats.learning import Learning
from agent.stats.sampling import Sampling
from agent.stats.standard import Standard
from agent.stats.window import Counter, Summary
from collectors.api import Series
from collectors.logs.formats.hashes import LONGEST, requests

ROWS, FEATURES, CLASSES, RUNS = 32_768, 50, 10, 7
NAMES = [str(number) for number in range(CLASSES)]
STANDARD = Standard(300.0, 1.0)
RANDOM = np.random.default_rng(1)


def took(call: Callable[[], object]) -> float:
    """Nanoseconds a row, the median."""
    times = []
    for _ in range(RUNS):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return median(times) / ROWS * 1e9


def bench_columns() -> None:
    """Each part on its own, and how many rows a second all of them let through."""
    cells = np.sort(RANDOM.integers(0, 2, ROWS))
    truth, predicted = RANDOM.integers(0, CLASSES, (2, ROWS))
    right, confidence = truth == predicted, RANDOM.random(ROWS)
    columns = RANDOM.normal(300, 1, (FEATURES, ROWS))
    columns[:, ::50] = np.nan
    codes = np.isnan(columns).astype(np.uint8)
    times = np.arange(ROWS, dtype=np.float64)
    rows = Inputs(cells)
    numbers = Numbers([STANDARD] * FEATURES, [(0.0, 1e6)] * FEATURES)
    sets = [Distinct() for _ in range(FEATURES)]
    sampling = Sampling(RANDOM, 20, 16, edges={"slowest": 10, "least confident": 10})
    scores = {"slowest": RANDOM.random(ROWS), "least confident": -confidence}
    parts: dict[str, Callable[[], object]] = {
        "confusion": lambda: outcomes.confusions(cells, truth, predicted, right, NAMES, other=CLASSES),
        "calibration": lambda: outcomes.calibrations(cells, confidence, right),
        "errors of a regression": lambda: outcomes.errors(cells, columns[0], columns[1], 300.0),
        "50 features: values and faults": lambda: numbers.add(Rows(cells), list(columns), list(codes)),
        "50 features: missing together": lambda: rows.together(codes.T == 1, NAMES * 5),
        "50 features: constant": lambda: [prolonged(None, values, times) for values in columns],
        "samples": lambda: sampling.take(truth, NAMES, scores, int),
    }
    print(f"{'a row of a chunk':<44} {'ns':>10}")
    spent = {name: took(call) for name, call in parts.items()}
    for name, each in spent.items():
        print(f"{name:<44} {each:>10.1f}")
    print(f"{'all of these, rows a second':<44} {1e9 / sum(spent.values()):>10,.0f}")

    def add() -> None:
        for one, values in zip(sets, columns, strict=True):
            one.add(of_numbers(values))

    distinct = took(add)
    print(f"{'50 features: distinct (on top)':<44} {distinct:>10.1f}")


def bench_joining() -> None:
    """A request is hashed, waits, and is joined; a full window."""
    window, ids = Window(50_000, 3600.0), [f"request-{n}-{n * 7919:08x}".encode() for n in range(ROWS)]
    padded = b"".join([one.ljust(LONGEST, b"\0") for one in ids])
    words, lengths = np.frombuffer(padded, "<u8").reshape(ROWS, -1).T, np.array([len(one) for one in ids])
    hashes, values, times = requests(words, lengths), np.zeros(ROWS), np.zeros(ROWS)
    print(f"\n{'joining, a row':<44} {'ns':>10}")
    print(f"{'identity of a request':<44} {took(lambda: requests(words, lengths)):>10.1f}")
    turns = iter(range(RUNS))

    def both() -> None:
        mine = hashes + np.uint64(next(turns))
        window.predictions(Side(mine, values, times), 0.0)
        window.truths(Side(mine, values, times), 0.0)

    print(f"{'waits, and is joined in a chunk':<44} {took(both):>10.1f}")
    tracemalloc.start()
    full = Window(50_000, 3600.0)
    full.predictions(Side(np.arange(50_000, dtype=np.uint64), np.zeros(50_000), np.zeros(50_000)), 0.0)
    print(f"{'KiB of 50,000 that wait':<44} {tracemalloc.get_traced_memory()[0] / 1024:>10,.0f}")
    tracemalloc.stop()
    few = Window(50_000, 3600.0)
    few.predictions(Side(hashes[:600], np.zeros(600), np.zeros(600), RANDOM.random(600)), 0.0)
    pieces = [piece for piece in few.changes().values() if piece]
    print(f"{'bytes stored of 600 that came':<44} {sum(map(len, pieces)):>10,}")


def bench_wire() -> None:
    """Bytes of a minute of all of it, by how many rows it has."""
    print(f"\n{'bytes of a minute':<44} {'bytes':>10}")
    own = (("model.name", "m"), ("center", "300"), ("spread", "1"))
    for count in (60, 1000, 20_000):
        windows: dict[Series, Summary] = {}
        for number in range(FEATURES):
            series = Series(f"model.feature.f{number}", "1", "histogram", own)
            windows[series] = STANDARD.histogram(RANDOM.normal(300, 1, count))
        print(f"{f'50 features of {count:,} rows':<44} {size(windows):>10,}")
        truth = RANDOM.integers(0, CLASSES, count)
        predicted = np.where(RANDOM.random(count) < 0.9, truth, RANDOM.integers(0, CLASSES, count))
        zero = np.zeros(count, np.int64)
        found = outcomes.confusions(zero, truth, predicted, truth == predicted, NAMES, other=CLASSES)
        for (is_of, taken), n in found[0].items():
            keys = (("model.name", "m"), ("class", is_of), ("predicted", taken))
            windows[Series("model.predictions", "{prediction}", "counter", keys)] = Counter(n, n, n / 60, 0)
        print(f"{f'with the confusion of {count:,} rows':<44} {size(windows):>10,}")


def size(windows: dict[Series, Summary]) -> int:
    """Bytes of a record of one frame."""
    span = Span("3f2a8b1c-7d4e-4f5a-9b6c-5e0d1a2b3c4d", 0.0, 60.0, 60.0, 1.7e9, "synchronised")
    return len(pack(encode_body(Content((Frame(span, windows),)), 3)))


def bench_drift() -> None:
    """What a verdict costs, what is found, and what a baseline weighs."""
    learning = Learning()
    for number in range(FEATURES):
        learning.numbers(f"f{number}", RANDOM.normal(300, 1, 20_000))
    baseline = learning.baseline("m", "1", 0.0)
    feature = baseline.features["f0"]
    window = Seen(feature.standard.histogram(RANDOM.normal(300, 1, 5000)))
    spent = took(lambda: judged(feature.seen, window)) * ROWS / 1e3
    print(f"\n{'a verdict, us':<44} {spent:>10.1f}")
    print(f"{'a baseline of 50 features, bytes':<44} {len(encoded(baseline)):>10,}")
    print(f"\n{'shift found, % of 200 windows':<30} {'n=200':>10} {'n=1,000':>10} {'n=100,000':>10}")
    for shift in (0.0, 0.1, 0.2, 0.3, 0.5, 1.0):
        shares = [share_found(feature.seen, feature.standard, shift, n) for n in (200, 1000, 100_000)]
        print(f"{f'{shift} standard deviations':<30} " + " ".join(f"{share:>10.1f}" for share in shares))


def share_found(reference: Seen, standard: Standard, shift: float, count: int) -> float:
    """Per cent of windows that are called drifted."""
    runs = 200 if count < 10_000 else 20
    windows = [standard.histogram(RANDOM.normal(300 + shift, 1, count)) for _ in range(runs)]
    return 100 / runs * sum([judged(reference, Seen(window)).drifted is True for window in windows])


if __name__ == "__main__":
    bench_columns()
    bench_joining()
    bench_wire()
    bench_drift()
