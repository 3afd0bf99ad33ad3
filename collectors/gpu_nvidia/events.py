"""XID errors: what the driver tells by itself, fetched without waiting."""

from __future__ import annotations

from ctypes import c_void_p, cast
from typing import Any

import pynvml as nvml

from collectors.api import Absence
from collectors.gpu_nvidia import metrics
from collectors.gpu_nvidia.asked import AGAIN, GONE, LOST
from collectors.gpu_nvidia.gpu import Gpu
from collectors.host import printable

MOST = 64  # events fetched in one poll; the driver keeps the rest


class Events:
    """The driver's set of events, made for the first GPU; a GPU stays in it until it is closed."""

    __slots__ = ("_due", "_gpus", "_set")

    def __init__(self) -> None:
        self._set: Any = None
        self._gpus: dict[int | None, Gpu] = {}
        self._due: dict[str, float] = {}

    def watch(self, gpu: Gpu, now: float, absences: list[Absence]) -> None:
        """Have the errors of an attached GPU told; where that cannot be, say so and try again later.

        Raises:
            NVMLError: the GPU is lost, or the driver gone.
        """
        key = cast(gpu.handle, c_void_p).value
        if now < self._due.get(gpu.address, now):
            return
        if key in self._gpus:  # it was left alone for a while, and is in the set still
            gpu.watched()
            return
        try:
            if self._set is None:
                self._set = nvml.nvmlEventSetCreate()
            nvml.nvmlDeviceRegisterEvents(gpu.handle, nvml.nvmlEventTypeXidCriticalError, self._set)
        except nvml.NVMLError as error:
            if error.value in LOST or error.value in GONE:
                raise
            self._due[gpu.address] = now + AGAIN
            absences.append(Absence(metrics.XIDS.name, printable(f"{gpu.address}: {error}")))
            return
        self._gpus[key] = gpu
        gpu.watched()

    def fetch(self, absences: list[Absence]) -> None:
        """Hand what happened since the last call to the GPUs that it happened to.

        Raises:
            NVMLError: the driver is gone.
        """
        if self._set is None:
            return
        try:
            for _ in range(MOST):
                event = nvml.nvmlEventSetWait_v2(self._set, 0)
                gpu = self._gpus.get(cast(event.device, c_void_p).value)
                if gpu is not None and event.eventType & nvml.nvmlEventTypeXidCriticalError:
                    gpu.xid(event.eventData)
        except nvml.NVMLError as error:
            if error.value in GONE:
                raise
            if error.value != nvml.NVML_ERROR_TIMEOUT:
                # A GPU that is lost spoils the set; the others are put into a new one.
                absences.append(Absence(metrics.XIDS.name, printable(str(error))))
                self.close()

    def close(self) -> None:
        """Give the set back; every GPU is watched anew."""
        if self._set is not None:
            given, self._set = self._set, None
            nvml.nvmlEventSetFree(given)
        for gpu in self._gpus.values():
            gpu.registered = False
        self._gpus = {}
