"""Follows the files of all sources: look, take, and the positions that belong to what was taken.

    tailer = Tailer(sources, store.positions(), clock=time.monotonic, wall=time.time, tally=tally, say=say)
    tailer.look()
    for chunk in tailer.take(size=8 << 20, seconds=0.2): ...
    positions |= tailer.positions()     # stored in the transaction of what was made of the chunks

Nothing waits: a look and a take do what they can in the time they are given, and the next go on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from collectors.logs.tail.chain import Chain
from collectors.logs.tail.complaints import Complaints
from collectors.logs.tail.journal import Journal, JournalSource
from collectors.logs.tail.pipes import Pipe
from collectors.logs.tail.position import Position, unpack
from collectors.logs.tail.source import Chunk, Limits, Source
from collectors.logs.tail.track import Changed, Track
from collectors.logs.tail.watch import Watch
from collectors.tally import Tally


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
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._complaints = Complaints(tally, say)
        self._told: dict[str, Position | int] = {}
        self._watches: list[Watch] = []
        self._journals: list[Journal] = []
        self._pipes: list[tuple[str, Pipe]] = []
        for source in sources:
            if isinstance(source, JournalSource):
                cursor = stored.get(f"{source.name}/journal")
                self._journals.append(Journal(source, limits, cursor, clock, wall, self._complaints))
                continue
            mark = stored.get(f"{source.name}/")
            positions = None if mark is None else self._restored(source.name, stored)
            looked = int(mark) if mark and mark.isdigit() else 0
            watch = Watch(source, limits, positions, looked, clock, wall, self._complaints)
            self._watches.append(watch)
            self._pipes += ((source.name, Pipe(path, limits)) for path in source.pipes)

    def _restored(self, source: str, stored: Mapping[str, bytes]) -> dict[int, Position]:
        """The positions of one source."""
        found: dict[int, Position] = {}
        for name, value in stored.items():
            head, _, key = name.rpartition("/")
            if head == source and key.isascii() and key.isdecimal():
                try:
                    found[int(key)] = self._told[name] = unpack(value)
                except ValueError as error:
                    self._told[name] = 0
                    self._complaints.strange(name, error)
        return found

    @property
    def refused(self) -> Mapping[str, str]:
        """What cannot be read now, by path, and why."""
        return self._complaints.refused

    def look(self) -> None:
        """See which files there are, which have grown, and what became of those that were rotated."""
        for journal in self._journals:
            journal.look()
        for watch in self._watches:
            watch.look()

    def take(self, size: int, seconds: float) -> Iterator[Chunk]:
        """The next lines, of all files in turn: until about `size` bytes are read, `seconds` are over, or
        there are no more for now.

        A chunk is done with when the next one is asked for, or `positions` are: whoever stops in between has
        taken it.
        """
        until = self._clock() + seconds
        for came in self._take_streams(size // 2, until):
            size -= came.size
            if came.text:
                yield came
        turns: deque[tuple[Watch, Track, Chain]] = deque()
        for watch in self._watches:
            turns += ((watch, track, chain) for track, chain in watch.ready(self._clock()))
        while turns and size > 0:
            now = self._clock()
            if now >= until:
                return
            watch, track, chain = turns.popleft()
            chunk = self._next(watch, track, chain, now)
            if track.more:
                turns.append((watch, track, chain))
            if chunk is not None:
                size -= chunk.size
                if chunk.text:
                    yield chunk

    def _take_streams(self, size: int, until: float) -> Iterator[Chunk]:
        """What comes by itself, of each at most its share: journals and FIFOs."""
        streams: list[Callable[[int], Chunk | None]] = [journal.take for journal in self._journals]
        streams += [partial(self._pipe, name, pipe) for name, pipe in self._pipes]
        for take in streams:
            left = size // len(streams)
            while left > 0 and self._clock() < until and (chunk := take(left)) is not None:
                left -= chunk.size
                yield chunk

    def _pipe(self, source: str, pipe: Pipe, size: int) -> Chunk | None:
        try:
            part = pipe.read()
        except OSError as error:
            self._complaints.error(pipe.path, error)
            return None
        if part is None:
            return None
        self._complaints.well(pipe.path)
        self._complaints.part(part)
        return Chunk(source, pipe.path, part.text, None, part.size)

    def _next(self, watch: Watch, track: Track, chain: Chain, now: float) -> Chunk | None:
        try:
            if not watch.prepare(track):
                return None
            part = track.read(watch.source, self._limits, quiet=now - track.grown >= self._limits.wait)
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
        return Chunk(watch.source.name, track.path, part.text, part.times, part.size)

    def positions(self) -> dict[str, bytes | None]:
        """The positions that have changed since they were asked last; None: there is no such any more.

        They belong to what was taken until now. The caller keeps them with what it made of that until both
        are stored; later ones replace earlier ones of the same name.
        """
        now: dict[str, Position | int] = {}
        for watch in self._watches:
            now[f"{watch.source.name}/"] = watch.looked
            now |= ((f"{watch.source.name}/{key}", position) for key, position in watch.positions())
        changed: dict[str, bytes | None] = {
            name: b"%d" % position if isinstance(position, int) else position.pack()
            for name, position in now.items()
            if self._told.get(name) != position
        }
        changed |= dict.fromkeys(self._told.keys() - now.keys())
        self._told = now
        for journal in self._journals:
            changed |= journal.positions()
        return changed

    def close(self) -> None:
        """Give all descriptors back."""
        for watch in self._watches:
            watch.close()
        for journal in self._journals:
            journal.close()
        for _, pipe in self._pipes:
            pipe.close()
