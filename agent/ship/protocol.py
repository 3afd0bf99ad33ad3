"""What the link is told, and what it answers: events and commands, plain data without behaviour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from agent.ship.alert import Alert
from agent.ship.budget import Allowance
from agent.ship.records import Key, Row
from agent.stats.frame import Content

Level = Literal["debug", "info", "warning", "error"]
Happening = Literal[
    "connected", "failed", "grain", "lost", "refused", "set_aside", "shrunk", "strange", "unheard"
]  # fmt: skip

# MQTT 5's reason codes that mean something to us.
NO_SUBSCRIBERS = 0x10
FAILURE = 0x80
TAKEN_OVER = 0x8E
PACKET_TOO_LARGE = 0x95
FAULTS = {
    0x80: "unspecified",
    0x83: "implementation_specific",
    0x87: "not_authorised",
    0x90: "topic_name_invalid",
    0x91: "packet_identifier_in_use",
    0x95: "packet_too_large",
    0x97: "quota_exceeded",
    0x99: "payload_format_invalid",
}
# Of the row: it can never go.
ROW_FAULTS = (0x95, 0x99)
# Of the broker's rules: wrong for every row until somebody changes them, so seldom tried again.
RULE_FAULTS = (0x87, 0x90)


class Settings(NamedTuple):
    """How the link behaves; times in seconds.

    `sink` is empty for `confirm = "broker"`. `protocol` is 5, 4 (MQTT 3.1.1) or None for 5 with 4
    as fallback. `digits` are significant digits of a number on the wire, None for all.
    `status_every` is how often an unchanged status is said again, at most; `site` and `tags` are said in it.
    `priorities` are by stream: what is of a higher one is sent first.
    `budget` is what may go over the wire, None for no limit.
    """

    fleet: str
    device: str
    sink: str = ""
    json: bool = False
    digits: int | None = 3
    in_flight: int = 4
    ack_timeout: float = 30.0
    connect_timeout: float = 15.0
    backoff_min: float = 1.0
    backoff_max: float = 40.0
    status_every: float = 900.0
    protocol: int | None = None
    site: str = ""
    tags: Mapping[str, str] = MappingProxyType({})
    priorities: Mapping[str, int] = MappingProxyType({})
    budget: Allowance | None = None


class Corrupt(NamedTuple):
    """In the place of a record that the store holds and cannot read."""

    reason: str


Record = tuple[bytes, Content] | Corrupt


class Flushed(NamedTuple):
    """A flush is committed and the outbox follows it; `fresh` are its records, still in memory."""

    fresh: Mapping[Key, Content]


class Condition(NamedTuple):
    """What the status message says is wrong with the device; empty when all is well."""

    degraded: tuple[str, ...]


class Alerts(NamedTuple):
    """What these rules have to say now: an alert for each that fires, None for one that does not."""

    alerts: Mapping[str, Alert | None]


class Connected(NamedTuple):
    """CONNACK with success; the limits are None where the broker names none."""

    maximum_packet_size: int | None = None
    receive_maximum: int | None = None


class Refused(NamedTuple):
    """No connection came about.

    `final`: trying again soon cannot help (password, certificate). `unsupported`: the broker does
    not speak this version of the protocol.
    """

    reason: str
    text: str
    final: bool = False
    unsupported: bool = False


class Lost(NamedTuple):
    """The connection ended, or the broker closed it before CONNACK; `code` of MQTT 5's DISCONNECT."""

    reason: str
    text: str
    code: int | None = None


class Puback(NamedTuple):
    """The broker's answer to the publish of this token; MQTT 3.1.1 has no codes: always 0."""

    token: int
    code: int = 0


class Received(NamedTuple):
    """A message came in."""

    topic: str
    payload: bytes


class Loaded(NamedTuple):
    """Answer to `Load`: the records found; those that are gone from the store are left out."""

    token: int
    records: Mapping[Key, Record]


class Found(NamedTuple):
    """Answer to `Lookup`: the rows of the store that overlap the wanted interval."""

    wanted: Key
    rows: Sequence[Row]


class Spent(NamedTuple):
    """So many bytes went over the wire, both ways together, headers included."""

    size: int


class Tick(NamedTuple):
    """The moment asked for by `Wake` has come."""


class Stopping(NamedTuple):
    """The daemon ends: `grace` seconds for the last flush's message and the offline status."""

    grace: float


Event = (
    Flushed
    | Condition
    | Alerts
    | Connected
    | Refused
    | Lost
    | Puback
    | Received
    | Loaded
    | Found
    | Spent
    | Tick
    | Stopping
)


class Connect(NamedTuple):
    """Open a connection: protocol 5 or 4 (MQTT 3.1.1), clean start, with this retained will."""

    protocol: int
    will_topic: str
    will: bytes


class Disconnect(NamedTuple):
    """End the connection or the attempt; nothing is heard of it any more.

    `clean` says DISCONNECT, so that the broker forgets the will; otherwise it publishes it.
    """

    clean: bool


class Subscribe(NamedTuple):
    """Subscribe with QoS 1."""

    topic: str


class Publish(NamedTuple):
    """Publish with QoS 1; the PUBACK comes back with `token`."""

    token: int
    topic: str
    payload: bytes
    retain: bool


class Load(NamedTuple):
    """Read these records from the store; `Loaded` answers with the same token."""

    token: int
    rows: tuple[Row, ...]


class Lookup(NamedTuple):
    """Find the rows that overlap this interval; `Found` answers."""

    wanted: Key


class FreshEpoch(NamedTuple):
    """A sink knows more of this epoch than we gave: the next flush must begin a new one."""


class Wake(NamedTuple):
    """Send a `Tick` at this moment of the boot clock, in place of any asked for before."""

    at: float | None


class Notice(NamedTuple):
    """Something to count as `outrider.ship.<name>` with this reason, and to say unless "debug"; `key` is the
    record that it is about, if it is about one."""

    level: Level
    name: Happening
    reason: str
    text: str
    key: Key | None = None


class Ended(NamedTuple):
    """The link has said its last word."""


Command = Connect | Disconnect | Subscribe | Publish | Load | Lookup | FreshEpoch | Wake | Notice | Ended
