"""What the collectors of sensors and GPUs cost: a poll, and the look each minute for what came and went.

    python tests/benchmarks/bench_sensors.py

The trees are those of the cases, and a made-up board of 500 sensors. Files of a disk answer faster than a
sensor behind a slow bus: what is measured is the collectors' own part.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from collectors.api import Collector
from collectors.catalog import interval
from collectors.host import Host
from tests.casebook import Case, cases
from tests.collecting import opened

CASES = (
    ("frequency", "intel"),
    ("thermal", "raspberry_pi_4"),
    ("thermal", "jetson_orin"),
    ("thermal", "node_exporter"),
    ("power", "jetson_orin"),
    ("power", "laptop"),
    ("gpu_amd", "two_cards"),
    ("gpu_intel", "xe"),
    ("gpu_jetson", "orin"),
)
POLLS = 200


def board(folder: Path, sensors: int) -> Host:
    """A host of one chip with so many sensors."""
    chip = folder / "sys/class/hwmon/hwmon0"
    chip.mkdir(parents=True)
    (chip / "name").write_text("board\n")
    for place in range(sensors):
        (chip / f"temp{place}_input").write_text("40000\n")
        (chip / f"temp{place}_label").write_text(f"Sensor {place}\n")
    return Host(folder)


def timed(collector: Collector, step: float) -> float:
    """Microseconds of CPU that a poll takes, the polls `step` s apart."""
    began = time.process_time()
    for poll in range(1, POLLS + 1):
        collector.collect(poll * step)
    return (time.process_time() - began) / POLLS * 1e6


def row(name: str, title: str, host: Host) -> str:
    """One line of the table."""
    collector = opened(name, host)
    series = len(collector.collect(0.0).series)
    poll = timed(collector, 0.001)
    looking = timed(collector, 3600.0)
    collector.close()
    each = interval(name, 1.0)
    minute = (poll * 60 / each + looking) / 1e3
    return f"{name:<11} {title:<15} {series:>6} {poll:>8.0f} {looking:>8.0f} {each:>6.0f} {minute:>9.2f}"


def found(name: str, case: str) -> Case:
    """The case of this name."""
    return next(each for each in cases(name) if each.name == case)


def main() -> None:
    print("collector   tree            series  poll us  look us  each s  ms/minute")
    with tempfile.TemporaryDirectory() as folder:
        for name, case in CASES:
            print(row(name, case, found(name, case).laid(Path(folder) / case)))
        print(row("thermal", "500 sensors", board(Path(folder) / "board", 500)))


if __name__ == "__main__":
    main()
