"""Predictions in one log, their labels in another, and a real daemon on both that is killed again and again.

    python tests/torture/labels.py --requests 20000 --kills 20 --seed 1

One label in a hundred comes an hour late by its own time, after all others; some never come, some come twice
or for requests that nobody made, some before the prediction. In the end the windows of the store must add up
to the pairs that fit: each was counted exactly once, and what fell out was counted too.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.logs import measures
from agent.stats.frame import Content
from agent.stats.histogram import Histogram, midpoint
from agent.stats.topk import Top
from agent.stats.window import Counter as Grown
from tests.agreement import of_device
from tests.daemons import Daemon
from tests.tailing import append
from tests.torture.crash import Point
from tests.waiting import until

CLASSES = ("ant", "bee", "cat", "dog", "emu")
LATE, HALF = 3600.0, 1800.0
"""Seconds by which labels are late, and above which they are taken for late."""
SPARE = 1.1
"""As many entries wait at most, by the number of requests: strangers need some room."""
DEEPEST = 40
"""Writes of a thread within a life, after which it may die in the next one: a second or two."""
PATIENCE = 120.0
CONFIGURATION = """
[[logs]]
name = "requests"
paths = ["FOLDER/requests.log"]
format = "json"
from = "start"
[[logs]]
name = "labels"
paths = ["FOLDER/labels.log"]
format = "json"
from = "start"
[[model]]
name = "zoo"
logs = ["requests", "labels"]
label_most = MOST
"""
BROKER = """
[window]
span = "1s"
[store]
write_budget = "1 TB/day"
[broker]
url = "mqtt://127.0.0.1:1"
"""

Lines = list[str]


class Step(NamedTuple):
    """What is written at a time, by log."""

    requests: Lines
    labels: Lines


class Script(NamedTuple):
    """All that is written, and what must be counted.

    Args:
        steps: in order; requests of one may have their labels in an earlier one.
        confusion: pairs, by true and predicted class.
        outcomes: what becomes of predictions and labels.
        late: pairs whose label came an hour late.
    """

    steps: list[Step]
    confusion: Counter[tuple[str, str]]
    outcomes: Counter[str]
    late: int


def followed(folder: Path, requests: int) -> str:
    """The configuration that follows both logs; as many wait as there are, and some more."""
    most = str(int(requests * SPARE))
    return CONFIGURATION.replace("FOLDER", str(folder)).replace("MOST", most)


def script(requests: int, steps: int, now: float, seed: int) -> Script:
    """What is written of so many requests, until `now`, s since 1970."""
    random, size = Random(seed), requests // steps
    made = [Step([], []) for _ in range(steps + 2)]
    confusion, outcomes, late = Counter[tuple[str, str]](), Counter[str](), 0
    for number in range(size * steps):
        step, at = number // size, now - 2 * LATE + HALF * number / requests
        truth = random.choice(CLASSES)
        taken = truth if random.random() < 0.8 else random.choice(CLASSES)
        ordinary = {"time": at, "request_id": f"r{number}", "prediction": taken, "status": 200}
        ordinary["confidence"] = round(random.uniform(0.2, 1.0), 3)
        made[step].requests.append(json.dumps(ordinary))
        fate = random.random()
        if fate < 0.01:
            outcomes["unlabelled"] += 1
            continue
        late += fate > 0.99
        confusion[truth, taken] += 1
        after, when = (LATE, steps + 1) if fate > 0.99 else (20.0, step + random.choice((-1, 0, 0, 0, 1)))
        told = {"time": at + after, "request_id": f"r{number}", "label": truth}
        made[max(0, when)].labels.append(json.dumps(told))
        if fate < 0.02:
            outcomes["repeated_prediction"] += 1
            made[step + 1].requests.append(json.dumps(ordinary | {"prediction": "fox"}))
        elif fate < 0.03:
            outcomes["repeated_label"] += 1
            made[steps].labels.append(json.dumps(told | {"label": "fox"}))
        elif fate < 0.04:
            outcomes["unknown"] += 1
            made[step].labels.append(json.dumps(told | {"request_id": f"stranger{number}"}))
    outcomes["joined"] = confusion.total()
    outcomes["crowded"] = outcomes["unlabelled"] + outcomes["unknown"]
    return Script(made, confusion, outcomes, late)


def crowd(requests: int, now: float) -> Lines:
    """As many predictions as may wait: whatever waited before has no room any more."""
    return [
        json.dumps({"time": now, "request_id": f"c{number}", "prediction": "ant", "status": 200})
        for number in range(int(requests * SPARE))
    ]


class Found(NamedTuple):
    """What windows say of it, as of `Script`; of how many pairs the confidence is counted."""

    confusion: Counter[tuple[str, str]]
    outcomes: Counter[str]
    late: int
    calibrated: int


def counted(contents: Iterable[Content]) -> Found:
    """Over all windows of these records."""
    confusion, outcomes, late, calibrated = Counter[tuple[str, str]](), Counter[str](), 0, 0
    for content in contents:
        for series, window in (each for frame in content.frames for each in frame.windows.items()):
            own = dict(series.attributes)
            if series.name == measures.CONFUSION.name and isinstance(window, Top):
                for taken, count in window.counts.items():
                    confusion[own["label"], taken] += count
            elif series.name == measures.BIN_COUNT.name and isinstance(window, Top):
                calibrated += window.seen
            elif series.name == measures.LABELS.name and isinstance(window, Grown):
                outcomes[own["outcome"]] += int(window.delta)
            elif series.name == measures.DELAY.name and isinstance(window, Histogram):
                buckets = window.positive.items()
                late += sum(count for at, count in buckets if midpoint(at, window.scale) > HALF)
    return Found(confusion, outcomes, late, calibrated)


def faults(found: Found, wanted: Script) -> list[str]:
    """What is not as it must be, in words."""
    pairs = wanted.confusion.total()
    each = (
        ("pairs by class", found.confusion, wanted.confusion),
        ("outcomes", found.outcomes, wanted.outcomes),
        ("labels an hour late", found.late, wanted.late),
        ("pairs with a confidence", found.calibrated, pairs),
    )
    return [f"{name}: {got}, not {right}" for name, got, right in each if got != right]


def write(folder: Path, step: Step) -> None:
    """Add to both logs."""
    append(folder / "requests.log", *step.requests)
    append(folder / "labels.log", *step.labels)


def living(home: Path, words: Sequence[str], before: Sequence[str] = ()) -> Daemon:
    """A daemon on what one left that was killed, started; `before` as of `Daemon`."""
    (home / "notify").unlink(missing_ok=True)
    return Daemon(home, words, before).start(ready=not before)


def suffer(
    home: Path, words: Sequence[str], folder: Path, parts: Sequence[list[Step]], random: Random
) -> int:
    """Live once for each of these parts, in which that is written, and die: at any moment, or in the midst
    of a transaction, for which all was gathered. How often that was."""
    within = 0
    for number, steps in enumerate(parts):
        before = Point("pwrite64", random.randint(1, DEEPEST)).strace() if number % 2 else ()
        with closing(living(home, words, before)) as daemon:
            for step in steps:
                write(folder, step)
                time.sleep(random.uniform(0.0, 0.1))
            end = time.monotonic() + (PATIENCE if before else random.uniform(0.0, 1.0))
            while daemon.child.ended() is None and time.monotonic() < end:
                time.sleep(0.02)
            within += daemon.child.ended() is not None
            daemon.kill()
    return within


def parted(steps: list[Step], count: int) -> list[list[Step]]:
    """So many parts, of about as many steps."""
    return [steps[len(steps) * n // count : len(steps) * (n + 1) // count] for n in range(count)]


def run(folder: Path, requests: int, kills: int, seed: int) -> tuple[Script, int, list[str]]:
    """Write and kill, and wait until all is counted: what was written, deaths in a transaction, faults."""
    logs, home, file = folder / "logs", folder / "daemon", folder / "outrider.toml"
    logs.mkdir()
    home.mkdir()
    file.write_text(BROKER + followed(logs, requests))
    words = ["--config", str(file)]
    wanted = script(requests, 10 * kills, time.time(), seed)
    *most, last = parted(wanted.steps, kills + 1)
    within = suffer(home, words, logs, most, Random(seed))

    def found() -> Found:
        return counted(of_device(home / "state").contents.values())

    with closing(living(home, words)) as daemon:
        for step in last:
            write(logs, step)
        joined = wanted.outcomes["joined"]
        until(lambda: found().outcomes["joined"] >= joined, found, PATIENCE)
        append(logs / "requests.log", *crowd(requests, time.time()))
        until(lambda: found().outcomes["crowded"] >= wanted.outcomes["crowded"], found, PATIENCE)
        daemon.stop()
    return wanted, within, faults(found(), wanted)


def main() -> int:
    """Run; 1 where a pair is not counted once."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        wanted, within, wrong = run(Path(folder), chosen.requests, chosen.kills, chosen.seed)
    print(f"{chosen.requests} requests, {wanted.late} labels an hour late; outcomes {dict(wanted.outcomes)}")
    print(f"{chosen.kills} kills, {within} of them within a transaction")
    print("\n".join(wrong) or "each pair was counted exactly once")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
