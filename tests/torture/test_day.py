"""A day in coarser ticks than a device has, a tree for each collector; `make torture` has all ticks."""

from __future__ import annotations

from pathlib import Path

from tests.casebook import every_case
from tests.torture.day import DEVICES, HOUR, run


def test_a_day_of_ticks_over_recorded_trees_leaves_memory_and_files_as_they_were(tmp_path: Path) -> None:
    """glances#1447, #2001, #2502 and telegraf#942: memory that grows by the hour."""
    one_each = {case.collector: case for case in every_case()}
    first, last, changes = run(24.0, 180.0, tmp_path, tuple(one_each.values()), settled=12 * HOUR)
    assert last.memory - first.memory < 1 << 20
    assert last.descriptors <= first.descriptors + 2
    assert last.series <= first.series + 2 * DEVICES
    assert last.store <= 1 << 21
    assert changes > 40, "devices came and went"
