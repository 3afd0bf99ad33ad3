"""A day of a model server's log through the real daemon: its memory stays as it was.

    python tests/torture/logday.py [--seconds 480] [--rate 5] [--model] [--backlog]

JSON lines that are stamped over the last 24 h, so many a second of their own time, are written in so many
seconds as if they came now. One in twenty failed, with one of 10,000 texts that no mask makes the same,
and each hour the log is rotated. With `--model` the lines have a prediction, a label and 50 features, and the
log is a model's. With `--backlog` the whole day is there before the daemon starts. What it holds (PSS)
is printed for each hour. In the end the windows of its store must add up to the lines that were written.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.stats.window import Counter
from agent.view.broker import Broker
from tests.agreement import of_device
from tests.daemons import Daemon

MINUTE, HOUR, DAY = 60, 3600, 86_400
MIB = 1 << 20
MOST, MODEL_MOST = 45_000_000, 6_000_000
"""Bytes that the daemon shall hold at most; and more with a model. Printed alone: pages of files are counted
too, by who else maps them and by what is cached."""
SETTLED, GROWN = 6, MIB
"""Hours after which everything has been there once, and how many bytes of no file it may hold more from then
on: pages of files are code that was run for the first time, which the kernel takes back as it likes."""
CATCH_UP = 900.0
KEPT = 3
"""Rotated files that are there."""
FAILED = 0.05
FEATURES, CLASSES = 50, 10
TEXTS = (
    "cannot|failed to|unable to|refused to|gave up to|timed out to|forgot to|unsafe to|illegal to|late to",
    "read|write|copy|cast|load|free|map|pin|sort|merge",
    "tensor|batch|weights|frame|session|stream|label|kernel|cache|buffer",
    "of camera|of lidar|on device|on host|in pool|in queue|at start|at end|by peer|by driver",
)
ERRORS = [" ".join(words) for words in itertools.product(*[each.split("|") for each in TEXTS])]
CONFIGURATION = """
[window]
span = "1s"
[store]
write_budget = "1 TB/day"
[broker]
url = "{url}"
[[logs]]
name = "server"
paths = ["{folder}/server.log*"]
from = "start"
format = "json"
"""
MODEL = """
[[model]]
name = "resnet50"
logs = ["server"]
"""
LOADED = "import agent.cli, agent.daemon, agent.tailing, agent.planned, collectors.logs.formats.fastjson"


class Held(NamedTuple):
    """What a process holds, in bytes: its proportional share, and what of it no file has."""

    pss: int
    own: int

    def __str__(self) -> str:
        return f"{self.pss / MIB:6.1f} MiB PSS, {self.own / MIB:5.1f} of them of no file"


def held(pid: int) -> Held:
    """What it holds now."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kib = {key: int(value) for key, value in re.findall(r"^(\w+): +(\d+) kB", text, re.MULTILINE)}
    return Held(kib["Pss"] * 1024, kib["Pss_Anon"] * 1024)


