"""Seconds of the tail's torture; a minute at 20,000 lines a second is run by `make torture`."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.torture import tailhangs, tailsteps
from tests.torture.tail import cuts_seen, differences, run


def test_every_line_is_counted_exactly_once(tmp_path: Path) -> None:
    reader, told = run(tmp_path, 5.0, 5_000, 1)
    ways = sum((Counter(said["rotations"]) for said in told.values()), Counter())
    assert sum(said["lines"] for said in told.values()) > 10_000
    assert ways["copy"] > 0
    assert ways["rename"] > 0
    assert reader.crashes > 0
    assert differences(reader, told) == []
    assert cuts_seen(reader) > 0


@pytest.mark.parametrize("seed", range(5020, 5028))
def test_every_line_is_counted_exactly_once_in_simulated_time(seed: int) -> None:
    with tempfile.TemporaryDirectory(dir=tailsteps.TMPFS) as folder:
        assert tailsteps.run(Path(folder), 300, seed) == []


@pytest.mark.parametrize("seed", range(5030, 5034))
def test_every_line_is_counted_exactly_once_where_inodes_are_used_again(seed: int, tmp_path: Path) -> None:
    assert tailsteps.run(tmp_path, 300, seed) == []


@pytest.mark.parametrize("seed", range(114, 118))
def test_every_line_is_counted_exactly_once_where_calls_hang(seed: int) -> None:
    with tempfile.TemporaryDirectory(dir=tailsteps.TMPFS) as folder:
        wrong, reader = tailhangs.run(Path(folder), 300, seed)
    assert wrong == []
    assert reader.hangs > 0
