"""What becomes of generations that were rotated away: searched for, read to their end, let go."""

from __future__ import annotations

import os
from collections.abc import Callable

from collectors.logs.tail.chain import Chain
from collectors.logs.tail.complaints import Complaints
from collectors.logs.tail.depths import Depths
from collectors.logs.tail.files import Files, Open
from collectors.logs.tail.listing import Listings
from collectors.logs.tail.places import modified
from collectors.logs.tail.position import Ended, Position
from collectors.logs.tail.proof import STRONG, WEAK, Proof
from collectors.logs.tail.siblings import MOST, Search, Unseen
from collectors.logs.tail.source import Limits
from collectors.logs.tail.track import Changed, Track

SEARCHES = 5
"""Looks in which it is searched for generations that nobody has seen, while files come and go meanwhile."""


class Rotation:
    """Follows what paths do not lead to any more.

    Args:
        files: of the source.
        archives: folders where rotated files go, beside the logs' own.
        limits: bounds.
        complaints: is told what is lost.
        make: makes the track of a new position.
        wall: seconds of the wall clock.
    """

    def __init__(
        self,
        files: Files,
        archives: tuple[str, ...],
        limits: Limits,
        complaints: Complaints,
        make: Callable[[Position], Track],
        wall: Callable[[], float],
    ) -> None:
        self._files = files
        self._archives = archives
        self._limits = limits
        self._complaints = complaints
        self._make = make
        self._wall = wall
        self._depths = Depths()
        self._listings = Listings()

    def begin(self) -> None:
        """Another look begins."""
        self._depths.renew()
        self._listings.renew()

    def close(self) -> None:
        """Give all descriptors back."""
        self._depths.close()

    def tend(self, chain: Chain, now: float) -> None:
        """What a look does for a chain."""
        for track in [track for track in chain.tracks if not track.live]:
            if track.spent:
                continue
            if track.medium is not None:
                self._follow(chain, track, now)
            if track.missing:
                # Also what was just seen to be cut, before anyone takes its copy for a new one.
                self._find(chain, track, now)
        if chain.searching and not any(track.missing for track in chain.tracks):
            self._find_unseen(chain, now)
        if chain.forgotten(now, self._limits.forget):
            for track in list(chain.tracks):
                self.end(chain, track)

    def replaced(self, track: Track, path: str) -> bool:
        """Whether another file stands in its place that holds the same, as after a restore or an edit."""
        if track.medium is None:
            if self._search(track.real).has(track.inode):
                return False
        elif track.medium.packed or track.medium.status().st_nlink:
            return False
        opened = self._files.open(path)
        if opened is None:
            return False
        medium = opened.medium
        if self._files.taken(opened.file) or not same(track, opened):
            medium.close()
            return False
        self._files.use(track, opened)
        return True

    def cut_off(self, chain: Chain, track: Track, now: float) -> None:
        """The file does not hold any more what was read of it: the rest may be in a copy."""
        if track.live:
            self._complaints.count("outrider.logs.rotations", reason="cut")
            chain.depart(track, SEARCHES, now)
        self._files.drop(track)
        track.device = track.inode = 0
        track.more = track.pending = False
        track.lost = now

    def reject(self, chain: Chain, track: Track, now: float) -> None:
        """What was taken for the rest of this generation is something else, which may be new, or damaged."""
        track.rejected.add(track.file)
        if track.medium is not None and not track.medium.packed:
            chain.search(track, SEARCHES)
        self._files.drop(track)
        track.more = False
        track.lost = now if track.lost is None else track.lost

    def end(self, chain: Chain, track: Track) -> None:
        """Forget a generation."""
        self._files.drop(track)
        chain.tracks.remove(track)

    def _search(self, real: str) -> Search:
        return Search(real, self._archives, self._files.roots, self._files.taken, self._listings)

    def _find(self, chain: Chain, track: Track, now: float) -> None:
        if self._files.crowded and track is not chain.awaited:
            return
        found = self._search(track.real).rest(
            track.file, track.offset, track.proof, track.written, track.rejected
        )
        if found is not None and found.likeness == "same":
            track.proof = found.proof
            self._files.use(track, Open(found.medium, found.file, found.real))
            track.size = 0 if found.medium.packed else found.medium.size()
            track.grown = min(track.grown, self._quiet_since(found.medium.status().st_mtime_ns, now))
        elif found is not None:
            # The copy ends before the place where the log was read to: nothing more is in it.
            size = found.medium.size()
            found.medium.close()
            self._lose(chain, track, "copied", max(size, track.size))
        elif track.offset == 0:
            # Nothing was read of it: where it is, it is as good as one that nobody has seen.
            chain.family.search(track, SEARCHES)
            self.end(chain, track)
        elif track.lost is None:
            track.lost = now
        elif now - track.lost >= self._limits.patience or not (track.proof.rungs or track.inode):
            self._lose(chain, track, "unfound", track.size)

    def _lose(self, chain: Chain, track: Track, reason: str, size: int) -> None:
        self._complaints.lost(track, chain.path, reason, size)
        self._let_go(chain, track)

    def _let_go(self, chain: Chain, track: Track) -> None:
        """It is read. Where its path is gone it stays, as the mark from which on others are new."""
        written = track.looked if track.medium is None else track.medium.status().st_mtime_ns
        chain.family.note_ended([Ended(track.offset, track.proof, max(written, track.looked))])
        self._files.drop(track)
        track.spent, track.more, track.lost = True, False, None
        if chain.live is not None or not chain.first:
            self.end(chain, track)

    def _follow(self, chain: Chain, track: Track, now: float) -> None:
        """See whether a rotated file still grows; read what stands there without a line feed at the end."""
        medium = track.medium
        if medium is None:
            return
        status = medium.status()
        if not medium.packed and status.st_size < track.offset:
            self.cut_off(chain, track, now)
        elif not medium.packed and status.st_size != track.size:
            track.size, track.grown, track.more, track.checked = status.st_size, now, True, False
        elif track.more:
            return
        elif track.last:
            self._let_go(chain, track)
        elif medium.packed or chain.over(
            track, now - track.grown, status.st_nlink, self._limits, crowded=self._files.crowded
        ):
            track.last = track.more = True
        elif track.pending and now - track.grown >= self._limits.wait:
            track.pending, track.more = False, True

    def before(self, chain: Chain, looked: int, now: float) -> None:
        """What came and went at a path before what it leads to now, which is open: what goes from now on is
        missed. Where nothing was there before, since the look at `looked` ns, else 0."""
        if looked:
            chain.since, chain.real = looked, chain.tracks[-1].real
        chain.searching, chain.listed = SEARCHES, -1
        self._find_unseen(chain, now)

    def _find_unseen(self, chain: Chain, now: float) -> None:
        """Generations that came and went between two looks. Again when the path leads somewhere: until then
        more may come and go. Of very many the later ones are taken up when the earlier are read."""
        if sum(not track.spent for track in chain.tracks) > MOST:
            return
        present = os.path.exists(chain.path)
        changed = modified(os.path.dirname(chain.real))
        if not present and changed == chain.listed:
            return
        chain.listed = changed
        search, found = self._unseen(chain, chain.real, max(chain.since, chain.family.floor))
        for each in found:
            self._complaints.count("outrider.logs.rotations", reason="unseen")
            self._take_up(chain, each, now)
        if not search.ended:
            chain.listed = -1
        elif present:
            clean = search.clean and modified(os.path.dirname(chain.real)) == changed
            chain.searching = 0 if clean else chain.searching - 1

    def _unseen(self, chain: Chain, real: str, since: int) -> tuple[Search, list[Unseen]]:
        """What is found of a log, beside `real`, that nobody has seen. What is followed and was nearly empty
        may have been filled, rotated and compressed during the search: it is met, and searched again."""
        while True:
            for track in chain.family.tracks():
                probe(track)
            short = [track for track in chain.family.tracks() if track.proof.length < WEAK]
            search, known = self._search(real), chain.family.known()
            found = search.unseen(since, known, chain.path, self._depths)
            for track in short if found else ():
                probe(track)
            if not found or chain.family.known() == known:
                return search, found
            for each in found:
                each.medium.close()

    def _quiet_since(self, written: int, now: float) -> float:
        """Since when a rotated file that was last written at `written` ns was quiet: a wait ago at most. What
        was so for longer lets the next one begin at once."""
        return now - min(max(0.0, self._wall() - written / 1e9), self._limits.wait)

    def before_all(self, chain: Chain, since: int, now: float) -> list[Track]:
        """What was rotated away from a path before its first look, last written at `since` ns or later."""
        _, found = self._unseen(chain, chain.tracks[-1].real, since)
        return [self._take_up(chain, each, now) for each in found]

    def _take_up(self, chain: Chain, each: Unseen, now: float) -> Track:
        track = self._make(Position(chain.path, *each.file, 0, Proof(), each.written, live=False))
        track.size, track.grown = each.size, self._quiet_since(each.written, now)
        chain.insert(track)
        self._files.use(track, Open(each.medium, each.file, each.real))
        probe(track)
        return track


def probe(track: Track) -> None:
    """Remember the head of a file before it is read, so that it is known again if it is rotated before."""
    try:
        if track.medium is not None:
            track.meet(track.medium.head())
    except (OSError, ValueError, Changed):
        # Whoever reads it meets the same, and says so.
        track.checked = False


def same(track: Track, opened: Open) -> bool:
    """Whether a file holds what was read, without doubt."""
    medium = opened.medium
    try:
        return not medium.packed and track.proof.like(track.offset, medium, STRONG) == "same"
    except OSError:
        return False
