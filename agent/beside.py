"""The threads that make windows beside the collectors: of model logs and of model servers' pages.

Each is there only where the configuration has something for it: without, its modules are not loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from agent.alarms import Elsewhere
from agent.config.settings import Config
from agent.flush.feed import Feed
from agent.logs.admission import Admission
from agent.poller import Clocks
from collectors.api import Attributes, Reading
from collectors.tally import Tally


class Part(Feed, Protocol):
    """One of the threads."""

    @property
    def admission(self) -> Admission:
        """What it keeps."""
        ...

    @property
    def elsewhere(self) -> Elsewhere:
        """What alert rules are judged by."""
        ...

    def start(self, positions: Mapping[str, bytes], *, lost: bool = False) -> None:
        """Begin, from where the store has it, or had it and it is `lost`."""
        ...

    def look(self, now: float) -> tuple[str, ...]:
        """What is the matter, in words; `now` on the boot clock, s."""
        ...

    def stop(self, patience: float) -> bool:
        """End; False if it takes longer than `patience` s."""
        ...


Event = Callable[[str, str, Attributes], None]
Say = Callable[[str, str], None]
Soon = Callable[[Callable[[], Mapping[str, bytes | None]]], None]


class Beside:
    """All of them."""

    def __init__(
        self,
        config: Config,
        clocks: Clocks,
        event: Event,
        say: Say,
        tally: Tally,
        polled: Callable[[], int],
        soon: Soon,
    ) -> None:
        """`polled` is how many series the collectors have: `collect.max_series` bounds these and those.
        `soon` has positions stored before the window ends; it is given what takes them."""
        self._polled = polled
        self.parts: tuple[Part, ...] = ()
        if config.logs:
            from agent import tailing

            outlets = tailing.Outlets(event, say, tally, soon)
            self.parts += (tailing.Tailing(config, clocks, outlets, self._others(len(self.parts))),)
        if config.endpoint:
            from agent import scraping

            shown = scraping.Outlets(say, tally)
            self.parts += (scraping.Scraping(config, clocks, shown, self._others(len(self.parts))),)

    @property
    def elsewhere(self) -> Elsewhere:
        """What alert rules are judged by."""
        every = [part.elsewhere for part in self.parts]

        def readings() -> Iterator[tuple[float, str, Reading]]:
            for each in every:
                yield from each.readings()

        return Elsewhere(
            {name: every_s for each in every for name, every_s in each.intervals.items()}, readings
        )

    @property
    def kept(self) -> int:
        """Series that are kept now."""
        return sum(part.admission.kept for part in self.parts)

    @property
    def excluded(self) -> int:
        """Series that the configuration leaves out."""
        return sum(part.admission.excluded for part in self.parts)

    @property
    def refused(self) -> int:
        """Distinct series that were refused for want of room."""
        return sum(part.admission.refused for part in self.parts)

    def start(self, positions: Mapping[str, bytes], *, lost: bool = False) -> None:
        """Begin, from where the store has it, or had it and it is `lost`."""
        for part in self.parts:
            part.start(positions, lost=lost)

    def look(self, now: float) -> tuple[str, ...]:
        """What is the matter, in words; `now` on the boot clock, s."""
        return tuple(words for part in self.parts for words in part.look(now))

    def stop(self, patience: float) -> None:
        """End; each takes `patience` s at most."""
        for part in self.parts:
            part.stop(patience)

    def _others(self, mine: int) -> Callable[[], int]:
        """How many series there are beside those of one part."""
        return lambda: (
            self._polled() + sum(part.admission.kept for at, part in enumerate(self.parts) if at != mine)
        )
