"""What is asked of a GPU, and in which units the answers are."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.gpu_nvidia.questions import ASKS, MEMORY, REASONS, SOON, bits, share
from tests.collectors.gpu_nvidia.conftest import Start
from tests.nvml.fakes import address

GPU = address(0)
pytestmark = pytest.mark.gcc


def test_every_answer_comes_in_base_units(start: Start) -> None:
    _, child = start(1)
    found = child.poll(0.0)
    expected = {
        ("hw.gpu.utilization", GPU, "general"): 0.37,
        ("hw.gpu.utilization", GPU, "encoder"): 0.03,
        ("hw.gpu.utilization", GPU, "decoder"): 0.04,
        ("hw.gpu.memory.busy", GPU): 0.12,
        ("hw.gpu.memory.usage", GPU): 21474836480,
        ("hw.gpu.memory.limit", GPU): 85899345920,
        ("hw.gpu.memory.utilization", GPU): 21474836480 / (85899345920 - 629145600),
        ("hw.temperature", GPU): 54,
        ("hw.temperature", f"{GPU}/memory"): 62,
        ("hw.power", GPU): 301.5,
        ("hw.power.limit", GPU): 700.0,
        ("hw.energy", GPU): 123456789.0,
        ("hw.gpu.clock.frequency", GPU, "graphics"): 1.755e9,
        ("hw.gpu.clock.frequency", GPU, "sm"): 1.755e9,
        ("hw.gpu.clock.frequency", GPU, "memory"): 2.619e9,
        ("hw.gpu.performance_state", GPU): 0,
        ("hw.fan.speed_ratio", GPU): 0.41,
        ("hw.gpu.io", GPU, "receive"): 1000000,
        ("hw.gpu.io", GPU, "transmit"): 2000000,
        ("hw.errors", GPU, "ecc_corrected"): 7,
        ("hw.errors", GPU, "ecc_uncorrected"): 1,
        ("hw.errors", GPU, "pcie_replay"): 2,
    }
    assert {key: found.values.get(key) for key in expected} == expected
    assert found.absences == []


def test_each_reason_for_low_clocks_has_a_series(start: Start) -> None:
    # Idle, power cap, hot, display clock: two of them are somebody's trouble.
    _, child = start(1, "set 0 reasons 325")
    found = child.poll(0.0)
    reasons = {key[2]: value for key, value in found.values.items() if key[0] == "hw.gpu.throttled"}
    assert {name for name, value in reasons.items() if value} == {"power_cap", "hw_thermal"}
    assert set(reasons) == {name for name, _ in REASONS}
    assert set(reasons.values()) == {0, 1}


def test_an_older_driver_is_asked_in_its_own_way(start: Start, old_library: Path) -> None:
    _, child = start(1, "set 0 reasons 4", library=old_library)
    found = child.poll(0.0)
    used = 21474836480 + 629145600
    assert found.values["hw.gpu.memory.usage", GPU] == used
    assert found.values["hw.gpu.memory.utilization", GPU] == used / 85899345920
    assert found.values["hw.gpu.throttled", GPU, "power_cap"] == 1
    assert found.absences == [("hw.gpu.process.memory.usage", f"{GPU}: Function Not Found")]
    assert child.poll(1.0).absences == []


def test_pcie_is_sampled_where_it_is_not_counted(start: Start) -> None:
    _, child = start(1, "fault field198 0 3")
    found = child.poll(0.0)
    assert found.values["hw.gpu.pcie.throughput", GPU, "receive"] == 512e3
    assert found.values["hw.gpu.pcie.throughput", GPU, "transmit"] == 256e3
    assert ("hw.gpu.io", GPU, "receive") not in found.values
    assert found.absences == [("hw.gpu.io", f"{GPU}: Not Supported")]


def test_pcie_is_not_sampled_where_it_is_counted(start: Start) -> None:
    _, child = start(1)
    assert not [key for key in child.poll(0.0).values if key[0] == "hw.gpu.pcie.throughput"]


def test_what_cannot_be_of_a_memory_is_refused() -> None:
    assert share(1, 4, 2) == (1, 4, 0.5)
    for used, total, reach in ((5, 4, 4), (1, 0, 0), (1, 4, 0), (1, 4, 5), (2**64 - 1, 4, 4)):
        with pytest.raises(ValueError, match="cannot be"):
            share(used, total, reach)


def test_a_mask_of_unknown_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="0xffffffffffffffff cannot be"):
        bits(2**64 - 1)


def test_the_questions_of_each_second_come_first() -> None:
    every = [ask.every for ask in ASKS]
    assert every == sorted(every, key=lambda seconds: seconds != SOON)
    assert MEMORY in ASKS
