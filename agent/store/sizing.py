"""How `max_size` is shared between the database, its write-ahead log and the shared memory."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from agent.store.layout import PAGE

MIB = 1 << 20
# What a record takes beside its content, about: its row, and its share of half-filled pages.
ROW = 128
# Merging begins at so many per cent of a limit, dropping at the limit.
SOFT = 85
SMALLEST = MIB
# One block of shared memory maps 4,062 frames; a log of 4 MiB holds 4,002.
SHARED_MEMORY = 32 << 10
LOG_LIMIT = 4 * MIB
# A log frame: 24 bytes of header before each page, 32 bytes before the first.
FRAME_HEADER = 24
LOG_HEADER = 32
# What a checkpoint writes for a frame, about: scattered pages of 1 KiB make 4 KiB dirty each, contents lie
# side by side. Measured: 0.7 to 1.8 KB (bench_store).
WRITTEN = PAGE * 3 // 2
# A checkpoint of fewer frames than this saves nothing: it would be as large as a commit.
LEAST_FRAMES = 64
# Beyond this the file is grown when it is needed: minutes of writing at the first start otherwise.
GROWN_LIMIT = 256 * MIB


class Policy(NamedTuple):
    """How long and how much is kept of one stream.

    `max_age` is in s, `max_size` in bytes: contents and ROW a record. At the limit `at_limit` is
    "coarsen", "drop_oldest" or "drop_newest"; of lower `priority` is what goes first.
    """

    max_age: float = 400 * 86_400.0
    max_size: int = 1 << 62
    priority: int = 5
    at_limit: str = "drop_oldest"


POLICIES: Mapping[str, Policy] = MappingProxyType(
    {
        "windows": Policy(at_limit="coarsen"),
        "events": Policy(priority=7),
        "samples": Policy(priority=1),
        "alerts": Policy(priority=9),
    }
)


class Limits(NamedTuple):
    """What the store may take and how long it keeps.

    `max_size` bounds database, write-ahead log and shared memory together, in bytes. `tiers` are
    (length of a block in windows, age in s from which it holds), finest first, lengths powers of
    two. `policies` are by stream. After a jump of the wall clock of more than an hour nothing is merged or
    dropped for its age for `settle` flushes. `burst` is what a checkpoint may write at once, about, in bytes.
    """

    max_size: int = 16 * MIB
    tiers: tuple[tuple[int, float], ...] = ((8, 21_600.0), (64, 172_800.0), (1024, 2_592_000.0))
    policies: Mapping[str, Policy] = POLICIES
    settle: int = 60
    burst: int = 1 << 62


class Share(NamedTuple):
    """Database pages, log frames, what one flush may write, and after how many frames in use the log is
    brought into the database."""

    pages: int
    frames: int
    checkpoint: int

    @property
    def log_size(self) -> int:
        """The write-ahead log's size in bytes."""
        return LOG_HEADER + self.frames * (PAGE + FRAME_HEADER)

    @property
    def grown(self) -> int:
        """To how many pages the database is grown in advance."""
        return min(self.pages, GROWN_LIMIT // PAGE)

    @property
    def soft(self) -> int:
        """Above so many pages in use, merging goes further than the tiers ask."""
        return self.pages * SOFT // 100

    @property
    def largest(self) -> int:
        """The longest content of one record, in bytes."""
        return self.frames // 6 * PAGE


def share_of(max_size: int, burst: int = 1 << 62) -> Share:
    """The shares of `max_size` bytes; `burst` as in `Limits`.

    Raises:
        ValueError: below the smallest size.
    """
    if max_size < SMALLEST:
        raise ValueError(f"store.max_size: {max_size} bytes is below the smallest, {SMALLEST}; raise it")
    log = min(max_size // 4, LOG_LIMIT)
    frames = (log - LOG_HEADER) // (PAGE + FRAME_HEADER)
    checkpoint = min(frames // 3, max(LEAST_FRAMES, burst // WRITTEN))
    return Share((max_size - log - SHARED_MEMORY) // PAGE, frames, checkpoint)
