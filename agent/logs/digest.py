"""What becomes of a log's records: windows of a minute of the lines' own time.

Columns wait until there are enough of them, and are then summed up a column at a time: histograms of
durations and values, gauges of levels, counters of requests, errors and tokens.
"""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from agent.logs.groups import Clean, Groups
from agent.logs.limits import DEFAULT, MINUTE, Limits
from agent.logs.templates import Templates
from agent.logs.windows import Windows, grown
from agent.stats.bins import Cells, Column, counted, distinct
from agent.stats.topk import Top
from agent.stats.window import Counter, Summary, merge
from collectors.api import Attributes, Series
from collectors.logs.formats.columns import UNTIMED, Batch, Labels
from collectors.logs.formats.format import Format
from collectors.logs.formats.roles import ERRORS, REQUESTS, TEMPLATES, Role, role_of
from collectors.logs.redact import Redactor

REDACTED = Redactor().field
Ints = NDArray[np.int64]


class Minute(NamedTuple):
    """What the lines of one minute say; more of the same minute may follow, and is added.

    Args:
        start: s since 1970, a multiple of 60.
        windows: summary by series.
    """

    start: float
    windows: Windows


class Tally(NamedTuple):
    """Lines since the digest began, and what became of them.

    Args:
        lines: not empty.
        missed: not understood.
        untimed: understood, counted at the time of reading, as they tell no time.
        astray: the same, as their own time is too long ago or ahead.
    """

    lines: int = 0
    missed: int = 0
    untimed: int = 0
    astray: int = 0


class _Waiting(NamedTuple):
    """What is summed up of a batch."""

    minutes: Ints
    labels: Ints
    numbers: list[NDArray[np.float64]]


class Watch(Protocol):
    """Whoever looks at the records themselves."""

    def takes(self, role: str) -> bool:
        """Whether it sums up the numbers of this role."""
        ...

    def take(
        self, batch: Batch, minutes: Ints, places: Ints, attributes: Sequence[Attributes], now: float
    ) -> None:
        """Records, the minutes in which they count, and of each its group (whose `attributes` are told by
        number), status and fault."""
        ...


