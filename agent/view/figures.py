"""The few figures by which a list of devices is looked over: how busy, how full, how hot; pure."""

from __future__ import annotations

from collections.abc import Mapping

from agent.stats.frame import Content
from agent.stats.window import Gauge, Summary
from collectors.api import Series

OF = {
    "system.cpu.utilization": "CPU",
    "system.memory.utilization": "MEM",
    "hw.gpu.utilization": "GPU",
    "hw.temperature": "TEMP",
}
"""The metrics that give a figure; of several series the highest counts."""


def figures(content: Content) -> dict[str, float]:
    """The figures of a record's latest frame; what it does not say is not there."""
    if not content.frames:
        return {}
    found: dict[str, float] = {}
    latest = max(content.frames, key=lambda frame: frame.span.wall[1])
    for series, summary in latest.windows.items():
        name = OF.get(series.name)
        value = _figure(series, summary) if name else None
        if name and value is not None:
            found[name] = max(value, found.get(name, value))
    return found


def _figure(series: Series, summary: Summary) -> float | None:
    """The mean of the window; None for a series that says something else."""
    if not isinstance(summary, Gauge) or not summary.count:
        return None
    mean = summary.total / summary.count
    attributes = dict(series.attributes)
    if series.name == "system.cpu.utilization":
        return 1.0 - mean if attributes.get("cpu.mode") == "idle" else None
    if series.name == "system.memory.utilization":
        return mean if attributes.get("system.memory.state") == "used" else None
    return mean


class Figures:
    """The latest figures by device, each for as long as it is fresh."""

    def __init__(self, most: int, kept: float) -> None:
        """At most so many devices; a figure is shown for `kept` s after it came."""
        self._most = most
        self._kept = kept
        self._held: dict[str, tuple[float, dict[str, float]]] = {}

    def take(self, device: str, content: Content, now: float) -> None:
        """Learn from a record that came at `now`; beyond the bound, further devices have none."""
        found = figures(content)
        if found and (device in self._held or len(self._held) < self._most):
            self._held[device] = (now, found)

    def of(self, device: str, now: float) -> Mapping[str, float]:
        """What is known of a device, and is no older than that."""
        came, found = self._held.get(device, (0.0, {}))
        return found if 0 <= now - came < self._kept else {}
