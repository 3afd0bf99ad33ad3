"""A tailer on a folder, with a clock of the test's own: reads, keeps, crashes and goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from collectors.logs.tail.journal import JournalSource
from collectors.logs.tail.source import Chunk, Limits, Source
from collectors.logs.tail.tailer import Tailer
from collectors.tally import Tally

SMALL = Limits(line=1024, block=4096, opened=4, wait=1.0, linger=30.0, patience=5.0)


class Tailing:
    """What a daemon does with a tailer. `lines` are all that were kept; `words` what was said."""

    def __init__(self, *sources: Source | JournalSource, limits: Limits = SMALL) -> None:
        self.now = 1000.0
        self.wall: Callable[[], float] = time.time
        self.tally = Tally()
        self.words: list[str] = []
        self.lines: list[bytes] = []
        self.chunks: list[Chunk] = []
        self.stored: dict[str, bytes] = {}
        self.sources = sources
        self._limits = limits
        self.tailer = self._opened()

    def _opened(self) -> Tailer:
        return Tailer(
            self.sources,
            self.stored,
            clock=lambda: self.now,
            wall=lambda: self.wall(),  # noqa: PLW0108 - a test may set another
            tally=self.tally,
            say=self.words.append,
            limits=self._limits,
        )

    def look(self, seconds: float = 1.0) -> list[bytes]:
        """One look after so many seconds; the lines it gave, which are not kept yet."""
        self.now += seconds
        self.tailer.look()
        chunks = list(self.tailer.take(1 << 24, 10.0))
        self.chunks += chunks
        return [line for chunk in chunks for line in chunk.text.split(b"\n")[:-1]]

    def read(self, looks: int = 1, seconds: float = 1.0) -> list[bytes]:
        """Look so often, and keep; the lines."""
        lines = [line for _ in range(looks) for line in self.look(seconds)]
        self.keep(lines)
        return lines

    def keep(self, lines: list[bytes]) -> None:
        """Store the lines and the positions that belong to them."""
        self.lines += lines
        for name, value in self.tailer.positions().items():
            if value is None:
                self.stored.pop(name, None)
            else:
                self.stored[name] = value

    def crash(self) -> None:
        """Begin again from what is stored."""
        self.tailer.close()
        self.tailer = self._opened()

    def counts(self) -> dict[str, float]:
        """What was counted, by the last part of its name and its attribute."""
        return {
            ".".join(
                [each.name.removeprefix("outrider.logs."), *(value for _, value in each.attributes)]
            ): each.value
            for each in self.tally.snapshot()
        }


def append(path: Path, *lines: str | bytes) -> None:
    """Add lines to a file."""
    with path.open("ab") as file:
        for line in lines:
            file.write((line.encode() if isinstance(line, str) else line) + b"\n")


def numbered(first: int, last: int, name: str = "line") -> list[str]:
    """Lines that are all different, and long enough to be known again."""
    return [f"{name} {number:06} of a model that answers requests" for number in range(first, last)]


def texts(lines: list[str]) -> list[bytes]:
    """The same as they are read."""
    return [line.encode() for line in lines]
