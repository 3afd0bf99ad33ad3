"""The collector in a process that finds the fake library by its path; told what to do in JSON lines.

LD_LIBRARY_PATH is read when a process starts, so the tests of the real bindings need one of their own.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from collectors.api import NoData, Reading, Series
from collectors.aside import Aside
from collectors.gpu_nvidia import LIBRARY, GpuNvidia
from collectors.host import Host
from collectors.options import Process
from collectors.options import Processes as Options
from collectors.processes.collector import Processes


class Subject:
    """The collector at work, and the fake's own functions."""

    def __init__(self, root: str, patience: float) -> None:
        self._host = Host(root)
        self._aside: Aside[Any] = Aside("NVML", patience, time.monotonic)
        self._collector: GpuNvidia | None = None
        self._series: tuple[Series, ...] | None = None
        self._watches: Processes | None = None

    def poll(self, now: float) -> dict[str, Any]:
        """One poll; after an error the collector is closed, as the runner does it."""
        started = time.monotonic()
        try:
            self._collector = self._collector or GpuNvidia(self._host, self._aside)
            reading = self._collector.collect(now)
        except (NoData, OSError, ValueError) as error:
            self.close()
            return {"error": type(error).__name__, "text": str(error)}
        told = shown(reading)
        told["same"] = reading.series is self._series
        told["seconds"] = time.monotonic() - started
        self._series = reading.series
        return told

    def watched(self, now: float, pattern: str) -> dict[str, Any]:
        """One poll of a watch of the processes that match, on the same host."""
        watch = Process("model", match=pattern)
        self._watches = self._watches or Processes(self._host, Options((watch,)))
        return shown(self._watches.collect(now))

    def polls(self, now: float, times: int, step: float) -> dict[str, Any]:
        """So many polls, `step` s apart, and what is held after them."""
        for number in range(times):
            self.poll_silently(now + number * step)
        gc.collect()
        return self.held()

    def bear(self, now: float, times: int, step: float) -> dict[str, Any]:
        """As `polls`, where some of them raise: closed, and opened again, as the runner does it."""
        failed = 0
        for number in range(times):
            try:
                self.poll_silently(now + number * step)
            except (NoData, OSError, ValueError):
                self.close()
                failed += 1
        gc.collect()
        return {**self.held(), "failed": failed}

    def poll_silently(self, now: float) -> None:
        """One poll whose reading is thrown away."""
        self._collector = self._collector or GpuNvidia(self._host, self._aside)
        self._collector.collect(now)

    def held(self) -> dict[str, Any]:
        """Memory as Python and as the kernel count it (bytes), descriptors and threads."""
        descriptors = len(os.listdir("/proc/self/fd"))
        fields = Path("/proc/self/status").read_text().split("\n")
        named = {line.partition(":")[0]: line.split()[1:2] for line in fields}
        return {
            "traced": tracemalloc.get_traced_memory()[0],
            "rss": int(named["VmRSS"][0]) * 1024,
            "threads": int(named["Threads"][0]),
            "descriptors": descriptors,
        }

    def trace(self) -> dict[str, Any]:
        """Have Python count its memory from now on."""
        tracemalloc.start()
        return {}

    def close(self) -> dict[str, Any]:
        """Close the collector; the next poll opens another one."""
        if self._collector is not None:
            self._collector.close()
        self._collector = None
        return {}

    def fake(self, function: str, *arguments: int) -> dict[str, Any]:
        """What a function of the fake's own answers."""
        return {"answer": getattr(ctypes.CDLL(LIBRARY), function)(*arguments)}

    def loaded(self, name: str) -> dict[str, Any]:
        """Whether a module is in memory."""
        return {"answer": name in sys.modules}


def shown(reading: Reading) -> dict[str, Any]:
    """A reading as plain JSON."""
    rows = zip(reading.series, reading.values, strict=True)
    return {
        "values": [
            [list(series[:3]), [list(pair) for pair in series.attributes], value] for series, value in rows
        ],
        "absences": [list(absence) for absence in reading.absences],
    }


def main(root: str, patience: float) -> None:
    """Answer each line of the input with one line."""
    subject = Subject(root, patience)
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(getattr(subject, verb)(*arguments)) + "\n")
        sys.stdout.flush()
    os._exit(0)  # a thread that hangs does not end


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
