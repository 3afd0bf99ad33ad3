"""The tail's torture in simulated time, on a file system that hangs at any call.

    python tests/torture/tailhangs.py --steps 3000 --seeds 100 --first 1 --folder /var/tmp

As `tailsteps.py`; but now and then all services stand still in the middle of a call to the file system, which
is left: the other sources are read on and kept, and then it returns, or the reader is killed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from collectors.logs.tail import listing, looks, medium, places, rotation, siblings, watch
from collectors.logs.tail.guard import Guard, Left
from collectors.logs.tail.tailer import Tailer
from tests.torture.tail import LIMITS, Reader
from tests.torture.tailsteps import World, at_last, seeds

CALLS = ("stat", "fstat", "open", "pread", "scandir", "lseek")
MODULES = (listing, looks, medium, places, rotation, siblings, watch)
NEVER = 1e9
NOBODY = -1


class Killed(BaseException):
    """The reader is killed while a call has not returned."""


class Hanging(Reader):
    """A reader whose calls hang: what another thread would do meanwhile is done in the middle of them.

    Args:
        world: goes on meanwhile.
        folder: of the logs.
        random: decides all.
        often: the share of calls that hang.
    """

    def __init__(self, world: World, folder: Path, random: Random, often: float) -> None:
        self.hangs = 0
        self._world = world
        self._chance = random
        self._often = often
        self._waits = False
        super().__init__(folder, random, world.clock, world.wall)

    def _opened(self) -> Tailer:
        turns = count()
        # A pause after a hang is over with the next look at the clock.
        self._guard = Guard(lambda: next(turns) * 1e6)
        return Tailer(
            self.sources, self._stored, clock=self._clock, wall=self._wall, tally=self.tally,
            say=self.words.append, limits=LIMITS, guard=self._guard,
        )  # fmt: skip

    def called(self) -> None:
        """A call to the file system: now and then it hangs."""
        if self._waits or self._chance.random() >= self._often or self._guard.leave(0.0) is None:
            return
        self._waits, self._world.writing = True, False
        self.hangs += 1
        try:
            self._guard.take_over()
            for _ in range(self._chance.randint(1, 5)):
                self._world.now += self._chance.random()
                super().step()
            if self._chance.random() < 0.3:
                self.keep()
                raise Killed
        finally:
            self._waits, self._world.writing = False, True
        # Only from now on it is this thread again that was left.
        self._guard._owner = NOBODY

    def step(self, *, crash: bool = False) -> int:
        """As of `Reader`; it may end in a call that was left."""
        try:
            return super().step(crash=crash)
        except Left:
            self._guard.take_over()
            if self._chance.random() < 0.5:
                # What the call has read is not taken over yet.
                self.keep()
                self._crash()
        except Killed:
            for part in self._tailer._parts:
                part.close()
            self._crash()
        return 1


class Calls:
    """The module `os` for those who read logs."""

    def __init__(self, called: Callable[[], None]) -> None:
        self._called = called

    def __getattr__(self, name: str) -> Any:
        found = getattr(os, name)
        if name not in CALLS:
            return found

        def call(*args: Any, **options: Any) -> Any:
            self._called()
            return found(*args, **options)

        return call


@contextmanager
def hooked(called: Callable[[], None]) -> Iterator[None]:
    """Whoever reads logs calls this before the file system."""
    for module in MODULES:
        vars(module)["os"] = Calls(called)
    try:
        yield
    finally:
        for module in MODULES:
            vars(module)["os"] = os


def run(folder: Path, steps: int, seed: int) -> tuple[list[str], Hanging]:
    """What was not counted exactly once after so many steps, in words; and the reader."""
    random = Random(seed)
    world = World(folder, random, random.choice((0.02, 0.1, 0.3)), old=NEVER)
    reader = Hanging(world, folder, random, random.choice((0.0005, 0.002, 0.01)))
    reader.begin()
    world.writing = True
    with hooked(reader.called):
        for _ in range(steps):
            world.step()
            if random.random() < 0.5:
                reader.step(crash=random.random() < 0.005)
    return at_last(world, reader), reader


def main() -> int:
    """Run; 1 where a line is not counted once."""
    hangs = 0

    def counted(folder: Path, steps: int, seed: int) -> list[str]:
        nonlocal hangs
        wrong, reader = run(folder, steps, seed)
        hangs += reader.hangs
        return wrong

    failed = seeds(__doc__, counted)
    print(f"{hangs} calls hung")
    return failed


if __name__ == "__main__":
    sys.exit(main())
