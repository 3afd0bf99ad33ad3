"""Who has memory on a GPU."""

from __future__ import annotations

import pytest

from tests.collectors.gpu_nvidia.conftest import Start
from tests.nvml.fakes import Child, FakeHost, address

GPU = address(0)
NAME = "hw.gpu.process.memory.usage"
pytestmark = pytest.mark.gcc


def test_processes_are_named_and_those_of_both_kinds_counted_once(start: Start) -> None:
    host, child = start(
        2, "proc 0 compute 41 4096", "proc 0 graphics 41 4096", "proc 0 graphics 7 100", "proc 1 compute 41 1"
    )
    host.write("proc/41/comm", "python3\n")
    host.write("proc/7/comm", "Xorg \x1b[31m\n")
    found = child.poll(0.0)
    assert {key[1:]: value for key, value in found.values.items() if key[0] == NAME} == {
        (GPU, "41", "python3"): 4096,
        (GPU, "7", "Xorg ?[31m"): 100,
        (address(1), "41", "python3"): 1,
    }


def test_the_largest_are_named_and_the_rest_added_up(start: Start) -> None:
    _, child = start(1, *(f"proc 0 compute {pid} {pid * 10}" for pid in range(1, 13)))
    found = {key[2:]: value for key, value in child.poll(0.0).values.items() if key[0] == NAME}
    named = {(str(pid), "unknown"): pid * 10 for pid in range(5, 13)}
    assert found == {**named, ("other", "other"): 100}


def test_a_process_that_ends_takes_its_series_along(start: Start) -> None:
    host, child = start(1, "proc 0 compute 41 4096")
    assert child.poll(0.0).values[NAME, GPU, "41", "unknown"] == 4096
    assert child.poll(1.0).values[NAME, GPU, "41", "unknown"] is None
    host.say()
    child.read()
    found = child.poll(10.0)
    assert not [key for key in found.values if key[0] == NAME]
    assert found.absences == []


def test_memory_that_the_driver_does_not_tell_leaves_the_process_out(start: Start) -> None:
    _, child = start(1, f"proc 0 compute 41 {2**64 - 1}", "proc 0 compute 42 5")
    found = {key[2:]: value for key, value in child.poll(0.0).values.items() if key[0] == NAME}
    assert found == {("42", "unknown"): 5}


def test_more_processes_than_there_is_room_for_are_a_reason(start: Start) -> None:
    _, child = start(1, *(f"proc 0 compute {pid} 1" for pid in range(1, 301)))
    found = child.poll(0.0)
    assert found.absences == [(NAME, f"{GPU}: 300 processes are more than 256")]
    assert found.values["hw.power", GPU] == 301.5


def test_a_name_is_kept_while_the_process_stays(start: Start) -> None:
    host, child = start(1, "proc 0 compute 41 4096")
    host.write("proc/41/comm", "python3\n")
    child.poll(0.0)
    (host.root / "proc/41/comm").unlink()
    assert child.poll(10.0).values[NAME, GPU, "41", "python3"] == 4096


def test_the_instances_of_a_divided_gpu_that_a_process_is_in_are_summed(start: Start) -> None:
    _, child = start(
        1, "proc 0 compute 41 4096 3 0", "proc 0 compute 41 100 5 0", f"proc 0 compute 42 {2**64 - 1} 3 0"
    )
    found = child.poll(0.0)
    assert {key[2]: value for key, value in found.values.items() if key[0] == NAME} == {"41": 4196}


def served(start: Start, *lines: str) -> tuple[FakeHost, Child]:
    """Two GPUs, and the processes 41 and 42 of a model server, begun half a second after the host."""
    host, child = start(2, *lines, patience=0.5)
    for pid in (1, 41, 42):
        host.process(pid, "init" if pid == 1 else "serve", 50)
    return host, child


ON_BOTH = ("proc 0 compute 41 4096", "proc 1 compute 41 1", "proc 1 graphics 42 10", "proc 0 compute 7 999")


def test_a_watch_has_what_its_processes_have_on_all_gpus(start: Start) -> None:
    host, child = served(start, *ON_BOTH)
    assert child.watched(1.0, "serve") == ({}, [])
    child.poll(2.0)
    assert child.watched(2.0, "serve") == ({"device": 4107}, [])
    host.say("proc 1 compute 41 1")
    child.read()
    child.poll(12.0)
    assert child.watched(12.0, "serve") == ({"device": 1}, [])


def test_a_watch_whose_processes_left_the_gpus_has_none(start: Start) -> None:
    host, child = served(start, *ON_BOTH)
    child.poll(2.0)
    child.watched(2.0, "serve")
    host.say()
    child.read()
    child.poll(12.0)
    assert child.watched(12.0, "serve") == ({"device": 0}, [])


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("fault nvmlDeviceGetPowerUsage 0 15", "GPU is lost"),
        ("fault nvmlDeviceGetComputeRunningProcesses_v3 0 3", "Not Supported"),
        ("fault nvmlDeviceGetPowerUsage 0 hang", "NVML has not answered for 0.5 s"),
    ],
)
def test_a_watch_on_a_gpu_that_does_not_answer_has_a_reason_and_no_number(
    start: Start, fault: str, why: str
) -> None:
    host, child = served(start, *ON_BOTH)
    child.poll(2.0)
    child.watched(2.0, "serve")
    host.say(*ON_BOTH, fault)
    child.read()
    child.poll(12.0)
    values, (said,) = child.watched(12.0, "serve")
    assert values == {"device": None}
    assert said.startswith("model: ")
    assert why in said
    child.read()


def test_a_watch_knows_nothing_once_nvml_is_closed(start: Start) -> None:
    _, child = served(start, *ON_BOTH)
    child.poll(2.0)
    child.watched(2.0, "serve")
    child.close_collector()
    assert child.watched(3.0, "serve") == ({"device": None}, ["model: no NVIDIA GPU is asked"])


def test_a_watch_of_processes_that_the_driver_says_no_bytes_of_has_a_reason(start: Start) -> None:
    _, child = served(start, f"proc 0 compute 41 {2**64 - 1}")
    child.poll(2.0)
    values, (said,) = child.watched(2.0, "serve")
    assert values == {"device": None}
    assert said == f"model: {GPU}: the driver does not say how much memory a process has"
