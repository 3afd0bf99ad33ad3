"""The processes that have memory on a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from ctypes import byref, c_uint
from operator import itemgetter
from typing import Any

import pynvml as nvml

from collectors.api import Absence, Series
from collectors.gpu_nvidia import metrics
from collectors.gpu_nvidia.asked import AGAIN, GONE, LOST, UNKNOWN
from collectors.gpu_nvidia.metrics import Who
from collectors.gpu_nvidia.questions import BYTES, SELDOM
from collectors.holders import Held
from collectors.host import Host, label, printable

MOST = 8
ROOM = 256  # processes of one kind on one GPU
COMPUTE = "nvmlDeviceGetComputeRunningProcesses_v3"
GRAPHICS = "nvmlDeviceGetGraphicsRunningProcesses_v3"
OTHER = "other"
NAMELESS = "unknown"
Place = tuple[int, int, int]  # the pid, and the MIG instance of the GPU and of its computing part


class Processes:
    """Who has memory on one GPU.

    The list is read into a buffer of its own: the bindings' functions make theirs as long as the
    driver says, and an object of each process.
    """

    __slots__ = ("_buffer", "_host", "_names", "_who", "computing", "due", "held", "series")

    def __init__(self, host: Host, who: Who) -> None:
        self._host = host
        self._who = who
        self._names: dict[int, str] = {}
        self._buffer = (nvml.c_nvmlProcessInfo_v3_t * ROOM)()
        self.due = float("-inf")
        self.series: tuple[Series, ...] = ()
        self.computing = False
        """Whether one of them computes, which keeps the GPU awake."""
        self.held = Held(self.due, {})
        """All of them, for whoever watches processes."""

    def values(self, gpu: Any, now: float, absences: list[Absence]) -> list[float | None]:
        """Bytes for each of `series`, which it renews; None before they are due.

        Raises:
            NVMLError: the GPU is lost, or the driver gone.
        """
        if now < self.due:
            return [None] * len(self.series)
        self.due = now + SELDOM
        try:
            computing = self._listed(gpu, COMPUTE)
            used = self._listed(gpu, GRAPHICS)
        except nvml.NVMLError as error:
            if error.value in LOST or error.value in GONE:
                raise
            if error.value in UNKNOWN:
                self.due = now + AGAIN
            return self._absent(str(error), absences)
        except ValueError as error:
            return self._absent(str(error), absences)
        self.computing = bool(computing)
        used.update(computing)  # one of both kinds is in both lists, with all of its memory
        by_pid = summed(used)
        self.held = Held(now, by_pid)
        return self._arranged({pid: size for pid, size in by_pid.items() if size is not None})

    def _absent(self, reason: str, absences: list[Absence]) -> list[float | None]:
        self.series, self.computing = (), False
        self.held = self.held._replace(why=printable(reason))
        absences.append(Absence(metrics.PROCESS_MEMORY.name, printable(f"{self._who.id}: {reason}")))
        return []

    def _listed(self, gpu: Any, name: str) -> dict[Place, int]:
        """The bytes at each place; 2^64-1 for one whose bytes the driver does not tell.

        Raises:
            NVMLError: the driver does not say.
            ValueError: there are more than `ROOM`.
        """
        count = c_uint(ROOM)
        code = nvml._nvmlGetFunctionPointer(name)(gpu, byref(count), self._buffer)  # noqa: SLF001
        if code == nvml.NVML_ERROR_INSUFFICIENT_SIZE or count.value > ROOM:
            raise ValueError(f"{count.value} processes are more than {ROOM}")
        if code != nvml.NVML_SUCCESS:
            raise nvml.NVMLError(code)
        return {
            (each.pid, each.gpuInstanceId, each.computeInstanceId): each.usedGpuMemory
            for each in self._buffer[: count.value]
        }

    def _arranged(self, used: dict[int, int]) -> list[float | None]:
        most = sorted(used.items(), key=itemgetter(1), reverse=True)
        shown = sorted(most[:MOST])
        # A process keeps its name here as long as it stays on the GPU: its file is opened once.
        self._names = {pid: self._names.get(pid) or self._name(pid) for pid, _ in shown}
        keys = [(str(pid), name) for pid, name in self._names.items()]
        values: list[float | None] = [size for _, size in shown]
        if len(most) > MOST:
            keys.append((OTHER, OTHER))
            values.append(sum(size for _, size in most[MOST:]))
        self.series = tuple(self._series(*key) for key in keys)
        return values

    def _series(self, pid: str, name: str) -> Series:
        return self._who.of(metrics.PROCESS_MEMORY, **{"process.pid": pid, "process.executable.name": name})

    def _name(self, pid: int) -> str:
        """What the kernel calls it; `unknown` where it is of another namespace, or has ended."""
        try:
            return label(self._host.read(self._host.proc / str(pid) / "comm").rstrip(b"\n")) or NAMELESS
        except (OSError, ValueError):
            return NAMELESS


def summed(used: Mapping[Place, int]) -> dict[int, int | None]:
    """The bytes of each process over the MIG instances it is in; None where one's are not told."""
    found: dict[int, int | None] = {}
    for (pid, *_), size in used.items():
        before = found.get(pid, 0)
        found[pid] = None if before is None or size > BYTES else before + size
    return found
