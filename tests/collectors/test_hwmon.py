from __future__ import annotations

from pathlib import Path

import pytest

from collectors.api import Absence
from collectors.hwmon import chips, identity, steady_name, title
from collectors.numbers import Sleeper
from tests.collectors.conftest import Make


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("/sys/devices/platform/coretemp.0", "coretemp.0"),
        ("/sys/devices/pci0000:00/0000:00:02.1/0000:01:00.0/nvme/nvme0", "0000:01:00.0"),
        ("/sys/devices/platform/soc/18000000.wifi/ieee80211/phy0", "18000000.wifi"),
        ("/sys/devices/platform/i2c-1/1-0040", "1-0040"),
        ("/sys/devices/pci0000:00/0000:00:1f.6/net/eth0", "0000:00:1f.6"),
        ("", ""),
    ],
)
def test_a_device_is_called_by_what_a_boot_does_not_change(device: str, name: str) -> None:
    assert steady_name(device) == name


def test_a_chip_is_called_by_its_device(make: Make, tmp_path: Path) -> None:
    device = tmp_path / "sys/devices/platform/i2c-1/1-0040"
    files = {
        "name": "ina3221\n",
        "in1_label": "VDD_IN\n",
        "in1_input": "5000\n",
        "in2_input": "x\n",
        "in10_input": "x\n",
    }
    host = make(
        {f"sys/devices/platform/i2c-1/1-0040/hwmon/hwmon7/{name}": text for name, text in files.items()}
    )
    make({"sys/devices/platform/i2c-1/1-0040/power/runtime_status": "suspended\n"})
    (device / "hwmon/hwmon7/device").symlink_to(device)
    (tmp_path / "sys/class/hwmon").mkdir(parents=True)
    (tmp_path / "sys/class/hwmon/hwmon7").symlink_to(device / "hwmon/hwmon7")
    said: list[Absence] = []
    (chip,) = chips(host, said)
    assert (chip.name, chip.place, chip.device) == ("ina3221", "1-0040/ina3221", str(device))
    assert chip.channels("in") == ["in1", "in2", "in10"]
    assert chip.channels("temp") == []
    assert chip.channels("in", "_label") == ["in1"]
    status = tmp_path / "sys/class/hwmon/hwmon7/device/power/runtime_status"
    assert chip.sleeper == Sleeper("1-0040/ina3221", status)
    assert title(host, chip, "in2", said) == "in2"
    assert identity(host, chip, "in1", said) == {"hw.id": "1-0040/ina3221/in1", "hw.name": "ina3221 VDD_IN"}
    assert said == []


def test_a_gpus_chip_is_left_to_its_collector(make: Make) -> None:
    host = make(
        {f"sys/class/hwmon/hwmon{n}/name": f"{name}\n" for n, name in enumerate(("amdgpu", "xe", "k10temp"))}
    )
    assert [each.name for each in chips(host, [])] == ["k10temp"]


def test_two_chips_of_one_name_without_a_device_are_told_apart(make: Make) -> None:
    host = make({f"sys/class/hwmon/hwmon{n}/name": "acpi\n" for n in (2, 10)})
    assert [each.place for each in chips(host, [])] == ["acpi", "acpi#2"]


def test_an_old_drivers_files_are_with_the_device(make: Make) -> None:
    host = make(
        {
            "sys/class/hwmon/hwmon0/device/name": "applesmc\n",
            "sys/class/hwmon/hwmon0/device/fan1_input": "1\n",
        }
    )
    (chip,) = chips(host, [])
    assert (chip.name, chip.channels("fan")) == ("applesmc", ["fan1"])


def test_a_chip_that_is_a_link_to_nowhere_has_no_channels(make: Make, tmp_path: Path) -> None:
    host = make({"sys/class/hwmon/other": ""})
    (tmp_path / "sys/class/hwmon/hwmon0").symlink_to(tmp_path / "nowhere")
    (chip,) = chips(host, [])
    assert (chip.name, chip.files) == ("unknown", frozenset())


def test_a_name_that_cannot_be_read_is_told(make: Make, tmp_path: Path) -> None:
    host = make({"sys/class/hwmon/hwmon0/name/folder": "", "sys/class/hwmon/hwmon0/temp1_input": "1"})
    said: list[Absence] = []
    (chip,) = chips(host, said)
    assert chip.name == "unknown"
    assert [each.what for each in said] == ["name"]


def test_a_kernel_without_chips_has_none(make: Make) -> None:
    assert chips(make({}), []) == []
