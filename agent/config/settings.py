"""Every setting: its name, form, bounds, default and meaning, each said once, here.

The annotated file, the reference and the JSON schema are made from these structs
(`agent/config/reference.py`), the loader converts by them (`agent/config/load.py`). All times are in
seconds, all sizes in bytes. The structs are named tuples: importing a library of structs for them
costs the daemon 2 MB of memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, NamedTuple

from agent.config.allowance import Allowance
from agent.config.collected import (
    Collect,
    Metrics,
    Picked,
    Polling,
    attribute_names,
    attribute_section,
    collector_names,
    collector_section,
)
from agent.config.endpoints import ENDPOINTS, Endpoint, endpoint_section
from agent.config.formats import FORMATS, Format, Redact, format_section
from agent.config.forms import Choice, Duration, Flag, Share, Size, Text, Whole
from agent.config.logs import LOGS, Logs, logs_section
from agent.config.models import MODELS, Model, model_section
from agent.config.names import Confirm, Name, Path, Url, broker_address
from agent.config.patterns import Clear, When
from agent.config.quantity import Rate
from agent.config.recording import Recorder
from agent.config.retention import Retention
from agent.config.section import Each, Items, Pairs, Section, Setting, section
from agent.config.tables import Tier, Tiers
from collectors.options import OPTIONS

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
MIB = 1024 * 1024
GIB = 1024 * MIB
MB, GB = 1000**2, 1000**3


class Device(NamedTuple):
    """Who this device is, in topics and views. These texts stand in MQTT topics."""

    name: Annotated[
        str,
        Setting(
            Name("the host name and six digits of a hash of the machine id"),
            "The device's name, unique in its fleet. The hash keeps two boards of one image apart.",
        ),
    ] = ""
    fleet: Annotated[str, Setting(Name(), "The devices that are looked at together.")] = "default"
    site: Annotated[str, Setting(Name("none"), "Where the device stands, for people to read.")] = ""
    tags: Annotated[
        Mapping[str, str],
        Setting(
            Pairs(Text(128), 16, r"[A-Za-z0-9_.-]{1,64}", "1 to 64 letters, digits and . _ -"),
            "What else is to be known of the device, told in its status and in the event of each start.",
            'rack = "3"',
        ),
    ] = MappingProxyType({})


class Observed(NamedTuple):
    """The host that is observed: another root than / where Outrider runs in a container."""

    root: Annotated[
        str,
        Setting(
            Path(required=True),
            "What the host calls /, with all that is mounted below it. Unless it is /, the network and the "
            "mounts of the host's process 1 are read instead of our own.",
        ),
    ] = "/"
    proc: Annotated[str, Setting(Path(), "Where the host's /proc lies; empty: below host.root.")] = ""
    sys: Annotated[str, Setting(Path(), "Where the host's /sys lies; empty: below host.root.")] = ""
    dev: Annotated[str, Setting(Path(), "Where the host's /dev lies; empty: below host.root.")] = ""


class Broker(NamedTuple):
    """The MQTT broker, and how patient to be with it. Without a broker the device collects and keeps;
    what was kept is shipped when it returns.
    """

    url: Annotated[
        str, Setting(Url(), "The broker's address; port 1883, or 8883 with TLS, unless given.")
    ] = "mqtt://127.0.0.1:1883"
    user: Annotated[str, Setting(Text(), "The user to log in as; empty for none.")] = ""
    password_file: Annotated[
        str,
        Setting(
            Path(secret=True),
            "A file with the password in its first line, readable by its owner alone (mode 0600 or "
            "0400), or credential:NAME for one that systemd hands over.",
        ),
    ] = ""
    ca_file: Annotated[
        str,
        Setting(Path(), "Certificates (PEM) that a mqtts:// broker is checked against; empty: the system's."),
    ] = ""
    certificate_file: Annotated[
        str, Setting(Path(), "This device's certificate (PEM), where the broker asks for one.")
    ] = ""
    key_file: Annotated[
        str,
        Setting(Path(secret=True), "The key (PEM) of that certificate, readable by its owner alone."),
    ] = ""
    protocol: Annotated[
        str,
        Setting(Choice("auto", "5", "3.1.1"), "The MQTT version; auto tries 5, then 3.1.1."),
    ] = "auto"
    keepalive: Annotated[
        float, Setting(Duration(5, HOUR), "How long the connection may be silent before a ping.")
    ] = MINUTE
    connect_timeout: Annotated[
        float, Setting(Duration(1, 10 * MINUTE), "How long a connection may take to come up.")
    ] = 15.0
    ack_timeout: Annotated[
        float,
        Setting(
            Duration(1, HOUR),
            "How long a message may wait for its acknowledgement before the connection is given up "
            "and made anew: a broker that accepts and never answers is no broker.",
        ),
    ] = 30.0
    backoff_min: Annotated[
        float,
        Setting(Duration(0.1, HOUR), "The first wait before connecting again; doubles, with jitter."),
    ] = 1.0
    # With one attempt that hangs for connect_timeout it is less than a minute.
    backoff_max: Annotated[
        float,
        Setting(
            Duration(0.1, DAY),
            "The longest such wait; by default data flow again within a minute of any outage's end.",
        ),
    ] = 40.0
    in_flight: Annotated[
        int, Setting(Whole(1, 20), "Messages that may await their acknowledgement at a time.")
    ] = 4


class Window(NamedTuple):
    """Samples are summed up in windows, and only these are kept and shipped."""

    span: Annotated[
        float,
        Setting(
            Duration(1, HOUR),
            "How long a window is; it begins at multiples of this in UTC. One commit to the disk and "
            "one message a window.",
        ),
    ] = MINUTE


class Ring(NamedTuple):
    """Every sample of the last while, in memory (a map in runtime.directory), never on the disk."""

    enabled: Annotated[bool, Setting(Flag(), "Whether to keep it.")] = True
    keep: Annotated[
        float,
        Setting(Duration(MINUTE, DAY), "How far it goes back: 1.7 MB for 120 series and 1h at 1s."),
    ] = HOUR


DEFAULT_TIERS = (Tier(8, 6 * HOUR), Tier(64, 2 * DAY), Tier(1024, 30 * DAY))


class Store(NamedTuple):
    """History and spool in one file of bounded size: at a limit neighbouring windows are merged, so
    that resolution falls before anything is dropped.
    """

    directory: Annotated[str, Setting(Path(required=True), "Where the file stands.")] = "/var/lib/outrider"
    max_size: Annotated[
        int, Setting(Size(MIB, 64 * GIB), "The most that the database takes with all its side files.")
    ] = 16 * MIB
    tiers: Annotated[
        tuple[Tier, ...],
        Setting(
            Tiers(4096, Duration(MINUTE, 3650 * DAY)),
            "Blocks of so many windows, each kept in place of finer ones from this age on; a table "
            "given here replaces the default one. 120 series take about 2.6 KB a window or block: by "
            "default 360 windows of 1m, 315 blocks of 8, 630 of 64 and 520 of 1024 cover 400 days, "
            "1825 rows or 4.8 MB, which leaves 16 MiB room for two or three times as many series.",
        ),
    ] = DEFAULT_TIERS
    write_budget: Annotated[
        Rate,
        Setting(
            Allowance(MB, 1000 * GB, daily=True),
            "What the daemon may write to the disk in all, so that flash cards last. As it runs short "
            "several windows share a commit, which delays what is shipped by up to an hour, and become "
            "coarser where that is not enough; nothing is left out.",
        ),
    ] = Rate(50 * MB, "day")


class Ship(NamedTuple):
    """What is sent, and whose word says that it arrived."""

    confirm: Annotated[
        str,
        Setting(
            Confirm(),
            "Who confirms: the broker by its acknowledgement, which is not durability, or a sink "
            "(`outrider sink --name NAME`) after its commit.",
        ),
    ] = "broker"
    payload: Annotated[
        str,
        Setting(
            Choice("msgpack", "json"),
            "msgpack is compact (MessagePack and zstd); json is plain, for mosquitto_sub and rules.",
        ),
    ] = "msgpack"
    clock_wait: Annotated[
        float,
        Setting(
            Duration(0, HOUR),
            "How long after a start records wait while the wall clock is surely wrong, so that they go with "
            "the right time; then they go, marked unsynchronised. Alerts and the status never wait.",
        ),
    ] = 10 * MINUTE
    digits: Annotated[
        int,
        Setting(
            Whole(0, 15),
            "Significant digits of fractions on the wire; whole numbers stay exact, and 0 sends all "
            "digits. The store on the device is always exact.",
        ),
    ] = 3
    budget: Annotated[
        Rate | None,
        Setting(
            Allowance(100_000, 10**11, none=True),
            "The most that may go over the wire in any hour, day or month (of 31 days), both ways and all "
            "headers counted. When it is short, several windows are shipped as one, and that is told; "
            "pings become seldom, and below 1 MB a day the device connects, sends and leaves.",
        ),
    ] = None


class Runtime(NamedTuple):
    """Files that need not outlive a power cut."""

    directory: Annotated[
        str, Setting(Path(required=True), "Where the ring stands: in memory, kept over restarts.")
    ] = "/run/outrider"


class Limits(NamedTuple):
    """What the daemon itself may use. Past a limit intervals get longer and collectors are switched off, the
    costliest first, until it holds; that is said, and undone step by step.
    """

    cpu: Annotated[
        float,
        Setting(Share(0.001, 64.0), "CPU time, as a share of one core, over a minute."),
    ] = 0.15
    memory: Annotated[
        int, Setting(Size(16 * MIB, 64 * GIB), "Memory that is its own: its proportional share (PSS).")
    ] = 72 * MIB
    descriptors: Annotated[
        int,
        Setting(
            Whole(64, 1_000_000),
            "Open files and sockets; at most three quarters of what the process may open count as the limit.",
        ),
    ] = 2048


class Log(NamedTuple):
    """What the daemon says on stderr, which is the journal under systemd."""

    level: Annotated[
        str, Setting(Choice("error", "warning", "info", "debug"), "The least that is worth a line.")
    ] = "info"


class Alert(NamedTuple):
    """A rule over any series, and what is said while it holds: retained on the topic `alert/NAME`."""

    name: Annotated[str, Setting(Name(), "What it is called, the last level of its topic.", '"hot"')]
    when: Annotated[
        str,
        Setting(
            When(),
            'When it fires: a threshold, or an absence such as "no outrider.up for 5m". A counter is '
            "compared by its growth a second, a histogram by a function such as p99.",
            '"hw.temperature > 85 for 2m"',
        ),
    ]
    clear: Annotated[
        str,
        Setting(
            Clear(),
            "The level that ends it, in the same unit, such as 80; empty: as soon as `when` does not hold.",
        ),
    ] = ""
    severity: Annotated[str, Setting(Choice("info", "warning", "critical"), "How bad it is.")] = "warning"
    summary: Annotated[str, Setting(Text(), "What it means, for people to read.")] = ""
    runbook: Annotated[str, Setting(Text(), "What to do about it, or a page that says so.")] = ""


ALERTS = 64


def alert_section() -> Section:
    """The settings of one alert."""
    return section(Alert)


class Config(NamedTuple):
    """All settings of one daemon."""

    device: Device = Device()
    host: Observed = Observed()
    broker: Broker = Broker()
    collect: Collect = Collect()
    collectors: Annotated[
        Mapping[str, Polling],
        Setting(
            Each(collector_names, collector_section), "What is read; all are polled unless switched off."
        ),
    ] = MappingProxyType({})
    metrics: Metrics = Metrics()
    attributes: Annotated[
        Mapping[str, Picked],
        Setting(
            Each(attribute_names, attribute_section, "network.interface.name"),
            "Which series are kept, by the value of an attribute, whichever collector reads them. A series "
            "without the attribute is kept. The metrics and their attributes are in collectors/README.md.",
        ),
    ] = MappingProxyType({})
    window: Window = Window()
    ring: Ring = Ring()
    recorder: Recorder = Recorder()
    store: Store = Store()
    retention: Retention = Retention()
    ship: Ship = Ship()
    alert: Annotated[
        tuple[Alert, ...],
        Setting(
            Items(alert_section, ALERTS),
            "A rule over any series, and what is said while it holds: retained on the topic alert/NAME, "
            "ahead of everything else.",
        ),
    ] = ()
    format: Annotated[
        tuple[Format, ...],
        Setting(
            Items(format_section, FORMATS),
            "A format of logs of your own, beside the presets; `outrider logs explain FILE` writes one.",
        ),
    ] = ()
    logs: Annotated[
        tuple[Logs, ...],
        Setting(
            Items(logs_section, LOGS),
            "A model's log: files, units of the journal or a FIFO, and the format of its lines.",
        ),
    ] = ()
    endpoint: Annotated[
        tuple[Endpoint, ...],
        Setting(
            Items(endpoint_section, ENDPOINTS),
            "A model server's page for Prometheus: vLLM's, Triton's or any other's.",
        ),
    ] = ()
    model: Annotated[
        tuple[Model, ...],
        Setting(
            Items(model_section, MODELS),
            "A model, as its logs tell of it: how good it is, what it is given, and whether that is still "
            "what it was made for.",
        ),
    ] = ()
    redact: Redact = Redact()
    runtime: Runtime = Runtime()
    limits: Limits = Limits()
    log: Log = Log()

    def polling(self, name: str) -> Polling:
        """How this collector is polled, its interval and options filled in.

        Without one of its own the interval is `collect.interval`, or a longer one where the catalog says
        that the collector costs much or changes little.
        """
        from collectors.catalog import interval

        own = self.collectors.get(name, Polling())
        every = own.interval or interval(name, self.collect.interval)
        return own._replace(interval=every, options=own.options or OPTIONS.get(name))

    @property
    def address(self) -> tuple[str, int, bool]:
        """The broker's host and port, and whether it speaks TLS.

        Raises:
            ValueError: the URL never went through the loader and is malformed.
        """
        address = broker_address(self.broker.url)
        if address is None:
            raise ValueError(f"broker.url: {self.broker.url!r} is no broker's address")
        return address
