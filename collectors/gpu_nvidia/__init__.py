"""NVIDIA GPUs: what NVML, the driver's own library, tells of them.

NVML by its documentation (docs.nvidia.com/deploy/nvml-api), its header, and what its users found:

- `libnvidia-ml.so.1` comes with the driver, and is called by NVIDIA's bindings, the module `pynvml` of
  nvidia-ml-py. They take 1.7 MB, so they are imported when a driver and its library are there and a GPU
  is awake.
- A function is added by each driver: what an older one lacks is FUNCTION_NOT_FOUND, and an earlier way
  is tried. Structures carry a version and their size (memory v2: `sizeof | 2 << 24`).
- `nvmlInit` (NVML_INIT v2) attaches no GPU; `nvmlDeviceGetHandleByPciBusId` initialises the one that it
  names, and so wakes it. An open NVML holds `/dev/nvidia<n>`, which keeps a GPU awake (its runtime power
  management counts it as in use; D-Brox/cosmic-ext-applet-system-monitor#38, Syllo/nvtop#230).
  So the kernel is asked first, for each GPU and at each poll: nothing is opened for one that sleeps.
  One that may sleep, does nothing and has no process that computes is left alone for 30 s at a time; when
  all sleep or rest, NVML is shut down. Where one is in use and another rests, NVML stays open, and keeps
  awake what it once attached.
- A call may hang for ever in the driver (NVIDIA/gpu-monitoring-tools#46), so all of them are made in one
  thread apart. `nvmlDeviceGetPcieThroughput` counts for 20 ms and is asked once a minute, and only of
  GPUs that have no running count. `nvmlEventSetWait` with a time of 0 does not wait.
- A GPU that fell off the bus is GPU_IS_LOST; the others go on. A reset needs every user to let go of it.
- UNINITIALIZED or DRIVER_NOT_LOADED in a running process: the driver was unloaded. It is looked for anew
  each minute.
- Errors that NVML counts since ever are counters (ECC: of the board's life); XID errors are events.

The `hw.id` is the address on the PCI bus, which the kernel's messages (`NVRM: Xid (PCI:0000:1b:00)`) have
too, and which is known of a GPU that sleeps; that of a MIG instance has its numbers behind it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from collectors.api import Absence, NoData, Reading, Registration, Series
from collectors.aside import Aside, Hung
from collectors.gpu_nvidia.bus import ASLEEP, Bus, expected
from collectors.gpu_nvidia.metrics import METRICS
from collectors.holders import Held
from collectors.host import Host, printable

if TYPE_CHECKING:
    from collectors.gpu_nvidia.fleet import Fleet

LIBRARY = "libnvidia-ml.so.1"
PATIENCE = 1.0
# One for the life of the process: a reload while the driver hangs leaves no second thread behind.
DRIVER: Aside[Any] = Aside("NVML", PATIENCE, monotonic)
"""Seconds; eight GPUs answer within milliseconds, but the first call to one without the persistence
daemon takes seconds, and is waited for by the polls after it."""


class GpuNvidia:
    """Asks NVML aside, in a thread that may hang.

    Args:
        host: whose GPUs.
        patience: seconds that a poll waits for the driver.

    Raises:
        NoData: this host has no NVIDIA driver.
    """

    __slots__ = ("_aside", "_bus", "_fleet", "_host", "_series")

    def __init__(self, host: Host, aside: Aside[Any] = DRIVER) -> None:
        expected(host)
        self._host = host
        self._bus = Bus(host)
        self._fleet: Fleet | None = None
        self._series: tuple[Series, ...] = ()
        self._aside = aside

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`. While a call hangs every value is absent.

        Raises:
            NoData: no library, no driver, no GPU.
            OSError: NVML cannot be opened.
        """
        try:
            answer: tuple[Reading, Mapping[str, Held]] = self._aside(lambda: self._read(now))
        except Hung as hung:
            self._host.holders.lapse(printable(str(hung)))
            return Reading(self._series, (None,) * len(self._series), (Absence("NVML", str(hung)),))
        reading, held = answer
        # Told here, not by the thread: one that comes back after the end has nothing more to say.
        self._host.holders.tell(held)
        self._series = reading.series
        return reading

    def close(self) -> None:
        """See `Collector.close`. A call that hangs keeps NVML open until the process ends."""
        self._host.holders.tell({})
        with contextlib.suppress(Hung):
            self._aside(self._end)
        self._aside.close()

    def _read(self, now: float) -> tuple[Reading, Mapping[str, Held]]:
        cards = self._bus.look(now)
        if self._fleet is None:
            if cards and all(card.sleeping() for card in cards.values()):
                return Reading((), (), tuple(Absence(address, ASLEEP) for address in cards)), {}
            self._fleet = self._load()
        return self._fleet.read(now, cards), self._fleet.held()

    def _load(self) -> Fleet:
        """The bindings, once the library is there: whoever lacks it does not pay for them."""
        import ctypes

        try:
            ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise NoData(printable(str(error))) from None
        from collectors.gpu_nvidia.fleet import Fleet

        return Fleet(self._host, self._bus)

    def _end(self) -> None:
        if self._fleet is not None:
            self._fleet.close()
        self._bus.close()


COLLECTOR = Registration(
    "gpu_nvidia",
    "NVIDIA GPUs: work, memory, heat, power, clocks, errors, traffic, processes, MIG instances.",
    METRICS,
    lambda host, *_: GpuNvidia(host),
)
