from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from collectors.api import NoData, Reading
from collectors.host import Host
from collectors.options import Process
from collectors.options import Processes as Options
from collectors.processes.collector import MOST, Processes, checked
from tests.collectors.conftest import Make

WORKERS = """
import os, sys, time
def work(seconds):
    while sum(os.times()[:2]) < seconds:
        pass
for seconds in (0.2, 0.3):
    if not os.fork():
        work(seconds)
        print(flush=True)
        sys.stdin.read()
        os._exit(0)
work(0.1)
print(flush=True)
sys.stdin.read()
"""


def values(reading: Reading, watch: str) -> dict[tuple[str, ...], object]:
    """What the reading says of one watch, by the metric's name and its second attribute."""
    return {
        (series.name, *(text for _, text in series.attributes[1:])): value
        for series, value in zip(reading.series, reading.values, strict=True)
        if series.attributes[0][1] == watch
    }


def watched(host: Host, *watch: Process) -> Processes:
    return Processes(host, Options(watch))


def test_the_workers_of_a_program_agree_with_psutil_together() -> None:
    tag = f"watched-{os.getpid()}"
    with subprocess.Popen(
        [sys.executable, "-c", WORKERS, tag], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        collector = watched(Host(), Process("workers", match=f"*{tag}"), Process("none", match=f"{tag}?"))
        found = values(collector.collect(time.clock_gettime(time.CLOCK_BOOTTIME)), "workers")
        main = psutil.Process(process.pid)
        every = [main, *main.children()]
        times = [each.cpu_times() for each in every]
        assert found["process.count",] == len(every) == 3
        assert found["process.cpu.time", "user"] == pytest.approx(sum(each.user for each in times), abs=0.05)
        assert found["process.cpu.time", "system"] == pytest.approx(
            sum(each.system for each in times), abs=0.05
        )
        resident = sum(each.memory_info().rss for each in every)
        assert found["process.memory.usage",] == pytest.approx(resident, rel=0.1)
        assert found["process.unix.file_descriptor.count",] == sum(each.num_fds() for each in every)
        assert found["process.thread.count",] == 3
        age = time.time() - main.create_time()
        assert found["process.uptime",] == pytest.approx(age, abs=1.5)
        process.communicate()
    after = collector.collect(time.clock_gettime(time.CLOCK_BOOTTIME))
    collector.close()
    ended = values(after, "workers")
    assert ended["process.count",] == 0
    assert ended["process.cpu.time", "user"] == found["process.cpu.time", "user"]
    assert next(each for each in after.absences if each.what == "none").reason == "no process matches"


def process(pid: int, name: str, start: int) -> dict[str, str]:
    stat = f"{pid} (x) S 1 1 1 0 -1 0 0 0 0 0 5 0 0 0 20 0 1 0 {start} 0 10\n"
    return {f"proc/{pid}/stat": stat, f"proc/{pid}/comm": f"{name}\n", f"proc/{pid}/cmdline": f"{name}\0"}


def test_a_process_that_ends_makes_the_next_poll_search(make: Make) -> None:
    host = make(process(1, "init", 0) | process(5, "model", 0))
    collector = watched(host, Process("model", match="model"))
    assert values(collector.collect(10.0), "model")["process.count",] == 1
    (host.proc / "5").rename(host.proc / "gone")
    make(process(6, "model", 1500))
    assert values(collector.collect(20.0), "model")["process.count",] == 0
    found = values(collector.collect(30.0), "model")
    collector.close()
    assert (found["process.count",], found["process.restarts",]) == (1, 1)


def test_another_process_is_found_by_the_search_and_not_before(make: Make) -> None:
    collector = watched(make(process(1, "init", 0) | process(5, "model", 0)), Process("model", match="model"))
    counts = []
    for now in (10.0, 20.0, 30.0, 40.0):
        counts.append(values(collector.collect(now), "model")["process.count",])
        make(process(6, "model", 1000))
    collector.close()
    assert counts == [1, 1, 1, 2]


def test_whatever_one_way_finds_is_watched_once(make: Make) -> None:
    files = process(1, "init", 0) | process(5, "model", 0) | process(6, "model", 0) | process(7, "helper", 0)
    files |= {"run/model.pid": "6", "sys/fs/cgroup/cgroup.controllers": ""}
    files |= {"sys/fs/cgroup/system.slice/model.service/cgroup.procs": "6\n7\n"}
    collector = watched(make(files), Process("model", match="mod*", unit="model", pid_file="/run/model.pid"))
    found = values(collector.collect(10.0), "model")
    collector.close()
    assert found["process.count",] == 3


def test_utilization_needs_to_know_the_cpus(make: Make) -> None:
    host = make(process(1, "init", 0) | process(5, "model", 0))
    collector = watched(host, Process("model", match="model"))
    collector.collect(10.0)
    reading = collector.collect(20.0)
    assert values(reading, "model")["process.cpu.utilization",] is None
    assert reading.absences[0].what == "process.cpu.utilization"
    make({"sys/devices/system/cpu/online": "0-3\n"})
    assert values(collector.collect(40.0), "model")["process.cpu.utilization",] == 0.0
    collector.close()


def test_a_gpu_that_is_opened_adds_its_series(make: Make) -> None:
    host = make(
        process(1, "init", 0) | process(5, "model", 0) | {"dev/dri/renderD128": "", "proc/5/fd/0": ""}
    )
    collector = watched(host, Process("model", match="model"))
    first = collector.collect(10.0)
    (host.proc / "5/fd/3").symlink_to("/dev/dri/renderD128")
    make({"proc/5/fdinfo/3": "drm-pdev: a\ndrm-resident-vram: 3 KiB\n"})
    then = collector.collect(70.0)
    again = collector.collect(80.0)
    collector.close()
    assert len(then.series) == len(first.series) + 2
    assert values(then, "model")["process.gpu.memory", "device"] == 3072
    assert then.series is again.series


def test_a_proc_that_cannot_be_listed_is_an_error(make: Make) -> None:
    collector = watched(make({"x": ""}), Process("model", match="model"))
    with pytest.raises(FileNotFoundError):
        collector.collect(0.0)
    collector.close()


def test_nothing_watched_is_no_data() -> None:
    with pytest.raises(NoData, match=r"no process is watched: collectors\.processes\.watch is empty"):
        Processes(Host(), Options())


@pytest.mark.parametrize(
    ("watch", "words"),
    [
        ([Process("a", "x"), Process("a", "y")], "needs a name of its own, not 'a'"),
        ([Process("", "x")], "needs a name of its own, not ''"),
        ([Process("a")], "the watch 'a' names neither match nor unit nor pid_file"),
        ([Process(str(number), "x") for number in range(MOST + 1)], "65 watches of processes, more than 64"),
    ],
)
def test_a_wrong_watch_is_named(watch: list[Process], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        checked(tuple(watch))
