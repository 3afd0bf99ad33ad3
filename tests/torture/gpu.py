"""NVIDIA GPUs polled a million times through the real bindings and a driver that goes wrong all the time.

    python tests/torture/gpu.py [--polls 1000000] [--gpus 2]

Each 5,000 polls something else happens to the driver: metrics that fail and come back, a GPU that is lost,
falls asleep or is divided, processes that come and go, XID errors, a driver that is unloaded. A line for each
tenth of the polls says what the process holds; the last one, how much more that is than after the first.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.nvml.fakes import Child, FakeHost, build

ROUND = 5_000
TROUBLES: tuple[tuple[str, ...], ...] = (
    (),
    ("fault nvmlDeviceGetPowerUsage 0 3", "fault nvmlDeviceGetTemperature 1 999"),
    ("fault nvmlDeviceGetMemoryInfo_v2 1 15", "fault nvmlDeviceGetHandle 1 15"),
    tuple(f"proc 0 compute {pid} {pid}" for pid in range(1, 40)),
    ("mig 1 0 3 0 1000 10 NVIDIA H100 MIG 1g.10gb", "proc 1 graphics 5 1"),
    ("xid 0 31", "xid 0 31", "xid 1 79", "fault nvmlDeviceGetTotalEccErrors 0 4"),
    ("set * temperature 4294967295", "set 0 used 18446744073709551615"),
    ("fault nvmlEventSetWait_v2 * 15",),
    ("fault nvmlDeviceGetUtilizationRates 0 1",),
    ("driver absent",),
    ("set * gpu_busy 0",),
)


def run(polls: int, gpus: int, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Poll so often; returns what is held after the first round of all troubles, and at the end."""
    host = FakeHost(folder, gpus)
    host.control(1, "auto")
    child = Child(build(folder / "library"), host, 30.0)
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    started, done = time.monotonic(), 0
    while done < polls:
        trouble = done // ROUND
        host.say(*TROUBLES[trouble % len(TROUBLES)])
        host.power(1, "suspended" if trouble % 7 == 6 else "active")
        child.read()
        times = min(ROUND, polls - done)
        last = child.ask("bear", float(done), times, 1.0)
        done += times
        if not first and (trouble + 1 >= len(TROUBLES) or done >= polls):
            first = last
        if done % max(polls // 10, 1) < ROUND:
            print(f"{done:9} polls, {time.monotonic() - started:6.0f} s: {told(last)}", flush=True)
    child.close()
    return first, last


def told(held: dict[str, Any]) -> str:
    """What a process holds, in words."""
    return (
        f"{held['rss'] / 1e6:7.2f} MB resident, {held['descriptors']} descriptors, "
        f"{held['threads']} threads, {held['failed']} polls of the last {ROUND} raised"
    )


def main() -> int:
    """Run; 1 where the process grew."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--polls", type=int, default=1_000_000)
    parser.add_argument("--gpus", type=int, default=2, help="at least 2")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        first, last = run(chosen.polls, chosen.gpus, Path(folder))
    grown = last["rss"] - first["rss"]
    print(f"grown by {grown / 1e6:.2f} MB, {last['descriptors'] - first['descriptors']} descriptors")
    return 0 if grown < 2_000_000 and last["descriptors"] <= first["descriptors"] + 8 else 1


if __name__ == "__main__":
    sys.exit(main())
