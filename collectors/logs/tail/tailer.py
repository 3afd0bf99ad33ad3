"""Follows the files of all sources: look, take, and the positions that belong to what was taken.

    tailer = Tailer(sources, store.positions(), clock=time.monotonic, wall=time.time, tally=tally, say=say)
    tailer.look()
    for chunk in tailer.take(size=8 << 20, seconds=0.2): ...
    positions |= tailer.positions()     # stored in the transaction of what was made of the chunks

Nothing waits: a look and a take do what they can in the time they are given, and the next go on. A file
system that does not answer keeps the thread in its call: by the `guard` another goes on with the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from collectors.logs.tail.chain import Chain
from collectors.logs.tail.complaints import Complaints
from collectors.logs.tail.guard import Guard
from collectors.logs.tail.journal import Journal, JournalSource
from collectors.logs.tail.parts import FilePart, JournalPart, PipePart, Place, packed, restored
from collectors.logs.tail.pipes import Pipe
from collectors.logs.tail.source import Chunk, Limits, Source
from collectors.logs.tail.track import Track
from collectors.tally import Tally

Takes = Callable[[str], bool]
"""Whether lines of a log are taken now, by its name."""


def _all(name: str) -> bool:
    return True


class Tailer:
    """Reads lines, each once, and says where it stands.

    Args:
        sources: what is followed; their names are unique.
        stored: every position of an earlier life, by name. Names that are none of these sources' are left
            alone.
        clock: seconds on a clock that only goes forward.
        wall: seconds of the wall clock.
        tally: counts under `outrider.logs.*`.
        say: is told once of each thing that is wrong, in words.
        limits: bounds, of each source.
        guard: leaves a source whose call does not return.
    """

    def __init__(
        self,
        sources: Iterable[Source | JournalSource],
        stored: Mapping[str, bytes],
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
        tally: Tally,
        say: Callable[[str], object],
        limits: Limits = Limits(),  # noqa: B008 - frozen
        guard: Guard | None = None,
    ) -> None:
        self._clock = clock
        self._guard = guard or Guard(clock)
        self._complaints = Complaints(tally, say)
        self._told: dict[str, Place] = {}
        self._files: list[FilePart] = []
        self._journals: list[JournalPart] = []
        self._pipes: list[PipePart] = []
        for source in sources:
            if isinstance(source, JournalSource):
                cursor = stored.get(f"{source.name}/journal")
                journal = Journal(source, limits, cursor, clock, wall, self._complaints)
                self._journals.append(JournalPart(journal))
                continue
            safe, told = restored(source.name, stored, self._complaints)
            self._told |= told
            self._files.append(FilePart(source, limits, safe, clock, wall, self._complaints))
            for path in source.pipes:
                self._pipes.append(PipePart(source.name, Pipe(path, limits), self._complaints))

        self._parts: tuple[FilePart | JournalPart | PipePart, ...]
        self._parts = (*self._files, *self._journals, *self._pipes)

    @property
    def refused(self) -> Mapping[str, str]:
        """What cannot be read now, by path, and why."""
        return self._complaints.refused

    @property
    def settled(self) -> bool:
        """Whether the next look may wait: nothing is between two generations or two parts of a record, and no
        writer waits for a journal or a FIFO to be read."""
        if self._journals or self._pipes:
            return False
        return all(files.settled for files in self._files if not self._guard.out(files))

    def behind(self) -> dict[str, int]:
        """Bytes of files by source that were seen and not read yet."""
        return {files.name: files.behind for files in self._files if not self._guard.out(files)}

    def look(self) -> None:
        """See which files there are, which have grown, and what became of those that were rotated."""
        for journal in filter(self._guard.free, self._journals):
            self._guard.look(journal, journal.look)
        for files in filter(self._guard.free, self._files):
            self._guard.look(files, files.look)
            files.looked()

    def take(self, size: int, seconds: float, takes: Takes = _all) -> Iterator[Chunk]:
        """The next lines, of all files in turn: until about `size` bytes are read, `seconds` are over, or
        there are no more for now; of logs that `takes` says are taken, by their names.

        A chunk is done with when the next one is asked for, or `positions` are: whoever stops in between has
        taken it.
        """
        until = self._clock() + seconds
        for came in self._take_late():
            size -= came.size
            if came.text:
                yield came
        for came in self._take_streams(size // 2, until, takes):
            size -= came.size
            if came.text:
                yield came
        turns: deque[tuple[FilePart, Track, Chain]] = deque()
        for part in filter(self._guard.free, self._files):
            turns += ((part, track, chain) for track, chain in part.ready(self._clock()))
        while turns and size > 0:
            now = self._clock()
            if now >= until:
                return
            part, track, chain = turns.popleft()
            if not takes(part.name):
                continue
            chunk = self._guard.call(part, partial(part.read, track, chain, now))
            part.taken(chain.family)
            turns += ((part, each, chain) for each in part.following(track, chain, now))
            if chunk is not None:
                size -= chunk.size
                if chunk.text:
                    yield chunk

    def _take_late(self) -> Iterator[Chunk]:
        """What was read by calls that were left, and have returned."""
        for part, answer, error in self._guard.returned():
            if error is not None:
                raise error
            part.settle()
            if isinstance(answer, Chunk):
                yield answer

    def _take_streams(self, size: int, until: float, takes: Takes) -> Iterator[Chunk]:
        """What comes by itself, of each at most its share: journals and FIFOs."""
        every: tuple[JournalPart | PipePart, ...] = (*self._journals, *self._pipes)
        streams = [part for part in every if self._guard.free(part)]
        for part in streams:
            call = self._guard.look if isinstance(part, PipePart) else self._guard.call
            left = size // len(streams)
            while left > 0 and self._clock() < until and takes(part.name):
                chunk = call(part, partial(part.read, left))
                if chunk is None:
                    break
                part.settle()
                left -= chunk.size
                yield chunk

    def positions(self) -> dict[str, bytes | None]:
        """The positions that have changed since they were asked last; None: there is no such any more.

        They belong to what was taken until now. The caller keeps them with what it made of that until both
        are stored; later ones replace earlier ones of the same name.
        """
        now: dict[str, Place] = {}
        for part in self._parts:
            if not self._guard.out(part):
                part.settle()
            now |= part.safe
        changed: dict[str, bytes | None] = {
            name: packed(place) for name, place in now.items() if self._told.get(name) != place
        }
        changed |= dict.fromkeys(self._told.keys() - now.keys())
        self._told = now
        return changed

    def close(self) -> None:
        """Give all descriptors back."""
        for part in self._parts:
            self._guard.close(part)
