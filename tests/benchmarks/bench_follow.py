"""What it costs a daemon to follow one log: CPU by thread, above a daemon beside it that follows none.

    python tests/benchmarks/bench_follow.py [--minutes 2] [--rates 0 10 100 1000] [--model] [--alert]

A real Mosquitto on the loopback, and daemons as installed with their defaults (1 s, windows of 60 s): one
without logs, and for each rate one that follows a log of JSON lines of 238 bytes (`bench_logs.py`), all in
the same minutes, so that what the machine does beside it is the same to all of them. Each log is written by a
process of its own, one write a line. The minutes begin in the middle of a window, so that each has one flush.
With `--model` the lines are of a `[[model]]`, whose features are summed up too; with `--alert` a rule looks
at their latency, for which new lines are summed up each 10 s.

CPU is the kernel's own count in nanoseconds (schedstat), the median of the minutes; `others` are threads of
libraries. Memory is what is private to a daemon: side by side they share the pages of their libraries, so
that the PSS of one that runs alone, which is the claim, can be told of the last only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.view.broker import Broker
from tests.benchmarks.bench_daemon import memory
from tests.benchmarks.bench_logs import FIELDS, json_lines
from tests.daemons import Daemon

THREADS = ("writer", "link", "logs", "poll")
"""In the order in which they begin, after those of libraries; without logs one is not there."""
MIDDLE = 30.0
MINUTE = 60.0
OFTEN = 0.01
"""Seconds between two bursts of the writer."""
STAMP = len('{"ts":"'), len('{"ts":"2026-11-23T05:25:00.123Z')
WRITTEN = 20_000
MODEL = '[[model]]\nname = "resnet50"\nlogs = ["bench"]\n'
ALERT = '[[alert]]\nname = "slow"\nwhen = "p95(model.request.duration) > 10 s"\n'


class Followed(NamedTuple):
    """A daemon and the lines a second that it follows, None: no log at all."""

    rate: int | None
    daemon: Daemon

    @property
    def name(self) -> str:
        return "no log" if self.rate is None else f"{self.rate:,} lines/s"

    def threads(self) -> dict[str, float]:
        """Seconds of CPU so far, by thread."""
        tasks = Path(f"/proc/{self.daemon.child.process.pid}/task")
        main, *rest = sorted(map(int, os.listdir(tasks)))
        own = [name for name in THREADS if self.rate is not None or name != "logs"]
        names = ["main", *["others"] * (len(rest) - len(own)), *own]
        spent = dict.fromkeys(("main", *THREADS, "others"), 0.0)
        for name, task in zip(names, (main, *rest), strict=True):
            spent[name] += int((tasks / str(task) / "schedstat").read_text().split()[0]) / 1e9
        return spent


def write(path: Path, rate: int) -> None:
    """Write lines of now to a log until the process is ended."""
    bodies = [line.encode() for line in json_lines(WRITTEN)]
    written, began = 0, time.monotonic()
    first, last = STAMP
    with path.open("ab", buffering=0) as file:
        while True:
            time.sleep(max(OFTEN, 1 / rate))
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")[:23].encode()
            for number in range(written, int((time.monotonic() - began) * rate)):
                body = bodies[number % WRITTEN]
                file.write(body[:first] + now + b"Z" + body[last:])
                written = number + 1


def configuration(broker: Broker, log: Path, *, more: str) -> str:
    """That of a daemon that follows a log."""
    fields = ", ".join(f'"{role}" = "{key}"' for role, key in FIELDS.items())
    return (
        f'[broker]\nurl = "{broker.url}"\n[[logs]]\nname = "bench"\npaths = ["{log}"]\nformat = "bench"\n'
        f'[[format]]\nname = "bench"\nkind = "json"\nfields = {{ {fields} }}\n{more}'
    )


def begin(stack: ExitStack, home: Path, broker: Broker, rate: int | None, more: str) -> Followed:
    """Start a daemon, and who writes what it follows."""
    home.mkdir()
    # The ring belongs into memory, as /run is.
    (home / "runtime").symlink_to(stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
    arguments = ["--broker", broker.url, "--device", home.name]
    if rate is not None:
        log, file = home / "model.log", home / "outrider.toml"
        log.touch()
        file.write_text(configuration(broker, log, more=more))
        arguments = ["--config", str(file), "--device", home.name]
        if rate:
            command = [sys.executable, __file__, "--write", str(log), "--rates", str(rate)]
            writer = stack.enter_context(subprocess.Popen(command))
            stack.callback(writer.kill)
    daemon = Daemon(home, arguments)
    stack.callback(daemon.close)
    return Followed(rate, daemon.start())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=int, default=2)
    parser.add_argument("--rates", type=int, nargs="+", default=[0, 10, 100, 1000])
    parser.add_argument("--model", action="store_true")
    parser.add_argument("--alert", action="store_true")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.write is not None:
        write(args.write, args.rates[0])
        return
    more = MODEL * args.model + ALERT * args.alert
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR"))))
        (place / "broker").mkdir()
        broker = stack.enter_context(Broker(place / "broker"))
        rates = [None, *args.rates]
        every = [begin(stack, place / f"d{rate}", broker, rate, more) for rate in rates]
        time.sleep(MIDDLE)
        spent = [[each.threads() for each in every]]
        for _ in range(args.minutes):
            time.sleep(MINUTE)
            spent.append([each.threads() for each in every])
        private = [memory(each.daemon.child.process.pid)["uss"] for each in every]
        for each in every[:-1]:
            each.daemon.close()
        alone = memory(every[-1].daemon.child.process.pid)["pss"]
    minutes = [
        [{name: late[name] - early[name] for name in late} for early, late in zip(before, after, strict=True)]
        for before, after in pairwise(spent)
    ]
    table(every, minutes, private)
    print(f"PSS of the last alone {alone:.1f} MiB")


def table(every: list[Followed], minutes: list[list[dict[str, float]]], private: list[float]) -> None:
    """Print seconds of CPU a minute, by daemon and thread: of each minute, by daemon, its threads."""
    columns = (*minutes[0][0], "all", "above")
    print(f"seconds of CPU a minute, median of {len(minutes)}")
    print(f"{'':14}" + "".join(f"{name:>9}" for name in columns) + f"{'private':>14}")
    for at, each in enumerate(every):
        rows = [
            (
                *minute[at].values(),
                sum(minute[at].values()),
                sum(minute[at].values()) - sum(minute[0].values()),
            )
            for minute in minutes
        ]
        cells = "".join(f"{median(cell):9.4f}" for cell in zip(*rows, strict=True))
        print(f"{each.name:14}{cells}{private[at]:10.1f} MiB")


if __name__ == "__main__":
    main()
