"""Who has memory on GPUs whose driver tells one collector alone, for the one that watches processes.

Collectors do not know each other, so what `gpu_nvidia` is told by pid it leaves with the host
(`Host.holders`), and `processes` looks there. What lies there is replaced as a whole, never changed: a
poll that is late in another thread finds the one or the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

UNTOLD = "the driver does not say how much memory a process has"
NOBODY = "no NVIDIA GPU is asked"
STALE = 300.0  # seconds; the driver is asked each 10 s, or each interval of `gpu_nvidia` where that is longer


class Held(NamedTuple):
    """What the driver said of one GPU.

    Args:
        at: when, on the boot clock (s).
        used: bytes by pid; None where it does not say how many.
        why: it cannot be asked now; empty: it can, and this is its last word.
    """

    at: float
    used: Mapping[int, int | None]
    why: str = ""


class Part(NamedTuple):
    """What some processes have on all GPUs: bytes, or None and why.

    `any`: at least one of them is known to have memory there.
    """

    size: int | None
    why: str
    any: bool


class Holders:
    """The last word of the driver, by the GPU's address; bounded by whoever tells it."""

    __slots__ = ("_gpus",)

    def __init__(self) -> None:
        self._gpus: Mapping[str, Held] = MappingProxyType({})

    def tell(self, gpus: Mapping[str, Held]) -> None:
        """This is what is known now; nothing, when the driver is not asked any more."""
        self._gpus = gpus

    def lapse(self, why: str) -> None:
        """None of the GPUs can be asked now."""
        self._gpus = {address: each._replace(why=why) for address, each in self._gpus.items()}

    def of(self, began: Mapping[int, float], now: float) -> Part:
        """The part of some processes.

        A GPU that cannot be asked is missed by those only that had memory on it; where none can be asked
        nothing is known. A process that began after the driver spoke only bears an ended one's number.

        Args:
            began: the processes by pid, each with the time of its beginning (boot clock, s).
            now: the boot clock in seconds.
        """
        gpus = self._gpus
        missing = {address: gpu.why or late(now - gpu.at) for address, gpu in gpus.items()}
        total, why, found = 0, "", False
        for address, gpu in gpus.items():
            for pid in gpu.used.keys() & began.keys():
                if began[pid] > gpu.at:
                    continue
                size, found = gpu.used[pid], True
                if missing[address] or size is None:
                    why = f"{address}: {missing[address] or UNTOLD}"
                total += size or 0
        if not why and all(missing.values()):
            why = next((f"{address}: {each}" for address, each in missing.items()), NOBODY)
        return Part(None if why else total, why, found)


def late(seconds: float) -> str:
    """Says so where what was told so long ago is nothing to go by any more."""
    return f"last told {seconds:.0f} s ago" if seconds > STALE else ""
