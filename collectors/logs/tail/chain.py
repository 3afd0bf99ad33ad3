"""The generations of one path, oldest first."""

from __future__ import annotations

import os
from collections.abc import Iterable

from collectors.logs.tail.medium import Medium
from collectors.logs.tail.position import MOST_ENDED, Ended
from collectors.logs.tail.proof import Proof
from collectors.logs.tail.source import Limits
from collectors.logs.tail.track import Track

MARGIN = 3_600_000_000_000  # ns; a copy is written later than what it is of


class Family:
    """The chains of one log and of the names that its rotated files have, where patterns name these too.

    `ended` is what was wholly read, and how far: nobody takes it for new.
    """

    __slots__ = ("chains", "ended", "root")

    def __init__(self, root: str) -> None:
        self.root = root
        self.chains: list[Chain] = []
        self.ended: list[Ended] = []

    def tracks(self) -> list[Track]:
        """Every generation."""
        return [track for chain in self.chains for track in chain.tracks]

    def past(self) -> list[tuple[int, Proof]]:
        """What was read, and how far, of those that no path leads to any more."""
        ended = [(each.offset, each.proof) for each in self.ended]
        return ended + [(each.offset, each.proof) for each in self.tracks() if not each.live]

    def known(self) -> list[tuple[int, Proof]]:
        """What was read, and how far."""
        ended = [(each.offset, each.proof) for each in self.ended]
        return ended + [(each.offset, each.proof) for each in self.tracks()]

    @property
    def floor(self) -> int:
        """Nothing that was last written before is taken for new, in ns of the wall clock: more was read since
        than is remembered. A copy of what is forgotten is older than the end of the generation after it.
        Where the clock was set back, what is followed now is newest."""
        if len(self.ended) < MOST_ENDED:
            return 0
        oldest = self.ended[0].written
        return min(oldest, max((track.written for track in self.tracks()), default=oldest))

    def rest(self, medium: Medium) -> Ended | None:
        """What was wholly read, and is the beginning of what a file holds; the longest."""
        fits = (each for each in self.ended if each.proof.like(each.offset, medium) == "same")
        return max(fits, key=lambda each: each.offset, default=None)

    def search(self, track: Track, searches: int) -> None:
        """Search for what was written since `track`, where new generations begin."""
        for chain in self.chains:
            if chain.first:
                chain.search(track, searches)

    def forget(self) -> None:
        """Forget what is older than all that is searched for, by `MARGIN`."""
        since = [chain.since for chain in self.chains if chain.searching]
        oldest = min((*since, *(track.written for track in self.tracks())), default=0)
        if self.ended:
            self.ended = [each for each in self.ended if each.written + MARGIN >= oldest]

    def note_ended(self, ended: Iterable[Ended]) -> None:
        """Remember what was wholly read, and of too many those that were written last: whichever order they
        were read in, what is forgotten is below the floor."""
        known = dict.fromkeys((*self.ended, *(each for each in ended if each.proof.rungs)))
        self.ended = sorted(known, key=lambda each: each.written)[-MOST_ENDED:]


class Chain:
    """What was rotated away from a path and is not wholly read, and what the path leads to now.

    `since` is when what was there last was last written, in ns of the wall clock: what was written since and
    rotated away is newer. `searching`: so many more looks search for it.
    """

    __slots__ = ("family", "left", "listed", "path", "real", "searching", "since", "tracks")

    def __init__(self, path: str, family: Family) -> None:
        self.path = path
        self.real = os.path.realpath(path)
        self.family = family
        self.tracks: list[Track] = []
        self.since = 0
        self.searching = 0
        self.listed = -1
        self.left = 0.0

    @property
    def live(self) -> Track | None:
        """What the path leads to."""
        return self.tracks[-1] if self.tracks and self.tracks[-1].live else None

    @property
    def awaited(self) -> Track | None:
        """The one that all later ones wait for."""
        return next((track for track in self.tracks if not track.spent), None)

    @property
    def first(self) -> bool:
        """New generations begin here: it is the path of the log itself, and not that of a rotated one."""
        return self.path == self.family.root or all(
            each.path != self.family.root for each in self.family.chains
        )

    @property
    def steady(self) -> bool:
        """There is nothing but what the path leads to."""
        return len(self.tracks) == 1 and self.tracks[0].live

    def depart(self, track: Track, searches: int, now: float) -> None:
        """The path does not lead to `track` any more."""
        track.live = False
        self.left, self.real = now, track.real
        self.search(track, searches)

    def search(self, track: Track, searches: int) -> None:
        """Search for what was written since `track` and rotated away."""
        self.since = min(track.written, self.since) if self.searching else track.written
        self.searching, self.listed = searches if self.first else 0, -1

    def unblocked(self, now: float, wait: float) -> list[Track]:
        """Those that may be read: up to the first that is not wholly read, or was not quiet for `wait` s."""
        found: list[Track] = []
        for track in self.tracks:
            if not track.spent:
                found.append(track)
                if track.more or track.missing or now - track.grown < wait:
                    break
        return found

    def insert(self, track: Track) -> None:
        """Add one that is newer than those that were rotated away, and older than the live one."""
        self.tracks.insert(len(self.tracks) - (self.live is not None), track)

    def over(self, track: Track, quiet: float, links: int, limits: Limits, *, crowded: bool) -> bool:
        """Whether nothing more is to be expected in a file that was rotated away and is read to its end.

        One that still has a name may be written as long as there is no other to write to.
        """
        if quiet < limits.wait:
            return False
        if links == 0:
            return True
        last = next((each for each in reversed(self.tracks)), track)
        followed = last is not track and (last.size > 0 or not last.live)
        return followed and (crowded or quiet >= limits.linger)

    def forgotten(self, now: float, forget: float) -> bool:
        """Whether the path is gone for long, and all that was there is read."""
        return bool(self.tracks) and all(each.spent and now - each.grown >= forget for each in self.tracks)

    def follows_nothing(self, now: float, forget: float) -> bool:
        """Whether the chain may be dropped: what comes to its path later has nothing to do with it."""
        waits = self.searching and now - self.left < forget
        return not (self.tracks or waits or os.path.lexists(self.path))
