"""What networks and brokers do to a device, one fault after the other, with the real daemon, broker and sink.

    unshare --net sh -c 'ip link set lo up; exec python -m tests.faults loss --seconds 5 --patient'

Each begins with data that arrive, lasts so many seconds, and ends. Then the data must flow again within a
minute, from the same process, and in the end the sink must hold all that the device's history holds, to
the last bit. What it took is printed as JSON. A network namespace of its own keeps lost packets to itself.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from agent.view.broker import HOST, free_port
from tests.agreement import arrived, disagreements
from tests.brokers import Options, build
from tests.certificates import Authority, Certificate
from tests.daemons import Daemon
from tests.endings import ended
from tests.histories import windows, windows_pass
from tests.proxies import Mode, Proxy
from tests.sinks import Sink
from tests.waiting import until

DEVICE = "dut"
WITHIN = 60.0
"""Seconds after a fault's end within which the data must flow again."""

DELAY = 2.0
LOST = 30
"""Per cent of the packets, in each direction."""

HOLE_AFTER = 3.0
CONFIGURATION = """
[window]
span = "1s"
[device]
name = "dut"
[ship]
confirm = "sink:main"
digits = 0
[store]
write_budget = "1 TB/day"
[broker]
"""
# For tests that cannot wait for half a minute. Where an answer takes 4 s, one must.
IMPATIENT = """
backoff_min = "100ms"
backoff_max = "500ms"
connect_timeout = "2s"
keepalive = "5s"
"""
FAR = 'backoff_min = "100ms"\nbackoff_max = "500ms"\nack_timeout = "15s"\nconnect_timeout = "10s"\n'


class Recovery(NamedTuple):
    """Seconds from the fault's end until a window that was made since has arrived, and until all have;
    and how many there were in all."""

    fault: str
    flow: float
    all: float
    windows: int


class Scene:
    """A broker with a sink, and the daemon behind a proxy.

    With `settings` of the daemon's `[broker]`; with `tls` both sides show certificates that `authority`
    signed: the broker `server`, the daemon `client`.
    """

    def __init__(self, directory: Path, settings: str, stack: ExitStack, *, tls: bool) -> None:
        self._directory = directory
        self.authority = Authority(directory / "authority")
        self.server, self.client = (self.authority.sign(name) for name in ("localhost", "client"))
        port = free_port()
        lines = (f"listener {port} {HOST}", *self._secured()) if tls else ()
        self.broker = build(directory / "broker", Options(lines=lines)).broker
        stack.callback(self.broker.stop)
        self.broker.start()
        self.proxy = stack.enter_context(Proxy(port if tls else self.broker.port))
        sink = Sink(directory, self.broker.url, hole_after=HOLE_AFTER)
        stack.callback(sink.close)
        sink.start().subscribed()
        self.fleet = stack.enter_context(closing(sink.fleet()))
        self.daemon = Daemon(directory / "device", ["--config", str(self._configured(settings, tls=tls))])
        stack.callback(self.daemon.close)

    def restart(self) -> None:
        """The broker is killed, and is there again."""
        self.broker.kill()
        self.broker.start()

    def expired(self, certificate: Certificate) -> None:
        """Put one that is over in a certificate's place."""
        self.authority.sign(certificate.certificate.stem, days=-1)

    def renewed(self, certificate: Certificate) -> None:
        """Put one that is good in a certificate's place."""
        self.authority.sign(certificate.certificate.stem)

    def _secured(self) -> tuple[str, ...]:
        return (
            f"cafile {self.authority.certificate}",
            f"certfile {self.server.certificate}",
            f"keyfile {self.server.key}",
            "require_certificate true",
            "allow_anonymous true",
        )

    def _configured(self, settings: str, *, tls: bool) -> Path:
        path = self._directory / "outrider.toml"
        lines = [f'url = "{"mqtts" if tls else "mqtt"}://{HOST}:{self.proxy.port}"']
        if tls:
            lines.append(f'ca_file = "{self.authority.certificate}"')
            lines.append(f'certificate_file = "{self.client.certificate}"')
            lines.append(f'key_file = "{self.client.key}"')
        path.write_text("\n".join([CONFIGURATION, *lines, settings]))
        return path


Fault = Callable[[Scene], AbstractContextManager[None]]


@contextmanager
def half_open(scene: Scene) -> Iterator[None]:
    """The broker stands still; its kernel still takes what comes."""
    scene.broker.pause()
    yield
    scene.broker.resume()


def _proxied(mode: Mode) -> Fault:
    @contextmanager
    def fault(scene: Scene) -> Iterator[None]:
        scene.proxy.mode = mode
        yield
        scene.proxy.mode = "pass"

    return fault


