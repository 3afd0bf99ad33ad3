"""The collector as the runner sees it: what it costs without a GPU, a driver that hangs, what it keeps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.api import NoData
from collectors.gpu_nvidia import COLLECTOR, GpuNvidia
from collectors.gpu_nvidia.metrics import METRICS
from collectors.host import Host
from tests.collectors.gpu_nvidia.conftest import Start
from tests.nvml.fakes import Child, FakeHost, address

GPU = address(0)
POLLS = 50_000


def test_a_host_without_a_driver_pays_for_nothing(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from collectors.api import NoData\n"
        "from collectors.gpu_nvidia import COLLECTOR\n"
        "from collectors.host import Host\n"
        "before = set(sys.modules)\n"
        "try: COLLECTOR.open(Host(sys.argv[1]), None, None)\n"
        "except NoData as absence: print(absence)\n"
        "print(sorted(set(sys.modules) - before), 'pynvml' in sys.modules, 'ctypes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    said, loaded = done.stdout.splitlines()
    assert said.startswith("no NVIDIA driver: there is no ")
    assert loaded == "[] False False"


def test_a_driver_without_its_library_is_no_data_and_loads_nothing(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    child = Child(tmp_path / "empty", host)
    failed = child.fail(0.0)
    assert failed.error == "NoData"
    assert "libnvidia-ml.so.1" in failed.text
    assert not child.loaded("pynvml")
    assert child.close() == 0


@pytest.mark.gcc
def test_it_describes_what_it_reads(start: Start) -> None:
    _, child = start(
        2, "proc 0 compute 7 1", "fault field197 1 3", "mig 0 0 3 0 1000 10 NVIDIA H100 MIG 1g.10gb"
    )
    declared = {metric.name: metric for metric in METRICS}
    found = child.poll(0.0)
    assert len(declared) == len(METRICS)
    assert COLLECTOR.metrics == METRICS
    for name, unit, kind, keys in found.series:
        assert (unit, kind, keys) == (declared[name].unit, declared[name].kind, declared[name].attributes)
    assert {name for name, *_ in found.series} == set(declared)


@pytest.mark.gcc
def test_a_call_that_hangs_costs_its_patience_once(start: Start) -> None:
    host, child = start(2, patience=0.3)
    while child.poll(0.0).absences:  # the first call has the bindings to load
        pass
    host.say("fault nvmlDeviceGetPowerUsage 1 hang")
    child.read()
    first = child.poll(1.0)
    assert first.seconds >= 0.3
    assert first.same
    assert set(first.values.values()) == {None}
    assert len(first.absences) == 1
    assert first.absences[0][0] == "NVML"
    assert first.absences[0][1].startswith("NVML has not answered for ")
    later = [child.poll(2.0 + number) for number in range(20)]
    assert sum(poll.seconds for poll in later) < 0.3
    assert all(poll.absences[0][0] == "NVML" for poll in later)
    assert child.ask("held")["threads"] == 2
    host.say()
    child.read()
    while (back := child.poll(30.0)).absences:
        pass
    assert back.values["hw.temperature", address(1)] == 54


@pytest.mark.gcc
def test_it_closes_while_a_call_hangs(start: Start) -> None:
    _, child = start(1, "fault nvmlInitWithFlags * hang", patience=0.2)
    hung = child.poll(0.0)
    assert hung.values == {}
    assert hung.absences[0][0] == "NVML"
    child.ask("close")
    threads = child.ask("held")["threads"]
    for _ in range(5):
        assert child.poll(1.0).absences[0][0] == "NVML"
        child.ask("close")
    assert child.ask("held")["threads"] == threads


@pytest.mark.gcc
def test_nothing_is_kept_by_opening_and_closing(start: Start) -> None:
    _, child = start(2)
    child.poll(0.0)
    child.ask("close")
    before = child.ask("held")
    for _ in range(50):
        child.poll(0.0)
        child.ask("close")
    after = child.ask("held")
    assert after["descriptors"] == before["descriptors"]
    assert after["threads"] <= before["threads"] + 1  # the last one may be about to end
    assert not child.opened()


@pytest.mark.gcc
def test_memory_stays_flat_over_fifty_thousand_polls(start: Start) -> None:
    _, child = start(2, "proc 0 compute 7 1", "mig 1 0 3 0 1000 10 NVIDIA H100 MIG 1g.10gb")
    first = child.ask("polls", 0.0, 1_000, 1.0)
    last = child.ask("polls", 1_000.0, POLLS, 1.0)
    # One small object kept a poll would be more than two megabytes.
    assert last["rss"] - first["rss"] < 1_000_000
    assert last["descriptors"] == first["descriptors"]
    assert last["threads"] == first["threads"]


@pytest.mark.gcc
def test_no_object_is_kept_by_a_poll(start: Start) -> None:
    _, child = start(2, "proc 0 compute 7 1", "xid 0 31")
    child.ask("trace")
    before = child.ask("polls", 0.0, 500, 1.0)["traced"]
    after = child.ask("polls", 500.0, 4_000, 1.0)["traced"]
    assert after - before < 20_000


@pytest.mark.skipif(not Path("/dev/nvidiactl").exists(), reason="no NVIDIA GPU in this machine")
def test_a_real_gpu_answers() -> None:
    assert os.access("/dev/nvidiactl", os.R_OK), "it is there, and this user may not open it"
    collector = GpuNvidia(Host())
    try:
        reading = collector.collect(0.0)
        found = {series.name: value for series, value in zip(reading.series, reading.values, strict=True)}
        assert found["hw.gpu.memory.limit"] > 0  # type: ignore[operator]
        assert collector.collect(1.0).series is reading.series
    except NoData as absence:
        pytest.skip(str(absence))
    finally:
        collector.close()
