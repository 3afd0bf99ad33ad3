"""How good a model is: predictions and truths of its logs, joined by request, become counts and sums.

A pair counts in the minute in which its truth was told: so a truth that comes a day late changes no window
that was sent. How late truths are is a histogram beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeVar

import numpy as np

from agent.logs import measures
from agent.logs.limits import MINUTE
from agent.logs.models.keeping import Keeping
from agent.logs.models.names import Numbered, called, values_of
from agent.logs.models.rows import Rows
from agent.logs.windows import Windows, grown
from agent.stats.bins import Cells, Floats, Ints, distinct
from agent.stats.joining import Pairs, Side, Tally, Window
from agent.stats.outcomes import calibrations, confusions, errors, ranks
from agent.stats.window import merge_into
from collectors.api import Attributes

Found = TypeVar("Found")

RANKS = 10
GROUPS = 256
"""Models, versions and slices that are told apart in pairs; the rest is the last of them."""
NUMBERED = np.uint64(0x5A5A_5A5A_5A5A)
"""Tells the identities of numbers from those of classes: a number that was predicted has no true class."""
ANYWHERE: Attributes = (("model.name", "other"),)
OUTCOMES = ("joined", "repeated_prediction", "repeated_label", "unlabelled", "unknown", "crowded")
"""The fields of a window's tally, as they are told."""


class Limits(NamedTuple):
    """Classes that are told apart; entries that wait to be joined, how long, in s, and how many bytes of
    them may be written to the disk in a day."""

    classes: int = 20
    most: int = 50_000
    wait: float = 86_400.0
    written: float = 1e12


