"""Bytes that a model puts on the wire: a real daemon on its logs, a real broker, a subscriber that counts.

    python tests/benchmarks/bench_model_wire.py [--rates 1000,20000] [--minutes 6]

50 features, 10 classes, labels some seconds later in another log; all at defaults, but that a baseline is
learned in the first minute and only series of models are sent. A daemon for each rate (lines a minute), side
by side. Payloads as they are on the wire, by the minute in which they came; beside them what a model's states
have in the store, by `states` of it. It takes as long as it says, and a minute.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent.view.broker import Broker
from tests.daemons import Daemon

FEATURES, CLASSES = 50, 10
MINUTE = 60.0
BEHIND = 5
"""Seconds after which a label is told."""
CONFIGURATION = """
[device]
name = "NAME"
[metrics]
include = ["model.*"]
[broker]
url = "mqtt://127.0.0.1:PORT"
[[format]]
name = "requests"
kind = "json"
[format.fields]
time = "time"
model = "model"
version = "version"
status = "status"
latency = "latency_ms"
confidence = "confidence"
request = "request"
prediction = "prediction"
FIELDS
[[logs]]
name = "requests"
paths = ["FOLDER/requests.log"]
format = "requests"
[[logs]]
name = "labels"
paths = ["FOLDER/labels.log"]
format = "json"
[[model]]
name = "zoo"
logs = ["requests", "labels"]
learn = "60s"
"""


class Server:
    """Writes a model's logs, so many lines a minute."""

    def __init__(self, folder: Path, rate: int) -> None:
        self._folder, self._random = folder, Random(rate)
        self._size = max(1, round(rate / MINUTE))
        self._number = 0
        self._late: list[list[str]] = []
        for name in ("requests", "labels"):
            (folder / f"{name}.log").touch()

    def second(self) -> None:
        """What a second writes."""
        lines, labels = [], []
        for _ in range(self._size):
            self._number += 1
            truth = self._random.randrange(CLASSES)
            taken = truth if self._random.random() < 0.9 else self._random.randrange(CLASSES)
            ordinary = {
                "time": round(time.time(), 3), "model": "zoo", "version": "3", "status": 200,
                "latency_ms": round(self._random.lognormvariate(2.5, 0.6), 2),
                "confidence": round(self._random.betavariate(9, 1.2), 3),
                "request": f"r{self._number}", "prediction": f"class{taken}",
                "features": {f"f{place:02}": self._feature(place) for place in range(FEATURES)},
            }  # fmt: skip
            lines.append(json.dumps(ordinary))
            labels.append(json.dumps({"request": f"r{self._number}", "label": f"class{truth}"}))
        self._late.append(labels)
        self._write("requests", lines)
        if len(self._late) > BEHIND:
            self._write("labels", self._late.pop(0))

    def _feature(self, place: int) -> float:
        """A share, a temperature, a normal value, a count or a switch."""
        kinds = (
            self._random.random, lambda: self._random.gauss(21.5, 3), lambda: self._random.gauss(0, 1),
            lambda: self._random.randrange(1000), lambda: self._random.randrange(2),
        )  # fmt: skip
        return round(kinds[place % len(kinds)](), 3)

    def _write(self, name: str, lines: list[str]) -> None:
        with (self._folder / f"{name}.log").open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))


def daemon(stack: ExitStack, place: Path, port: int, name: str) -> None:
    """A daemon on the logs in a folder."""
    fields = "".join(f'"feature.f{at:02}" = "features.f{at:02}"\n' for at in range(FEATURES))
    text = CONFIGURATION.replace("NAME", name).replace("PORT", str(port)).replace("FIELDS", fields)
    path = place / "outrider.toml"
    path.write_text(text.replace("FOLDER", str(place)))
    made = Daemon(place / "daemon", ["--config", str(path)])
    stack.callback(made.close)
    made.start()


def came(subscriber: subprocess.Popen[str]) -> Iterator[tuple[float, int, str]]:
    """When, how many bytes, on which topic."""
    assert subscriber.stdout is not None
    for line in subscriber.stdout:
        at, size, topic = line.split(" ", 2)
        yield float(at), int(size), topic.strip()


def main() -> None:
    """Print a table."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--rates", default="1000,20000")
    words.add_argument("--minutes", type=int, default=6)
    args = words.parse_args()
    rates = [int(rate) for rate in args.rates.split(",")]
    sizes: dict[tuple[int, int], int] = {}
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="bench-wire-") as folder:
        (place := Path(folder) / "broker").mkdir()
        broker = stack.enter_context(Broker(place))
        subscriber = stack.enter_context(
            subprocess.Popen(
                ["mosquitto_sub", "-p", str(broker.port), "-t", "outrider/#", "-F", "%U %l %t"],
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(subscriber.terminate)

        def count() -> None:
            for at, size, topic in came(subscriber):
                for rate in rates:
                    if f"/rate-{rate}/" in topic and topic.endswith("/data"):
                        minute = int((at - began) // MINUTE)
                        sizes[rate, minute] = sizes.get((rate, minute), 0) + size

        time.sleep(MINUTE - time.time() % MINUTE)
        began = time.time() - 1.0
        threading.Thread(target=count, daemon=True).start()
        servers = []
        for rate in rates:
            place = Path(folder) / f"rate-{rate}"
            place.mkdir()
            servers.append(Server(place, rate))
            daemon(stack, place, broker.port, f"rate-{rate}")
        until = began + MINUTE * (args.minutes + 0.5)
        while time.time() < until:
            for server in servers:
                server.second()
            time.sleep(max(0.0, 1.0 - time.time() % 1.0))
        print(f"{'minute':>8}" + "".join(f"{f'{rate} a minute':>18}" for rate in rates))
        for minute in range(args.minutes + 1):
            print(f"{minute:>8}" + "".join(f"{sizes.get((rate, minute), 0):>18,}" for rate in rates))


if __name__ == "__main__":
    main()
