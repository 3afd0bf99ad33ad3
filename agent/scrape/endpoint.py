"""One endpoint: pages come in as they are fetched, windows of what happened in between go out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agent.scrape.sums import Sums
from agent.scrape.turn import Turn
from agent.stats.window import Summary
from collectors.api import Series
from collectors.endpoints.exposition import read
from collectors.endpoints.plan import Plan


class Taken(NamedTuple):
    """What a page had.

    Args:
        windows: what it adds to each series; one of which nothing is known is absent, never zero.
        series: those of ours that it speaks of, the ones of the others included.
        other: series of the server that have no place of their own.
        malformed: lines that are none.
        refused: samples that were too many, and histograms that contradict themselves.
        missing: the preset's metrics that are not there.
    """

    windows: Mapping[Series, Summary]
    series: tuple[Series, ...]
    other: int
    malformed: int
    refused: int
    missing: tuple[str, ...]


class Endpoint:
    """What happened at one server, as far as its pages tell.

    The first page is what later ones are compared with: of totals and histograms it tells nothing.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._turn = Turn()

    def take(self, body: bytes, now: float, wall: float) -> Taken:
        """A page that was fetched at `now` on the boot clock, `wall` s since 1970."""
        page = read(body, self._plan.wanted)
        found = self._plan.read(page)
        look = self._turn.look(found.born, now, wall)
        sums = Sums(look, now)
        for point in found.points:
            sums.add(point)
        look.end(whole=not page.beyond and not page.malformed)
        series = tuple(dict.fromkeys(point.series for point in found.points))
        refused = page.beyond + found.refused
        return Taken(sums.summaries(), series, found.other, page.malformed, refused, found.missing)
