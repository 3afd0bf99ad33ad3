"""The model's clients, a program of its own: real requests over connections that are kept.

What a request was truly about is known a few seconds later, as after an inspection, and is written to a
file of labels: {"time":"...","request_id":"6f1c...","label":"setosa"}.

At its end, by SIGTERM or after `--seconds`, it prints as one line of JSON how many answers of each status
it got.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from agent.demo import traffic
from agent.demo.client import Client, Counts
from agent.demo.inspector import Inspector
from agent.demo.iris import flowers
from agent.demo.traffic import ARCHIVE, RATE, SITES, Course
from agent.view.broker import accepts

CONNECTIONS = 4
"""Of each greenhouse."""
SHORTEST = 0.25
"""Seconds between two lots of the archive, at least; else half of what the last one took."""
START = 60.0
"""Seconds until the server must be there."""


class Load:
    """All clients, each in a thread.

    Args:
        port: of the model's server.
        rate: requests a second, of all greenhouses together.
        course: when trouble comes.
        labels: the file of the labels.
        seed: of everything random but the ids.
    """

    def __init__(self, port: int, rate: float, course: Course, labels: Path, seed: int = 1) -> None:
        self.counts = Counts()
        self._port, self._course = port, course
        self._pause = len(SITES) * CONNECTIONS / rate
        self._flowers = flowers()
        self._inspector = Inspector(labels, Random(seed))  # noqa: S311 - traffic, no secret
        self._began = time.monotonic()
        self._end = threading.Event()
        parts = [(self._greenhouse, site) for site in SITES for _ in range(CONNECTIONS)]
        parts.append((self._archive, ARCHIVE))
        self._threads = [
            threading.Thread(target=part, args=(site, Random(f"{seed} {number}")), name=site)  # noqa: S311
            for number, (part, site) in enumerate(parts)
        ]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Until the end of the block, and of every request that was begun in it."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._end.set()
            for thread in self._threads:
                thread.join()
            self._inspector.close()

    def inspect(self, seconds: float) -> None:
        """Write labels as they come, for so long."""
        end = time.monotonic() + seconds
        while not self._end.wait(0.1) and time.monotonic() < end:
            self._inspector.tells()

    def _trouble(self) -> float:
        return self._course.trouble(time.monotonic() - self._began)

    def _greenhouse(self, site: str, random: Random) -> None:
        client = Client(self._port, site, self.counts)
        due = time.monotonic()
        while True:
            # A Poisson process, which does not wait for its answers, unless they take longer than a pause.
            due = max(due + random.expovariate(1 / self._pause), time.monotonic() - self._pause)
            if self._end.wait(max(0.0, due - time.monotonic())):
                break
            flower = random.choice(self._flowers)
            features = traffic.measured(flower, site, self._trouble(), random)
            answered = client.ask({"features": features})
            if answered:
                self._inspector.sees(answered, flower.species)
        client.close()

    def _archive(self, site: str, random: Random) -> None:
        client, lot, pause = Client(self._port, site, self.counts), traffic.SMALLEST, self._course.calm
        while not self._end.wait(pause):
            rows = [list(flower.features.values()) for flower in random.choices(self._flowers, k=lot)]
            began = time.monotonic()
            client.ask({"flowers": rows})
            took = time.monotonic() - began
            lot, pause = traffic.next_lot(lot, took, self._trouble()), max(took / 2, SHORTEST)
        client.close()


def comes(port: int, within: float) -> bool:
    """Wait for the server to listen; whether it does."""
    end = time.monotonic() + within
    while not (there := accepts(port)) and time.monotonic() < end:
        time.sleep(0.1)
    return there


def main() -> None:
    """Ask until SIGTERM, or for `--seconds`."""
    parser = argparse.ArgumentParser(prog="python -m agent.demo.load", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="of the model's server")
    parser.add_argument("--labels", type=Path, required=True, help="the file of the labels")
    parser.add_argument("--rate", type=float, default=RATE, help="requests a second (%(default)s)")
    parser.add_argument("--calm", type=float, default=60.0, help="seconds without trouble (%(default)s)")
    parser.add_argument("--rise", type=float, default=30.0, help="seconds in which it grows (%(default)s)")
    parser.add_argument("--seconds", type=float, default=math.inf, help="how long (until told to end)")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not comes(args.port, START):
        sys.exit(f"no server on port {args.port} within {START:g} s")
    load = Load(args.port, args.rate, Course(args.calm, args.rise), args.labels)
    with suppress(KeyboardInterrupt), load.running():
        load.inspect(args.seconds)
    print(json.dumps(load.counts.all()))


if __name__ == "__main__":
    main()
