from __future__ import annotations

import pytest

from collectors.api import NoData, Reading
from collectors.drm import LOOK
from collectors.gpu_amd import GpuAmd, level, share
from tests.collectors.conftest import Make

CARD = "sys/class/drm/card0/device"
FILES = {f"{CARD}/vendor": "0x1002\n", f"{CARD}/device": "0x744c\n", f"{CARD}/gpu_busy_percent": "40\n"}


def named(reading: Reading) -> dict[str, object]:
    return {series.name: value for series, value in zip(reading.series, reading.values, strict=True)}


def test_the_level_is_the_marked_one() -> None:
    assert level(b"0: 852Mhz \n1: 991Mhz *\n2: 1084Mhz \n") == 991
    assert level(b"S: 19Mhz *\n0: 615Mhz \n") == 19


@pytest.mark.parametrize("text", [b"", b"0: 852Mhz\n", b"0: fast *\n", b"0: xMhz *\n", b"*"])
def test_a_table_without_a_mark_has_no_level(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"no level is marked|could not convert"):
        level(text)


def test_a_share_is_known_only_where_it_can_be() -> None:
    assert (share(1.0, 4.0), share(5.0, 4.0), share(None, 4.0), share(0.0, 0.0)) == (0.25, None, None, None)


def test_more_memory_in_use_than_there_is_is_told(make: Make) -> None:
    memory = {f"{CARD}/mem_info_vram_used": "5\n", f"{CARD}/mem_info_vram_total": "4\n"}
    opened = GpuAmd(make({**FILES, **memory}))
    reading = opened.collect(0.0)
    opened.close()
    assert named(reading)["hw.gpu.memory.utilization"] is None
    assert [each.reason for each in reading.absences] == ["5 of 4 bytes cannot be in use"]


def test_a_card_that_falls_asleep_is_not_read_and_keeps_its_layout(make: Make) -> None:
    opened = GpuAmd(make({**FILES, f"{CARD}/power/runtime_status": "active\n"}))
    awake = opened.collect(0.0)
    assert named(awake) == {"hw.gpu.utilization": 0.4}
    make({f"{CARD}/power/runtime_status": "suspended\n"})
    asleep = opened.collect(LOOK)
    opened.close()
    assert asleep.series is awake.series
    assert asleep.values == [None]
    assert [each.reason for each in asleep.absences] == ["asleep"]


def test_an_idle_card_that_may_sleep_is_left_alone_so_that_it_can(make: Make) -> None:
    idle = {f"{CARD}/gpu_busy_percent": "0\n", f"{CARD}/power/runtime_status": "active\n"}
    opened = GpuAmd(make({**FILES, **idle}))
    assert [opened.collect(now).values for now in (0.0, 5.0, 10.0, 15.0, 35.0, 40.0)] == [
        [0.0], [0.0], [0.0], [None], [None], [0.0]
    ]  # fmt: skip
    resting = opened.collect(45.0)
    assert [each.reason for each in resting.absences] == ["idle, and left alone so that it can fall asleep"]
    make({f"{CARD}/gpu_busy_percent": "7\n"})
    assert [opened.collect(now).values for now in (70.0, 75.0)] == [[0.07], [0.07]]
    make({f"{CARD}/power/runtime_status": "suspended\n"})
    assert opened.collect(80.0).values == [None]
    make({f"{CARD}/power/runtime_status": "active\n"})
    assert opened.collect(85.0).values == [0.07]
    opened.close()


def test_a_host_without_such_a_gpu_has_no_data(make: Make) -> None:
    with pytest.raises(NoData, match="no AMD GPU"):
        GpuAmd(make({"sys/class/drm/card0/device/vendor": "0x8086\n"})).collect(0.0)
