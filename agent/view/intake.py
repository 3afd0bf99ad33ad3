"""What a broker delivered, checked before anything believes it, and handed to the fleet store.

    topic and payload --> size, shape of the topic --> decode --> device named twice alike --> FleetStore

Nothing a device sends stops the sink: it is refused, counted under `outrider.sink.refused` by reason
and said once for each device and reason. Only the store's own faults (busy, disk full) go up to the
caller, who must not acknowledge then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from agent.ship import limits
from agent.ship.limits import WireError
from agent.ship.records import Ack, Key
from agent.ship.wire import decode_message
from agent.stats.frame import Content
from agent.view.clean import clean
from agent.view.fleet import FleetStore
from collectors.tally import Tally

ROOT = "outrider/v1"
MESSAGE_LIMIT = limits.MESSAGE
STATUS_LIMIT = limits.STATUS
NAME_LIMIT = limits.NAME
SAID_LIMIT = 10_000

Say = Callable[[str, str, str], None]
Applied = Callable[[str, Key, Content], None]


class Topic(NamedTuple):
    """Who sent, and on which channel: "data" or "status"."""

    fleet: str
    device: str
    channel: str


class Answer(NamedTuple):
    """An acknowledgement for the device, and the topic it goes to."""

    topic: str
    ack: Ack


def parse_topic(topic: str) -> Topic | None:
    """The parts of `outrider/v1/<fleet>/<device>/<channel>`; None if it is not of that shape.

    Names are at most 128 visible characters: they are printed, stored and put into topics.
    """
    if not topic.startswith(ROOT + "/"):
        return None
    parts = topic[len(ROOT) + 1 :].split("/")
    if len(parts) != 3 or not all(name and clean(name, NAME_LIMIT) == name for name in parts):
        return None
    return Topic(*parts)


def parse_status(payload: bytes) -> Mapping[str, object]:
    """The JSON object of a status message, with a `state` that can be printed.

    Raises:
        ValueError: longer than 64 KB, no JSON, nested too deeply, no object, no `state`, or a
            `session` that is not two numbers below 2^63.
    """
    if len(payload) > STATUS_LIMIT:
        raise ValueError(f"{len(payload)} bytes, at most {STATUS_LIMIT} are allowed")
    try:
        status: object = json.loads(payload)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(status, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - the payload is at fault
    state = status.get("state")
    if not isinstance(state, str) or clean(state, 32) != state:
        raise ValueError("no state of at most 32 visible characters")
    session = status.get("session", [0, 0])
    if not (isinstance(session, list) and len(session) == 2 and all(map(_is_number, session))):
        raise ValueError("session is not [epoch, connection number], two numbers below 2^63")
    return status


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


class Intake:
    """The way from one delivery to the store.

    Args:
        store: where records go.
        sink: the name under which this sink answers; None for a view, which answers nothing.
        tally: counts `outrider.sink.messages`, `.records`, `.refused{reason}`, `.notices{notice}`.
        say: called as (what, device, text) for what an operator should read.
        applied: called as (device, key, content) for each record newly held.
    """

    def __init__(
        self, store: FleetStore, sink: str | None, tally: Tally, say: Say, applied: Applied | None = None
    ) -> None:
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
            self._refuse("", "topic", f"{clean(topic)} is not {ROOT}/<fleet>/<device>/data or /status")
        elif parts.channel == "status":
            self._status(parts, payload, now)
        elif parts.channel == "data":
            return self._data(parts, payload, now)
        return None

    def _status(self, topic: Topic, payload: bytes, now: float) -> None:
        if not payload:
            return
        try:
            status = parse_status(payload)
            latest = self._store.status(topic.device, status, now)
        except WireError as fault:
            self._refuse(topic.device, fault.reason, fault.detail)
        except ValueError as fault:
            self._refuse(topic.device, "status", str(fault))
        else:
            if not latest:
                self._tally.add("outrider.sink.status.older")

    def _data(self, topic: Topic, payload: bytes, now: float) -> Answer | None:
        device = topic.device
        if len(payload) > MESSAGE_LIMIT:
            self._refuse(device, "too_large", f"{len(payload)} bytes, at most {MESSAGE_LIMIT} are allowed")
            return None
        try:
            message = decode_message(payload)
            if message.device != device:
                self._refuse(device, "device", f"the message says {clean(message.device, NAME_LIMIT)}")
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
