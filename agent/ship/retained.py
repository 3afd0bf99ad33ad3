"""What the broker retains of this device: its status, and one message for each alert that fires.

The broker may lose retained messages, or come back with old ones: with each connection the status and the
state of every rule are said again, an empty payload for a rule that does not fire. What changed goes
first, at most twice in `HUSH` s a rule; the saying again of what does not fire can wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agent.ship import limits
from agent.ship.alert import Alert, alert_json
from agent.ship.plain import status_json
from agent.ship.protocol import Settings
from agent.ship.purse import Purse

HUSH = 10.0
STATUS, ALERT = "status", "alert/"
NEVER = float("-inf")


class Due(NamedTuple):
    """A payload that is due, and its topic below the device's."""

    what: str
    payload: bytes


class Voice(NamedTuple):
    """Who says it: (epoch, connection number), and when: the boot clock and wall s."""

    session: tuple[int, int]
    now: float
    wall: float


class Retained:
    """`degraded` says what is wrong with the device, `unheard` that nobody subscribes to its data."""

    def __init__(self, settings: Settings, purse: Purse) -> None:
        self.degraded: tuple[str, ...] = ()
        self.unheard = False
        self._settings = settings
        self._purse = purse
        self._status_said: tuple[str, ...] | None = None
        self._promised = 0.0
        self._status_at = 0.0
        self._alerts: dict[str, Alert | None] = {}
        self._due: dict[str, bool] = {}
        self._said_at: dict[str, tuple[float, float]] = {}
        self._room = limits.ALERT

    def begin(self, room: int) -> None:
        """A connection is up, on which topic and payload together take at most `room` bytes."""
        again = self._status_said is None or not self._purse.rests
        self._room = room
        if again:
            self._status_said = None
            self._said_at.clear()
            self._due = {rule: alert is not None for rule, alert in self._alerts.items()}

    # --- the status

    def status_due(self, now: float, *, flushed: bool) -> bool:
        """Whether it is to be said: it changed, or was said long ago and a flush makes us speak anyway."""
        old = now - self._status_at >= self._settings.status_every
        return self._troubles() != self._status_said or self._broken_promise or (old and flushed)

    def status(self, voice: Voice) -> Due:
        """The status as it is now; with a grain it says how long we may be silent."""
        self._status_said = reasons = self._troubles()
        self._status_at = voice.now
        self._promised = self._purse.silence
        every = {"every": self._promised} if self._purse.allowance is not None else {}
        return self._status("degraded" if reasons else "online", reasons, voice, every)

    def resting(self, voice: Voice, until: float) -> Due:
        """We leave on purpose, and are heard again at `until` (wall s) or sooner."""
        self._status_said = reasons = self._troubles()
        return self._status("resting", reasons, voice, {"until": round(until, 3)})

    def offline(self, voice: Voice) -> Due:
        """The will, and the last word."""
        return self._status("offline", (), voice, {})

    def _status(self, state: str, reasons: tuple[str, ...], voice: Voice, more: Mapping[str, float]) -> Due:
        device, site, tags = self._settings.device, self._settings.site, self._settings.tags
        labels: dict[str, object] = {k: v for k, v in (("site", site), ("tags", dict(tags))) if v}
        account = self._purse.account
        if account is not None and state != "offline":
            labels["budget"] = account._asdict()
        return Due(STATUS, status_json(device, voice.session, state, reasons, voice.wall, {**labels, **more}))

    @property
    def _broken_promise(self) -> bool:
        """Whether we are silent for longer than we said, or for much shorter."""
        if self._purse.allowance is None:
            return False
        return not self._promised / 4 <= self._purse.silence <= self._promised

    def _troubles(self) -> tuple[str, ...]:
        return (*self.degraded, "nobody subscribed") if self.unheard else self.degraded

    def pressing(self, now: float) -> bool:
        """Whether there is something new to be said: an alert, or what is wrong with the device."""
        return self.alert_due(now, changed=True) or self._troubles() != self._status_said

    # --- alerts

    def told(self, alerts: Mapping[str, Alert | None]) -> None:
        """What these rules have to say now; None for one that does not fire."""
        for rule, alert in alerts.items():
            before = self._alerts.get(rule)
            self._due[rule] = alert is not None or before is not None or self._due.get(rule, False)
            self._alerts[rule] = alert

    def alert_due(self, now: float, *, changed: bool) -> bool:
        """Whether `alert` has one to say."""
        return any(
            pressing is changed and now - self._said_at.get(rule, (NEVER, NEVER))[0] >= HUSH
            for rule, pressing in self._due.items()
        )

    def alert(self, voice: Voice, *, changed: bool) -> Due | None:
        """The next alert to be said: one that fires or changed, or else one that is quiet as it was.

        Raises:
            OverflowError: the broker takes no packet that it would fit into.
        """
        for rule, pressing in self._due.items():
            older, newer = self._said_at.get(rule, (NEVER, NEVER))
            if pressing is changed and voice.now - older >= HUSH:
                del self._due[rule]
                if changed:
                    self._said_at[rule] = (newer, voice.now)
                return Due(ALERT + rule, self._alert(rule, voice))
        return None

    def wake_at(self, now: float) -> float:
        """When an alert that waits for its time may be said; infinity if none does."""
        times = (self._said_at.get(rule, (NEVER, NEVER))[0] + HUSH for rule in self._due)
        return min((at for at in times if at > now), default=float("inf"))

    def failed(self, what: str, until: float) -> None:
        """The broker refused an alert for the moment: say it again, at `until` or later."""
        rule = what.removeprefix(ALERT)
        self._due[rule] = True
        self._said_at[rule] = (until - HUSH, until - HUSH)

    def _alert(self, rule: str, voice: Voice) -> bytes:
        alert = self._alerts[rule]
        if alert is None:
            return b""
        room = min(limits.ALERT, self._room - len(ALERT) - len(rule.encode()))
        payload = alert_json(alert._replace(at=voice.wall), voice.session, room)
        if len(payload) > room:
            raise OverflowError(f"alert {rule} takes {len(payload)} bytes, the broker {room}")
        return payload
