"""What alert rules cost a tick: rules against 120 series of five sources.

python tests/benchmarks/bench_alerts.py
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent.judge.alerts import Alerts
from agent.judge.rules.grammar import parse
from agent.stats.histogram import Histogram
from collectors.api import Reading, Series

TICKS = 2000
SOURCES, EACH = 5, 24


def sources() -> dict[str, tuple[Series, ...]]:
    """Two thirds gauges, a third counters, as on a small host."""
    return {
        f"source{s}": tuple(
            Series(f"metric.{s}.{n % 8}", "1", "counter" if n % 3 == 0 else "gauge", (("n", str(n)),))
            for n in range(EACH)
        )
        for s in range(SOURCES)
    }


def readings(layout: dict[str, tuple[Series, ...]], tick: int) -> list[tuple[str, Reading]]:
    """Gauges below every level, counters that grow slowly."""
    found = []
    for name, series in layout.items():
        values = [float(tick) if each.kind == "counter" else random.random() for each in series]
        found.append((name, Reading(series, values)))
    return found


def cost(whens: list[str]) -> tuple[int, float, float]:
    """Pairs of rule and series; microseconds of the first tick, which matches, and of each other."""
    layout = sources()
    alerts = Alerts(
        {f"r{n}": parse(when) for n, when in enumerate(whens)}, dict.fromkeys(layout, 1.0), "b", {}
    )
    ticks = [readings(layout, tick) for tick in range(TICKS)]
    spent = []
    for tick, found in enumerate(ticks):
        began = time.perf_counter()
        alerts.begin(float(tick), 1.7e9 + tick)
        for source, reading in found:
            alerts.take(source, reading)
        alerts.end()
        spent.append(time.perf_counter() - began)
    rules = [parse(when) for when in whens]
    pairs = sum(rule.fits(series) for rule in rules for each in layout.values() for series in each)
    return pairs, spent[0] * 1e6, sum(spent[1:]) / (TICKS - 1) * 1e6


def churn(new: int) -> float:
    """Milliseconds to lay out 1,000 series anew for 64 rules that mean all, so many of them new."""
    alerts = Alerts({f"r{n}": parse(f"metric.* > {n + 5}") for n in range(64)}, {"source": 1.0}, "b", {})
    spent = []
    for turn in range(11):
        first = turn * new
        series = tuple(
            Series(f"metric.{n % 8}", "1", "gauge", (("n", str(n)),)) for n in range(first, first + 1000)
        )
        for again in (False, True):
            alerts.begin(turn + again / 2, 1.7e9 + turn)
            began = time.perf_counter()
            alerts.take("source", Reading(series, [0.5] * 1000))
            taken = time.perf_counter() - began
            alerts.end()
            spent.append(-taken if again else taken)
    return sorted(map(sum, zip(spent[2::2], spent[3::2], strict=True)))[5] * 1e3


def model(when: str) -> float:
    """Microseconds of a reading of 32 models' logs: 500 durations, 3 statuses and 4 types of errors each."""
    names = [("model.name", f"m{n}") for n in range(32)]
    times = [Series("model.request.duration", "s", "histogram", (name,)) for name in names]
    requests = [
        Series("model.requests", "1", "counter", (name, ("status", s)))
        for name in names
        for s in ("2", "4", "5")
    ]
    errors = [
        Series("model.errors", "1", "counter", (name, ("error.type", e))) for name in names for e in "abcd"
    ]
    series = (*times, *requests, *errors)
    durations = Histogram.of([random.lognormvariate(-2.0, 0.7) for _ in range(500)])
    alerts = Alerts({"r": parse(when)}, {"log": 10.0}, "b", {})
    spent = []
    for turn in range(200):
        alerts.begin(turn * 10.0, 1.7e9 + turn * 10.0)
        totals = [turn * 100.0] * len(requests) + [float(turn)] * len(errors)
        began = time.perf_counter()
        alerts.take("log", Reading(series, [*[durations] * len(times), *totals]))
        spent.append(time.perf_counter() - began)
        alerts.end()
    return sorted(spent)[100] * 1e6


def main() -> None:
    cases = {
        "1 rule, one series": ["metric.1.1{n='1'} > 5 for 1m"],
        "20 rules, one series each": [
            f"metric.1.1{{n='{1 + 8 * (n % 3)}'}} > {n + 5} for 1m" for n in range(20)
        ],
        "20 rules, a metric each": [f"metric.{n % 5}.{n % 8} > 5 for 1m" for n in range(20)],
        "20 rules, all series each": [f"metric.* > {n + 5} for 1m" for n in range(20)],
        "20 absences, all series each": ["no metric.* for 5m"] * 20,
    }
    print(
        f"{'rules against 120 series':30} {'pairs':>6} {'first tick':>12} {'a tick':>10} {'CPU a minute':>13}"
    )
    for name, whens in cases.items():
        pairs, first, each = cost(whens)
        print(f"{name:30} {pairs:6} {first:9.0f} us {each:7.1f} us {each * 60 / 1e6:11.4f} s")
    print("64 rules against 1,000 series that change:")
    for new in (1, 20, 1000):
        print(f"  {new:4} of them new {churn(new):7.1f} ms")
    print("one rule, a reading (each 10 s) of 32 models' logs:")
    for when in (
        "model.errors > 5/s for 1m",
        "max(model.request.duration) > 5s for 1m",
        "p99(model.request.duration) > 5s for 1m",
        "share(model.errors, model.requests) > 20% for 1m",
        "share(model.errors, model.requests) by model.name > 20% for 1m",
    ):
        print(f"  {when:62} {model(when):7.1f} us")


if __name__ == "__main__":
    main()