class Digest:
    """The summaries of one log.

    Args:
        form: its format.
        labels: those of the `Lines` that reads it.
        source: attributes of all its series.
        limits: what bounds it.
        clean: takes out of a field's text what may not be kept.
        watch: is given the records too, and what it `took` of the numbers is not summed up here.

    `templates` has the most frequent texts of errors since the digest began.
    """

    def __init__(
        self,
        form: Format,
        labels: Labels,
        source: Attributes,
        limits: Limits = DEFAULT,
        clean: Clean = REDACTED,
        watch: Watch | None = None,
    ) -> None:
        self.tally = Tally()
        self._watch = watch
        self._labels, self._source, self._limits = labels, source, limits
        # What is not summed up here does not wait either: 50 features would be 13 MB.
        self._own = [
            at for at, field in enumerate(form.numbers) if watch is None or not watch.takes(field.role)
        ]
        own = [form.numbers[at] for at in self._own]
        self._roles = [role_of(field.role, form.family) for field in own]
        self._durations = [at for at, field in enumerate(own) if field.role == "latency"]
        self._new_groups = partial(Groups, form, limits.groups, clean)
        self._groups = self._new_groups()
        self._waiting: list[_Waiting] = []
        self._coming: set[int] = set()
        self._rows = 0
        self._minutes: dict[int, Windows] = {}
        self._lately: Windows | None = None
        self._present = 0
        self.templates = Templates(limits.templates, lambda text: clean("message", text))

    @property
    def minutes(self) -> int:
        """Minutes that wait for `flush`: whoever reads a long log flushes now and then."""
        return len(self._minutes.keys() | self._coming)

    def lately(self) -> Windows:
        """The windows of this minute and the one before, each time what was added since the last; from the
        first time on they are kept for it, and are in the next `flush` too."""
        if self._lately is not None:
            self._settle()
        found, self._lately = self._lately or {}, {}
        return found

    def relabel(self, labels: Labels) -> None:
        """Go on, after a flush, with the labels of another `Lines`."""
        self._labels = labels

    def take(self, batch: Batch, now: float) -> None:
        """Count records that were read at `now`, s since 1970."""
        minutes, untimed, astray = self._placed(batch.minutes, now)
        self._present = int(now // MINUTE) - 1
        one = self.tally
        self.tally = Tally(
            one.lines + batch.lines, one.missed + batch.missed, one.untimed + untimed, one.astray + astray
        )
        self._errors(batch, minutes)
        if self._watch is not None and len(minutes):
            places = self._groups.places(self._labels.texts, batch.labels)
            self._watch.take(batch, minutes, places, self._groups.attributes, now)
        if len(minutes):
            self._waiting.append(_Waiting(minutes, batch.labels, [batch.numbers[at] for at in self._own]))
            self._coming.update(_different(minutes))
            self._rows += len(minutes)
        if self._rows >= self._limits.rows:
            self._settle()

    def _errors(self, batch: Batch, minutes: Ints) -> None:
        """Count the texts of failed records."""
        if not batch.messages:
            return
        seen: dict[int, dict[str, int]] = {}
        looked = batch.messages[: self._limits.messages]
        own = minutes[[row for row, _ in looked]].tolist()
        # What repeats is looked at once.
        for (minute, text), count in Counts(zip(own, [text for _, text in looked], strict=True)).items():
            counts = seen.setdefault(minute, {})
            identity = self.templates.add(text, minute * MINUTE, count)
            counts[identity] = counts.get(identity, 0) + count
        beyond = len(batch.messages) - self._limits.messages
        if beyond > 0:
            self.templates.other += beyond
        series = Series(TEMPLATES.name, TEMPLATES.unit, "top", self._source)
        for minute, counts in seen.items():
            self.add(minute, series, Top.of(counts.items()))

    def flush(self) -> list[Minute]:
        """The windows since the last flush, oldest first. Who has a group of its own is decided anew."""
        self._settle()
        self._groups = self._new_groups()
        found, self._minutes = self._minutes, {}
        return [Minute(minute * MINUTE, found[minute]) for minute in sorted(found)]

    def _placed(self, minutes: Ints, now: float) -> tuple[Ints, int, int]:
        """The minutes that count, and how many lines tell none or a wrong one."""
        read = int(now // MINUTE)
        untimed = minutes == UNTIMED
        wrong = (minutes < read - int(self._limits.late // MINUTE)) | (minutes > read + 1)
        bare = int(np.count_nonzero(untimed))
        amiss = int(np.count_nonzero(wrong | untimed))
        return (np.where(wrong | untimed, read, minutes) if amiss else minutes), bare, amiss - bare

    def _settle(self) -> None:
        """Sum up what waits."""
        waiting, self._waiting, self._rows = self._waiting, [], 0
        self._coming.clear()
        if not waiting:
            return
        labels = np.concatenate([batch.labels for batch in waiting])
        places = self._groups.places(self._labels.texts, labels)
        minutes = np.concatenate([batch.minutes for batch in waiting])
        numbers = [
            np.concatenate(column) for column in zip(*[batch.numbers for batch in waiting], strict=True)
        ]
        least = int(minutes.min())
        width = len(self._groups.attributes)
        cells = (minutes - least) * width + places[:, 0]
        sums = _Sums(self, least, width)
        sums.counts(cells, places, self._requests(places, numbers))
        sorted_cells = Cells(cells)
        for role, values in zip(self._roles, numbers, strict=True):
            sums.column(role, sorted_cells.column(values))

    def _requests(self, places: Ints, numbers: list[NDArray[np.float64]]) -> NDArray[np.bool_]:
        """Which rows are requests: those with a status or a latency."""
        found: NDArray[np.bool_] = places[:, 1] > 0
        for at in self._durations:
            found = found | ~np.isnan(numbers[at])
        return found

    def add(self, minute: int, series: Series, summary: Summary) -> None:
        """Add a summary to its minute."""
        _add(self._minutes.setdefault(minute, {}), series, summary)
        if self._lately is not None and minute >= self._present:
            _add(self._lately, series, summary)

    def series(self, name: str, unit: str, kind: str, group: int, *more: tuple[str, str]) -> Series:
        """A series of a group of this log."""
        own = [pair for pair in more if pair[1]]
        return Series(name, unit, kind, (*self._source, *self._groups.attributes[group], *own))  # type: ignore[arg-type]

    def names(self) -> tuple[list[str], list[str]]:
        """The statuses and the faults by number."""
        return self._groups.statuses.names, self._groups.faults.names


def _different(minutes: Ints) -> list[int]:
    """Which minutes there are."""
    first, last = int(minutes.min()), int(minutes.max())
    return [first] if first == last else distinct(minutes).tolist()


def _add(windows: Windows, series: Series, summary: Summary) -> None:
    before = windows.get(series)
    if isinstance(before, Counter) and isinstance(summary, Counter):
        # Of one minute, not of two after one another: rates add up.
        windows[series] = grown(before.count + summary.count, before.delta + summary.delta)
    else:
        windows[series] = summary if before is None else merge(before, summary)


class _Sums:
    """Brings what was summed up by cell into the minutes of a digest."""

    def __init__(self, digest: Digest, least: int, width: int) -> None:
        self._digest, self._least, self._width = digest, least, width

    def _cell(self, cell: int) -> tuple[int, int]:
        minute, group = divmod(cell, self._width)
        return minute + self._least, group

    def counts(self, cells: Ints, places: Ints, requests: NDArray[np.bool_]) -> None:
        """Requests by status, and errors by fault."""
        statuses, faults = self._digest.names()
        for metric, key, names, rows, column in (
            (REQUESTS, "status", statuses, requests, 1),
            (ERRORS, "error.type", faults, places[:, 2] > 0, 2),
        ):
            if rows.any():
                for cell, code, count in _tallied(cells[rows], places[rows, column], len(names)):
                    minute, group = self._cell(cell)
                    series = self._digest.series(
                        metric.name, metric.unit, "counter", group, (key, names[code])
                    )
                    self._digest.add(minute, series, grown(count, count))

    def column(self, role: Role, column: Column) -> None:
        """The summaries of one column."""
        for cell, attribute, summary in _summaries(role, column):
            minute, group = self._cell(cell)
            own = () if attribute is None else (attribute,)
            series = self._digest.series(role.metric, role.unit, role.kind, group, *own)
            self._digest.add(minute, series, summary)


def _tallied(cells: Ints, codes: Ints, width: int) -> Iterator[tuple[int, int, int]]:
    """Cell, code and how many rows have both."""
    keys, counts = counted(cells * width + codes, int(cells.max()) * width + width)
    for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
        yield (*divmod(key, width), count)


def _summaries(role: Role, column: Column) -> Iterator[tuple[int, tuple[str, str] | None, Summary]]:
    """The summaries of a column by cell, as its role has them."""
    if role.use == "level":
        for cell, gauge in column.gauges().items():
            yield cell, role.attribute, gauge
    elif role.use == "sum":
        for cell, gauge in column.gauges().items():
            yield cell, role.attribute, grown(gauge.count, gauge.total)
    elif role.use == "flag":
        for cell, gauge in column.gauges().items():
            for result, count in (("hit", gauge.total), ("miss", gauge.count - gauge.total)):
                if count:
                    yield cell, ("result", result), grown(int(count), count)
    else:
        for cell, histogram in column.histograms().items():
            yield cell, None, histogram