class Outcomes:
    """The quality of one model, over all of its logs.

    Args:
        own: the model's attributes, where it is not known of which version or slice.
        limits: what bounds it.
        center: near the true numbers of a regression.
        stored: what `changes` gave in an earlier life.
    """

    def __init__(
        self, own: Attributes, limits: Limits, center: float = 0.0, stored: Mapping[str, bytes] | None = None
    ) -> None:
        stored = stored or {}
        self._own, self._center, self.refused = own, center, 0
        self._classes = Numbered.restored(limits.classes, stored.get("classes"))
        self._groups, self._group_numbers = _groups(stored.get("groups"))
        self._groups_changed = False
        pieces = {name: piece for name, piece in stored.items() if name.isdecimal()}
        self.fault = ""
        try:
            self._window = Window.restored(pieces, limits.most, limits.wait)
        except ValueError as error:
            self.fault = f"what waited for labels cannot be read: {error}"
            self._window = Window(limits.most, limits.wait)
        self._stale = dict.fromkeys(pieces) if self.fault else {}
        self._keeping = Keeping(limits.written)
        self._tally = Tally()
        self._minutes: dict[int, Windows] = {}

    def take(self, rows: Rows, now: float) -> None:
        """Count pairs of records that were read at `now`, s since 1970."""
        groups = self._numbered(rows)
        self._correct(rows, groups)
        self._ranks(rows, groups)
        for predicted, true in self._sides(rows):
            self._pairs(rows, groups, predicted, true, now)

    def _sides(self, rows: Rows) -> Iterator[tuple[Floats | None, Floats | None]]:
        """Predicted and true values: of classes as numbers of their names, of numbers as they are."""
        if rows.predictions is not None or rows.labels is not None:
            yield (
                values_of(rows.predictions, self._classes) if rows.predictions is not None else None,
                values_of(rows.labels, self._classes) if rows.labels is not None else None,
            )
        if rows.predicted is not None or rows.true is not None:
            yield rows.predicted, rows.true

    def _pairs(
        self, rows: Rows, groups: Ints, predicted: Floats | None, true: Floats | None, now: float
    ) -> None:
        """What is known of both in one record is a pair; what is known of one waits for the other."""
        nothing = np.full(rows.size, np.nan)
        said = nothing if predicted is None else predicted
        told = nothing if true is None else true
        confidence = nothing if rows.confidence is None else rows.confidence
        numbers = predicted is rows.predicted and true is rows.true and not (predicted is true is None)
        both = np.flatnonzero(~np.isnan(said) & ~np.isnan(told))
        if len(both):
            times = rows.times[both]
            pairs = Pairs(said[both], told[both], confidence[both], groups[both], times, times)
            self._count(pairs, numbers=numbers)
        if rows.ids is None:
            return
        named, ids = rows.ids != 0, rows.ids ^ NUMBERED if numbers else rows.ids
        alone = np.flatnonzero(named & ~np.isnan(said) & np.isnan(told))
        if len(alone):
            side = Side(ids[alone], said[alone], rows.times[alone], confidence[alone], groups[alone])
            self._count(self._window.predictions(side, now), numbers=numbers)
        alone = np.flatnonzero(named & np.isnan(said) & ~np.isnan(told))
        if len(alone):
            self._count(
                self._window.truths(Side(ids[alone], told[alone], rows.times[alone]), now),
                numbers=numbers,
            )

    def _count(self, pairs: Pairs, *, numbers: bool) -> None:
        """Pairs become windows of the minutes in which their truths were told."""
        if not len(pairs.truth):
            return
        cells, least = self._cells(pairs.told_at, self._known(pairs.groups))
        if numbers:
            found, refused = errors(cells, pairs.truth, pairs.predicted, self._center)
            self.refused += refused
            for cell, sums in found.items():
                self._add(least, cell, measures.of_errors, sums)
        else:
            names, other = called(self._classes)
            right = pairs.truth == pairs.predicted
            truth, taken = (
                np.where((values >= 0) & (values < other), values, other).astype(np.int64)
                for values in (pairs.truth, pairs.predicted)
            )
            for cell, confusion in confusions(cells, truth, taken, right, names, other=other).items():
                self._add(least, cell, measures.of_confusion, confusion)
            told = ~np.isnan(pairs.confidence)
            if told.any():
                calibrated, refused = calibrations(cells[told], pairs.confidence[told], right[told])
                self.refused += refused
                for cell, calibration in calibrated.items():
                    self._add(least, cell, measures.of_calibration, calibration)
        late = np.maximum(pairs.told_at - pairs.predicted_at, 0.0)
        for cell, delays in Cells(cells).column(late).histograms().items():
            self._add(
                least, cell, lambda model, found: {measures.series(measures.DELAY, model): found}, delays
            )

    def _correct(self, rows: Rows, groups: Ints) -> None:
        """Where a log tells no more than whether it was right: two classes of pairs."""
        if rows.right is None:
            return
        told = np.flatnonzero(~np.isnan(rows.right))
        if not len(told):
            return
        cells, least = self._cells(rows.times[told], groups[told])
        right = rows.right[told] > 0
        truth = np.zeros(len(told), np.int64)
        for cell, confusion in confusions(
            cells, truth, np.where(right, 0, 1), right, ("right", "wrong"), other=-1
        ).items():
            self._add(least, cell, measures.of_confusion, confusion)

    def _ranks(self, rows: Rows, groups: Ints) -> None:
        if rows.rank is None:
            return
        told = np.flatnonzero((rows.rank >= 1) & (rows.rank < 1 << 31))
        if len(told):
            cells, least = self._cells(rows.times[told], groups[told])
            for cell, found in ranks(cells, rows.rank[told].astype(np.int64), RANKS).items():
                self._add(least, cell, measures.of_ranks, found)

    def _cells(self, times: Floats, groups: Ints) -> tuple[Ints, int]:
        """A cell for each minute and group, and the first minute."""
        minutes = (times // MINUTE).astype(np.int64)
        least = int(minutes.min())
        return (minutes - least) * GROUPS + groups, least

    def _add(
        self, least: int, cell: int, windows_of: Callable[[Attributes, Found], Windows], found: Found
    ) -> None:
        minute, group = divmod(cell, GROUPS)
        merge_into(self._minutes.setdefault(minute + least, {}), windows_of(self._groups[group], found))

    def _numbered(self, rows: Rows) -> Ints:
        """The numbers of groups that hold over restarts."""
        table = np.zeros(max(1, len(rows.attributes)), np.int64)
        for at in distinct(rows.groups).tolist():
            table[at] = self._number(rows.attributes[at])
        found: Ints = table[rows.groups]
        return found

    def _number(self, attributes: Attributes) -> int:
        found = self._group_numbers.get(attributes)
        if found is None:
            if len(self._groups) >= GROUPS - 1:
                attributes = ANYWHERE
            found = self._group_numbers.setdefault(attributes, len(self._groups))
            if found == len(self._groups):
                self._groups.append(attributes)
                self._groups_changed = True
        return found

    def _known(self, groups: Ints) -> Ints:
        """Groups of what was stored; those whose names were lost are anywhere."""
        lost = groups >= len(self._groups)
        return np.where(lost, self._number(ANYWHERE), groups) if lost.any() else groups

    def flush(self, now: float) -> dict[int, Windows]:
        """The windows since the last flush, by minute; what became of labels is in that of `now`."""
        self._window.expire(now)
        found, self._minutes = self._minutes, {}
        tally = self._window.tally
        for outcome, before, count in zip(OUTCOMES, self._tally, tally, strict=True):
            if count > before:
                series = measures.series(measures.LABELS, self._own, outcome)
                found.setdefault(int(now // MINUTE), {})[series] = grown(count - before, count - before)
        self._tally = tally
        return found

    @property
    def unsaved(self) -> int:
        """Rows that wait and that a crash would forget: there was no room to store them."""
        return self._window.unsaved

    def changes(self, now: float) -> dict[str, bytes | None]:
        """What is to be stored with the windows of `flush`, by name; None: it is to be forgotten."""
        changed = self._window.changes(self._keeping.room(now))
        self._keeping.spend(sum(len(piece) for piece in changed.values() if piece is not None))
        self._window.saved()
        found: dict[str, bytes | None] = {**self._stale, **changed}
        self._stale = {}
        if self._classes.changed:
            found["classes"] = self._classes.saved()
        if self._groups_changed:
            self._groups_changed = False
            found["groups"] = json.dumps(self._groups).encode()
        return found


def _groups(saved: bytes | None) -> tuple[list[Attributes], dict[Attributes, int]]:
    """Groups by number as they were stored; what is none of it is begun anew."""
    try:
        rows = json.loads(saved) if saved else []
        groups = [tuple((str(key), str(value)) for key, value in row) for row in rows][:GROUPS]
    except (ValueError, TypeError, RecursionError):
        groups = []
    return groups, {group: number for number, group in enumerate(groups)}
