"""What was made of lines: windows by minute, of logs and models, as far as the configuration wants them."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from agent.flush.feed import Dated, Said
from agent.logs.admission import Admission
from agent.logs.following import Following
from agent.logs.limits import MINUTE
from agent.logs.live import Live
from agent.logs.windows import Windows
from agent.modelling import Models
from agent.stats.window import merge_into
from collectors.api import Reading
from collectors.logs.tail.source import Chunk
from collectors.tally import Tally

MINUTES = 48
"""Minutes that wait for the writer at most; a backlog waits in the files."""
REMEMBERED = 2048


class Summed(NamedTuple):
    """All since the one before: windows of minutes, oldest first, what happened, and states of models."""

    dated: tuple[Dated, ...]
    said: tuple[Said, ...]
    states: Mapping[str, bytes | None]


class Summing:
    """Sums up the lines of all logs; `begin` before anything else.

    Args:
        admission: picks series.
        judged: whether alert rules hear of them.
        tally: counts those that rules do not hear of.
    """

    def __init__(self, admission: Admission, *, judged: bool, tally: Tally) -> None:
        self._admission, self._judged, self._tally = admission, judged, tally
        self.logs: Mapping[str, Following] = {}
        """By name."""
        self._models: Models
        self._of_models: Windows = {}
        self._live = Live()
        self._handed: OrderedDict[float, None] = OrderedDict()
        self.at: str | None = None
        """The log whose lines are summed up just now; "" for what models make of all."""
        self.sizes: Counter[str] = Counter()
        """Bytes by log that were taken since they were summed up last."""

    def begin(self, logs: Mapping[str, Following], models: Models) -> None:
        """With these; what was made of lines before is forgotten."""
        self.logs, self._models = logs, models
        self.at = None
        self.sizes.clear()

    def takes(self, name: str) -> bool:
        """Whether lines of this log are taken: else as much of it waits as may, and the others go on."""
        return self.logs[name].minutes < MINUTES

    def take(self, chunk: Chunk, now: float) -> None:
        """Lines of one log, at `now` (s since 1970)."""
        self.sizes[chunk.source] += chunk.size
        self.at = chunk.source
        self.logs[chunk.source].take(chunk.text, now, chunk.times)
        self.at = None

    def reading(self, now: float) -> Reading:
        """What came to all logs since the one before, for alert rules."""
        windows, self._of_models = self._of_models, {}
        for name, log in self.logs.items():
            self.at = name
            windows.update(self._admission.take(log.lately(now)))
        self.at = None
        reading = self._live.reading(windows)
        if self._live.refused:
            self._tally.set("outrider.logs.unjudged", self._live.refused)
        return reading

    def summed_up(self, now: float) -> Summed:
        """All that was taken since this was asked last."""
        minutes: dict[float, Windows] = {}
        for name, log in self.logs.items():
            self.at = name
            for minute in log.flush(now):
                merge_into(minutes.setdefault(minute.start, {}), self._admission.take(minute.windows))
        self.at = ""
        made = self._models.summed_up(now)
        for start, windows in made.minutes.items():
            kept = self._admission.take(windows)
            merge_into(minutes.setdefault(start, {}), kept)
            if self._judged and start >= now - 2 * MINUTE:
                merge_into(self._of_models, kept)
        self._admission.hand_over()
        self.at = None
        self.sizes.clear()
        dated = tuple(Dated(start, MINUTE, self._first(start), minutes[start]) for start in sorted(minutes))
        return Summed(dated, tuple(Said(*each) for each in made.said), made.states)

    def _first(self, start: float) -> bool:
        """Whether nothing of this minute was handed over before, as far as that is remembered."""
        known = start in self._handed
        self._handed[start] = None
        if len(self._handed) > REMEMBERED:
            self._handed.popitem(last=False)
        return not known
