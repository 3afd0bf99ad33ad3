"""What a broker delivered, checked before anything believes it, and handed to the fleet store.

    topic and payload --> size, shape of the topic --> decode --> device named twice alike --> FleetStore
                                                                                            or Alerts

Nothing a device sends stops the sink: it is refused, counted under `outrider.sink.refused` by reason
and said once for each device and reason. Only the store's own faults (busy, disk full) go up to the
caller, who must not acknowledge then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from agent.ship import limits
from agent.ship.alert import Alert, parse_alert
from agent.ship.limits import ROOT, WireError
from agent.ship.plain import parse_status
from agent.ship.records import Ack, Key
from agent.ship.wire import decode_message
from agent.stats.frame import Content
from agent.view.alerts import Alerts
from agent.view.clean import clean
from agent.view.fleet import FleetStore
from collectors.tally import Tally

MESSAGE_LIMIT = limits.MESSAGE
NAME_LIMIT = limits.NAME
SAID_LIMIT = 10_000
MOST_FLEETS = 10_000
"""Devices whose fleet is remembered."""

Say = Callable[[str, str, str], None]
Applied = Callable[[str, Key, Content], None]
Alerted = Callable[[Alert, bool], None]


class Topic(NamedTuple):
    """Who sent, and on which channel: "data", "status" or "alert", of which `rule`."""

    fleet: str
    device: str
    channel: str
    rule: str = ""


class Answer(NamedTuple):
    """An acknowledgement for the device, and the topic it goes to."""

    topic: str
    ack: Ack


def parse_topic(topic: str) -> Topic | None:
    """The parts of `outrider/v1/<fleet>/<device>/<channel>`, or `.../alert/<rule>`; None if it is neither.

    Names are at most 128 visible characters: they are printed, stored and put into topics.
    """
    if not topic.startswith(ROOT + "/"):
        return None
    parts = topic[len(ROOT) + 1 :].split("/")
    if not all(name and clean(name, NAME_LIMIT) == name for name in parts):
        return None
    if len(parts) != (4 if parts[2:3] == ["alert"] else 3):
        return None
    return Topic(*parts)


class Intake:
    """The way from one delivery to the store.

    Args:
        store: where records go.
        sink: the name under which this sink answers; None for a view, which answers nothing.
        tally: counts `outrider.sink.messages`, `.records`, `.refused{reason}`, `.notices{notice}`.
        say: called as (what, device, text) for what an operator should read.
        applied: called as (device, key, content) for each record newly held.
        alerted: called as (alert, whether it fires) for each alert, and for one that is over.

    `alerts` are those that fire now, as far as the topics are subscribed to; `fleets` says which fleet a
    device was last heard of in.
    """

    def __init__(
        self,
        store: FleetStore,
        sink: str | None,
        tally: Tally,
        say: Say,
        applied: Applied | None = None,
        alerted: Alerted | None = None,
    ) -> None:
        self.alerts = Alerts()
        self.fleets: dict[str, str] = {}
        self._alerted = alerted
        self._store = store
        self._sink = sink
        self._tally = tally
        self._say = say
        self._applied = applied
        self._said: set[tuple[str, str]] = set()

    def take(self, topic: str, payload: bytes, now: float) -> Answer | None:
        """Check and store one delivery; None where nothing is to be answered.

        `now` is the wall clock in seconds. When this returns, what the payload held is committed
        or refused for good, and the delivery may be acknowledged to the broker.

        Raises:
            sqlite3.OperationalError: the store is busy or its disk is full; nothing was taken.
        """
        parts = parse_topic(topic)
        if parts is None:
            shape = f"{ROOT}/<fleet>/<device>/data, /status or /alert/<rule>"
            self._refuse("", "topic", f"{clean(topic)} is not {shape}")
        elif parts.channel == "status":
            self._status(parts, payload, now)
        elif parts.channel == "alert":
            self._alert(parts, payload)
        elif parts.channel == "data":
            return self._data(parts, payload, now)
        return None

    def _status(self, topic: Topic, payload: bytes, now: float) -> None:
        if not payload:
            return
        try:
            status = parse_status(payload)
        except WireError as fault:
            self._refuse(topic.device, fault.reason, fault.detail)
            return
        if self._same_device(topic, status["device"]) and not self._store.status(topic.device, status, now):
            self._tally.add("outrider.sink.status.older")

    def _alert(self, topic: Topic, payload: bytes) -> None:
        """Keep an alert that fires; an empty payload says that it is over."""
        if not payload:
            last = self.alerts.over(topic.device, topic.rule)
            if last is not None and self._alerted:
                self._alerted(last, False)
            return
        try:
            alert = parse_alert(payload)
        except WireError as fault:
            self._refuse(topic.device, fault.reason, fault.detail)
            return
        if not self._same_device(topic, alert.device):
            return
        if alert.rule != topic.rule:
            self._refuse(topic.device, "rule", f"the message says {clean(alert.rule, NAME_LIMIT)}")
        elif not self.alerts.fires(alert):
            self._refuse(topic.device, "alerts", "more alerts than one device may have")
        elif self._alerted:
            self._alerted(alert, True)

    def _same_device(self, topic: Topic, device: str) -> bool:
        if device != topic.device:
            self._refuse(topic.device, "device", f"the message says {clean(device, NAME_LIMIT)}")
        elif device in self.fleets or len(self.fleets) < MOST_FLEETS:
            self.fleets[device] = topic.fleet
        return device == topic.device

    def _data(self, topic: Topic, payload: bytes, now: float) -> Answer | None:
        device = topic.device
        if len(payload) > MESSAGE_LIMIT:
            self._refuse(device, "too_large", f"{len(payload)} bytes, at most {MESSAGE_LIMIT} are allowed")
            return None
        try:
            message = decode_message(payload)
            if not self._same_device(topic, message.device):
                return None
            outcome = self._store.receive(message, now)
        except WireError as fault:
            self._refuse(device, fault.reason, fault.detail)
            return None
        self._tally.add("outrider.sink.messages")
        self._tell(device, outcome.applied)
        for notice in outcome.notices:
            self._tally.add("outrider.sink.notices", notice=notice.name)
            self._say(notice.name, device, notice.text)
        if outcome.ack is None or self._sink is None:
            return None
        return Answer(f"{ROOT}/{topic.fleet}/{device}/ack/{self._sink}", outcome.ack)

    def _tell(self, device: str, applied: tuple[tuple[Key, Content], ...]) -> None:
        """Count the records newly held, and pass them on."""
        self._tally.add("outrider.sink.records", len(applied))
        if self._applied:
            for key, content in applied:
                self._applied(device, key, content)

    def _refuse(self, device: str, reason: str, text: str) -> None:
        """Count a refusal; say it the first time, while there is room to remember who was told."""
        self._tally.add("outrider.sink.refused", reason=reason)
        if (device, reason) in self._said or len(self._said) >= SAID_LIMIT:
            return
        self._said.add((device, reason))
        self._say("refused", device, f"{reason}: {text} (said once, then counted)")
