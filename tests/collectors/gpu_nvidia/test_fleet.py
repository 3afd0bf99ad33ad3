"""All GPUs together: how many, a driver that comes and goes, hosts without a PCI bus."""

from __future__ import annotations

import shutil

import pytest

from collectors.gpu_nvidia.bus import MOST
from tests.collectors.gpu_nvidia.conftest import Start
from tests.nvml.fakes import address

GPU = address(0)
pytestmark = pytest.mark.gcc


@pytest.mark.parametrize("gpus", [1, 2, 8])
def test_each_gpu_has_the_same_series(start: Start, gpus: int) -> None:
    _, child = start(gpus)
    found = child.poll(0.0)
    for number in range(gpus):
        mine = [key for key in found.values if key[1].partition("/")[0] == address(number)]
        assert len(mine) == len(found.values) / gpus
    assert found.absences == []
    again = child.poll(1.0)
    assert again.same
    assert list(again.values) == list(found.values)


def test_no_gpu_is_no_data(start: Start) -> None:
    _, child = start(0)
    failed = child.fail(0.0)
    assert (failed.error, failed.text) == ("NoData", "NVML knows no GPU")
    assert not child.opened()


def test_a_driver_that_is_not_loaded_is_no_data(start: Start) -> None:
    host, child = start(1, "driver absent")
    failed = child.fail(0.0)
    assert (failed.error, failed.text) == ("NoData", "NVML: Driver Not Loaded")
    host.say()
    assert child.poll(60.0).values["hw.power", GPU] == 301.5


@pytest.mark.parametrize(("error", "words"), [(1, "Uninitialized"), (9, "Driver Not Loaded")])
def test_a_driver_that_is_unloaded_is_looked_for_again(start: Start, error: int, words: str) -> None:
    host, child = start(2)
    child.poll(0.0)
    host.say(f"fault nvmlDeviceGetPowerUsage 1 {error}")
    child.read()
    failed = child.fail(1.0)
    assert (failed.error, failed.text) == ("NoData", f"NVML: {words}")
    assert not child.opened()
    host.say()
    assert child.poll(61.0).values["hw.power", address(1)] == 301.5


def test_a_driver_and_a_library_that_do_not_match_are_an_error_that_says_what_to_do(start: Start) -> None:
    _, child = start(1, "fault nvmlInitWithFlags * 18")
    failed = child.fail(0.0)
    assert failed.error == "OSError"
    assert "version mismatch" in failed.text
    assert "restart" in failed.text


@pytest.mark.parametrize("error", [4, 11, 17, 999])
def test_an_nvml_that_cannot_be_opened_is_an_error(start: Start, error: int) -> None:
    host, child = start(1, f"fault nvmlInitWithFlags * {error}")
    assert child.fail(0.0).error == "OSError"
    host.say()
    assert child.poll(1.0).values["hw.power", GPU] == 301.5


def test_without_a_bus_nvml_numbers_the_gpus(start: Start) -> None:
    host, child = start(2, "fault nvmlDeviceGetPciInfo_v3 1 3")
    shutil.rmtree(host.root / "sys")
    found = child.poll(0.0)
    assert {key[1].partition("/")[0] for key in found.values} == {GPU, "gpu1"}
    assert found.values["hw.power", "gpu1"] == 301.5
    assert child.poll(1.0).same


def test_without_a_bus_a_lost_gpu_costs_itself(start: Start) -> None:
    host, child = start(2, "fault nvmlDeviceGetHandle 0 15")
    shutil.rmtree(host.root / "sys")
    found = child.poll(0.0)
    assert found.values["hw.status", "gpu0", "failed"] == 1
    assert found.values["hw.power", address(1)] == 301.5


def test_a_gpu_that_leaves_the_bus_takes_its_series_along(start: Start) -> None:
    host, child = start(2)
    child.poll(0.0)
    shutil.rmtree(host.root / f"sys/bus/pci/drivers/nvidia/{GPU}")
    found = child.poll(60.0)
    assert {key[1].partition("/")[0] for key in found.values} == {address(1)}


def test_more_gpus_than_there_may_be_are_counted(start: Start) -> None:
    _, child = start(MOST + 2)
    found = child.poll(0.0)
    assert found.absences == [("GPUs", f"2 more than {MOST} are left out")]
    assert len({key[1].partition("/")[0] for key in found.values}) == MOST
