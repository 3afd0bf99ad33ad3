from __future__ import annotations

from pathlib import Path

from collectors.api import Absence
from collectors.hwmon import Chip
from collectors.thermal.sensors import MOST, cooling, fans, is_zone, temperatures
from tests.collectors.conftest import Make

CHIP = Chip(Path("x"), "cpu_thermal", "cpu_thermal", "", frozenset(), None)


def test_a_zones_own_chip_is_known_by_its_device_or_else_by_its_name() -> None:
    assert is_zone(CHIP, {"cpu_thermal"})
    assert not is_zone(CHIP, {"gpu_thermal"})
    assert is_zone(CHIP._replace(device="/sys/devices/virtual/thermal/thermal_zone3"), set())
    assert not is_zone(CHIP._replace(device="/sys/devices/platform/coretemp.0"), {"cpu_thermal"})


def test_the_package_of_an_intel_cpu_is_told_once(make: Make) -> None:
    host = make({"sys/class/thermal/thermal_zone0/type": "x86_pkg_temp\n"})
    assert len(temperatures(host, [], [])) == 1
    assert temperatures(host, [CHIP._replace(name="coretemp")], []) == []


def test_five_hundred_sensors_are_bounded_and_counted(make: Make) -> None:
    files = frozenset(f"{kind}{place}_input" for kind in ("temp", "fan") for place in range(500))
    chip = CHIP._replace(name="board", files=files)
    said: list[Absence] = []
    host = make({})
    assert len(temperatures(host, [chip], said)) == MOST
    assert len(fans(host, [chip], said)) == MOST
    reason = f"{500 - MOST} more are left out: {MOST} is the most"
    assert said == [Absence("hw.temperature", reason), Absence("hw.fan.speed", reason)]


def test_what_cools_is_a_share_of_its_levels(make: Make) -> None:
    kinds = ("pwm-fan", "Processor", "intel_powerclamp", "odd", "none")
    files = {f"sys/class/thermal/cooling_device{n}/type": f"{kind}\n" for n, kind in enumerate(kinds)}
    levels = {f"sys/class/thermal/cooling_device{n}/max_state": "4\n" for n in range(3)}
    odd = {
        "sys/class/thermal/cooling_device3/max_state": "-1\n",
        "sys/class/thermal/cooling_device4/max_state": "0\n",
    }
    (found,) = cooling(make({**files, **levels, **odd}), [])
    assert (found.series.attributes[0][1], found.scale, found.high) == ("pwm-fan", 0.25, 1.0)
