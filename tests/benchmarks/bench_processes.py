"""CPU microseconds a poll of watched processes and of containers costs.

    python tests/benchmarks/bench_processes.py

On this host's own `/proc` with 1 and 10 watches of a process each; on a made tree of 10,000 processes,
whose files lie in memory; on a made tree of 50 containers. `first` is the poll that searches everything,
`search` one that searches again, `poll` one between; the last column is for polls each 10 s.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from collectors.api import Collector
from collectors.host import Host
from collectors.options import Containers, Process, Processes
from tests.collecting import opened

POLLS = 200
MANY = 10_000
CONTAINERS = 50
MEMORY = "/dev/shm"
GROUP = {
    "cpu.stat": "usage_usec 3\nuser_usec 2\nsystem_usec 1\nnr_periods 1\nnr_throttled 0\nthrottled_usec 0\n",
    "cpu.max": "max 100000\n",
    "memory.current": "1000000\n",
    "memory.stat": "".join(f"field_{number} 1234567\n" for number in range(40)) + "inactive_file 5\n",
    "memory.max": "2000000\n",
    "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n",
    "memory.pressure": "some avg10=0.00 total=1\nfull avg10=0.00 total=1\n",
    "pids.current": "5\n",
    "io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n",
}


def spent(poll: Callable[[], object]) -> float:
    """CPU microseconds of one call."""
    start = time.thread_time_ns()
    poll()
    return (time.thread_time_ns() - start) / 1e3


def measured(what: str, collector: Collector) -> None:
    """Print a row."""
    first = spent(lambda: collector.collect(1000.0))
    now = [1000.0]

    def go(seconds: float) -> float:
        now[0] += seconds
        return spent(lambda: collector.collect(now[0]))

    search = median(go(30.0) for _ in range(20))
    poll = median(go(0.0) for _ in range(POLLS))
    series = len(collector.collect(now[0]).series)
    collector.close()
    minute = (4 * poll + 2 * search) / 1e6
    print(f"{what:44}{series:8}{first:12.0f}{search:12.0f}{poll:10.0f}{minute:12.4f}")


@contextmanager
def sleepers(count: int) -> Iterator[list[int]]:
    """Processes that do nothing."""
    begun = [subprocess.Popen(["sleep", "1000"]) for _ in range(count)]
    try:
        yield [each.pid for each in begun]
    finally:
        for each in begun:
            each.kill()
            each.wait()


def crowd(root: Path) -> Host:
    """A `/proc` of 10,000 processes, ten of them models."""
    for pid in range(1, MANY + 1):
        folder = root / f"proc/{pid}"
        (folder / "fd").mkdir(parents=True)
        name = "model" if pid % (MANY // 10) == 0 else "sh"
        (folder / "comm").write_text(f"{name}\n")
        (folder / "cmdline").write_text(f"/usr/bin/{name}\0--port\0{pid}\0")
        line = f"{pid} ({name}) S 1 1 1 0 -1 0 0 0 0 0 5 5 0 0 20 0 1 0 1000 0 10 0\n"
        (folder / "stat").write_text(line)
        (folder / "io").write_text("rchar: 1\nread_bytes: 1\nwrite_bytes: 2\n")
    return Host(root)


def stack(root: Path) -> Host:
    """A tree of 50 containers in version 2."""
    base = root / "sys/fs/cgroup"
    for number in range(CONTAINERS):
        folder = base / f"system.slice/docker-{number:064x}.scope"
        folder.mkdir(parents=True)
        for name, text in GROUP.items():
            (folder / name).write_text(text)
    (base / "cgroup.controllers").write_text("cpu memory io pids\n")
    return Host(root)


def main() -> None:
    """Print the table."""
    print(f"{'':44}{'series':>8}{'first us':>12}{'search us':>12}{'poll us':>10}{'s a minute':>12}")
    with sleepers(10) as pids, tempfile.TemporaryDirectory() as folder:
        for pid in pids:
            (Path(folder) / str(pid)).write_text(str(pid))
        ways = [Process(f"w{pid}", pid_file=f"{folder}/{pid}") for pid in pids]
        for count in (1, 10):
            options = Processes(tuple(ways[:count]))
            measured(f"this host, {count} pid files", opened("processes", Host(), options=options))
        patterns = tuple(Process(f"p{number}", match=f"*sleep 100{number}") for number in range(10))
        for count in (1, 10):
            options = Processes(patterns[:count])
            measured(
                f"this host, {count} patterns, 10 processes", opened("processes", Host(), options=options)
            )
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        host = crowd(Path(folder))
        for count in (1, 10):
            watch = tuple(Process(f"w{number}", match=f"*model*{number}000") for number in range(count))
            measured(
                f"10,000 processes, {count} patterns", opened("processes", host, options=Processes(watch))
            )
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        measured("50 containers", opened("containers", stack(Path(folder)), options=Containers()))


if __name__ == "__main__":
    main()
