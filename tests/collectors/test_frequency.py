from __future__ import annotations

from pathlib import Path

import pytest

from collectors.api import Absence, NoData, Reading
from collectors.frequency import LOOK, MOST, MOST_LIMITED, Frequency
from tests.collectors.conftest import Make

CPUFREQ = "sys/devices/system/cpu/cpufreq"


def policy(number: int, frequency: int = 1_000_000, cpus: str = "0") -> dict[str, str]:
    folder = f"{CPUFREQ}/policy{number}"
    kinds = {"cur": frequency, "max": 2_000_000, "min": 500_000}
    files = {f"{folder}/scaling_{kind}_freq": f"{value}\n" for kind, value in kinds.items()}
    return {**files, f"{folder}/affected_cpus": f"{cpus}\n"}


def frequencies(reading: Reading) -> dict[str, object]:
    pairs = zip(reading.series, reading.values, strict=True)
    return {each.attributes[0][1]: value for each, value in pairs if each.name == "system.cpu.frequency"}


def test_a_policy_is_told_under_its_first_cpu(make: Make) -> None:
    opened = Frequency(make({**policy(0, 1_500_000, "0 1 2 3"), **policy(4, 2_400_000, "4 5")}))
    reading = opened.collect(0.0)
    opened.close()
    assert frequencies(reading) == {"0": 1.5e9, "4": 2.4e9}
    assert len(reading.series) == 6
    assert reading.absences == ()


def test_cpus_that_go_off_leave_within_a_minute_and_come_back(make: Make) -> None:
    host = make({**policy(0), **policy(1)})
    opened = Frequency(host)
    first = opened.collect(0.0)
    make(policy(1, cpus=""))
    assert opened.collect(LOOK - 1).series is first.series
    assert frequencies(opened.collect(LOOK)) == {"0": 1e9}
    make(policy(1))
    assert frequencies(opened.collect(2 * LOOK)) == {"0": 1e9, "1": 1e9}
    opened.close()


def test_many_policies_are_bounded_and_without_limits(make: Make) -> None:
    files: dict[str, str] = {}
    for number in range(MOST + 6):
        files |= policy(number)
    opened = Frequency(make(files))
    reading = opened.collect(0.0)
    opened.close()
    assert len(reading.series) == MOST
    assert reading.absences == (Absence("system.cpu.frequency", f"6 more are left out: {MOST} is the most"),)
    assert MOST_LIMITED < MOST


def test_who_cannot_be_asked_which_cpus_it_has_is_told(make: Make) -> None:
    opened = Frequency(make({f"{CPUFREQ}/policy0/affected_cpus/folder": ""}))
    reading = opened.collect(0.0)
    opened.close()
    assert (reading.series, [each.what for each in reading.absences]) == ((), ["affected_cpus"])


def test_a_kernel_that_sets_no_frequency_has_no_data(make: Make, tmp_path: Path) -> None:
    with pytest.raises(NoData, match="the kernel does not set the frequency"):
        Frequency(make({})).collect(0.0)
