"""One endpoint: pages come in as they are fetched, windows and readings go out."""

from __future__ import annotations

from typing import NamedTuple

from agent.scrape.sums import Sums
from agent.scrape.turn import Turn
from agent.stats.histogram import held
from agent.stats.window import Summary, merge
from collectors.api import Reading, Series
from collectors.endpoints.exposition import read
from collectors.endpoints.plan import Plan


class Taken(NamedTuple):
    """What a page had.

    Args:
        series: those of ours that it speaks of, the ones of the others included.
        other: series of the server that have no place of their own.
        malformed: lines that are none.
        refused: samples that were too many, and histograms that contradict themselves.
        missing: the preset's metrics that are not there.
    """

    series: int
    other: int
    malformed: int
    refused: int
    missing: tuple[str, ...]


class Endpoint:
    """What happened at one server, as far as its pages tell.

    The first page is what later ones are compared with: of totals and histograms it tells nothing.
    `reading` is what alert rules look at: the gauges of the last page, and totals that never fall.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._turn = Turn()
        self._windows: dict[Series, Summary] = {}
        self._grown: dict[Series, float] = {}
        self.reading = Reading((), ())

    def take(self, body: bytes, now: float, wall: float) -> Taken:
        """A page that was fetched at `now` on the boot clock, `wall` s since 1970."""
        page = read(body, self._plan.wanted)
        found = self._plan.read(page)
        look = self._turn.look(found.born, now, wall)
        sums = Sums(look, now)
        for point in found.points:
            sums.add(point)
        look.end(whole=not page.beyond and not page.malformed)
        for series, summary in sums.summaries().items():
            before = self._windows.get(series)
            self._windows[series] = summary if before is None else merge(before, summary)
        self._tell(sums)
        told = {point.series for point in found.points}
        return Taken(len(told), found.other, page.malformed, page.beyond + found.refused, found.missing)

    def flush(self) -> dict[Series, Summary]:
        """What the pages since the last flush say; a series without data is absent, never zero."""
        found, self._windows = self._windows, {}
        return found

    def _tell(self, sums: Sums) -> None:
        """Bring the reading up to date; its tuple of series stays the same object while nothing changes."""
        self._grown = {
            series: held(self._grown.get(series, 0.0) + max(0.0, grown))
            for series, grown in sums.totals.items()
        }
        values = {**{series: gauge.last for series, gauge in sums.levels.items()}, **self._grown}
        series = tuple(values)
        same = self.reading.series if series == self.reading.series else series
        self.reading = Reading(same, tuple(values.values()))
