"""Thirty of the points that `make torture` takes a thousand of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.crash import LIVES, Point, points, run


def test_points_reach_over_whole_cycles_of_every_call() -> None:
    chosen = points(300)
    assert len(chosen) == 300
    for syscall, latest, _ in LIVES:
        whens = [point.when for point in chosen if point.syscall == syscall]
        assert min(whens) == 1
        assert latest - max(whens) <= latest // 30 + 1


def test_a_point_is_a_command_that_kills_there() -> None:
    assert "inject=sendto:signal=KILL:when=3" in Point("sendto", 3).strace()


@pytest.mark.strace
@pytest.mark.mosquitto
def test_after_a_crash_at_any_step_history_and_sink_agree(tmp_path: Path) -> None:
    counts = run(tmp_path, points(30, reach=0.4), beside=10)
    assert counts["killed"] == 30
    assert counts["sink killed"] == 2