@contextmanager
def delay(scene: Scene) -> Iterator[None]:
    """Each direction takes 2 s; data go on arriving."""
    scene.proxy.delay = DELAY
    given = windows(scene.daemon.state)
    yield
    assert held(scene) > given, "nothing arrives from a broker that is far away"
    scene.proxy.delay = 0.0


def _filtered(ways: tuple[str, ...], *verdict: str) -> Fault:
    @contextmanager
    def fault(scene: Scene) -> Iterator[None]:
        nft("add", "table", "ip", "faults")
        nft("add", "chain", "ip", "faults", "in", "{ type filter hook input priority 0; }")
        for port in (scene.proxy.port, scene.broker.port):
            for way in ways:
                nft("add", "rule", "ip", "faults", "in", "tcp", way, str(port), *verdict)
        yield
        nft("delete", "table", "ip", "faults")

    return fault


@contextmanager
def broker_certificate(scene: Scene) -> Iterator[None]:
    """The broker's certificate is over; in the end it has a new one."""
    scene.expired(scene.server)
    scene.restart()
    yield
    scene.renewed(scene.server)
    scene.restart()


@contextmanager
def device_certificate(scene: Scene) -> Iterator[None]:
    """The device's certificate is over as the broker restarts; in the end there is a new file."""
    scene.expired(scene.client)
    scene.restart()
    yield
    scene.renewed(scene.client)


@contextmanager
def forgetful(scene: Scene) -> Iterator[None]:
    """The broker is gone, and comes back without anything it had."""
    scene.broker.kill()
    yield
    scene.broker.start()


# And what the daemon says of each, where it can tell.
FAULTS: dict[str, tuple[Fault, str]] = {
    "half-open": (half_open, "no PUBACK within"),
    "mute": (_proxied("mute"), "no CONNACK within"),
    "close-on-publish": (_proxied("close"), "the connection to the broker is lost"),
    "loss": (_filtered(("dport", "sport"), "numgen", "random", "mod", "100", "<", str(LOST), "drop"), ""),
    "reset": (_filtered(("dport",), "reject", "with", "tcp", "reset"), "Connection refused"),
    "delay": (delay, ""),
    "broker-certificate": (broker_certificate, "certificate has expired"),
    "device-certificate": (device_certificate, "expired"),
    "forgetful": (forgetful, "the connection to the broker is lost"),
}


def nft(*words: str) -> None:
    """Change the filter of this network namespace."""
    subprocess.run(["nft", *words], check=True)


def held(scene: Scene) -> int:
    """One above the newest window that the sink has."""
    return max(
        (key.last + 1 for key in scene.fleet.spans(DEVICE, "data") if key.stream == "windows"), default=0
    )


def suffer(name: str, directory: Path, seconds: int, settings: str) -> Recovery:
    """One fault of so many seconds, with these settings of `[broker]`.

    Raises:
        AssertionError: the data did not flow again in time, the daemon is another process, something is lost.
    """
    with ExitStack() as stack:
        scene = Scene(directory, settings, stack, tls="certificate" in name)
        daemon, fleet = scene.daemon.start(), scene.fleet
        pid = daemon.child.pid
        until(lambda: held(scene) > 1, daemon.child.tail)
        fault, said = FAULTS[name]
        with fault(scene):
            for _ in range(seconds):
                windows_pass(daemon.state, 1)
            until(lambda: said in daemon.log.read_text(), daemon.child.tail)
        over = time.monotonic()
        given = windows(daemon.state)
        until(lambda: held(scene) > given, daemon.child.tail, WITHIN)
        flow = time.monotonic() - over
        until(lambda: arrived(daemon.state, fleet, DEVICE), daemon.child.tail, WITHIN)
        whole = time.monotonic() - over
        assert (daemon.child.ended(), daemon.child.pid) == (None, pid)
        ended(daemon, fleet, DEVICE)
        assert disagreements(daemon.state, fleet, DEVICE) == []
        assert fleet.spans(DEVICE, "lost") == []
        return Recovery(name, flow, whole, windows(daemon.state))


def alone(name: str, seconds: int, *, patient: bool) -> Recovery:
    """The same in a process and a network namespace of its own; with `patient`, the default settings.

    Raises:
        AssertionError: it failed; all that it said is in the message.
    """
    command = [sys.executable, "-m", "tests.faults", name, "--seconds", str(seconds)]
    command += ["--patient"] if patient else []
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=3 * WITHIN + 4 * seconds,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Recovery(*json.loads(done.stdout))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("fault", choices=FAULTS)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--patient", action="store_true", help="the default settings of the broker section")
    args = parser.parse_args()
    answer = FAR if args.fault == "delay" else IMPATIENT + 'ack_timeout = "2s"\n'
    with tempfile.TemporaryDirectory(prefix="outrider-fault-") as place:
        done = suffer(args.fault, Path(place), args.seconds, "" if args.patient else answer)
    sys.stdout.write(json.dumps(done))


if __name__ == "__main__":
    main()
