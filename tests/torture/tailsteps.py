"""The tail's torture in simulated time: thousands of steps a second.

    python tests/torture/tailsteps.py --steps 3000 --seeds 100 --first 1 --folder /var/tmp

The services of `logwriter.py` and the reader of `tail.py` take turns, also in the middle of a rotation and,
whenever the tail asks for the time, in the middle of a look. Times of files and folders are set to the
simulated time, in the kernel's ticks. On a tmpfs no inode is used again, and a seed fails the same way; on a
disk each is, at once.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.torture.logwriter import LOGS, OLD, Service, told
from tests.torture.tail import Reader, differences

EPOCH = 1_000_000_000.0  # s; long before anything that the real clock stamps
TICK = 4_000_000
TMPFS = "/dev/shm"


class World:
    """Simulated time, and services that go on in it.

    Args:
        folder: of the logs.
        random: decides all.
        often: the share of steps in which a rotation begins.
        old: s after which rotated files are deleted.
    """

    def __init__(self, folder: Path, random: Random, often: float, old: float = OLD) -> None:
        self.now = 0.0
        self._folder = folder
        self._random = random
        self._often, self._old = often, old
        self._under_way: Iterator[float] | None = None
        self._again = 0
        self.writing = False
        self.services = [Service(folder / name, random) for name in LOGS]
        self._service = self.services[0]
        self._stamp()

    def clock(self) -> float:
        """Seconds; now and then the services go on before."""
        if self.writing and self._random.random() < 0.2:
            self.step()
        return self.now

    def wall(self) -> float:
        """Seconds of the wall clock."""
        return EPOCH + self.now

    def step(self) -> None:
        """The services do something, or a part of it."""
        if self._under_way is None:
            self._begin()
        else:
            pause = next(self._under_way, None)
            self.now += pause or 0.0
            if pause is None:
                self._service.write(self._random.randint(4, 8))
                self._again -= 1
                self._under_way = self._service.rotate(self._nanoseconds()) if self._again > 0 else None
        self._stamp()
        self.now += self._random.random() * 0.01

    def _begin(self) -> None:
        for service in self.services:
            service.write(self._random.choice((0, 0, 1, 3)))
        if self._random.random() < self._often:
            self._service = self._random.choice(self.services)
            self._service.write(5)
            self._again = self._random.choice((1, 1, 1, 2, 3, 4))
            self._under_way = self._service.rotate(self._nanoseconds())
        if self._random.random() < 0.05:
            for service in self.services:
                service.tidy(self.wall(), self._old)

    def finish(self) -> None:
        """End what is under way, and the last lines."""
        while self._under_way is not None:
            self.step()
        for service in self.services:
            service.complete()
        self._stamp()
        self.writing = False

    def _nanoseconds(self) -> int:
        return int(self.wall() * 1e9)

    def _stamp(self) -> None:
        """Give the simulated time to what the real clock has stamped."""
        tick = self._nanoseconds() // TICK * TICK
        limit = int((EPOCH + 1e8) * 1e9)
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.stat().st_mtime_ns > limit:
                    os.utime(entry.path, ns=(tick, tick))
        if os.stat(self._folder).st_mtime_ns > limit:
            os.utime(self._folder, ns=(tick, tick))


def run(folder: Path, steps: int, seed: int) -> list[str]:
    """What was not counted exactly once after so many steps, in words."""
    random = Random(seed)
    world = World(folder, random, random.choice((0.02, 0.1, 0.3)))
    reader = Reader(folder, random, world.clock, world.wall)
    reader.begin()
    world.writing = True
    crashes = random.choice((0.002, 0.02, 0.1))
    for _ in range(steps):
        world.step()
        if random.random() < 0.5:
            reader.step(crash=random.random() < crashes)
    return at_last(world, reader)


def at_last(world: World, reader: Reader) -> list[str]:
    """What was not counted exactly once when all is written, and nothing came any more for 6 s, in words."""
    world.finish()
    last = world.now
    while world.now - last < 6.0:
        if reader.step():
            last = world.now
        world.now += 0.05
    reader.close()
    return differences(reader, told(world.services))


def main() -> int:
    """Run; 1 where a line is not counted once."""
    return seeds(__doc__, run)


def seeds(about: str | None, run: Callable[[Path, int, int], list[str]]) -> int:
    """Run what the command line asks for, in a folder of its own for each seed; 1 where any has failed."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--folder", default=TMPFS)
    chosen = parser.parse_args()
    failed = 0
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
            wrong = run(Path(folder), chosen.steps, seed)
        failed += bool(wrong)
        if wrong:
            print(f"seed {seed}: {len(wrong)} lines were not counted exactly once: {', '.join(wrong[:3])}")
    print(f"{failed} of {chosen.seeds} seeds failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
