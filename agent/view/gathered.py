"""The windows that tell of models, of any length of time, in bounded memory: older ones are added up."""

from __future__ import annotations

from collections.abc import Sequence

from agent.logs import measures
from agent.logs.measures import NAME
from agent.ship.records import Key
from agent.stats.frame import Frame
from agent.view.joined import DEVICE, LOG, WATCH, total
from agent.view.rows import MAX_SERIES, Window
from collectors.api import Series

FINE = 64
"""Windows of a series that stay apart, the newest."""
SCORES = 4096
"""The same of verdicts, which do not add up."""
NOWHERE = Key(0, "windows", 0, 0)


class Gathered:
    """Windows by series, of each the oldest first; `refused` counts those of series beyond 2,048.

    Args:
        feature: only this one is asked for: of others the newest window is held, so that they are known.
    """

    def __init__(self, feature: str | None = None) -> None:
        self._feature = feature
        self._windows: dict[Series, list[Window]] = {}
        self.refused = 0

    @property
    def windows(self) -> dict[Series, Sequence[Window]]:
        """What is held."""
        return dict(self._windows)

    def take(self, frame: Frame) -> None:
        """Keep what tells of models, their processes, and what they run on."""
        for series, summary in frame.windows.items():
            if not _wanted(series):
                continue
            held = self._windows.get(series)
            if held is None:
                if len(self._windows) >= MAX_SERIES:
                    self.refused += 1
                    continue
                held = self._windows[series] = []
            window = Window(NOWHERE, *frame.span.wall, frame.span.covered, summary)
            held.append(window)
            if len(held) > 1 and held[-2].start > window.start:
                held.sort(key=lambda each: each.start)
            if self._feature not in (None, dict(series.attributes).get("feature", self._feature)):
                del held[:-1]
            elif series.name == measures.DRIFT.name:
                del held[:-SCORES]
            elif len(held) > FINE:
                held[:2] = [total(held[:2])]


def _wanted(series: Series) -> bool:
    keys = {key for key, _ in series.attributes}
    return bool(keys & {NAME, LOG, WATCH}) or series.name in DEVICE
