"""What a tailer follows, each by itself: files of a source, a FIFO, the journal.

`safe` are the positions that belong to what was taken of a part, whatever a call that has not returned is
doing to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from collectors.logs.tail.chain import Chain, Family
from collectors.logs.tail.complaints import Complaints
from collectors.logs.tail.journal import Journal
from collectors.logs.tail.pipes import Pipe
from collectors.logs.tail.position import Position, unpack
from collectors.logs.tail.source import Chunk, Limits, Source
from collectors.logs.tail.track import Changed, Track
from collectors.logs.tail.watch import Watch

Place = Position | int | bytes
"""Where a file, or the journal, was read to, or when files were looked at last, in ns of the wall clock."""


class FilePart:
    """The files of a source.

    Args:
        source, limits: what, and how much.
        safe: the positions of an earlier life; without a mark of the last look the source is new.
        clock, wall: seconds on a clock that only goes forward, and of the wall clock.
        complaints: is told what is wrong.
    """

    def __init__(
        self,
        source: Source,
        limits: Limits,
        safe: Mapping[str, Place],
        clock: Callable[[], float],
        wall: Callable[[], float],
        complaints: Complaints,
    ) -> None:
        self.name = self.label = source.name
        self.safe = dict(safe)
        self._source, self._limits = source, limits
        self._clock, self._wall = clock, wall
        self._complaints = complaints
        self._watch: Watch | None = None

    def look(self) -> None:
        """See which files there are, and what became of them. After an error that a file system gave in the
        middle of it, all is begun anew from the positions, as in another life."""
        try:
            if self._watch is None:
                self._watch = self._begun()
            self._watch.look()
        except OSError as error:
            self._complaints.broken(self.name, error)
            self.close()
        else:
            self._complaints.well(self.name)

    def looked(self) -> None:
        """A look is over: what it changed is safe."""
        if self._watch is not None:
            self.safe[f"{self.name}/"] = self._watch.looked
            if self._watch.stirred:
                self.settle()

    @property
    def settled(self) -> bool:
        """As of `Watch.settled`."""
        return self._watch is None or self._watch.settled

    @property
    def behind(self) -> int:
        """As of `Watch.behind`."""
        return 0 if self._watch is None else self._watch.behind

    def ready(self, now: float) -> Iterator[tuple[Track, Chain]]:
        """The files that may have lines now."""
        return iter(()) if self._watch is None else self._watch.ready(now)

    def following(self, track: Track, chain: Chain, now: float) -> list[Track]:
        """What is to be read after one reading of a generation: more of it, or the next one."""
        if track.more:
            return [track]
        later = [] if chain.steady else chain.unblocked(now, self._limits.wait)
        return [each for each in later if each.more]

    def read(self, track: Track, chain: Chain, now: float) -> Chunk | None:
        """The next lines of one file."""
        watch = self._watch
        if watch is None:
            return None
        try:
            if not watch.prepare(track):
                return None
            part = track.read(self._source, self._limits, quiet=now - track.grown >= self._limits.wait)
        except Changed:
            watch.changed(chain, track)
            return None
        except OSError as error:
            self._complaints.error(track.path, error)
            watch.failed(track)
            return None
        except ValueError as error:
            self._complaints.damaged(track.real, error)
            watch.changed(chain, track)
            return None
        self._complaints.well(track.path)
        self._complaints.part(part)
        return Chunk(self.name, track.path, part.text, part.times, part.size)

    def taken(self, family: Family) -> None:
        """Lines of this family of files were taken: where it stands is safe."""
        if self._watch is not None:
            self.safe |= {f"{self.name}/{key}": where for key, where in self._watch.placed(family)}

    def settle(self) -> None:
        """All that was read is taken: where it stands is safe."""
        if self._watch is not None:
            self.safe = {f"{self.name}/{key}": where for key, where in self._watch.positions()}
            self.safe[f"{self.name}/"] = self._watch.looked

    def close(self) -> None:
        """Give all descriptors back."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _begun(self) -> Watch:
        mark = self.safe.get(f"{self.name}/")
        stored = {
            int(name.rpartition("/")[2]): where
            for name, where in self.safe.items()
            if isinstance(where, Position)
        }
        looked = mark if isinstance(mark, int) else 0
        return Watch(
            self._source,
            self._limits,
            None if mark is None else stored,
            looked,
            self._clock,
            self._wall,
            self._complaints,
        )


class JournalPart:
    """What is asked of the journal for a source."""

    def __init__(self, journal: Journal) -> None:
        self.name, self.label = journal.source.name, journal.position_name
        self.safe: dict[str, Place] = {}
        self._journal = journal

    def look(self) -> None:
        """See whether the child lives."""
        self._journal.look()

    def read(self, size: int) -> Chunk | None:
        """Entries that have come."""
        return self._journal.take(size)

    def settle(self) -> None:
        """All that was read is taken: where it stands is safe."""
        self.safe |= {name: where for name, where in self._journal.positions().items() if where is not None}

    def close(self) -> None:
        """End the child."""
        self._journal.close()


class PipePart:
    """A FIFO of a source; it has no position."""

    safe: Mapping[str, Place] = {}

    def __init__(self, source: str, pipe: Pipe, complaints: Complaints) -> None:
        self.name, self.label = source, f"{source}{pipe.path}"
        self._pipe, self._complaints = pipe, complaints

    def read(self, _: int) -> Chunk | None:
        """What has come."""
        try:
            part = self._pipe.read()
        except OSError as error:
            self._complaints.error(self._pipe.path, error)
            return None
        if part is None:
            return None
        self._complaints.well(self._pipe.path)
        self._complaints.part(part)
        return Chunk(self.name, self._pipe.path, part.text, None, part.size)

    def settle(self) -> None:
        """There is nothing to keep."""

    def close(self) -> None:
        """Give the descriptor back."""
        self._pipe.close()


def restored(
    source: str, stored: Mapping[str, bytes], complaints: Complaints
) -> tuple[dict[str, Place], dict[str, Place]]:
    """The positions of a source's files from an earlier life: those that are understood, with the mark of the
    last look, and all that are stored. Nothing where there is no such mark: the source is new."""
    mark = stored.get(f"{source}/")
    safe: dict[str, Place] = {}
    told: dict[str, Place] = {}
    if mark is None:
        return safe, told
    for name, value in stored.items():
        head, _, key = name.rpartition("/")
        if head == source and key.isascii() and key.isdecimal():
            try:
                safe[name] = told[name] = unpack(value)
            except ValueError as error:
                told[name] = 0
                complaints.strange(name, error)
    safe[f"{source}/"] = int(mark) if mark.isdigit() else 0
    return safe, told


def packed(place: Place) -> bytes:
    """A position as bytes for the store."""
    if isinstance(place, Position):
        return place.pack()
    return b"%d" % place if isinstance(place, int) else place
