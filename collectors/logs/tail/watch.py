"""The files of one source: which there are, what each path leads to, and which are new.

A path has a chain: generations that were rotated away and are not wholly read, oldest first, and the one that
the path leads to now. The later ones wait until the earlier are read and quiet.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping

from collectors.logs.tail.chain import Chain, Family
from collectors.logs.tail.complaints import Complaints
from collectors.logs.tail.files import File, Files, Open, file_of
from collectors.logs.tail.looks import Looks, Stats
from collectors.logs.tail.medium import Medium
from collectors.logs.tail.places import Places
from collectors.logs.tail.position import Position
from collectors.logs.tail.proof import Proof
from collectors.logs.tail.rotation import SEARCHES, Rotation, probe
from collectors.logs.tail.siblings import bases, half_made, is_beginning, root
from collectors.logs.tail.source import Limits, Source
from collectors.logs.tail.start import begin
from collectors.logs.tail.track import Track

MOST_IGNORED = 4096


class Watch:
    """Follows the files of one source.

    Args:
        source, limits: what, and how much.
        stored: positions by their keys, of an earlier life; None: the source is new.
        looked: when it was last looked at, in ns of the wall clock; 0: never.
        clock, wall: seconds on a clock that only goes forward, and of the wall clock.
        complaints: is told what is wrong.
    """

    def __init__(
        self,
        source: Source,
        limits: Limits,
        stored: Mapping[int, Position] | None,
        looked: int,
        clock: Callable[[], float],
        wall: Callable[[], float],
        complaints: Complaints,
    ) -> None:
        self.source = source
        self._limits = limits
        self._clock = clock
        self._wall = wall
        self._complaints = complaints
        self._places = Places(source.patterns, limits.files, clock, wall, complaints.error)
        archives = tuple(map(os.path.realpath, source.archives))
        roots = dict.fromkeys(map(os.path.realpath, (*self._places.roots, *source.roots, *archives)))
        self._files = Files(tuple(roots), limits.opened, complaints)
        self._rotation = Rotation(self._files, archives, limits, complaints, self._made, wall)
        self._chains: dict[str, Chain] = {}
        self._looks = Looks(self._chains, limits.idle, complaints)
        self._families: dict[str, Family] = {}
        self._ignored: dict[tuple[File, int], None] = {}
        self._new = stored is None
        self.looked = looked
        self.stirred = False
        """Whether the last look did more than to see files grow."""
        self._next = 1 + max(stored or (0,))
        # What a path leads to is the newest; one that was rotated away may have been found after it.
        for key, position in sorted((stored or {}).items(), key=lambda item: (item[1].live, item[0])):
            self._restore(Track(key, position))
        # Only now is it known which of the paths is the log's own.
        for family in list(self._families.values()):
            self._search_again(family)

    def _search_again(self, family: Family) -> None:
        """Search for what came, and was rotated away, since the positions of a log were stored."""
        for chain in family.chains:
            for track in chain.tracks:
                if not track.live:
                    chain.search(track, SEARCHES)
        if family.root not in self._chains and self._places.names(family.root):
            # Nothing was there, and nothing but that there are rotated ones tells of it.
            chain = self._chain(family.root)
            chain.left = self._clock()
            for track in family.tracks():
                chain.search(track, SEARCHES)

    def _restore(self, track: Track) -> None:
        chain = self._chain(track.path)
        chain.tracks.append(track)
        chain.family.note_ended(track.ended)
        track.grown = self._clock()
        if track.live:
            self._files.hold(track, track.file)

    def _chain(self, path: str) -> Chain:
        chain = self._chains.get(path)
        if chain is None:
            family = self._families.setdefault(root(path), Family(root(path)))
            self._chains[path] = chain = Chain(path, family)
            family.chains.append(chain)
        return chain

    def _forget(self, chain: Chain) -> None:
        del self._chains[chain.path]
        chain.family.chains.remove(chain)
        if not chain.family.chains:
            del self._families[root(chain.path)]

    def _made(self, position: Position) -> Track:
        track = Track(self._next, position)
        self._next += 1
        return track

    def ready(self, now: float) -> Iterator[tuple[Track, Chain]]:
        """Those that may have lines to be read now."""
        for chain in self._chains.values():
            if not chain.steady:
                yield from ((each, chain) for each in chain.unblocked(now, self._limits.wait) if each.more)
            elif chain.tracks[0].more:
                yield chain.tracks[0], chain

    @property
    def settled(self) -> bool:
        """Whether each path leads to what it led to, and the last line of each was read."""
        return not any(
            chain.searching or not chain.steady or chain.tracks[0].pending for chain in self._chains.values()
        )

    @property
    def behind(self) -> int:
        """Bytes that were seen and are not read yet; of a compressed file it is not known."""
        tracks = (track for family in self._families.values() for track in family.tracks())
        return sum(max(0, track.size - track.offset) for track in tracks)

    def positions(self) -> Iterator[tuple[int, Position]]:
        """The position of every generation."""
        for family in self._families.values():
            yield from self.placed(family)

    def placed(self, family: Family) -> Iterator[tuple[int, Position]]:
        """The position of every generation of a family."""
        family.forget()
        tracks = family.tracks()
        newest = max((track.key for track in tracks), default=0)
        for track in tracks:
            yield track.key, track.position(tuple(family.ended) if track.key == newest else ())

    def look(self) -> None:
        """See what there is, and what became of what there was."""
        now, started = self._clock(), self._wall()
        self._rotation.begin()
        paths = self._places.paths()
        self._complaints.beyond(self.source.name, self._places.beyond, self._limits.files)
        seen = self._looks.at(paths, self._places.changed, now)
        self.stirred = self._depart(seen, now)
        unsteady = [each for each in self._chains.values() if each.searching or not each.steady]
        for chain in unsteady:
            self._rotation.tend(chain, now)
            if chain.follows_nothing(now, self._limits.forget):
                self._forget(chain)
        fresh = [
            (status.st_mtime_ns, path, status)
            for path, status in seen.items()
            if status is not None and self._unfollowed(path)
        ]
        for _, path, status in sorted(fresh, key=lambda each: each[:2]):
            self._meet(path, status, now)
            self._files.relieve()
        self.stirred |= bool(unsteady or fresh)
        self._new = False
        self.looked = int(started * 1e9)
        self._files.close_some()

    def _unfollowed(self, path: str) -> bool:
        chain = self._chains.get(path)
        return chain is None or (chain.live is None and not chain.searching)

    def _depart(self, seen: Stats, now: float) -> bool:
        """Take note of what the paths do not lead to, or do not hold, any more; whether there is any."""
        where = {file_of(status): path for path, status in seen.items() if status is not None}
        left: list[tuple[Chain, Track]] = []
        moved = False
        for path, status in seen.items():
            chain = self._chains.get(path)
            track = chain.live if chain is not None else None
            if chain is None or track is None:
                continue
            if status is not None and track.inode == status.st_ino:
                moved |= track.device != status.st_dev
                self._stay(chain, track, status, now)
            elif status is None or not self._rotation.replaced(track, path):
                left.append((chain, track))
        for chain, track in left:
            self._complaints.count("outrider.logs.rotations", reason="moved")
            chain.depart(track, SEARCHES, now)
        for chain, track in left:
            target = where.get(track.file)
            if track.medium is None and (target is None or track.unproved):
                self._files.release(track)
            elif target is not None and self._holds(track, target):
                self._move(chain, track, target)
            elif target is not None:
                self._rotation.cut_off(chain, track, now)
        return moved or bool(left)

    def _stay(self, chain: Chain, track: Track, status: os.stat_result, now: float) -> None:
        """A path leads to the same inode as before."""
        if not track.proof.rungs and (status.st_size, status.st_mtime_ns) != (track.size, track.looked):
            # It was empty: whether a generation came and went since, it does not tell. Open, so that its
            # head is known to the search: what goes from now on is missed.
            if not self._files.crowded:
                self._have_open(track)
            chain.search(track, 1)
        if track.device != status.st_dev:
            # Devices are numbered anew at each boot: what it holds is looked at.
            self._files.hold(track, file_of(status))
            track.checked, track.more = False, True
        self._grow(chain, track, status, now)

    def _holds(self, track: Track, path: str) -> bool:
        """Whether the file at a path, which bears the track's inode, holds what was read of it."""
        try:
            if track.medium is not None:
                return track.holds(track.medium)
            opened = self._files.open(path)
            if opened is None:
                return False
            if opened.file == track.file and track.holds(opened.medium):
                self._files.use(track, opened)
                return True
        except (OSError, ValueError):
            return False
        opened.medium.close()
        return False

    def _move(self, chain: Chain, track: Track, path: str) -> None:
        """The file is found at another path of this source."""
        chain.tracks.remove(track)
        self._chain(path).tracks.append(track)
        track.path, track.real = path, os.path.realpath(path)
        track.live, track.last, track.spent = True, False, False

    def _grow(self, chain: Chain, track: Track, status: os.stat_result, now: float) -> None:
        size = status.st_size
        if size < max(track.offset, track.proof.length) or (
            size < track.size and not self._holds(track, chain.path)
        ):
            # What is known of its size is what is lost, if no copy is found.
            self._rotation.cut_off(chain, track, now)
        elif size != track.size or status.st_mtime_ns != track.looked:
            track.size, track.looked = size, status.st_mtime_ns
            track.grown, track.more, track.checked = now, True, False
        elif track.pending and now - track.grown >= self._limits.wait:
            track.pending, track.more = False, True
        elif chain.path in self._complaints.refused:
            track.more = True

    def _meet(self, path: str, status: os.stat_result, now: float) -> None:
        """A path leads to a file that it did not lead to before."""
        known = self._files.holder(file_of(status))
        if known is not None:
            if not (known.live or (known.medium is not None and known.medium.packed)):
                self._move(self._chains[known.path], known, path)
            return
        if (file_of(status), status.st_ctime_ns) in self._ignored:
            return
        opened = self._files.open(path)
        if opened is None:
            if path in self._complaints.closed:
                self._begin(path, status, None, now)
        elif opened.medium.packed or self._files.taken(opened.file):
            self._ignore(file_of(status), status.st_ctime_ns)
            opened.medium.close()
        elif self._to_wait_for(path, opened, status, now):
            opened.medium.close()
        else:
            self._begin(path, status, opened, now)

    def _to_wait_for(self, path: str, opened: Open, status: os.stat_result, now: float) -> bool:
        """Whether a file is not begun now: it is not made yet, a copy, or cannot be read."""
        try:
            return half_made(path, opened.medium) or bool(
                bases(os.path.basename(path)) and self._is_copy(path, opened, status, now)
            )
        except OSError as error:
            self._complaints.error(path, error)
            return True

    def _begin(self, path: str, status: os.stat_result, opened: Open | None, now: float) -> None:
        """Follow a new file. One that may not be read is begun where it is now, for it may be read later."""
        file = file_of(status) if opened is None else opened.file
        whole = not self._new or self.source.start == "start"
        written = status.st_mtime_ns if whole else max(status.st_mtime_ns, int(self._wall() * 1e9))
        offset, proof = 0 if whole else status.st_size, Proof()
        chain = self._chain(path)
        if opened is not None and whole and bases(os.path.basename(path)):
            # What was read under another name is gone on with, wherever the copy that was read ended.
            read = chain.family.rest(opened.medium)
            if read is not None:
                offset, proof = read.offset, read.proof.within(opened.medium.head())
        since = 0 if chain.tracks else self.looked
        for each in [each for each in chain.tracks if each.spent]:
            self._rotation.end(chain, each)
        track = self._made(Position(path, *file, offset, proof, written))
        track.size, track.grown, track.begun = status.st_size, now, whole
        chain.tracks.append(track)
        if opened is None:
            self._files.hold(track, file)
            return
        self._files.use(track, opened)
        if whole:
            probe(track)
        elif self.source.start == "end" and not opened.medium.packed:
            self._start(track)
        if self.looked and chain.first:
            self._rotation.before(chain, since, now)
        elif self._new and chain.first and not isinstance(self.source.start, str):
            since = int((self._wall() - self.source.start) * 1e9)
            for each in self._rotation.before_all(chain, since, now):
                self._begin_rotated(chain, each)

    def _begin_rotated(self, chain: Chain, track: Track) -> None:
        """Begin where the source says what was rotated away before its first look."""
        track.begun = False
        try:
            if track.medium is not None and not track.medium.packed:
                track.offset = track.size
                begin(track, self.source, self._limits, self._wall())
        except OSError as error:
            self._complaints.error(track.real, error)
            self._rotation.end(chain, track)

    def _start(self, track: Track) -> None:
        """Begin at its end, so that what is stored of this look tells which content stood before."""
        try:
            begin(track, self.source, self._limits, self._wall())
        except OSError:
            # Whoever reads it meets the same, and says so.
            track.checked = False

    def _ignore(self, file: File, changed: int) -> None:
        if len(self._ignored) >= MOST_IGNORED:
            del self._ignored[next(iter(self._ignored))]
        self._ignored[file, changed] = None

    def _is_copy(self, path: str, opened: Open, status: os.stat_result, now: float) -> bool:
        """Whether a file that has the name of a rotated one is a copy: so far the beginning of one that is
        followed, before the cut; or what was read of one that was cut. Before it is clear whether one was cut
        that has changed since it was read, it may be."""
        family = self._families.get(root(path), Family(path))
        for track in family.tracks():
            if track.live and track.unsure and not self._holds(track, track.path):
                self._rotation.cut_off(self._chains[track.path], track, now)
                return True
        rotated = [track for track in family.tracks() if not (track.live or track.spent)]
        if any(track.proof.like(track.offset, opened.medium) == "same" for track in rotated):
            # The rest of one that is searched for, or a copy of one that is not yet read to its end.
            return True
        older = status.st_mtime_ns < family.floor
        if older or any(copied(opened.medium, offset, proof) for offset, proof in family.past()):
            self._ignore(file_of(status), status.st_ctime_ns)
            return True
        folder, name = os.path.split(path)
        beside = (os.path.join(folder, base) for base in bases(name))
        return any(self._begins(each, opened.medium) for each in beside if self._places.names(each))

    def _begins(self, path: str, medium: Medium) -> bool:
        """Whether a file holds only the beginning of what a path leads to, followed or not yet."""
        opened = self._files.open(path)
        if opened is None:
            return False
        begins = is_beginning(medium, opened.medium)
        opened.medium.close()
        return begins

    def prepare(self, track: Track) -> bool:
        """Have it open, and begun where the source says; False: that cannot be now.

        Raises:
            OSError: it cannot be read.
        """
        if not self._have_open(track):
            track.more = False
            return False
        self._files.touch(track)
        self._files.relieve()
        if track.live and not (track.size or track.proof.rungs):
            # It was empty: a look that sees it grown searches first for what came and went since.
            track.more = False
            return False
        if not track.begun:
            begin(track, self.source, self._limits, self._wall())
        return track.begun

    def _have_open(self, track: Track) -> bool:
        """Have it open; False: the path leads to something else."""
        if track.medium is None:
            opened = self._files.open(track.path) if track.live else None
            if opened is None or opened.file != track.file or opened.medium.packed:
                if opened is not None:
                    opened.medium.close()
                return False
            self._files.use(track, opened)
        return True

    def changed(self, chain: Chain, track: Track) -> None:
        """What was read of it showed that it holds something else, whose size says nothing of it."""
        track.size = track.offset
        if track.live:
            self._rotation.cut_off(chain, track, self._clock())
        else:
            self._rotation.reject(chain, track, self._clock())

    def failed(self, track: Track) -> None:
        """It could not be read; it is tried again."""
        self._files.drop_medium(track)
        track.more = False

    def close(self) -> None:
        """Give all descriptors back."""
        self._files.close()
        self._rotation.close()


def copied(medium: Medium, offset: int, proof: Proof) -> bool:
    """Whether a file holds what was read up to `offset`, and nothing more."""
    likeness = proof.like(offset, medium)
    return likeness == "shorter" or (likeness == "same" and medium.size() == offset)
