"""A question as it goes with one GPU: when it is due, which way the driver knows, and what it refuses.

A question falls back alone. Where a driver does not know it, or the GPU cannot answer it, its metrics
are absent and it is asked again after a minute; a value that cannot be is refused by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import pynvml as nvml

from collectors.api import Absence, Metric, Series
from collectors.gpu_nvidia.metrics import Who
from collectors.gpu_nvidia.questions import Answer, Ask, Handle
from collectors.host import printable

Values = Sequence[float | None]
AGAIN = 60.0
LOST = frozenset((nvml.NVML_ERROR_GPU_IS_LOST, nvml.NVML_ERROR_RESET_REQUIRED))
GONE = frozenset(
    (
        nvml.NVML_ERROR_UNINITIALIZED,
        nvml.NVML_ERROR_DRIVER_NOT_LOADED,
        nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH,
    )
)
"""Errors that say of the whole driver that it is not there any more."""
UNKNOWN = frozenset(
    (
        nvml.NVML_ERROR_NOT_SUPPORTED,
        nvml.NVML_ERROR_FUNCTION_NOT_FOUND,
        nvml.NVML_ERROR_NO_PERMISSION,
        nvml.NVML_ERROR_INVALID_ARGUMENT,
        nvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
        nvml.NVML_ERROR_DEPRECATED,
    )
)
"""Errors that the next second does not mend."""


class Asked:
    """One question as it goes with one GPU or MIG instance.

    Args:
        ask: the question.
        who: whose series its answers are.
        phase: part of the period by which the second time comes early, so that the slow questions to
            several GPUs do not all fall into one poll.
    """

    __slots__ = ("_ask", "_nothing", "_phase", "_way", "answered", "due", "series")

    def __init__(self, ask: Ask, who: Who, phase: float) -> None:
        self._ask = ask
        self._way = 0
        self._phase = phase
        self.due = float("-inf")
        """When it is asked next, on the boot clock."""
        self._nothing: Values = (None,) * len(ask.fills)
        self.series = tuple(fill.series(who) for fill in ask.fills)
        self.answered = False
        """Whether its series are there: the driver knows the question and the GPU an answer."""

    def fills(self, metric: Metric) -> bool:
        """Whether its answer, which there is, has this metric."""
        return self.answered and any(fill.metric is metric for fill in self._ask.fills)

    @property
    def unless(self) -> Metric | None:
        """See `Ask`."""
        return self._ask.unless

    def values(self, handle: Handle, now: float, absences: list[Absence]) -> Values:
        """A value for each of its series; None where it is not due, or cannot be had.

        Raises:
            NVMLError: the GPU is lost (`LOST`), or the driver gone (`GONE`).
        """
        if now < self.due:
            return self._nothing
        self.due = now + self._ask.every * (1.0 - self._phase)
        self._phase = 0.0
        try:
            found = self._found(handle)
        except nvml.NVMLError as error:
            if error.value in LOST or error.value in GONE:
                raise
            if error.value in UNKNOWN:
                self.answered = False
                self.due = now + AGAIN
            return self._absent(str(error), absences)
        except ValueError as error:
            return self._absent(str(error), absences)
        self.answered = True
        for value, fill in zip(found, self._ask.fills, strict=True):
            if not 0 <= value <= fill.high:
                return self._bounded(found, absences)
        return found

    def _found(self, handle: Handle) -> Answer:
        """The answer, asked in the newest way that the driver knows."""
        while True:
            try:
                return self._ask.ways[self._way](handle)
            except nvml.NVMLError as error:
                if error.value != nvml.NVML_ERROR_FUNCTION_NOT_FOUND or self._way + 1 == len(self._ask.ways):
                    raise
                self._way += 1

    def _bounded(self, found: Answer, absences: list[Absence]) -> Values:
        values: list[float | None] = []
        for value, fill, series in zip(found, self._ask.fills, self.series, strict=True):
            good = 0 <= value <= fill.high
            values.append(value if good else None)
            if not good:
                absences.append(absence(series, f"{value:g} {series.unit} cannot be"))
        return values

    def _absent(self, reason: str, absences: list[Absence]) -> Values:
        absences.extend(absence(series, reason) for series in self.series[:1])
        return self._nothing


def absence(series: Series, reason: str) -> Absence:
    """Why a series has no value: the metric, and of which GPU."""
    return Absence(series.name, printable(f"{series.attributes[0][1]}: {reason}"))


def name_of(handle: Handle) -> str:
    """What NVIDIA calls a GPU or a MIG instance; empty where that is no text.

    Raises:
        NVMLError: it is lost, or does not say.
    """
    try:
        return printable(nvml.nvmlDeviceGetName(handle))
    except UnicodeDecodeError:
        return ""
