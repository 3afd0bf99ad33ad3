"""Real brokers for tests: what to ask for, and how it is made."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from agent.view.broker import Broker, mosquitto_program
from tests.certificates import Authority, Certificate


class Options(NamedTuple):
    """What a test needs of its broker beyond a port of its own.

    `password` is (user, password); `tls` gives the broker a certificate signed by the test's own
    authority; `client_certificates` makes it ask for one too; `persistence` keeps acknowledged
    messages over `kill` and `start`; `lines` go into Mosquitto's configuration as they are.
    """

    password: tuple[str, str] | None = None
    tls: bool = False
    client_certificates: bool = False
    persistence: bool = False
    lines: tuple[str, ...] = ()


class Secured(NamedTuple):
    """A broker, and what a client needs to be let in; None where it was not asked for."""

    broker: Broker
    authority: Authority | None
    client: Certificate | None

    @property
    def url(self) -> str:
        """Where clients connect."""
        scheme = "mqtts" if self.authority else "mqtt"
        return f"{scheme}://127.0.0.1:{self.broker.port}"

    @property
    def port(self) -> int:
        """MQTT 5, and 3.1.1 where the broker speaks both on one port."""
        return self.broker.port


def build(directory: Path, options: Options) -> Secured:
    """A broker as asked for, not yet started, with its files below `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = list(options.lines)
    authority = client = None
    if options.tls:
        authority = Authority(directory / "authority")
        client = authority.sign("client")
        server = authority.sign("localhost")
        lines += [
            f"cafile {authority.certificate}",
            f"certfile {server.certificate}",
            f"keyfile {server.key}",
        ]
    if options.client_certificates:
        lines += ["require_certificate true", "use_identity_as_username true"]
    if options.password:
        lines.append(f"password_file {password_file(directory, *options.password)}")
    if options.persistence:
        # Without these two it writes every half hour, and a kill loses what it acknowledged.
        lines += ["persistence true", f"persistence_location {directory}/"]
        lines += ["autosave_on_changes true", "autosave_interval 1"]
    return Secured(Broker(directory, extra=lines), authority, client)


def password_file(directory: Path, user: str, password: str) -> Path:
    """A password file as Mosquitto reads it."""
    path = directory / "passwords"
    path.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-b", str(path), user, password], check=True, capture_output=True)
    return path


def needs_mosquitto(options: Options) -> bool:
    """Whether the embedded fallback cannot do what is asked for."""
    return options != Options() and mosquitto_program() is None
