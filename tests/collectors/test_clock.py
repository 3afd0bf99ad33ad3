from __future__ import annotations

from collections.abc import Mapping
from errno import EPERM
from pathlib import Path

import pytest

from collectors.api import Reading
from collectors.clock import Clock
from collectors.host import Host
from collectors.timesync import Kept, kernel
from tests.collectors.conftest import Make

GOOD = Kept(True, -0.0002, 12e-6, 0.005, 0.0003)


class Refusing:
    """A kernel behind a sandbox."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> Kept:
        self.asked += 1
        raise PermissionError(EPERM, "adjtimex: Operation not permitted")


def shown(reading: Reading) -> Mapping[str, object]:
    pairs = zip(reading.series, reading.values, strict=True)
    return {series.name.removeprefix("linux.clock."): value for series, value in pairs}


def why(reading: Reading) -> Mapping[str, str]:
    return {what.removeprefix("linux.clock."): reason for what, reason in reading.absences}


def test_this_machine_agrees_with_its_kernel() -> None:
    reading = Clock(Host()).collect(0.0)
    kept = kernel()
    assert shown(reading)["synchronized"] == int(kept.synchronized)
    assert shown(reading)["frequency.correction"] == pytest.approx(kept.frequency, abs=1e-6)


def test_a_clock_that_is_kept_has_everything() -> None:
    reading = Clock(Host(), lambda: GOOD).collect(0.0)
    assert shown(reading) == {
        "synchronized": 1,
        "offset": -0.0002,
        "max_error": 0.005,
        "estimated_error": 0.0003,
        "frequency.correction": 12e-6,
    }
    assert reading.absences == ()


def test_a_clock_that_nobody_sets_has_no_offset_rather_than_none_at_all() -> None:
    reading = Clock(Host(), lambda: GOOD._replace(synchronized=False, offset=0.0, max_error=16.0)).collect(
        0.0
    )
    assert shown(reading)["synchronized"] == 0
    assert shown(reading)["offset"] is None
    assert shown(reading)["max_error"] is None
    assert why(reading) == {"offset": "no time service has set the clock"}


def test_behind_a_sandbox_the_kernel_is_asked_once_and_the_mark_is_taken(tmp_path: Path) -> None:
    refusing = Refusing()
    host = Host(tmp_path, other=True)
    mark = tmp_path / "run/systemd/timesync/synchronized"
    mark.parent.mkdir(parents=True)
    opened = Clock(host, refusing)
    first = opened.collect(0.0)
    mark.touch()
    second = opened.collect(60.0)
    assert [shown(each)["synchronized"] for each in (first, second)] == [0, 1]
    assert why(second) == {
        "offset": "adjtimex: Operation not permitted; let it through with: outrider service allow clock"
    }
    assert refusing.asked == 1
    assert first.series is second.series


@pytest.mark.parametrize(
    ("file", "reason"),
    [("run/chrony/x", "chrony does not say so in a file"), ("run/x", "no time service is seen")],
)
def test_what_no_file_tells_is_absent_and_not_zero(make: Make, file: str, reason: str) -> None:
    reading = Clock(make({file: ""})).collect(0.0)
    assert shown(reading)["synchronized"] is None
    assert why(reading)["synchronized"] == reason


def test_a_recorded_host_does_not_have_the_clock_of_this_one(make: Make) -> None:
    refusing = Refusing()
    Clock(make({"run/systemd/timesync/synchronized": ""}), refusing).collect(0.0)
    assert refusing.asked == 0
