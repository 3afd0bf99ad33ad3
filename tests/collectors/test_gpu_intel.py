from __future__ import annotations

import pytest

from collectors.api import NoData, Reading
from collectors.drm import POWER_CAP, THERMAL
from collectors.gpu_intel import GpuIntel, Slope
from tests.collectors.conftest import Make

CARD = "sys/class/drm/card0"
DEVICE = {f"{CARD}/device/vendor": "0x8086\n", f"{CARD}/device/device": "0x56a0\n"}


def gated(*milliseconds: int) -> dict[str, str]:
    return {f"{CARD}/gt/gt{gt}/rc6_residency_ms": f"{each}\n" for gt, each in enumerate(milliseconds)}


def named(reading: Reading) -> dict[str, object]:
    return {series.name: value for series, value in zip(reading.series, reading.values, strict=True)}


def test_the_slope_of_a_count_is_known_from_the_second_on() -> None:
    slope = Slope()
    assert [slope.of(value, now) for value, now in ((5.0, 1.0), (9.0, 3.0), (8.0, 4.0), (10.0, 5.0))] == [
        None,
        2.0,
        None,
        2.0,
    ]
    assert [slope.of(value, now) for value, now in ((None, 6.0), (20.0, 7.0), (30.0, 7.0))] == [None] * 3


def test_the_utilization_is_that_of_the_busiest_gt(make: Make) -> None:
    opened = GpuIntel(make({**DEVICE, **gated(0, 0)}))
    first = opened.collect(0.0)
    assert named(first) == {"hw.gpu.utilization": None}
    assert [each.what for each in first.absences] == ["hw.gpu.utilization"]
    make(gated(1500, 2000))
    second = opened.collect(2.0)
    opened.close()
    assert second.series is first.series
    assert second.values == [0.25]
    assert second.absences == ()


def test_one_gt_that_cannot_be_read_leaves_the_other(make: Make) -> None:
    opened = GpuIntel(make({**DEVICE, **gated(0, 0)}))
    opened.collect(0.0)
    make({**gated(500), f"{CARD}/gt/gt1/rc6_residency_ms": "\n"})
    reading = opened.collect(1.0)
    opened.close()
    assert reading.values == [0.5]
    assert len(reading.absences) == 1


def test_more_gated_time_than_passed_is_no_work_not_less(make: Make) -> None:
    opened = GpuIntel(make({**DEVICE, **gated(0)}))
    opened.collect(0.0)
    make(gated(1010))
    assert opened.collect(1.0).values == [0.0]
    opened.close()


def test_power_that_cannot_be_is_absent(make: Make) -> None:
    energy = f"{CARD}/device/hwmon/hwmon0/energy1_input"
    opened = GpuIntel(make({**DEVICE, energy: "0\n"}))
    assert named(opened.collect(0.0)) == {"hw.energy": 0.0, "hw.power": None}
    make({energy: "50000000\n"})
    assert named(opened.collect(1.0)) == {"hw.energy": 50.0, "hw.power": 50.0}
    make({energy: "100000000000\n"})
    reading = opened.collect(2.0)
    opened.close()
    assert named(reading)["hw.power"] is None
    assert [each.reason for each in reading.absences] == ["99950 W cannot be"]


def test_after_a_sleep_the_work_is_known_again_from_the_second_poll_on(make: Make) -> None:
    status = f"{CARD}/device/power/runtime_status"
    opened = GpuIntel(make({**DEVICE, **gated(0), status: "active\n"}))
    opened.collect(0.0)
    make({status: "suspended\n"})
    asleep = opened.collect(1.0)
    assert (asleep.values, [each.reason for each in asleep.absences]) == ([None], ["asleep"])
    make({status: "active\n", **gated(100)})
    assert opened.collect(2.0).values == [None]
    make(gated(200))
    assert opened.collect(3.0).values == [0.9]
    opened.close()


def test_an_idle_card_that_may_sleep_is_left_alone_so_that_it_can(make: Make) -> None:
    opened = GpuIntel(make({**DEVICE, **gated(0), f"{CARD}/device/power/runtime_status": "active\n"}))
    told = []
    for now in range(0, 60, 5):
        make(gated(now * 1000))
        told.append(opened.collect(float(now)).values[0])
    opened.close()
    assert told == [None, 0.0, 0.0, 0.0, *[None] * 6, 0.0, None]


def test_what_other_makers_throttle_for_has_one_name_and_the_rest_the_drivers(make: Make) -> None:
    names = ("pl1", "pl2", "thermal", "vr_thermalert", "status")
    opened = GpuIntel(
        make({**DEVICE, **gated(0), **{f"{CARD}/gt/gt0/throttle_reason_{name}": "1\n" for name in names}})
    )
    reading = opened.collect(0.0)
    opened.close()
    found = {dict(each.attributes).get("hw.gpu.throttle.reason") for each in reading.series}
    assert found - {None} == {POWER_CAP, "pl2", THERMAL, "vr_thermal"}


def test_a_host_without_such_a_gpu_has_no_data(make: Make) -> None:
    with pytest.raises(NoData, match="no Intel GPU"):
        GpuIntel(make({"sys/class/drm/card0/device/vendor": "0x1002\n"})).collect(0.0)
