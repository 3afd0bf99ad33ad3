"""What the whole daemon costs: CPU by thread, wake-ups, memory, bytes on the wire and to the disk.

    python tests/benchmarks/bench_daemon.py [--seconds 60] [--windows 3] [--gpus 8]

A real Mosquitto on the loopback, the daemon as installed with its defaults (1 s, windows of 60 s),
20 s to settle, then so many windows of so many seconds; medians, scaled to a minute. CPU is the
kernel's own count in nanoseconds (schedstat); bytes are TCP payload sent, and what the process
caused to be written to the disk where the state directory lies (`/proc/PID/io`). With `--gpus`, as
root, the collector of NVIDIA GPUs finds so many fake ones (tests/nvml/fake.c) by the real bindings.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.view.broker import Broker
from tests.daemons import Daemon
from tests.nvml.fakes import driven

SETTLE = 20.0


def cpu_by_thread(pid: int) -> dict[str, float]:
    """Seconds of CPU by thread's name."""
    used: dict[str, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        name = f"{task.name[-3:]} {(task / 'comm').read_text().strip()}"
        used[name] = used.get(name, 0.0) + int((task / "schedstat").read_text().split()[0]) / 1e9
    return used


def wakeups(pid: int) -> int:
    """Voluntary context switches of all threads."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total


def memory(pid: int) -> dict[str, float]:
    """PSS and private memory in MiB."""
    kib: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        key, _, value = line.partition(":")
        kib[key] = int(value.split()[0])
    return {"pss": kib["Pss"] / 1024, "uss": (kib["Private_Clean"] + kib["Private_Dirty"]) / 1024}


def written(pid: int) -> int:
    """Bytes the process caused to be written."""
    return int(Path(f"/proc/{pid}/io").read_text().split("write_bytes: ")[1].split()[0])


def sent(port: int) -> int:
    """TCP payload bytes that clients of this port have sent."""
    state = ["ss", "-tinH", "state", "established", f"( dport = :{port} )"]
    found = subprocess.run(state, capture_output=True, text=True, check=True).stdout
    return sum(int(word.partition(":")[2]) for word in found.split() if word.startswith("bytes_sent:"))


def sample(pid: int, port: int) -> dict[str, float]:
    """All running totals now."""
    return {
        "at": time.monotonic(),
        "wakeups": wakeups(pid),
        "sent": sent(port),
        "written": written(pid),
        **cpu_by_thread(pid),
    }


def measure(seconds: float, windows: int, gpus: int) -> tuple[list[dict[str, float]], dict[str, float]]:
    """Per-minute figures of each window, and the memory at the end."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR"))))
        (home / "broker").mkdir()
        broker = stack.enter_context(Broker(home / "broker"))
        # The ring belongs into memory, as /run is; elsewhere its pages would count as writes.
        memory_directory = stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm"))
        (home / "daemon").mkdir()
        (home / "daemon/runtime").symlink_to(memory_directory)
        before_it = driven(home, gpus) if gpus else []
        daemon = Daemon(home / "daemon", ["--broker", broker.url, "--device", "bench"], before_it)
        stack.callback(daemon.close)
        daemon.start()
        pid = daemon.child.process.pid
        time.sleep(SETTLE)
        found = []
        for _ in range(windows):
            before = sample(pid, broker.port)
            time.sleep(seconds)
            after = sample(pid, broker.port)
            factor = 60.0 / (after["at"] - before["at"])
            found.append({key: (after[key] - before.get(key, 0.0)) * factor for key in after})
        return found, memory(pid)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--windows", type=int, default=3)
    parser.add_argument("--gpus", type=int, default=0)
    args = parser.parse_args()
    seconds, windows = args.seconds, args.windows
    found, held = measure(seconds, windows, args.gpus)
    middle = {key: statistics.median(each.get(key, 0.0) for each in found) for key in found[-1]}
    threads = {key: value for key, value in middle.items() if key[:1].isdigit()}
    print(f"the whole daemon, {args.gpus} fake GPUs, {windows} windows of {seconds:g} s, medians a minute")
    print(f"  CPU                {sum(threads.values()):8.4f} s")
    for name, value in sorted(threads.items()):
        print(f"    thread {name:<12}{value:8.4f} s")
    print(f"  wake-ups           {middle['wakeups'] / 60:8.2f} /s")
    print(f"  PSS, private       {held['pss']:8.1f} MiB {held['uss']:.1f} MiB")
    print(f"  sent (TCP payload) {middle['sent']:8.0f} By")
    written_a_day = middle["written"] * 1440 / 1e6
    print(f"  written to disk    {middle['written'] / 1000:8.1f} kB, {written_a_day:.1f} MB a day")


if __name__ == "__main__":
    main()
