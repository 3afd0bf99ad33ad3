"""The alerts that fire now, by device and rule, as the broker's retained messages say.

What a view needs of one is `agent.ship.alert.Alert`: device, rule, severity, summary, runbook, when,
since and at (wall s), the worst series with their values, and how many more there are. Its texts come
from a foreign device: print them through `clean`.
"""

from __future__ import annotations

from agent.ship.alert import Alert

MOST = 256
"""Alerts of one device."""

MOST_DEVICES = 10_000
"""Devices with alerts."""

MOST_BYTES = 64 * 1024 * 1024
"""Memory for all alerts. Of 16 KB on the wire one may come to 150 KB here."""

SEVERITIES = ("critical", "warning", "info")
"""From the worst on; words that are not known here come last."""


class Alerts:
    """What fires now. One beyond the bounds is refused, for those that are here may be as bad."""

    def __init__(self) -> None:
        self._devices: dict[str, dict[str, Alert]] = {}
        self._bytes = 0

    def fires(self, alert: Alert) -> bool:
        """Keep what an alert says now; False: there is no room for it."""
        held = self._devices.get(alert.device, {})
        before = held.get(alert.rule)
        full = len(held) >= MOST or (not held and len(self._devices) >= MOST_DEVICES)
        size = self._bytes + _bytes(alert) - (_bytes(before) if before else 0)
        if (before is None and full) or size > MOST_BYTES:
            return False
        self._devices.setdefault(alert.device, {})[alert.rule] = alert
        self._bytes = size
        return True

    def over(self, device: str, rule: str) -> Alert | None:
        """It does not fire any more; what it said last, None if it was not known to fire."""
        held = self._devices.get(device, {})
        last = held.pop(rule, None)
        self._bytes -= _bytes(last) if last else 0
        if not held:
            self._devices.pop(device, None)
        return last

    def clear(self) -> None:
        """Nothing is known: a new connection brings what fires now, and does not say what is over."""
        self._devices.clear()
        self._bytes = 0

    def of(self, device: str) -> tuple[Alert, ...]:
        """The alerts of a device, the worst first, then the newest."""
        return tuple(sorted(self._devices.get(device, {}).values(), key=_worst_first))

    def every(self) -> tuple[Alert, ...]:
        """All of them in that order."""
        found = [alert for held in self._devices.values() for alert in held.values()]
        return tuple(sorted(found, key=_worst_first))


def _bytes(alert: Alert) -> int:
    """About what it takes in memory: 64 bytes for each text and what stands in it."""
    texts = [alert.device, alert.rule, alert.severity, alert.summary, alert.runbook, alert.when]
    for series, _, _ in alert.series:
        texts += (series.name, series.unit, *(text for pair in series.attributes for text in pair))
    return 64 * (len(texts) + 2 * len(alert.series) + 8) + sum(map(len, texts))


def _worst_first(alert: Alert) -> tuple[int, float, str, str]:
    known = alert.severity in SEVERITIES
    place = SEVERITIES.index(alert.severity) if known else len(SEVERITIES)
    return place, -alert.since, alert.device, alert.rule
