from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors import cgroups
from collectors.api import NoData, Reading
from collectors.containers.collector import MOST, Containers, told_apart
from collectors.containers.naming import Group
from collectors.host import Host
from collectors.options import Containers as Options
from tests.collectors.conftest import Make

BASE = "sys/fs/cgroup"
A, B = "a1" * 32, "b2" * 32
SYSTEM = Path("/sys/fs/cgroup")


def cpu(path: str, user: int = 1_000_000) -> dict[str, str]:
    """A group that says its CPU time."""
    return {f"{BASE}{path}/cpu.stat": f"usage_usec {user}\nuser_usec {user}\nsystem_usec 0\n"}


TREE = {f"{BASE}/cgroup.controllers": "cpu\n", **cpu(f"/docker/{A}")}


def names(reading: Reading) -> list[str]:
    """Of the containers, each once, in order."""
    return list(dict.fromkeys(series.attributes[0][1] for series in reading.series))


def test_a_new_container_is_found_by_the_search_and_not_before(make: Make) -> None:
    collector = Containers(make(TREE), Options())
    first = collector.collect(0.0)
    make(cpu(f"/docker/{B}"))
    second, third, fourth = (collector.collect(now) for now in (10.0, 30.0, 60.0))
    collector.close()
    assert names(first) == names(second) == [A[:12]]
    assert first.series is second.series
    assert names(third) == [A[:12], B[:12]]
    assert third.series is fourth.series


def test_nothing_to_report_is_no_data(make: Make) -> None:
    collector = Containers(
        make({f"{BASE}/cgroup.controllers": "", f"{BASE}/plain/cpu.stat": ""}), Options(("x*",))
    )
    with pytest.raises(NoData, match="neither a container nor a unit that was asked for"):
        collector.collect(0.0)
    collector.close()


def test_a_host_without_groups_is_no_data(make: Make) -> None:
    with pytest.raises(NoData, match="holds no control groups"):
        Containers(make({"x": ""}), Options())


def test_units_are_reported_where_they_are_asked_for(make: Make) -> None:
    host = make(TREE | cpu("/system.slice/ollama.service") | cpu("/system.slice/ssh.service"))
    collector = Containers(host, Options(("ollama.*",)))
    reading = collector.collect(0.0)
    collector.close()
    assert {series.attributes[:2] for series in reading.series} == {
        (("container.name", A[:12]), ("container.runtime.name", "docker")),
        (("container.name", "ollama.service"), ("container.runtime.name", "systemd")),
    }


def test_so_many_are_reported_and_the_rest_counted(make: Make) -> None:
    many = {key: text for number in range(MOST + 3) for key, text in cpu(f"/docker/{number:064x}").items()}
    collector = Containers(make(TREE | many | cpu("/lxc.payload.web")), Options())
    reading = collector.collect(0.0)
    collector.close()
    assert len(names(reading)) == MOST
    assert "web" in names(reading)
    assert "5 groups more than are reported" in {each.reason for each in reading.absences}


def test_two_of_one_name_are_told_apart() -> None:
    groups = [
        Group("/lxc/web", "lxc", "web"),
        Group("/lxc.payload.web", "lxc", "web"),
        Group("/w", "other", "web"),
    ]
    assert told_apart(groups, ["web", "web", "web"]) == {
        "/lxc.payload.web": ("web", "lxc"),
        "/lxc/web": ("/lxc/web", "lxc"),
        "/w": ("web", "other"),
    }


BUSY = """
import os, sys
for file in sys.argv[1:]:
    with open(file, "w") as f: f.write(str(os.getpid()))
x = bytearray(20 << 20)
while sum(os.times()[:2]) < 0.5: pass
print(flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def real(controllers: tuple[Path, ...], name: str) -> Iterator[list[Path]]:
    """A group of that name in each real tree."""
    folders = [controller / name for controller in controllers]
    made = []
    try:
        for folder in folders:
            folder.mkdir()
            made.append(folder)
        yield folders
    finally:
        for folder in made:
            folder.rmdir()


def writable() -> bool:
    """Whether groups can be made here."""
    return os.getuid() == 0 and os.access(SYSTEM, os.W_OK)


@pytest.mark.parametrize("version", [1, 2])
def test_a_real_group_agrees_with_what_its_process_used(version: int, tmp_path: Path) -> None:
    unified = SYSTEM if (SYSTEM / "cgroup.controllers").exists() else SYSTEM / "unified"
    controllers = (
        (unified,) if version == 2 else tuple(SYSTEM / each for each in ("memory", "cpuacct", "cpu", "pids"))
    )
    if (
        not writable()
        or not all(each.is_dir() for each in controllers)
        or (version == 1 and unified == SYSTEM)
    ):
        pytest.skip(f"needs root and control groups of version {version}")
    sys_ = Path("/sys")
    if unified != SYSTEM and version == 2:  # as a host of version 2 has it
        (tmp_path / "sys/fs").mkdir(parents=True)
        (tmp_path / "sys/fs/cgroup").symlink_to(unified)
        sys_ = tmp_path / "sys"
    name = f"outrider-test-{os.getpid()}.service"
    with real(controllers, name) as folders:
        command = [sys.executable, "-c", BUSY, *(str(each / "cgroup.procs") for each in folders)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            collector = Containers(Host(sys=sys_), Options((name,)))
            reading = collector.collect(0.0)
            process.send_signal(signal.SIGKILL)
            _, _, usage = os.wait4(process.pid, 0)
            process.returncode = -signal.SIGKILL
        values = {
            (each.name, each.attributes[-1][1]): value
            for each, value in zip(reading.series, reading.values, strict=True)
        }
        used = sum(values["container.cpu.time", mode] for mode in ("user", "system"))  # type: ignore[misc]
        assert used == pytest.approx(usage.ru_utime + usage.ru_stime, abs=0.1)
        assert used >= 0.4
        if version == 1:
            assert 20 << 20 <= values["container.memory.usage", "systemd"] <= usage.ru_maxrss * 1024 * 2  # type: ignore[operator]
            assert values["container.thread.count", "systemd"] == 1
            assert values["container.memory.oom_kills", "systemd"] == 0
    after = collector.collect(10.0)  # the group is gone
    assert (after.series, after.values) == ((), [])
    with pytest.raises(NoData):
        collector.collect(20.0)
    collector.close()


def test_a_tree_too_large_to_walk_is_said(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "MOST", 3)
    collector = Containers(make(TREE | cpu(f"/docker/{B}") | cpu("/x")), Options())
    reading = collector.collect(0.0)
    collector.close()
    assert any(
        "3 groups were looked at, at least 1 more were not" in each.reason for each in reading.absences
    )
