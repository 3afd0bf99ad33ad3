"""Outages that outlast the room: resolution falls, coverage does not. The figures are printed (`-rP`).

With a part of the series; `tests/benchmarks/bench_outage.py` has all of them, and 30 days of minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from agent.store.sizing import MIB, Limits
from tests.outages import PART, outage

HOUR, DAY = 3600.0, 86_400.0


def test_88_hours_without_a_broker_are_covered_to_the_minute_in_one_mib(tmp_path: Path) -> None:
    """otel#15324: the first hours of an outage of 88 were missing, and nobody was told. vector#23110:
    the smallest buffer was of no use on a device."""
    found = outage(tmp_path / "state", Limits(MIB), int(88 * HOUR / 60), mix=PART)
    sys.stdout.write(f"{found}\n")
    assert found.windows == 5280
    assert found.blocks < found.windows / 8
    assert found.error < 0.011
    assert found.files <= MIB


def test_30_days_without_a_broker_are_covered_in_one_mib(tmp_path: Path) -> None:
    """Windows of half an hour, which age alone merges."""
    found = outage(tmp_path / "state", Limits(MIB), int(30 * DAY / 1800), span=1800.0, mix=PART)
    sys.stdout.write(f"{found}\n")
    assert found.windows == 1440
    assert found.longest == 64
    assert found.blocks < found.windows / 4
    assert found.error < 0.011
    assert found.files <= MIB
