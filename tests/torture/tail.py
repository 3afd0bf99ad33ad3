"""The tail against services that write, and rotations that take away, while it crashes again and again.

    python tests/torture/tail.py --seconds 60 --rate 20000 --seed 1

What was taken and the positions that belong to it are kept together, at random moments; a crash throws away
what was taken since. In the end each line must have been counted exactly once. Only what was written between
a copy and the cut after it may be missing, and those cuts must have been seen.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from collectors.logs.tail.source import Limits, Source
from collectors.logs.tail.tailer import Tailer
from collectors.tally import Tally
from tests.torture import logwriter

LIMITS = Limits(block=64 * 1024, line=16 * 1024, opened=8, wait=0.1, linger=0.5, patience=2.0, idle=0.5)
QUIET = 4.0


class Reader:
    """What was counted and kept, and the tail that goes on from there."""

    def __init__(
        self, folder: Path, random: Random, clock: Callable[[], float], wall: Callable[[], float]
    ) -> None:
        self.sources = (
            Source("a", (f"{folder}/a*.log",), start="start"),
            Source("b", (f"{folder}/b.log*",), start="start"),
            Source("c", (f"{folder}/c.log",), start="start"),
        )
        self.tally = Tally()
        self.counted: Counter[bytes] = Counter()
        self.crashes = 0
        self.words: list[str] = []
        self._random = random
        self._clock = clock
        self._wall = wall
        self._stored: dict[str, bytes] = {}
        self._taken: Counter[bytes] = Counter()
        self._positions: dict[str, bytes | None] = {}
        self._tailer = self._opened()

    def _opened(self) -> Tailer:
        return Tailer(
            self.sources, self._stored, clock=self._clock, wall=self._wall, tally=self.tally,
            say=self.words.append, limits=LIMITS,
        )  # fmt: skip

    def begin(self) -> None:
        """Look before there is anything."""
        self._tailer.look()
        self.keep()

    def step(self, *, crash: bool = False) -> int:
        """Look and take; keep it, or not yet, or crash. Returns the bytes that were taken."""
        taken = 0
        if self._random.random() < 0.7:
            self._tailer.look()
        for chunk in self._tailer.take(self._random.choice((1 << 14, 1 << 20, 1 << 24)), 0.5):
            taken += chunk.size
            self._taken.update(b" ".join(line.split(b" ", 2)[:2]) for line in chunk.text.splitlines())
            if self._random.random() < 0.02:
                break
        if crash:
            self._crash()
        elif self._random.random() < 0.5:
            self.keep()
        return taken

    def keep(self) -> None:
        """One transaction."""
        self._positions |= self._tailer.positions()
        for name, value in self._positions.items():
            if value is None:
                self._stored.pop(name, None)
            else:
                self._stored[name] = value
        self.counted += self._taken
        self._positions, self._taken = {}, Counter()

    def _crash(self) -> None:
        self.crashes += 1
        self._tailer.close()
        self._positions, self._taken = {}, Counter()
        self._tailer = self._opened()

    def close(self) -> None:
        """End."""
        self.keep()
        self._tailer.close()


def run(folder: Path, seconds: float, rate: int, seed: int) -> tuple[Reader, dict[str, Any]]:
    """Write, read, crash; then read what is left. Returns the reader, and what the writer says."""
    random = Random(seed)
    reader = Reader(folder, random, time.monotonic, time.time)
    reader.begin()
    command = [sys.executable, logwriter.__file__, str(folder), str(seconds), str(rate), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        while writer.poll() is None:
            crash = random.random() < 0.04
            reader.step(crash=crash)
            if crash and random.random() < 0.3:
                time.sleep(random.random())
            time.sleep(random.random() * 0.05)
        assert writer.stdout is not None
        told = json.loads(writer.stdout.read())
    last = time.monotonic()
    while time.monotonic() - last < QUIET:
        if reader.step():
            last = time.monotonic()
        time.sleep(0.02)
    reader.close()
    return reader, told


def differences(reader: Reader, told: dict[str, Any]) -> list[str]:
    """Lines that were not counted once, in words; what may be missing is left out."""
    wrong = []
    for name, said in told.items():
        window = set(said["window"])
        for serial in range(said["lines"]):
            times = reader.counted.pop(b"%s %d" % (name.encode(), serial), 0)
            if times > 1 or (times == 0 and serial not in window):
                wrong.append(f"{name} {serial}: {times} times")
    return wrong + [f"never written: {line!r}" for line in reader.counted]


def cuts_seen(reader: Reader) -> int:
    """Generations that were counted as cut, or as come and gone between two looks."""
    told = {tuple(value for _, value in each.attributes): each.value for each in reader.tally.snapshot()}
    return int(told.get(("cut",), 0) + told.get(("unseen",), 0))


def main() -> int:
    """Run; 1 where a line is not counted once."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        reader, told = run(Path(folder), chosen.seconds, chosen.rate, chosen.seed)
    total = sum(said["lines"] for said in told.values())
    counted = sum(reader.counted.values())
    wrong = differences(reader, told)
    rotations = sum((Counter(said["rotations"]) for said in told.values()), Counter())
    window = sum(len(said["window"]) for said in told.values())
    lost = total - counted
    print(f"{total} lines, {counted} counted, {reader.crashes} crashes")
    print(f"{lost} lost of {window} between copy and cut; {cuts_seen(reader)} cut or gone between two looks")
    print(f"rotations: {dict(rotations)}")
    print({f"{c.name[15:]}{[v for _, v in c.attributes]}": c.value for c in reader.tally.snapshot()})
    for words in (*reader.words[:10], *wrong[:20]):
        print(words)
    print(f"{len(wrong)} lines were not counted exactly once")
    return 1 if wrong or (lost and not cuts_seen(reader)) else 0


if __name__ == "__main__":
    sys.exit(main())