class Service:
    """Writes one log.

    Args:
        path: of the log.
        rate: lines in a second of their own time.
        model: whether they tell of a model's predictions and inputs.
    """

    def __init__(self, path: Path, rate: int, *, model: bool) -> None:
        self._path, self._rate = path, rate
        self._random = random.Random(7)
        self._bodies = [self._body(model=model) for _ in range(min(rate * MINUTE, 6000))]
        self._file = path.open("ab")
        self._texts = itertools.cycle(self._random.sample(ERRORS, len(ERRORS)))
        self.lines = 0

    def _body(self, *, model: bool) -> str:
        """What follows the time, until the status."""
        rnd = self._random
        own = f'"brightness":{rnd.random():.2f},"temp":{rnd.gauss(21.5, 3):.1f},"noise":{rnd.random():.3f}}}'
        if model:
            own = ",".join(f'"f{at:02}":{rnd.gauss(at, 1):.3f}' for at in range(FEATURES))
            own += f'}},"prediction":"class{rnd.randrange(CLASSES)}","label":"class{rnd.randrange(CLASSES)}"'
        return (
            f'"model":"resnet50","version":"3","latency_ms":{rnd.lognormvariate(2.5, 0.6):.2f},'
            f'"confidence":{rnd.betavariate(9, 1.2):.3f},"features":{{{own}'
        )

    def write(self, second: int) -> None:
        """The lines of a second since 1970."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        for at in range(self._rate):
            end = '"level":"INFO","status":"ok","msg":"request done"'
            if self._random.random() < FAILED:
                end = f'"level":"ERROR","status":"error","msg":"{next(self._texts)}"'
            time_of = f"{stamp}.{at * 1000 // self._rate:03}Z"
            body, request = self._bodies[self.lines % len(self._bodies)], f"{self.lines:010x}"
            self._file.write(f'{{"ts":"{time_of}",{body},"request_id":"{request}",{end}}}\n'.encode())
            self.lines += 1
        self._file.flush()

    def rotate(self, kept: int) -> None:
        """Rename, and begin a new file; more than so many old ones go."""
        self._file.close()
        for number in range(kept, 0, -1):
            old = self._path.with_name(f"{self._path.name}.{number - 1}") if number > 1 else self._path
            if old.exists():
                old.rename(self._path.with_name(f"{self._path.name}.{number}"))
        self._file = self._path.open("ab")

    def close(self) -> None:
        """Close the log."""
        self._file.close()


class Day(NamedTuple):
    """The second since 1970 with which the lines begin, the time of this machine's clock (s) at which
    writing begins, and for how many seconds it goes on."""

    first: int
    began: float
    seconds: float

    def written(self, now: float) -> int:
        """How many seconds of the day have been written at `now`."""
        return min(DAY, int((now - self.began) / self.seconds * DAY))


def hours(service: Service, day: Day) -> Iterator[int]:
    """Write as the day goes by; yields the hours that are over."""
    done = 0
    while done < DAY:
        due = day.written(time.time())
        if due == done:
            time.sleep(0.05)
        for second in range(done, due):
            service.write(day.first + second)
            if (second + 1) % HOUR == 0:
                yield (second + 1) // HOUR
                service.rotate(KEPT)
        done = due


def whole(service: Service, first: int) -> None:
    """Write a whole day at once, from this second since 1970 on."""
    for second in range(DAY):
        service.write(first + second)
        if (second + 1) % HOUR == 0:
            service.rotate(DAY // HOUR)


def requests(state: Path) -> int:
    """Requests that the daemon has counted."""
    return sum(
        int(summary.delta)
        for content in of_device(state).contents.values()
        for frame in content.frames
        for series, summary in frame.windows.items()
        if series.name == "model.requests" and isinstance(summary, Counter)
    )


def run(
    folder: Path, service: Service, seconds: float, config: str, *, backlog: bool
) -> tuple[list[Held], int]:
    """A day in so many seconds: what was held at the end of each hour, and the requests that were counted."""
    found: list[Held] = []

    def look(name: str, pid: int) -> None:
        found.append(held(pid))
        sys.stdout.write(f"{name}: {found[-1]}\n")
        sys.stdout.flush()

    home = folder / "daemon"
    home.mkdir()
    (folder / "outrider.toml").write_text(config)
    if backlog:
        whole(service, int(time.time() - DAY) + 3600)
    with closing(Daemon(home, ["--config", str(folder / "outrider.toml")])) as daemon:
        daemon.start()
        pid = daemon.child.process.pid
        look("at the start", pid)
        began = time.time()
        if not backlog:
            for hour in hours(service, Day(int(began - DAY + seconds), began, seconds)):
                look(f"{hour:3} h", pid)
        until = time.monotonic() + CATCH_UP
        while (counted := requests(daemon.state)) < service.lines and time.monotonic() < until:
            if backlog:
                look(f"{counted:9} lines", pid)
            time.sleep(5.0)
        look("all is read", pid)
        daemon.stop()
        return found, requests(daemon.state)


def main() -> int:
    """Print what is held; 1 where it grows, or where a line was not counted once."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seconds", type=float, default=480.0)
    words.add_argument("--rate", type=int, default=5)
    words.add_argument("--model", action="store_true")
    words.add_argument("--backlog", action="store_true")
    args = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="outrider-logday-") as name:
        folder = Path(name)
        # As it is installed: bytecode is there before it starts.
        os.environ.update(MALLOC_ARENA_MAX="1", PYTHONPYCACHEPREFIX=str(folder / "bytecode"))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run([sys.executable, "-c", LOADED], cwd=Path(__file__).parents[2], check=True)
        (folder / "logs").mkdir()
        (folder / "broker").mkdir()
        with (
            Broker(folder / "broker") as broker,
            closing(Service(folder / "logs/server.log", args.rate, model=args.model)) as service,
        ):
            config = CONFIGURATION.format(folder=folder / "logs", url=broker.url)
            config += MODEL if args.model else ""
            found, counted = run(folder, service, args.seconds, config, backlog=args.backlog)
            lines = service.lines
    most, grown = max(each.pss for each in found), found[-1].own - found[min(SETTLED, len(found) - 1)].own
    print(f"{lines} lines, {counted} counted")
    asked = MOST + (MODEL_MOST if args.model else 0)
    print(f"{most / MIB:.1f} MiB PSS at most, {asked / MIB:.1f} asked")
    print(f"{grown / MIB:+.2f} MiB of no file since {SETTLED} h")
    return 1 if grown > GROWN or counted != lines else 0


if __name__ == "__main__":
    sys.exit(main())
