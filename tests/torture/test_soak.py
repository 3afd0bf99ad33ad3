"""Thirty days of windows each hour, where `make torture` has one each minute."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.apart import apart
from tests.torture.soak import soak

SLACK = 32 << 10
"""Bytes by which what lives at the end of one day differs from another's."""


def test_thirty_days_with_an_outage_each_drain_and_leave_memory_files_and_descriptors_flat(
    tmp_path: Path,
) -> None:
    """telegraf#15868, #16314: a disk buffer never drained, or stopped draining. Here each outage has, two
    windows after its end."""
    days = apart(soak, tmp_path, days=30, every=3600.0)
    early, late = days[4], days[-1]
    sys.stdout.write(f"day 5:  {early}\nday 30: {late}\n")
    assert max(day.drained for day in days) <= 2
    assert late.memory <= max(day.memory for day in days[4:8]) + SLACK
    assert {day.descriptors for day in days} == {early.descriptors}
    assert {day.files for day in days} == {early.files}
    assert {day.size for day in days[4:]} == {early.size}
    assert late.rows <= max(day.rows for day in days[3:8])
    assert max(day.entries for day in days) <= 4
