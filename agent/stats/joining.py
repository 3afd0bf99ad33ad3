"""Predictions and truths that come apart in time are joined by the identity of their request, each once.

Whichever comes first waits, in the order of arrival, at most so many and so long; what leaves unjoined is
counted. Who was joined stays known until then, so that a repetition is told from a stranger.

What changed since the last save is one small piece, to be stored with what was counted of the pairs; all
pieces put together again are the same window. A piece is obsolete once all it added has left. Where there is
no room for it, it waits: a crash forgets then what came since the last one.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.stats.bins import Floats, Ints
from agent.stats.lookup import Lookup
from agent.stats.waiting import ENTRY, JOINED, PREDICTION, TRUTH, Entries, Piece, assembled, packed, unpacked

UNSAID = 65535
"""The confidence of a prediction that tells none, in steps."""
_STEPS = 10_000
"""Confidence is kept in steps of 0.0001, so that decimals stay what they are."""


class Side(NamedTuple):
    """Predictions or truths, a row each.

    Args:
        ids: of their requests, in 48 bits: of 50,000 that wait, one in five billion is taken for another.
        values: a number, or the number of a class.
        times: when, s since 1970.
        confidence: of predictions, within [0, 1]; NaN where none is told, None of truths.
        groups: of predictions: the number (below 2^16) of their model, version and slice; None of truths.
    """

    ids: NDArray[np.uint64]
    values: Floats
    times: Floats
    confidence: Floats | None = None
    groups: Ints | None = None


class Pairs(NamedTuple):
    """Predictions and their truths, a row each; as in `Side`, confidence to four decimals."""

    predicted: Floats
    truth: Floats
    confidence: Floats
    groups: Ints
    predicted_at: Floats
    told_at: Floats


class Tally(NamedTuple):
    """What became of predictions and truths since the window began, or was restored.

    Args:
        joined: pairs.
        repeated_predictions: of a request that has one already; not counted in a pair.
        repeated_truths: the same.
        unlabelled: predictions that left without a truth.
        unknown: truths that left without a prediction.
        crowded: of both, those that left because there were too many.
    """

    joined: int = 0
    repeated_predictions: int = 0
    repeated_truths: int = 0
    unlabelled: int = 0
    unknown: int = 0
    crowded: int = 0


class Window:
    """What waits to be joined.

    Args:
        most: entries.
        age: s for which an entry waits, by the clock that `take` and `expire` are told.
    """

    def __init__(self, most: int, age: float) -> None:
        self.tally = Tally()
        self._most, self._age = most, age
        self._first = 0  # number of the oldest entry; numbers are given in turn
        # Entries lie in a part of the room, so that few have to move when some come and others leave.
        self._room: Entries = np.empty(0, ENTRY)
        self._begin = self._end = 0
        self._lookup = Lookup()
        self._unsaved = self._floor = 0  # entries from the one on are in no piece; `_first` in the last piece
        self._marked: set[int] = set()  # joined since the last piece
        self._pieces: dict[int, int] = {}  # by serial number: that of the entry after its last one
        self._serial = 0
        self._offered: tuple[list[int], Piece | None, set[int]] = [], None, set()

    def __len__(self) -> int:
        return self._end - self._begin

    @property
    def _entries(self) -> Entries:
        return self._room[self._begin : self._end]

    def predictions(self, side: Side, now: float) -> Pairs:
        """Take predictions; those whose truth waits are pairs."""
        return self._take(side, now, PREDICTION)

    def truths(self, side: Side, now: float) -> Pairs:
        """Take truths; those whose prediction waits are pairs."""
        return self._take(side, now, TRUTH)

    def _take(self, side: Side, now: float, mine: int) -> Pairs:
        ids, rows = np.unique(side.ids, return_index=True)
        numbers = self._lookup.find(ids, self._first)
        known = numbers >= 0
        found = numbers[known] - self._first
        waits = self._entries["side"][found] == JOINED - mine
        made = _entries(side, now, mine)
        pairs = self._joined(found[waits], made[rows[known][waits]], mine)
        # In the order of arrival, so that those that came first leave first.
        self._append(made[np.sort(rows[~known])])
        repeated = len(side.ids) - int(np.count_nonzero(~known)) - len(pairs.truth)
        one = self.tally
        self.tally = one._replace(
            joined=one.joined + len(pairs.truth),
            repeated_predictions=one.repeated_predictions + repeated * (mine == PREDICTION),
            repeated_truths=one.repeated_truths + repeated * (mine == TRUTH),
        )
        self.expire(now)
        return pairs

    def _joined(self, places: Ints, others: Entries, mine: int) -> Pairs:
        waited = self._entries[places]
        self._entries["side"][places] = JOINED
        self._marked.update((places + self._first).tolist())
        said, told = (waited, others) if mine == TRUTH else (others, waited)
        steps = said["confidence"]
        return Pairs(
            said["value"], told["value"], np.where(steps == UNSAID, np.nan, steps / _STEPS),
            said["group"].astype(np.int64), said["taken"] - said["ago"], told["taken"] - told["ago"],
        )  # fmt: skip

    def _append(self, entries: Entries) -> None:
        start, size = self._first + len(self), len(entries)
        if self._end + size > len(self._room):
            kept = self._entries
            self._room = np.empty((len(kept) + size) * 5 // 4, ENTRY)
            self._room[: len(kept)] = kept
            self._begin, self._end = 0, len(kept)
        self._room[self._end : self._end + size] = entries
        self._end += size
        self._lookup.add(entries["id"], np.arange(start, start + size), self._first)

    def expire(self, now: float) -> None:
        """Let those leave that waited too long, or are too many."""
        if len(self) and self._entries["taken"][0] < now - self._age:
            fresh = np.flatnonzero(self._entries["taken"] >= now - self._age)
            self._leave(int(fresh[0]) if len(fresh) else len(self), crowded=False)
        self._leave(len(self) - self._most, crowded=True)

    def _leave(self, count: int, *, crowded: bool) -> None:
        """Let the oldest go."""
        if count <= 0:
            return
        sides = np.bincount(self._entries["side"][:count], minlength=JOINED + 1).tolist()
        one = self.tally
        self.tally = one._replace(
            unlabelled=one.unlabelled + sides[PREDICTION],
            unknown=one.unknown + sides[TRUTH],
            crowded=one.crowded + (sides[PREDICTION] + sides[TRUTH]) * crowded,
        )
        self._first += count
        self._begin += count
        if len(self._marked) > 2 * self._most:
            # Where there is no room to save, nobody else forgets those that left.
            self._marked = {number for number in self._marked if number >= self._first}

    def changes(self, room: float = inf) -> dict[str, bytes | None]:
        """What to store, by name, None for what to delete; `saved` says that it was done.

        Args:
            room: bytes that it may take. Where all is more, those that are joined already are left out, and
                where that is too much still, nothing is stored: it waits for the next time.
        """
        gone = [serial for serial, until in self._pieces.items() if until <= self._first]
        found: dict[str, bytes | None] = {str(serial): None for serial in gone}
        until = self._first + len(self)
        start = max(self._first, self._unsaved)
        marks = sorted(number for number in self._marked if self._first <= number < start)
        piece = None
        if len(self) and (until > start or marks or self._first > self._floor):
            piece = Piece(start, self._first, marks, self._entries[start - self._first :])
            data = packed(piece)
            if len(data) > room:
                data = packed(piece, brief=True)
            if len(data) > room:
                self._offered = [], None, set()
                return {}
            found[str(self._serial)] = data
        self._offered = gone, piece, self._marked.copy()
        return found

    @property
    def unsaved(self) -> int:
        """Entries that are in no piece."""
        return self._first + len(self) - max(self._first, self._unsaved)

    def saved(self) -> None:
        """What `changes` gave last is stored."""
        gone, piece, marked = self._offered
        self._offered = [], None, set()
        for serial in gone:
            del self._pieces[serial]
        self._marked -= marked
        if piece is not None:
            self._pieces[self._serial] = self._unsaved = piece.until
            self._floor, self._serial = piece.floor, self._serial + 1

    @classmethod
    def restored(cls, pieces: Mapping[str, bytes], most: int, age: float) -> Window:
        """The window that was saved.

        Raises:
            ValueError: these are no pieces of one window.
        """
        found = cls(most, age)
        ordered = {serial: unpacked(pieces[str(serial)]) for serial in sorted(map(int, pieces))}
        if not ordered:
            return found
        found._first = found._floor = max(piece.floor for piece in ordered.values())
        found._append(assembled(list(ordered.values()), found._first))
        for piece in ordered.values():
            marks = np.array([mark for mark in piece.marks if mark >= found._first], np.int64)
            found._entries["side"][marks - found._first] = JOINED
        found._unsaved = found._first + len(found._entries)
        found._pieces = {serial: piece.until for serial, piece in ordered.items()}
        found._serial = max(ordered) + 1
        return found


def _entries(side: Side, now: float, mine: int) -> Entries:
    """Rows as they wait."""
    made: Entries = np.zeros(len(side.ids), ENTRY)
    made["id"], made["side"], made["value"], made["taken"] = side.ids, mine, side.values, now
    made["ago"] = now - side.times
    made["confidence"] = UNSAID
    if side.confidence is not None:
        fit = (side.confidence >= 0) & (side.confidence <= 1)
        made["confidence"][fit] = np.round(side.confidence[fit] * _STEPS)
    if side.groups is not None:
        made["group"] = side.groups
    return made
