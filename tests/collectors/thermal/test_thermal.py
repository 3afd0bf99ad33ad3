from __future__ import annotations

import os
from pathlib import Path

import pytest

from collectors.api import NoData
from collectors.thermal import LOOK, MOST_SAID, Thermal
from collectors.thermal.firmware import DRIVER
from tests.collectors.conftest import Make

ZONE = {"sys/class/thermal/thermal_zone0/type": "soc\n", "sys/class/thermal/thermal_zone0/temp": "41000\n"}


def test_a_sensor_that_comes_is_found_within_a_minute(make: Make) -> None:
    opened = Thermal(make(ZONE))
    first = opened.collect(0.0)
    assert first.values == [41.0]
    make({"sys/class/hwmon/hwmon0/name": "w1\n", "sys/class/hwmon/hwmon0/temp1_input": "21500\n"})
    assert opened.collect(LOOK - 1).series is first.series
    later = opened.collect(LOOK)
    assert later.values == [41.0, 21.5]
    assert opened.collect(2 * LOOK).series is later.series
    opened.close()


def test_the_firmware_tells_of_the_voltage_and_its_chip_only_without_it(make: Make, tmp_path: Path) -> None:
    chip = {"sys/class/hwmon/hwmon0/name": "rpi_volt\n", "sys/class/hwmon/hwmon0/in0_lcrit_alarm": "1\n"}
    opened = Thermal(make(chip))
    assert opened.collect(0.0).values == [1.0]
    make({f"sys/{DRIVER}/soc:firmware/get_throttled": "0\n"})
    assert opened.collect(LOOK).values == [0] * 8
    opened.close()


def test_nothing_of_the_kind_is_no_data(make: Make) -> None:
    with pytest.raises(NoData, match="no sensor of heat"):
        Thermal(make({})).collect(0.0)


def test_sensors_that_nobody_can_name_are_told_not_taken_for_none(make: Make) -> None:
    opened = Thermal(make({f"sys/class/thermal/thermal_zone{n}/type": "" for n in range(50)}))
    reading = opened.collect(0.0)
    opened.close()
    assert (reading.series, len(reading.absences)) == ((), MOST_SAID)


def test_every_descriptor_is_given_back(make: Make) -> None:
    before = len(os.listdir("/proc/self/fd"))
    opened = Thermal(make({**ZONE, f"sys/{DRIVER}/soc:firmware/get_throttled": "0\n"}))
    opened.collect(0.0)
    assert len(os.listdir("/proc/self/fd")) == before + 2
    opened.close()
    assert len(os.listdir("/proc/self/fd")) == before
