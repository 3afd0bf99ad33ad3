"""MIG instances are devices of their own."""

from __future__ import annotations

import pytest

from tests.collectors.gpu_nvidia.conftest import Start
from tests.nvml.fakes import address

GPU = address(0)
FIRST = "mig 0 0 3 0 10468982784 5234491392 NVIDIA H100 80GB HBM3 MIG 1g.10gb"
SECOND = "mig 0 4 9 1 21000000000 0 NVIDIA H100 80GB HBM3 MIG 2g.20gb"
pytestmark = pytest.mark.gcc


def test_each_instance_has_memory_of_its_own(start: Start) -> None:
    _, child = start(2, FIRST, SECOND)
    found = child.poll(0.0)
    assert found.values["hw.gpu.memory.usage", f"{GPU}/3/0"] == 5234491392
    assert found.values["hw.gpu.memory.utilization", f"{GPU}/3/0"] == 0.5
    assert found.values["hw.gpu.memory.usage", f"{GPU}/9/1"] == 0
    assert found.values["hw.gpu.memory.limit", GPU] == 85899345920
    assert found.absences == []
    between = child.poll(1.0)
    assert between.same
    assert between.values["hw.gpu.memory.usage", f"{GPU}/3/0"] is None


def test_instances_come_and_go_within_a_minute(start: Start) -> None:
    host, child = start(1, FIRST)
    child.poll(0.0)
    host.say(SECOND)
    child.read()
    found = child.poll(60.0)
    assert ("hw.gpu.memory.usage", f"{GPU}/3/0") not in found.values
    assert found.values["hw.gpu.memory.limit", f"{GPU}/9/1"] == 21000000000
    assert not found.same
    host.say()
    child.read()
    assert not [key for key in child.poll(120.0).values if key[1].count("/") == 2]


def test_an_instance_that_cannot_be_asked_costs_itself(start: Start) -> None:
    _, child = start(1, FIRST, "fault nvmlDeviceGetGpuInstanceId 0 999")
    found = child.poll(0.0)
    assert found.absences == [(GPU, "MIG device 0: Unknown Error")]
    assert found.values["hw.power", GPU] == 301.5


@pytest.mark.parametrize("error", [3, 4, 13, 999])
def test_a_gpu_that_cannot_be_divided_has_none(start: Start, error: int) -> None:
    _, child = start(1, f"fault nvmlDeviceGetMigMode 0 {error}")
    assert child.poll(0.0).absences == []
