"""How long from a crossing until a subscriber has the alert.

    python tests/benchmarks/bench_alert_latency.py [CROSSINGS [INTERVAL]]

The daemon as installed, polling each INTERVAL s (1), on a made-up host whose available memory this writes at
a random moment; a real Mosquitto on the loopback, or what the demo embeds; a plain subscriber. A crossing is
over, and said, before the next. Of the time, half an interval on average is the wait for the next poll.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from agent.view.broker import Broker
from tests.daemons import Daemon
from tests.looping import ended
from tests.moving import MovingHost

HUSH = 10.5  # s in which the daemon says two things of a rule and no more
LOW, HIGH = 1 << 29, 3 << 30


class Ear:
    """When the alert was last heard, and whether it fires."""

    def __init__(self, port: int) -> None:
        self.at = 0.0
        self.changed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("outrider/v1/+/+/alert/low", qos=1)
        self._client.loop_start()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.at = time.monotonic()
        self.changed.set()

    def waits(self) -> float:
        """When the next message was heard."""
        if not self.changed.wait(60):
            raise TimeoutError("no alert within 60 s")
        return self.at

    def close(self) -> None:
        ended(self._client)


def measure(directory: Path, crossings: int, interval: float) -> tuple[list[float], list[float]]:
    """Seconds from each crossing to the alert, and from each end to the empty payload."""
    host = MovingHost(directory / "host")
    file = directory / "outrider.toml"
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(directory))
        file.write_text(
            f'[host]\nroot = "{host.root}"\n[broker]\nurl = "{broker.url}"\n'
            f"[collect]\ninterval = {interval}\n"
            '[[alert]]\nname = "low"\nwhen = "system.memory.linux.available < 1 GiB"\n'
        )
        daemon = Daemon(directory, ["--config", str(file)])
        stack.callback(daemon.close)
        daemon.start()
        ear = Ear(broker.port)
        stack.callback(ear.close)
        time.sleep(2 * interval + 2)
        found: tuple[list[float], list[float]] = ([], [])
        for _ in range(crossings):
            began = time.monotonic()
            for size, times in ((LOW, found[0]), (HIGH, found[1])):
                time.sleep(random.random() * interval)
                ear.changed.clear()
                crossed = time.monotonic()
                host.available(size)
                times.append(ear.waits() - crossed)
            time.sleep(max(0.0, began + HUSH - time.monotonic()))
        return found


def main() -> None:
    crossings = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    interval = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    with tempfile.TemporaryDirectory() as directory:
        found = measure(Path(directory), crossings, interval)
    print(f"{crossings} crossings, a poll each {interval:g} s, milliseconds")
    print(f"{'':10} {'least':>8} {'median':>8} {'p95':>8} {'most':>8}")
    for name, times in zip(("fired", "cleared"), found, strict=True):
        ordered = sorted(1000 * each for each in times)
        p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
        print(f"{name:10} {ordered[0]:8.0f} {statistics.median(ordered):8.0f} {p95:8.0f} {ordered[-1]:8.0f}")


if __name__ == "__main__":
    main()
