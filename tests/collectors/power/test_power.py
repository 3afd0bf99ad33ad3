from __future__ import annotations

import pytest

from collectors.api import NoData, Reading
from collectors.power import LOOK, Power, times
from tests.collectors.conftest import Make

BATTERY = {
    "sys/class/power_supply/BAT0/type": "Battery\n",
    "sys/class/power_supply/BAT0/voltage_now": "3800000\n",
    "sys/class/power_supply/BAT0/current_now": "500000\n",
}


def named(reading: Reading) -> dict[str, object]:
    return {series.name: value for series, value in zip(reading.series, reading.values, strict=True)}


def test_power_is_voltage_times_current_and_unknown_without_one(make: Make) -> None:
    opened = Power(make(BATTERY))
    first = opened.collect(0.0)
    assert named(first) == {"hw.voltage": 3.8, "hw.current": 0.5, "hw.power": 1.9}
    make({"sys/class/power_supply/BAT0/current_now": "\n"})
    second = opened.collect(1.0)
    opened.close()
    assert second.series is first.series
    assert named(second) == {"hw.voltage": 3.8, "hw.current": None, "hw.power": None}
    assert [each.what for each in second.absences] == ["hw.current"]


def test_a_battery_that_is_put_in_is_found_within_a_minute(make: Make) -> None:
    opened = Power(
        make({"sys/class/power_supply/AC/type": "Mains\n", "sys/class/power_supply/AC/online": "1\n"})
    )
    assert named(opened.collect(0.0)) == {"hw.power_supply.online": 1}
    make(BATTERY)
    assert "hw.voltage" not in named(opened.collect(LOOK - 1))
    assert named(opened.collect(LOOK))["hw.voltage"] == 3.8
    opened.close()


def test_nothing_of_the_kind_is_no_data(make: Make) -> None:
    with pytest.raises(NoData, match="no sensor of power, no battery"):
        Power(make({})).collect(0.0)


def test_a_product_is_known_only_of_two_known() -> None:
    assert (times(2.0, 3.0), times(None, 3.0), times(2.0, None)) == (6.0, None, None)
