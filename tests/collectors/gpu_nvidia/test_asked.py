"""A question falls back alone."""

from __future__ import annotations

import pytest

from tests.collectors.gpu_nvidia.conftest import Start
from tests.nvml.fakes import address

GPU = address(0)
pytestmark = pytest.mark.gcc

FUNCTIONS = {
    "nvmlDeviceGetUtilizationRates": "hw.gpu.utilization",
    "nvmlDeviceGetMemoryInfo_v2": "hw.gpu.memory.usage",
    "nvmlDeviceGetTemperature": "hw.temperature",
    "nvmlDeviceGetPowerUsage": "hw.power",
    "nvmlDeviceGetCurrentClocksEventReasons": "hw.gpu.throttled",
    "nvmlDeviceGetClockInfo": "hw.gpu.clock.frequency",
    "nvmlDeviceGetTotalEnergyConsumption": "hw.energy",
    "nvmlDeviceGetEncoderUtilization": "hw.gpu.utilization",
    "nvmlDeviceGetDecoderUtilization": "hw.gpu.utilization",
    "nvmlDeviceGetPerformanceState": "hw.gpu.performance_state",
    "nvmlDeviceGetFanSpeed": "hw.fan.speed_ratio",
    "field82": "hw.temperature",
    "field197": "hw.gpu.io",
    "nvmlDeviceGetEnforcedPowerLimit": "hw.power.limit",
    "nvmlDeviceGetTotalEccErrors": "hw.errors",
    "nvmlDeviceGetPcieReplayCounter": "hw.errors",
    "nvmlDeviceGetComputeRunningProcesses_v3": "hw.gpu.process.memory.usage",
    "nvmlDeviceRegisterEvents": "hw.gpu.xid",
}
NONSENSE = {
    "gpu_busy": ("hw.gpu.utilization", 101),
    "mem_busy": ("hw.gpu.memory.busy", 2**32 - 1),
    "used": ("hw.gpu.memory.usage", 2**64 - 1),
    "total": ("hw.gpu.memory.usage", 0),
    "temperature": ("hw.temperature", 2**32 - 1),
    "power": ("hw.power", 2**32 - 1),
    "power_limit": ("hw.power.limit", 2**32 - 1),
    "energy": ("hw.energy", 2**64 - 1),
    "sm_clock": ("hw.gpu.clock.frequency", 2**32 - 1),
    "reasons": ("hw.gpu.throttled", 2**64 - 1),
    "encoder": ("hw.gpu.utilization", 2**32 - 1),
    "pstate": ("hw.gpu.performance_state", 32),
    "fan": ("hw.fan.speed_ratio", 2**32 - 1),
    "mem_temperature": ("hw.temperature", 2**32 - 1),
    "rx_bytes": ("hw.gpu.io", 2**64 - 1),
    "corrected": ("hw.errors", 2**64 - 1),
    "replays": ("hw.errors", 2**32 - 1),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_one_gpu_cannot_answer_is_absent_alone_and_not_asked_each_second(
    start: Start, function: str
) -> None:
    _, whole = start(2)
    usual = set(whole.poll(0.0).values)
    host, child = start(2, f"fault {function} 0 3")
    found = child.poll(0.0)
    who = f"{GPU}/memory" if function == "field82" else GPU
    assert found.absences[0] == (FUNCTIONS[function], f"{who}: Not Supported")
    missing = usual - set(found.values)
    assert {key[1].partition("/")[0] for key in missing} <= {GPU}
    assert {key[0] for key in missing} <= {FUNCTIONS[function], *IN_ONE_ANSWER}
    second = child.poll(1.0)
    assert second.absences == []
    assert second.same
    host.say()
    child.read()
    assert child.poll(59.0).absences == []
    assert set(child.poll(62.0).values) - EXTRA == usual


IN_ONE_ANSWER = {
    "hw.gpu.memory.busy", "hw.gpu.memory.limit", "hw.gpu.memory.utilization", "hw.errors",
}  # fmt: skip
EXTRA = {("hw.gpu.pcie.throughput", GPU, "receive"), ("hw.gpu.pcie.throughput", GPU, "transmit")}


@pytest.mark.parametrize("key", NONSENSE)
def test_nonsense_is_refused_by_itself(start: Start, key: str) -> None:
    metric, value = NONSENSE[key]
    _, child = start(2, f"set 0 {key} {value}")
    found = child.poll(0.0)
    assert len(found.absences) == 1
    what, reason = found.absences[0]
    assert what == metric
    assert reason.startswith(GPU)
    assert reason.endswith("cannot be")
    absent = {key for key, value in found.values.items() if value is None}
    assert {(name, who.partition("/")[0]) for name, who, *_ in absent} <= {(metric, GPU)}


def test_a_slow_question_is_asked_each_ten_seconds_and_absent_between(start: Start) -> None:
    host, child = start(1)
    key = ("hw.energy", GPU)
    assert child.poll(0.0).values[key] == 123456789.0
    host.say("set 0 energy 123456790000")
    child.read()
    told = {now: child.poll(float(now)).values[key] for now in range(1, 12)}
    assert {now for now, value in told.items() if value is not None} == {10}
    assert told[10] == 123456790.0


def test_the_slow_questions_to_several_gpus_fall_into_several_polls(start: Start) -> None:
    _, child = start(8)
    first = child.poll(0.0).values
    asked = {
        now: sum(
            value is not None for key, value in child.poll(float(now)).values.items() if key[0] == "hw.energy"
        )
        for now in range(1, 31)
    }
    assert sum(value is not None for key, value in first.items() if key[0] == "hw.energy") == 8
    assert sum(asked.values()) in range(24, 33)
    assert max(asked.values()) <= 3


def test_an_error_that_may_pass_is_tried_at_the_next_poll(start: Start) -> None:
    host, child = start(1, "fault nvmlDeviceGetPowerUsage 0 999")
    assert child.poll(0.0).absences == [("hw.power", f"{GPU}: Unknown Error")]
    host.say()
    child.read()
    assert child.poll(1.0).values["hw.power", GPU] == 301.5


def test_a_question_that_was_answered_once_may_fail_later(start: Start) -> None:
    host, child = start(1)
    assert child.poll(0.0).values["hw.power", GPU] == 301.5
    host.say("fault nvmlDeviceGetPowerUsage 0 4")
    child.read()
    refused = child.poll(1.0)
    assert ("hw.power", GPU) not in refused.values
    assert refused.absences == [("hw.power", f"{GPU}: Insufficient Permissions")]
    assert not refused.same
    assert child.poll(2.0).same


def test_a_name_that_is_no_text_costs_the_name(start: Start) -> None:
    _, child = start(1, "name 0 \udcff\udcfe GPU")
    assert child.poll(0.0).values["hw.power", GPU] == 301.5
