from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import Reading
from collectors.boot import UNNAMED, Boot, raspberry, tegra, watchdog
from collectors.host import Host
from tests.collectors.conftest import Make

BASE = {
    "proc/uptime": "350735.47 234388.90\n",
    "proc/stat": "cpu 1\nbtime 1700000000\n",
    "proc/sys/kernel/tainted": "0\n",
}
REGISTER = "sys/firmware/devicetree/base/chosen/bootloader/rsts"


def read(host: Host) -> Reading:
    opened = Boot(host)
    reading = opened.collect(0.0)
    opened.close()
    return reading


def reasons(reading: Reading) -> list[tuple[str, ...]]:
    return [
        tuple(text for _, text in series.attributes)
        for series in reading.series
        if series.name == "linux.boot.reason"
    ]


def value(reading: Reading, name: str, attribute: str = "") -> object:
    for series, found in zip(reading.series, reading.values, strict=True):
        if series.name == name and attribute in ("", *(text for _, text in series.attributes)):
            return found
    raise AssertionError(f"no {name} {attribute}")


def test_this_machine_agrees_with_psutil_and_its_boot_clock() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    reading = read(Host())
    after = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before - 0.01 <= float(str(value(reading, "system.uptime"))) <= after
    assert value(reading, "linux.boot.time") == pytest.approx(psutil.boot_time(), abs=1)
    mask = int(Path("/proc/sys/kernel/tainted").read_text())
    assert value(reading, "linux.kernel.tainted", "oops") == mask >> 7 & 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [("0", []), ("32", ["watchdog"]), ("1", ["overheat"]), ("96", ["watchdog", "power_high"])],
)
def test_each_flag_of_a_watchdog_is_a_reason(make: Make, status: str, expected: list[str]) -> None:
    reading = read(make({**BASE, "sys/class/watchdog/watchdog0/bootstatus": status}))
    assert reasons(reading) == [("watchdog0", reason) for reason in expected]


@pytest.mark.parametrize(
    ("register", "expected"),
    [(0x1000, "power_on"), (0x1020, "power_on"), (0x20, "watchdog_or_reboot"), (0x200, "software")],
)
def test_a_raspberry_pi_s_register_tells_power_from_reset(register: int, expected: str) -> None:
    ((series, _),) = raspberry(Path("rsts"), register.to_bytes(4, "big"))
    assert series.attributes[1][1] == expected


def test_the_partition_in_the_register_is_no_reason() -> None:
    assert list(raspberry(Path("rsts"), (0x555).to_bytes(4, "big"))) == []


def test_a_jetson_s_controller_is_taken_at_its_word(make: Make, tmp_path: Path) -> None:
    make({**BASE, "sys/devices/platform/c360000.pmc/reset_reason": "AOWDT\n"})
    driver = tmp_path / "sys/bus/platform/drivers/tegra-pmc"
    driver.mkdir(parents=True)
    (driver / "c360000.pmc").symlink_to("../../../../devices/platform/c360000.pmc")
    (driver / "uevent").write_text("")
    assert reasons(read(Host(tmp_path))) == [("tegra-pmc", "aowdt")]


def test_where_nobody_names_a_reason_it_is_said(make: Make) -> None:
    assert read(make({**BASE, "sys/class/watchdog/watchdog0/bootstatus": "0"})).absences == (
        ("linux.boot.reason", UNNAMED),
    )
    assert read(make(BASE)).absences == (("linux.boot.reason", UNNAMED),)


def test_crash_records_are_counted_where_they_are(make: Make) -> None:
    files = {
        "sys/fs/pstore/dmesg-ramoops-0": "",
        "sys/fs/pstore/dmesg-ramoops-1": "",
        "var/lib/systemd/pstore/1700/x": "",
    }
    reading = read(make({**BASE, **files}))
    assert value(reading, "linux.boot.crash_records", "pstore") == 2
    assert value(reading, "linux.boot.crash_records", "systemd-pstore") == 1


@pytest.mark.parametrize(
    ("mask", "expected"), [(0, set()), (1 << 7, {"oops"}), (1 << 14 | 1 << 12, {"soft_lockup"})]
)
def test_what_befell_the_kernel_is_told_apart(make: Make, mask: int, expected: set[str]) -> None:
    reading = read(make({**BASE, "proc/sys/kernel/tainted": f"{mask}\n"}))
    pairs = zip(reading.series, reading.values, strict=True)
    assert {s.attributes[0][1] for s, v in pairs if s.name == "linux.kernel.tainted" and v} == expected


def test_a_broken_file_costs_itself(make: Make, tmp_path: Path) -> None:
    reading = read(make({**BASE, "proc/uptime": "nan 1\n", "sys/class/watchdog/watchdog0/bootstatus": "x"}))
    assert dict(reading.absences) == {
        "system.uptime": f"{tmp_path}/proc/uptime: malformed line 'nan 1\\n'",
        "linux.boot.reason": f"{tmp_path}/sys/class/watchdog/watchdog0/bootstatus: malformed line 'x'",
    }
    assert value(reading, "linux.boot.time") == 1_700_000_000


def test_the_layout_stays_while_nothing_changes(make: Make) -> None:
    opened = Boot(make(BASE))
    assert opened.collect(0.0).series is opened.collect(600.0).series
    opened.close()


@given(st.binary(max_size=40))
def test_any_bytes_give_reasons_or_a_value_error(text: bytes) -> None:
    for tell in (watchdog, raspberry, tegra):
        try:
            found = list(tell(Path("x"), text))
        except ValueError:
            continue
        assert all(series.attributes[1][1].isprintable() for series, _ in found)
