from __future__ import annotations

import pytest

from collectors.api import NoData
from collectors.gpu_jetson import LOOK, SHARED, GpuJetson, gpus
from tests.collectors.conftest import Make

CLOCK = "sys/class/devfreq/17000000.gpu"


def gpu(name: str = "gpu\0", compatible: str = "nvidia,ga10b\0nvidia,gpu\0") -> dict[str, str]:
    node = f"{CLOCK}/device/of_node"
    return {f"{node}/name": name, f"{node}/compatible": compatible, f"{CLOCK}/cur_freq": "306000000\n"}


@pytest.mark.parametrize("name", ["gpu\0", "gv11b\0", "ga10b\0", "gb10b\0"])
def test_a_gpu_of_nvidias_is_found_by_the_device_tree(make: Make, name: str) -> None:
    (found,) = gpus(make(gpu(name)), [])
    assert found.who == {"hw.id": "device", "hw.name": "ga10b"}


@pytest.mark.parametrize(
    ("name", "compatible"), [("gpu\0", "arm,mali-bifrost\0"), ("vic\0", "nvidia,tegra234-vic\0")]
)
def test_another_clock_is_none(make: Make, name: str, compatible: str) -> None:
    assert gpus(make(gpu(name, compatible)), []) == []


def test_thors_is_known_by_its_own_name(make: Make) -> None:
    host = make(
        {"sys/class/devfreq/gpu-gpc-0/cur_freq": "1\n", "sys/class/devfreq/gpu-nvd-0/cur_freq": "1\n"}
    )
    assert [each.who["hw.id"] for each in gpus(host, [])] == ["gpu-gpc-0"]


def test_the_load_is_in_thousandths_and_the_memory_the_systems(make: Make) -> None:
    opened = GpuJetson(make({**gpu(), f"{CLOCK}/device/load": "250\n"}))
    reading = opened.collect(0.0)
    assert reading.values == [0.25, 306e6]
    assert reading.absences == (SHARED,)
    assert opened.collect(LOOK).series is reading.series
    opened.close()


def test_the_load_is_found_where_some_releases_have_it(make: Make) -> None:
    opened = GpuJetson(make({**gpu(), "sys/devices/platform/gpu.0/load": "1000\n"}))
    assert opened.collect(0.0).values == [1.0, 306e6]
    opened.close()


def test_a_gpu_without_a_load_tells_its_clock(make: Make) -> None:
    opened = GpuJetson(make(gpu()))
    assert opened.collect(0.0).values == [306e6]
    opened.close()


def test_another_board_has_no_data(make: Make) -> None:
    for files in ({}, gpu(compatible="arm,mali-bifrost\0")):
        with pytest.raises(NoData, match="no GPU of a Jetson"):
            GpuJetson(make(files)).collect(0.0)
