"""Services that write logs, and a rotation that takes them away in every way: the other side of `tail.py`.

    python tests/torture/logwriter.py FOLDER SECONDS RATE SEED [OFTEN [OLD]]

Each line is `NAME SERIAL TIME padding`, at least 64 bytes: of less nobody can tell a copy from a new file.
What is written between a copy and the cut after it is lost by nature:
those serials are printed at the end as JSON, with the number of lines and of rotations of each kind.

What is done in more than one call is a generator of the seconds that pass in between: here they are slept, in
`tailsteps.py` they are simulated, and the tail looks and reads meanwhile.
"""

from __future__ import annotations

import gzip
import json
import lzma
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from backports import zstd

LOGS = ("a1.log", "a2.log", "b.log", "c.log")
OLD = 20.0  # s after which rotated files are deleted
OFTEN = 0.03  # the share of writes, some 200 a second, after which logs are rotated
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".zst": zstd.compress,
    ".xz": lambda data: lzma.compress(data, preset=0),
}


class Service:
    """One service, which writes one log."""

    def __init__(self, path: Path, random: Random) -> None:
        self.path = path
        self.serial = 0
        self.window: list[int] = []
        self.counts: Counter[str] = Counter()
        self._random = random
        self._rest = b""
        self._file = self._opened()

    def _opened(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, lines: int) -> None:
        """So many lines; the last one may come in two pieces."""
        parts = [self._rest]
        for _ in range(lines):
            padding = b"x" * self._random.choice((60, 90, 200))
            parts.append(b"%s %d %.3f %s\n" % (self.path.name.encode(), self.serial, time.time(), padding))
            self.serial += 1
        text = b"".join(parts)
        cut = len(text) - self._random.randint(1, 15) if self._random.random() < 0.3 else len(text)
        os.write(self._file, text[:cut])
        self._rest = text[cut:]

    def complete(self) -> None:
        """Write the rest of the last line."""
        if self._rest:
            os.write(self._file, self._rest)
            self._rest = b""

    def close(self) -> None:
        """Write no more."""
        os.close(self._file)

    def reopen(self) -> None:
        """As after the rotation's signal."""
        self.complete()
        os.close(self._file)
        self._file = self._opened()

    def rotate(self, stamp: int) -> Iterator[float]:
        """Once, in some way, with `stamp` in the name of a dated file; sometimes others are compressed."""
        way = self._random.choice(("rename", "rename", "dated", "copy", "copy", "late", "delayed"))
        self.counts[way] += 1
        if way == "copy":
            self._shift()
            yield 0.0
            yield from self._copy(self.path.with_name(f"{self.path.name}.1"))
        elif way == "dated":
            self.path.rename(self.path.with_name(f"{self.path.name}-{stamp}"))
            yield 0.0
            self.reopen()
        else:
            self._shift()
            yield 0.0
            self.path.rename(self.path.with_name(f"{self.path.name}.1"))
            yield 0.0
            if way == "late":
                self.write(self._random.randint(1, 30))
                self.complete()
                yield self._random.random() * 0.05
                self.write(self._random.randint(1, 30))
            self.reopen()
            if way == "delayed":
                self.write(self._random.randint(0, 20))
        if self._random.random() < 0.5:
            yield from self._compress()

    def _shift(self) -> None:
        """`.1` becomes `.2`, and so on, compressed or not."""
        numbered: dict[int, list[tuple[Path, str]]] = {}
        for path in self.path.parent.glob(f"{self.path.name}.*"):
            number, _, ending = path.name[len(self.path.name) + 1 :].partition(".")
            if number.isdecimal():
                numbered.setdefault(int(number), []).append((path, f".{ending}" if ending else ""))
        for place in sorted(numbered, reverse=True):
            for path, ending in numbered[place]:
                path.rename(self.path.with_name(f"{self.path.name}.{place + 1}{ending}"))

    def _copy(self, copy: Path) -> Iterator[float]:
        self.complete()
        data = self.path.read_bytes()
        with copy.open("wb") as file:
            file.write(data[: len(data) // 2])
            file.flush()
            yield self._random.choice((0.0, 0.0, 0.005))
            file.write(data[len(data) // 2 :])
        first = self.serial
        if self._random.random() < 0.5:
            self.write(self._random.randint(1, 20))
            self.complete()
            yield self._random.choice((0.0, 0.03))
        self.window += range(first, self.serial)
        os.truncate(self.path, 0)

    def _compress(self) -> Iterator[float]:
        plain = [
            path for path in self.path.parent.glob(f"{self.path.name}[.-]*") if not path.suffix[1:].isalpha()
        ]
        for path in self._random.sample(plain, min(len(plain), self._random.randint(1, 3))):
            ending = self._random.choice(tuple(COMPRESSORS))
            data = COMPRESSORS[ending](path.read_bytes())
            packed = path.with_name(path.name + ending)
            with packed.open("wb") as file:
                file.write(data[: len(data) // 2])
                file.flush()
                yield self._random.choice((0.0, 0.002))
                file.write(data[len(data) // 2 :])
            yield 0.0
            written = path.stat()
            os.utime(packed, ns=(written.st_atime_ns, written.st_mtime_ns))
            yield 0.0
            path.unlink()
            self.counts[ending] += 1

    def tidy(self, now: float, old: float = OLD) -> None:
        """Delete what is `old` at `now` s of the wall clock."""
        for path in self.path.parent.glob(f"{self.path.name}[.-]*"):
            if now - path.stat().st_mtime > old:
                path.unlink()


def run(
    folder: Path, seconds: float, rate: int, seed: int, often: float = OFTEN, old: float = OLD
) -> dict[str, dict[str, Any]]:
    """Write and rotate for so long."""
    random = Random(seed)
    services = [Service(folder / name, random) for name in LOGS]
    started = time.monotonic()
    written, tidied = 0, 0.0
    while (now := time.monotonic() - started) < seconds:
        due = int(now * rate) - written
        for service in services:
            service.write(due // len(services))
        written += due // len(services) * len(services)
        if random.random() < often:
            service = random.choice(services)
            for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
                for pause in service.rotate(time.time_ns()):
                    time.sleep(pause)
                service.write(random.randint(0, 50))
        if now - tidied > 1:
            tidied = now
            for service in services:
                service.tidy(time.time(), old)
        time.sleep(random.random() * 0.01)
    for service in services:
        service.complete()
    return told(services)


def told(services: Sequence[Service]) -> dict[str, dict[str, Any]]:
    """What each service wrote."""
    return {
        service.path.name: {
            "lines": service.serial,
            "window": service.window,
            "rotations": dict(service.counts),
        }
        for service in services
    }


if __name__ == "__main__":
    path, seconds, rate, seed, *more = sys.argv[1:]
    print(json.dumps(run(Path(path), float(seconds), int(rate), int(seed), *map(float, more))))
