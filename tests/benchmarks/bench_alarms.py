"""How many windows without drift are called drifted, of a thousand, by kind of feature and sizes.

    python tests/benchmarks/bench_alarms.py [WINDOWS]

Each thousand has a hundred baselines, for an unlucky one is unlucky in each of its windows. Of a model with
many features, which share the alarms, a window counts if any of them is called drifted. Wanted: at most ten.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from agent.stats.bins import Floats
from agent.stats.drift import DEFAULT, Seen, judged
from agent.stats.histogram import Histogram
from agent.stats.standard import Standard
from agent.stats.topk import Top

BASELINES, MANY = 100, 50
KNOWN, SIZES = (500, 5_000, 50_000), (200, 1_000, 100_000)
RANDOM = np.random.default_rng(6)
SHARES = 1 / np.arange(1, 41) ** 1.3
Draw = Callable[[int], Seen]


def numbers(draw: Callable[[int], Floats], missing: float = 0.0) -> Draw:
    """Windows of a distribution, which a million values stand for, and how often there is none."""
    values = draw(1_000_000)
    whole = Standard.of(values[:5000]).histogram(values)
    buckets = np.array([*whole.negative.values(), whole.zero, *whole.positive.values()]) / whole.count

    def window(size: int) -> Seen:
        none = int(RANDOM.binomial(size, missing))
        counts = RANDOM.multinomial(size - none, buckets).tolist()
        places, signs = list(whole.negative), len(whole.negative)
        negative = {at: n for at, n in zip(places, counts, strict=False) if n}
        positive = {at: n for at, n in zip(whole.positive, counts[signs + 1 :], strict=True) if n}
        extent = (whole.low, whole.high)
        made = Histogram(whole.scale, counts[signs], positive, negative, size - none, 0.0, *extent)
        return Seen(made, none)

    return window


def categories(shares: Floats) -> Draw:
    """The same of categories."""

    def window(size: int) -> Seen:
        counts = enumerate(RANDOM.multinomial(size, shares / shares.sum()).tolist())
        return Seen(Top({f"c{place}": count for place, count in counts if count}))

    return window


def alarms(draws: list[Draw], known: int, size: int, windows: int) -> int:
    """Of so many windows, how many have a feature that is called drifted."""
    bounds, found = DEFAULT.shared(len(draws)), 0
    for _ in range(BASELINES):
        references = [draw(known) for draw in draws]
        for _ in range(windows // BASELINES):
            each = zip(references, draws, strict=True)
            found += any(judged(one, draw(size), bounds).drifted for one, draw in each)
    return found


def main(windows: int) -> None:
    """Print the table."""
    kinds = {
        "normal": numbers(lambda n: RANDOM.normal(300, 1, n)),
        "lognormal": numbers(lambda n: RANDOM.lognormal(0, 2, n)),
        "counts": numbers(lambda n: RANDOM.poisson(3, n).astype(np.float64)),
        "mostly zero": numbers(lambda n: RANDOM.exponential(1, n) * (RANDOM.random(n) < 0.2)),
        "uniform, 3 % missing": numbers(RANDOM.random, 0.03),
        "4 categories": categories(np.array([0.5, 0.3, 0.19, 0.01])),
        "40 categories": categories(SHARES),
    }
    every = {name: [draw] for name, draw in kinds.items()}
    every[f"{MANY} features of all kinds"] = (list(kinds.values()) * MANY)[:MANY]
    print(f"alarms in {windows} windows without drift, {BASELINES} baselines each")
    print(f"{'':28} {'values in baseline':>18}" + "".join(f"{f'n = {size:,}':>12}" for size in SIZES))
    worst = 0
    for name, draws in every.items():
        for known in KNOWN:
            found = [alarms(draws, known, size, windows) for size in SIZES]
            print(f"{name:28} {known:18,}" + "".join(f"{count:12}" for count in found), flush=True)
            worst = max(worst, *found)
    print(f"at most {worst / windows:.2%} in any of {len(every) * len(KNOWN) * len(SIZES)} cases")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
