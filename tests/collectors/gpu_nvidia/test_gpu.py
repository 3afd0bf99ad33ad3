"""A GPU that sleeps, rests, is lost, and is there again."""

from __future__ import annotations

import pytest

from tests.collectors.gpu_nvidia.conftest import Start
from tests.nvml.fakes import address

GPU, OTHER = address(0), address(1)
LOST = "GPU is lost; tried again each 60 s"
RESTING = "idle, and left alone so that it can fall asleep"
pytestmark = pytest.mark.gcc


def test_a_gpu_that_sleeps_is_not_touched(start: Start) -> None:
    host, child = start(2)
    host.control(0, "auto")
    host.power(0, "suspended")
    first = child.poll(0.0)
    assert (GPU, "asleep") in first.absences
    assert not [key for key in first.values if key[1] == GPU]
    assert first.values["hw.power", OTHER] == 301.5
    child.poll(1.0)
    assert child.calls(0) == 0
    host.power(0, "active")
    assert child.poll(2.0).values["hw.power", GPU] == 301.5
    host.power(0, "suspending")
    asked = child.calls(0)
    asleep = child.poll(3.0)
    assert asleep.absences == [(GPU, "asleep")]
    assert asleep.values["hw.power", GPU] is None
    assert asleep.values["hw.status", GPU, "ok"] is None
    assert asleep.values["hw.errors", GPU, "gpu_lost"] == 0
    assert asleep.same
    assert child.calls(0) == asked
    assert child.opened()


def test_nothing_is_loaded_while_all_sleep_and_nvml_is_shut_when_the_last_one_falls_asleep(
    start: Start,
) -> None:
    host, child = start(1)
    host.control(0, "auto")
    host.power(0, "suspended")
    assert child.poll(0.0).absences == [(GPU, "asleep")]
    assert not child.loaded("pynvml")
    host.power(0, "active")
    assert child.poll(1.0).values["hw.power", GPU] == 301.5
    assert child.opened()
    host.power(0, "suspended")
    assert child.poll(2.0).values["hw.power", GPU] is None
    assert not child.opened()
    host.power(0, "active")
    assert child.poll(3.0).values["hw.power", GPU] == 301.5
    assert child.poll(4.0).absences == []


def test_an_idle_gpu_that_may_sleep_is_left_alone(start: Start) -> None:
    host, child = start(1, "set 0 gpu_busy 0")
    host.control(0, "auto")
    for now in range(11):
        assert child.poll(float(now)).values["hw.gpu.utilization", GPU, "general"] == 0
    asked = child.calls(0)
    for now in range(11, 40):
        resting = child.poll(float(now))
        assert resting.absences == [(GPU, RESTING)]
        assert resting.values["hw.gpu.utilization", GPU, "general"] is None
    assert child.calls(0) == asked
    assert not child.opened()
    # It is still awake and idle: one look, and it is left alone again.
    assert child.poll(40.0).values["hw.gpu.utilization", GPU, "general"] == 0
    assert child.poll(41.0).absences == [(GPU, RESTING)]
    host.say("set 0 gpu_busy 80")
    assert child.poll(70.0).values["hw.gpu.utilization", GPU, "general"] == 0.8
    assert child.poll(71.0).absences == []


@pytest.mark.parametrize(
    ("control", "line"), [("on", ""), ("auto", "proc 0 compute 41 4096"), ("auto", "set 0 gpu_busy 1")]
)
def test_a_gpu_that_cannot_sleep_or_is_used_is_read_each_second(
    start: Start, control: str, line: str
) -> None:
    host, child = start(1, "set 0 gpu_busy 0", line)
    host.control(0, control)
    assert not any(child.poll(float(now)).absences for now in range(30))


def test_a_lost_gpu_is_told_and_tried_again_and_the_others_go_on(start: Start) -> None:
    host, child = start(2)
    assert child.poll(0.0).values["hw.status", GPU, "failed"] == 0
    host.say("fault nvmlDeviceGetPowerUsage 0 15", "fault nvmlDeviceGetHandle 0 15")
    child.read()
    lost = child.poll(1.0)
    assert lost.absences == [(GPU, LOST)]
    assert lost.values["hw.status", GPU, "failed"] == 1
    assert lost.values["hw.status", GPU, "ok"] == 0
    assert lost.values["hw.errors", GPU, "gpu_lost"] == 1
    assert lost.values["hw.power", GPU] is None
    assert lost.values["hw.power", OTHER] is not None
    assert lost.same
    asked = child.calls(0)
    for now in range(2, 61):
        assert child.poll(float(now)).absences == [(GPU, LOST)]
    assert child.calls(0) == asked
    again = child.poll(61.0)
    assert child.calls(0) > asked
    assert again.values["hw.errors", GPU, "gpu_lost"] == 1
    host.say()
    child.read()
    assert child.poll(62.0).absences == [(GPU, LOST)]
    back = child.poll(121.0)
    assert back.absences == []
    assert back.values["hw.temperature", GPU] == 54
    assert back.values["hw.status", GPU, "ok"] == 1
    assert back.values["hw.errors", GPU, "gpu_lost"] == 1
    assert child.poll(122.0).values["hw.power", GPU] is not None


def test_a_gpu_that_was_lost_before_the_start_is_told_too(start: Start) -> None:
    host, child = start(2, "fault nvmlDeviceGetHandle 0 15")
    lost = child.poll(0.0)
    assert lost.absences == [(GPU, LOST)]
    assert lost.values["hw.status", GPU, "failed"] == 1
    assert lost.values["hw.power", OTHER] == 301.5
    host.say()
    child.read()
    assert child.poll(60.0).values["hw.power", GPU] == 301.5


def test_the_only_gpu_that_is_lost_has_nvml_opened_anew(start: Start) -> None:
    host, child = start(1)
    child.poll(0.0)
    host.say("fault nvmlDeviceGetPowerUsage 0 16")
    child.read()
    wanting = child.poll(1.0)
    assert wanting.absences == [(GPU, "GPU requires restart; tried again each 60 s")]
    child.poll(2.0)
    assert not child.opened()
    host.say()
    assert child.poll(61.0).values["hw.power", GPU] == 301.5
    assert child.opened()


@pytest.mark.parametrize(
    ("error", "words"), [(4, "Insufficient Permissions"), (6, "Not Found"), (11, "Interrupt")]
)
def test_a_gpu_that_cannot_be_had_is_told_once_a_minute(start: Start, error: int, words: str) -> None:
    host, child = start(2, f"fault nvmlDeviceGetHandle 0 {error}")
    first = child.poll(0.0)
    assert [what for what, _ in first.absences] == [GPU]
    assert words in first.absences[0][1]
    assert first.values["hw.power", OTHER] == 301.5
    assert child.poll(1.0).absences == []
    assert child.poll(60.0).absences == first.absences
    host.say()
    child.read()
    assert child.poll(120.0).values["hw.power", GPU] == 301.5
