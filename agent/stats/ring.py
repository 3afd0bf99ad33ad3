"""The 1 s ring: the last hour of every gauge and counter, a float32 memory map on tmpfs.

A tick is one row. A counter is kept as its increase since the poll before: a float32 has 24 bits,
and the running total of a busy interface would lose whole seconds of traffic in them. Histograms
and tops are no numbers of a tick and are not kept. `ringfile` describes the file.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from operator import itemgetter, sub
from pathlib import Path
from typing import Any

from agent.stats.ringfile import STEP, Header, Place, RingError, Snapshot, snapshot_of
from agent.stats.ringmap import RingMap
from agent.stats.totals import increase, usable
from collectors.api import Reading, Series

NAN = float("nan")


class _Lane:
    """One source's part of a tick: its values as they come, then the increases of its counters."""

    __slots__ = ("_before", "_places", "_totals", "_width", "blank", "layout", "tick")

    def __init__(self, layout: tuple[Series, ...]) -> None:
        self.layout = layout
        self._width = len(layout)
        self._places = [place for place, series in enumerate(layout) if series.kind == "counter"]
        # One place stands there twice: for a single one, itemgetter would not give a tuple.
        self._totals = itemgetter(*self._places, self._places[0]) if self._places else None
        self._before: Sequence[Any] = (None,) * (len(self._places) + 1)
        self.blank: list[Any] = [NAN] * (self._width + len(self._before) * bool(self._places))
        self.tick = self.blank

    def totals(self) -> dict[Series, Any]:
        """The total of each counter in the poll before; None where there was none."""
        return {self.layout[place]: total for place, total in zip(self._places, self._before, strict=False)}

    def go_on_from(self, earlier: _Lane) -> None:
        """Keep the totals of the counters that the layout before had as well."""
        totals = earlier.totals()
        before = [totals.get(self.layout[place]) for place in self._places]
        self._before = (*before, *before[:1])

    def take(self, values: Sequence[Any]) -> None:
        """Make the tick of the values of one poll; a row of the wrong length is none."""
        if len(values) != self._width:
            return
        tick = list(values)
        if self._totals is not None:
            totals = self._totals(values)
            try:
                added = list(map(sub, totals, self._before))
                if min(added) >= 0:
                    self._before = totals
                else:
                    added = self._climbed(totals)
            except TypeError:
                added = self._climbed(totals)
            tick += added
        self.tick = tick

    def _climbed(self, totals: Sequence[Any]) -> list[float]:
        """The increases where a total fell, is absent or is no number; what is absent keeps its base."""
        added, before = [], list(self._before)
        for place, (total, base) in enumerate(zip(totals, self._before, strict=True)):
            amount = NAN
            if total is not None and usable(total):
                if usable(base):
                    amount, before[place], _ = increase(base, total)
                else:
                    before[place] = total
            added.append(amount)
        self._before = before
        return added

    def offsets(self) -> Iterable[tuple[Series, int]]:
        """Each series that has a number, and where in the tick it stands."""
        counters = {place: self._width + n for n, place in enumerate(self._places)}
        for place, series in enumerate(self.layout):
            if series.kind in ("gauge", "counter"):
                yield series, counters.get(place, place)


