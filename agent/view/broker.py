"""The broker that the demo brings along: Mosquitto if installed, else `iotcore` from PyPI.

It listens on 127.0.0.1 alone, asks for no login, takes payloads of 256 KB and keeps its files in one
directory. For a fleet, run a broker of your own with TLS and users.

iotcore's defaults are 0.0.0.0 and 20 KB, and it speaks each version of MQTT on a port of its own:
`Broker.port` is MQTT 5 (and 3.1.1 with Mosquitto), `Broker.port_311` is 3.1.1.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal

from agent.service.child import Child

HOST = "127.0.0.1"
MAX_PAYLOAD = 256 * 1024
MAX_CONNECTIONS = 1024
PAUSE = 0.02
"""Seconds between two attempts to connect while the broker starts."""

Engine = Literal["mosquitto", "iotcore"]

# `python -c` would look for packages in the working directory first; and rumqttd logs each packet as
# an error, which would fill the disk.
IOTCORE = (
    "import sys; sys.path[:] = [p for p in sys.path if p not in ('', '.')]; "
    "import logging; logging.getLogger('rumqttd').setLevel(logging.CRITICAL); "
    "from iotcore.iotcore import IotCoreBroker; IotCoreBroker(config_path=sys.argv[1]).run_forever()"
)


class BrokerError(Exception):
    """No broker to be had, or it did not come up; the message ends with its last lines."""


def mosquitto_program() -> str | None:
    """Where Mosquitto is; Debian keeps it in /usr/sbin, which a user's PATH may lack."""
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def find_engine() -> Engine:
    """The broker to use on this machine.

    Raises:
        BrokerError: neither is installed.
    """
    if mosquitto_program():
        return "mosquitto"
    if importlib.util.find_spec("iotcore"):
        return "iotcore"
    raise BrokerError(
        "no MQTT broker on this machine: install Debian's mosquitto (apt-get install mosquitto) "
        "or PyPI's iotcore (pip install 'outrider[demo]')"
    )


def free_port() -> int:
    """A TCP port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def mosquitto_settings(port: int, extra: Sequence[str] = ()) -> str:
    """The configuration Mosquitto is started with; `extra` lines come last."""
    lines = [
        f"listener {port} {HOST}",
        f"message_size_limit {MAX_PAYLOAD}",
        f"max_connections {MAX_CONNECTIONS}",
        "max_queued_messages 10000",
        "log_dest stderr",
        "connection_messages true",
    ]
    if os.geteuid() == 0:
        # As root it would become another user, whom the kernel no longer ends together with us.
        lines.append("user root")
    if not any(line.startswith(("password_file", "require_certificate")) for line in extra):
        lines.append("allow_anonymous true")
    return "\n".join([*lines, *extra, ""])


def iotcore_settings(port: int, port_311: int) -> str:
    """The configuration iotcore is started with, in rumqttd's TOML."""
    connections = f"""connection_timeout_ms = 60000
    max_payload_size = {MAX_PAYLOAD}
    max_inflight_count = 100
    dynamic_filters = true"""
    return f"""id = 0
[router]
id = 0
max_connections = {MAX_CONNECTIONS}
max_outgoing_packet_count = 200
max_segment_size = 8388608
max_segment_count = 4
[v4.1]
name = "mqtt-3.1.1"
listen = "{HOST}:{port_311}"
next_connection_delay_ms = 1
    [v4.1.connections]
    {connections}
[v5.1]
name = "mqtt-5"
listen = "{HOST}:{port}"
next_connection_delay_ms = 1
    [v5.1.connections]
    {connections}
"""


class Broker:
    """A broker as a child process, from `start` to `stop` or inside `with`.

    Args:
        directory: where its configuration, output and store lie; must exist.
        port: where to listen; 0 takes a free one, which stays the same over restarts.
        engine: which broker; the one that is there if None.
        extra: lines for Mosquitto's configuration (tests add TLS and users); iotcore takes none.
    """

    def __init__(
        self, directory: Path, *, port: int = 0, engine: Engine | None = None, extra: Sequence[str] = ()
    ) -> None:
        self.engine: Engine = engine or find_engine()
        if extra and self.engine != "mosquitto":
            raise BrokerError(f"{self.engine} takes no extra settings: {', '.join(extra)}")
        self.directory = directory
        self.port = port or free_port()
        self.port_311 = self.port if self.engine == "mosquitto" else free_port()
        self.settings = directory / ("mosquitto.conf" if self.engine == "mosquitto" else "rumqttd.toml")
        self._extra = extra
        self._child = Child(f"broker ({self.engine})", self._command(), directory / "broker.log")

    def _command(self) -> list[str]:
        if self.engine == "mosquitto":
            return [mosquitto_program() or "mosquitto", "-c", str(self.settings)]
        return [sys.executable, "-c", IOTCORE, str(self.settings)]

    def _content(self) -> str:
        if self.engine == "mosquitto":
            return mosquitto_settings(self.port, self._extra)
        return iotcore_settings(self.port, self.port_311)

    @property
    def url(self) -> str:
        """Where clients connect, as `--broker` takes it."""
        return f"mqtt://{HOST}:{self.port}"

    @property
    def child(self) -> Child:
        """The process."""
        return self._child

    def start(self, deadline: float = 10.0) -> Broker:
        """Start it and return when it accepts connections.

        Raises:
            BrokerError: the port is taken, it ended, or did not listen within `deadline` seconds.
        """
        if accepts(self.port):
            raise BrokerError(f"{HOST}:{self.port} is taken by another program; choose another port")
        self.settings.write_text(self._content())
        self._child.start()
        for _ in range(int(deadline / PAUSE)):
            status = self._child.ended(PAUSE)
            if status is not None:
                raise BrokerError(f"{self._child.name} ended with {status}\n{self._child.tail()}")
            if accepts(self.port) and accepts(self.port_311):
                return self
        self._child.kill()
        raise BrokerError(
            f"{self._child.name} did not listen on {HOST}:{self.port} within {deadline:g} s\n"
            f"{self._child.tail()}"
        )

    def stop(self) -> None:
        """End it in order."""
        self._child.stop()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._child.kill()

    def pause(self) -> None:
        """Leave its connections open and mute."""
        self._child.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it speak again."""
        self._child.signal(signal.SIGCONT)

    def __enter__(self) -> Broker:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def accepts(port: int) -> bool:
    """Whether something takes connections on this port of the loopback."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0
