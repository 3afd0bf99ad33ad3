"""What is said of clocks that are right, wrong, kept and left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.doctor import clock, worst
from collectors.host import Host

NOW = 1795689600.0  # 2026-11-26


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "sys/class/rtc/rtc0").mkdir(parents=True)
    return Host(tmp_path)


def test_a_clock_that_is_kept_is_well(host: Host) -> None:
    (only,) = clock.examine(host, NOW, "synchronised")
    assert (only.level, "2026-11-26" in only.text) == ("ok", True)


def test_a_clock_that_nobody_keeps_is_a_warning_with_what_to_do(host: Host) -> None:
    (only,) = clock.examine(host, NOW, "unknown")
    assert only.level == "warning"
    assert "timedatectl" in only.advice


@pytest.mark.parametrize("wall", [0.0, -5.0, 1e9, 1e12, float("inf")])
def test_a_time_that_cannot_be_is_a_problem(host: Host, wall: float) -> None:
    findings = list(clock.examine(host, wall, "synchronised"))
    assert worst(findings) == "problem"
    assert "cannot be" in findings[0].text


def test_a_board_without_a_clock_of_its_own_is_told_what_that_means(tmp_path: Path) -> None:
    *_, last = clock.examine(Host(tmp_path), NOW, "synchronised")
    assert (last.level, "real-time clock" in last.text) == ("note", True)
