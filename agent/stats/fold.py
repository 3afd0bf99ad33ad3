"""The fold: readings come in by the second, a window's summaries go out.

The path of each second only keeps the row. The numbers are made column by column when the window
closes, when the layout of a source changes, or when `ROWS` rows wait, so that memory is bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.stats.columns import (
    Column,
    CounterColumn,
    GaugeColumn,
    HistogramColumn,
    TopColumn,
    column_of,
    ticks_of,
)
from agent.stats.window import Summary, merge
from collectors.api import Reading, Series

ROWS = 64
"""Rows of a source that wait at most before they are folded."""


OWN = "outrider."
"""What the daemon counts itself appears when there is something to count: until then it was nothing."""


class _Source:
    """One source's layout, the rows that wait, and a column for each series of it that is kept."""

    __slots__ = ("before", "columns", "gatherers", "kept", "layout", "refused", "rows", "times", "width")

    def __init__(self) -> None:
        self.layout: tuple[Series, ...] | None = None
        self.width = 0
        self.columns: list[GaugeColumn | CounterColumn | None] = []
        self.gatherers: list[tuple[int, HistogramColumn | TopColumn]] = []
        self.refused = 0
        self.rows: list[Sequence[Any]] = []
        self.times: list[float] = []
        self.before: float | None = None
        self.kept: dict[Series, Column] = {}

    def lay_out(self, layout: tuple[Series, ...], columns: list[Column | None]) -> None:
        """Take rows of `layout` from now on, each value into its column; None: it is not kept."""
        self.layout, self.width = layout, len(layout)
        self.columns, self.gatherers = [], []
        for place, column in enumerate(columns):
            if isinstance(column, (HistogramColumn, TopColumn)):
                self.gatherers.append((place, column))
                column = None  # noqa: PLW2901 - its values never wait in a row
            self.columns.append(column)
        self.refused = columns.count(None)
        present = set(layout)
        for series, column in self.kept.items():
            if series not in present:
                column.vanish()

    def gather(self, values: Sequence[Any]) -> tuple[Sequence[Any], int]:
        """Hand sequences to their columns at once: the collector may use them again. Returns the
        row without them, and how many values were unusable."""
        row, unusable = list(values), 0
        for place, column in self.gatherers:
            if row[place] is not None:
                unusable += column.gather(row[place])
                row[place] = None
        return row, unusable

    def fold(self) -> int:
        """Fold the rows that wait; returns how many values were unusable."""
        rows = self.rows
        if not rows:
            return 0
        ticks = ticks_of(self.times, self.before)
        unusable = sum([column.settle() for _, column in self.gatherers])
        for column, values in zip(self.columns, zip(*rows, strict=True), strict=True):
            if column is not None:
                unusable += column.take(values, ticks)
        self.before, self.rows, self.times = ticks.times[-1], [], []
        return unusable

    def drop_vanished(self) -> int:
        """Forget the series that are not in the layout; returns how many."""
        present = set(self.layout or ())
        gone = [series for series in self.kept if series not in present]
        for series in gone:
            del self.kept[series]
        return len(gone)


class Fold:
    """Folds the readings of all sources into one window after another.

    At most `max_series` series are kept at a time; the data of further ones is dropped. Counted
    since the start: `refused`, distinct series refused (it stops at `max_series`); `unusable`,
    values that were no finite number (where a row's length is wrong, all of the row).
    """

    __slots__ = ("_kept", "_max_series", "_refused", "_sources", "unusable")

    def __init__(self, max_series: int) -> None:
        self._max_series = max_series
        self._sources: dict[str, _Source] = {}
        self._kept = 0
        self._refused: set[Series] = set()
        self.unusable = 0

    @property
    def refused(self) -> int:
        """How many distinct series were refused for want of room; counted up to `max_series`."""
        return len(self._refused)

    @property
    def kept(self) -> int:
        """How many series are kept now."""
        return self._kept

    def add(self, source: str, now: float, reading: Reading) -> None:
        """Take one poll of the collector `source`, read at `now` on the boot clock."""
        held = self._sources.get(source)
        if held is None or held.layout is not reading.series:
            held = self._laid_out(source, reading.series)
        values = reading.values
        if len(values) != held.width:
            self.unusable += held.width
            return
        if held.gatherers:
            values, unusable = held.gather(values)
            self.unusable += unusable
        rows = held.rows
        rows.append(tuple(values))
        held.times.append(now)
        if len(rows) >= ROWS:
            self.unusable += held.fold()

    def close(self) -> dict[Series, Summary]:
        """End the window: what each series did in it. A series without data is absent, never zero."""
        result: dict[Series, Summary] = {}
        for held in self._sources.values():
            self.unusable += held.fold()
            for series, column in held.kept.items():
                summary = column.close()
                if summary is not None:
                    result[series] = merge(result[series], summary) if series in result else summary
            self._kept -= held.drop_vanished()
        self._readmit()
        return result

    def _readmit(self) -> None:
        """Where there is room again, look at the layouts with refused series anew."""
        if self._kept < self._max_series:
            for held in self._sources.values():
                if held.refused:
                    held.layout = None

    def _laid_out(self, source: str, layout: tuple[Series, ...]) -> _Source:
        """The source, ready for rows of this layout."""
        held = self._sources.setdefault(source, _Source())
        if held.layout == layout:
            held.layout = layout
            return held
        self.unusable += held.fold()
        seen: set[Series] = set()
        columns: list[Column | None] = []
        for series in layout:
            columns.append(None if series in seen else self._column(held, series))
            seen.add(series)
        held.lay_out(layout, columns)
        return held

    def _column(self, held: _Source, series: Series) -> Column | None:
        column = held.kept.get(series)
        if column is None and self._kept < self._max_series:
            column = held.kept[series] = column_of(series)
            if isinstance(column, CounterColumn) and series.name.startswith(OWN) and held.before is not None:
                column.begin(held.before)
            self._kept += 1
        elif column is None and len(self._refused) < self._max_series:
            self._refused.add(series)
        return column
