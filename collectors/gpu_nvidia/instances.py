"""The MIG instances of a GPU: parts with memory of their own, each a device by itself.

They are made and destroyed while the GPU runs, so they are looked for again each minute.
"""

from __future__ import annotations

from typing import Any

import pynvml as nvml

from collectors.api import Absence, Series
from collectors.gpu_nvidia.asked import GONE, LOST, Asked, name_of
from collectors.gpu_nvidia.metrics import Who
from collectors.gpu_nvidia.questions import MEMORY, RARELY, SELDOM
from collectors.host import printable

MOST = 8  # instances; a GPU has 7 slices
ASK = MEMORY._replace(every=SELDOM)


class Instances:
    """The instances of the GPU at one address, and the memory of each.

    An instance's `hw.id` is the GPU's with the numbers of its GPU and compute instance, `/3/0`.
    """

    __slots__ = ("_address", "_due", "_found", "due", "series")

    def __init__(self, address: str) -> None:
        self._address = address
        self._found: dict[Who, tuple[Any, Asked]] = {}
        self._due = self.due = float("-inf")
        self.series: tuple[Series, ...] = ()

    def values(self, gpu: Any, now: float, absences: list[Absence]) -> list[float | None]:
        """A value for each of `series`, which it renews; None before they are due.

        Raises:
            NVMLError: the GPU is lost, or the driver gone.
        """
        if now >= self._due:
            self._due = now + RARELY
            self._found = self._look(gpu, absences)
        values: list[float | None] = []
        series: list[Series] = []
        self.due = self._due
        for handle, asked in self._found.values():
            found = asked.values(handle, now, absences)
            self.due = min(self.due, asked.due)
            if asked.answered:
                values += found
                series += asked.series
        self.series = tuple(series)
        return values

    def _look(self, gpu: Any, absences: list[Absence]) -> dict[Who, tuple[Any, Asked]]:
        found: dict[Who, tuple[Any, Asked]] = {}
        for index in range(self._count(gpu)):
            try:
                handle = nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, index)
                numbers = (
                    f"{nvml.nvmlDeviceGetGpuInstanceId(handle)}/{nvml.nvmlDeviceGetComputeInstanceId(handle)}"
                )
                who = Who(f"{self._address}/{numbers}", name_of(handle))
            except nvml.NVMLError as error:
                if error.value in LOST or error.value in GONE:
                    raise
                if error.value != nvml.NVML_ERROR_NOT_FOUND:
                    absences.append(Absence(self._address, printable(f"MIG device {index}: {error}")))
                continue
            before = self._found.get(who)
            found[who] = (handle, before[1] if before else Asked(ASK, who, 0.0))
        return found

    def _count(self, gpu: Any) -> int:
        """How many there may be: none where the GPU cannot be divided, or is not."""
        try:
            if nvml.nvmlDeviceGetMigMode(gpu)[0] != nvml.NVML_DEVICE_MIG_ENABLE:
                return 0
            count: int = nvml.nvmlDeviceGetMaxMigDeviceCount(gpu)
            return min(MOST, count)
        except nvml.NVMLError as error:
            if error.value in LOST or error.value in GONE:
                raise
            return 0