class Ring:
    """The ring as the daemon writes it.

    `reason` says why the ring was begun anew, None where the earlier one goes on. `fault` says why
    it could not grow at last, None if it could. Whoever stores windows sets `kept` to the time of the last
    row that is in one; it is written with the next tick, or by `settle`.
    """

    def __init__(self, path: Path, boot: str, rows: int, max_series: int) -> None:
        self._path, self._rows = path, rows
        self._limit = -(-max_series // STEP) * STEP
        self._lanes: dict[str, _Lane] = {}
        self._table: dict[Series, Place] = {}
        self._free: list[int] = []
        self._gone: dict[Series, int] = {}
        self._refused: set[Series] = set()
        self._ring: RingMap
        self._arranged = False
        self.kept = 0.0
        self.fault: str | None = None
        self.reason = self._resume(boot)

    @classmethod
    def open(cls, path: Path, boot: str, rows: int = 3600, max_series: int = 1024) -> Ring:
        """Go on with the ring at `path` if it is of this boot and shape, else begin a new one there.

        `rows` is the capacity in ticks. The file has 8 + 4 * columns bytes a row, with columns as
        many as there are series, rounded up to 32, at most for `max_series`.

        Raises:
            OSError: the file cannot be made or read, or there is no room for it.
        """
        return cls(path, boot, rows, max_series)

    @property
    def path(self) -> Path:
        """Where its file is."""
        return self._path

    @property
    def refused(self) -> int:
        """How many distinct series found no column; counted up to the number of columns."""
        return len(self._refused)

    @staticmethod
    def view(path: Path) -> Snapshot:
        """A copy of a ring for reading, from another process too. Raises as `snapshot_of`."""
        return snapshot_of(path)

    def snapshot(self) -> Snapshot:
        """The ring as it is now."""
        return Snapshot(self._ring.copy())

    def read(self, series: Series, since: float = float("-inf")) -> list[tuple[float, float]]:
        """(time, value) of each row not before `since` in which the series has a value."""
        return self.snapshot().read(series, since)

    def write(self, now: float, readings: Iterable[tuple[str, Reading]]) -> None:
        """Write one tick: what was polled at `now` (s on the boot clock), by source.

        What was not polled is absent in this row.
        """
        lanes = self._lanes
        for source, reading in readings:
            lane = lanes.get(source)
            if lane is None or lane.layout is not reading.series:
                lane = self._laid_out(source, reading.series)
            lane.take(reading.values)
        if not self._arranged:
            self._arrange()
        tick: list[Any] = []
        for lane in lanes.values():
            tick += lane.tick
            lane.tick = lane.blank
        tick.append(NAN)
        self._put(now, self._row(tick))

    def settle(self) -> None:
        """Write what is `kept`: by each tick, and once more after the last window of a life was stored."""
        if self.kept > self._ring.head.kept:
            self._ring.keep(self.kept)

    def close(self) -> None:
        """Let go of the file; it stays for the next start of the daemon."""
        self._ring.close()

    def _put(self, now: float, row: tuple[Any, ...]) -> None:
        self.settle()
        try:
            data = array("f", row).tobytes()
        except (TypeError, OverflowError):
            data = self._with_gaps(row)
        self._ring.put(now, data)

    def _with_gaps(self, row: tuple[Any, ...]) -> bytes:
        """The same where values are absent, or of no use."""
        try:
            return array("f", [NAN if value is None else value for value in row]).tobytes()
        except (TypeError, OverflowError):
            return array("f", [value if usable(value) else NAN for value in row]).tobytes()

    # Which series lies in which column

    def _laid_out(self, source: str, layout: tuple[Series, ...]) -> _Lane:
        earlier = self._lanes.get(source)
        if earlier is not None and earlier.layout == layout:
            earlier.layout = layout
            return earlier
        lane = self._lanes[source] = _Lane(layout)
        if earlier is not None:
            lane.go_on_from(earlier)
        self._arranged = False
        return lane

    def _arrange(self) -> None:
        """Give each series that is polled a column, and find each column's place in the tick."""
        offsets: dict[Series, int] = {}
        at = 0
        for lane in self._lanes.values():
            offsets.update((series, at + offset) for series, offset in lane.offsets())
            at += len(lane.blank)
        self._retire(offsets)
        new = [series for series in offsets if series not in self._table]
        if new:
            self._admit(new)
        places = [-1] * self._ring.head.columns
        for series, offset in offsets.items():
            if series in self._table:
                places[self._table[series].column] = offset
        self._row = itemgetter(*places)
        self._arranged = True

    def _retire(self, present: dict[Series, int]) -> None:
        """Note which series are gone since now; their rows stay readable until a column is needed."""
        for series in self._table:
            if series not in present:
                self._gone.setdefault(series, self._ring.written)
            else:
                self._gone.pop(series, None)

    def _admit(self, new: list[Series]) -> None:
        """Find columns for new series: empty ones, those whose series is long gone, new ones, and at
        last those of any series that is gone."""
        gone = sorted(self._gone, key=self._gone.__getitem__)
        past = sum(self._gone[series] <= self._ring.written - self._rows for series in gone)
        wanted = len(new) - len(self._free) - past
        if wanted > 0:
            self._grow(min(self._limit, -(-(self._ring.head.columns + wanted) // STEP) * STEP))
        table, free = dict(self._table), list(self._free)
        for series in new:
            if not free and gone:
                free.append(table.pop(gone.pop(0)).column)
            if free:
                table[series] = Place(free.pop(0), self._ring.written)
            elif len(self._refused) < self._limit:
                self._refused.add(series)
        self._register(table, free)

    def _grow(self, columns: int) -> None:
        """Go on in a file with more columns; where there is no room for it, `fault` says so."""
        before = self._ring.head.columns
        if columns > before:
            try:
                self._ring = self._ring.widened(columns, self._table)
            except OSError as error:
                self.fault = f"{self._path}: no room for {columns} columns: {error.strerror}"
            else:
                self._free += range(before, columns)

    def _register(self, table: dict[Series, Place], free: list[int]) -> None:
        """Write the table into the file; where it cannot be, the new series stay without a column."""
        try:
            self._ring = self._ring.with_table(table)
        except OSError as error:
            self.fault = f"{self._path}: no room for a table of {len(table)} series: {error.strerror}"
            return
        self._table, self._free = table, free
        self._gone = {series: at for series, at in self._gone.items() if series in table}

    # What a daemon before this one left

    def _resume(self, boot: str) -> str | None:
        """Go on with the file that is there, or with a new one; says why it is new."""
        try:
            self._ring, self._table = RingMap.take_over(self._path, boot, self._rows, self._limit)
        except FileNotFoundError:
            reason = "no ring was there"
        except RingError as error:
            reason = str(error)
        else:
            self._gone = dict.fromkeys(self._table, self._ring.written)
            taken = {place.column for place in self._table.values()}
            self._free = [column for column in range(self._ring.head.columns) if column not in taken]
            return None
        head = Header(self._rows, STEP, 0, 0, 0, 0, 0, boot)
        self._ring, self._free = RingMap.begin(self._path, head, {}), list(range(STEP))
        return reason
