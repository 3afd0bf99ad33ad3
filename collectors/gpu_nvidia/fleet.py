"""All GPUs by NVML: opened while there is one that may be touched, and the reading of all of them."""

from __future__ import annotations

import contextlib
from itertools import chain
from operator import is_not
from typing import Any

import pynvml as nvml

from collectors.api import Absence, NoData, Reading, Series
from collectors.gpu_nvidia.asked import GONE, LOST
from collectors.gpu_nvidia.bus import MOST, Bus, Cards
from collectors.gpu_nvidia.events import Events
from collectors.gpu_nvidia.gpu import Gpu, Row
from collectors.holders import Held
from collectors.host import Host, printable

NOTHING_THERE = frozenset(
    (nvml.NVML_ERROR_UNINITIALIZED, nvml.NVML_ERROR_DRIVER_NOT_LOADED, nvml.NVML_ERROR_LIBRARY_NOT_FOUND)
)


class Fleet:
    """The GPUs of a host. Every method is called in the thread that may hang, and in no other."""

    __slots__ = ("_bus", "_events", "_gpus", "_host", "_layouts", "_left_out", "_numbers", "_open", "_series")

    def __init__(self, host: Host, bus: Bus) -> None:
        self._host = host
        self._bus = bus
        self._gpus: dict[str, Gpu] = {}
        self._events = Events()
        self._numbers: dict[str, int] = {}
        self._left_out = 0
        self._open = False
        self._layouts: list[tuple[Series, ...]] = []
        self._series: tuple[Series, ...] = ()

    def read(self, now: float, cards: Cards | None) -> Reading:
        """One poll.

        Args:
            now: the boot clock in seconds.
            cards: the GPUs on the bus; None where NVML alone knows them.

        Raises:
            NoData: there is no GPU, or the driver is not loaded.
            OSError: NVML cannot be opened.
        """
        try:
            return self._read(now, cards)
        except nvml.NVMLError as error:
            reason = printable(f"NVML: {error}")
            if error.value in NOTHING_THERE:
                raise NoData(reason) from None
            if error.value == nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
                reason += "; after an upgrade of the driver, restart the host, then outrider"
            raise OSError(reason) from None

    def held(self) -> dict[str, Held]:
        """Who has memory on each GPU that was ever asked."""
        return {address: gpu.held for address, gpu in self._gpus.items() if gpu.who is not None}

    def close(self) -> None:
        """Close NVML."""
        if self._open:
            self._open = False
            for gpu in self._gpus.values():
                gpu.let_go()
            # What is closed because the driver is gone cannot be given back to it.
            with contextlib.suppress(nvml.NVMLError):
                self._events.close()
            with contextlib.suppress(nvml.NVMLError):
                nvml.nvmlShutdown()

    def _read(self, now: float, cards: Cards | None) -> Reading:
        absences: list[Absence] = []
        if cards is None:
            self._begin(numbered=True)
        elif list(cards) != list(self._gpus):
            self._arrange(list(cards))
        if self._left_out:
            absences.append(Absence("GPUs", f"{self._left_out} more than {MOST} are left out"))
        if self._open:
            self._events.fetch(absences)
        wanted = [
            gpu
            for address, gpu in self._gpus.items()
            if gpu.touchable(now, sleeping=cards is not None and cards[address].sleeping())
        ]
        if wanted:
            self._begin(numbered=False)
            for gpu in wanted:
                self._attach(gpu, now, absences)
        elif cards is not None:
            self.close()
        rows = [self._row(gpu, now, absences) for gpu in self._gpus.values()]
        return Reading(self._laid_out(), list(chain.from_iterable(rows)), tuple(absences))

    def _begin(self, *, numbered: bool) -> None:
        if not self._open:
            nvml.nvmlInit()
            self._open = True
            if numbered:
                self._number()

    def _number(self) -> None:
        """Find the GPUs that NVML knows, each by its number, and their addresses."""
        self._numbers = {}
        for number in range(nvml.nvmlDeviceGetCount()):
            try:
                address = address_of(nvml.nvmlDeviceGetHandleByIndex(number))
            except nvml.NVMLError as error:
                if error.value in GONE:
                    raise
                address = ""  # of one that is lost, or on no such bus
            except ValueError:
                address = ""
            self._numbers[address or f"gpu{number}"] = number
        self._arrange(list(self._numbers))

    def _arrange(self, addresses: list[str]) -> None:
        """Keep the GPUs with these addresses, begin with new ones."""
        if not addresses:
            raise NoData("NVML knows no GPU")
        self._left_out = self._bus.left_out + len(addresses[MOST:])
        self._gpus = {
            address: self._gpus.get(address) or Gpu(self._host, address, index / MOST)
            for index, address in enumerate(addresses[:MOST])
        }

    def _attach(self, gpu: Gpu, now: float, absences: list[Absence]) -> None:
        """Have the GPU's handle and its XID errors, if it is there."""
        try:
            if gpu.handle is None:
                gpu.attach(self._handle(gpu.address), now, may_sleep=self._bus.may_sleep(gpu.address))
            if not gpu.registered:
                self._events.watch(gpu, now, absences)
        except nvml.NVMLError as error:
            if error.value in LOST:
                gpu.lose(str(error), now)
            elif error.value in GONE:
                raise
            else:
                gpu.refuse(now)
                absences.append(Absence(gpu.address, printable(str(error))))

    def _handle(self, address: str) -> Any:
        number = self._numbers.get(address)
        if number is None:
            return nvml.nvmlDeviceGetHandleByPciBusId(address)
        return nvml.nvmlDeviceGetHandleByIndex(number)

    def _row(self, gpu: Gpu, now: float, absences: list[Absence]) -> Row:
        try:
            return gpu.read(now, absences)
        except nvml.NVMLError as error:
            if error.value in GONE:
                raise
            gpu.lose(str(error), now)
            return gpu.read(now, absences)

    def _laid_out(self) -> tuple[Series, ...]:
        """The series of all GPUs; the same object until those of one change."""
        layouts = [gpu.series for gpu in self._gpus.values()]
        if len(layouts) != len(self._layouts) or any(map(is_not, layouts, self._layouts)):
            self._layouts = layouts
            self._series = tuple(chain.from_iterable(layouts))
        return self._series


def address_of(handle: Any) -> str:
    """Where a GPU is on the PCI bus, as the kernel writes it: NVML has `00000000:1B:00.0`."""
    domain, _, rest = nvml.nvmlDeviceGetPciInfo_v3(handle).busId.lower().partition(":")
    return f"{int(domain, 16):04x}:{rest}"
