"""What NVIDIA GPUs cost through the real bindings and a fake driver that answers at once.

    python tests/benchmarks/bench_gpu.py [SECONDS]

CPU microseconds a poll of the whole process, the driver's thread included: back to back, and at one
tick a second, less what an empty tick costs (every 10th asks the slow questions too, each 60th the rare
ones); and the memory that they add to a process that has the daemon's modules. A real driver adds its
own time to each call.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from collectors.gpu_nvidia import GpuNvidia
from collectors.host import Host
from tests.nvml.fakes import AS_SERVICE, FakeHost, build

LOOPS = 3000


def pss() -> float:
    """Proportional memory of this process in MB."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def ticks(poll: Callable[[float], object], seconds: int) -> float:
    """CPU microseconds of each tick, sleep and waking up included."""
    due, start = time.monotonic(), time.process_time_ns()
    for number in range(seconds):
        due += 1.0
        time.sleep(max(0.0, due - time.monotonic()))
        poll(10_000.0 + number)
    return (time.process_time_ns() - start) / seconds / 1e3


def measure(root: str, seconds: int) -> dict[str, float]:
    """The figures of one host, in this process."""
    import agent.daemon  # noqa: F401 - what the daemon has in memory anyway

    before = pss()
    collector = GpuNvidia(Host(root))
    series = len(collector.collect(0.0).series)
    collector.collect(1.0)
    added = pss() - before
    calls = ctypes.CDLL("libnvidia-ml.so.1").fake_all_calls
    called = calls()
    start = time.process_time_ns()
    for number in range(LOOPS):
        collector.collect(2.0 + number)
    looped = (time.process_time_ns() - start) / LOOPS / 1e3
    called = (calls() - called) / LOOPS
    ticked = ticks(collector.collect, seconds) - ticks(float, seconds)
    collector.close()
    return {"series": series, "calls": called, "loop": looped, "tick": ticked, "pss": added}


def main(seconds: int) -> None:
    """Print the table."""
    print(f"{'GPUs':>4}{'series':>8}{'calls/poll':>12}{'loop us':>10}{'tick us':>10}{'s/min':>8}{'MB':>6}")
    with tempfile.TemporaryDirectory() as folder:
        library = build(Path(folder) / "lib")
        for gpus in (1, 8):
            host = FakeHost(
                Path(folder) / str(gpus), gpus, *(f"proc {gpu} compute {gpu + 1} 4096" for gpu in range(8))
            )
            environ = {
                **os.environ,
                "LD_LIBRARY_PATH": str(library),
                "NVML_FAKE": str(host.file),
                **AS_SERVICE,
            }
            command = [sys.executable, __file__, "--one", str(host.root), str(seconds)]
            done = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True)
            row = json.loads(done.stdout)
            print(
                f"{gpus:4}{row['series']:8}{row['calls']:12.1f}{row['loop']:10.1f}{row['tick']:10.1f}"
                f"{row['tick'] * 60 / 1e6:8.4f}{row['pss']:6.1f}"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        sys.stdout.write(json.dumps(measure(sys.argv[2], int(sys.argv[3]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
