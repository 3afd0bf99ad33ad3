"""Attempts to connect: which version of MQTT, which session, and how long to wait in between."""

from __future__ import annotations

from collections.abc import Callable

from agent.ship.backoff import Backoff
from agent.ship.protocol import Settings

MQTT_311, MQTT_5 = 4, 5
# A connection that worked and ended before so many s was brief.
BRIEF = 30.0


class Attempts:
    """`protocol` is what the next attempt speaks, `session` the (epoch, number) of the latest one.

    With no version set, MQTT 5 is tried first. A broker that says it does not know it gets 3.1.1 from
    then on. One that only closes may be old or starting: the two versions take turns until one is
    accepted.
    """

    __slots__ = ("_backoff", "_brief", "_proven", "_since", "_worked", "protocol", "session")

    def __init__(self, settings: Settings, random: Callable[[], float]) -> None:
        self._backoff = Backoff(settings.backoff_min, settings.backoff_max, random)
        self._proven = settings.protocol is not None
        self.protocol = settings.protocol or MQTT_5
        self.session = (0, 0)
        self._brief = 0
        self._since = 0.0
        self._worked = False

    def begin(self, epoch: int) -> None:
        """One more attempt, in this epoch; sessions are numbered from 1 in each."""
        number = self.session[1] if epoch == self.session[0] else 0
        self.session = (epoch, number + 1)

    def accepted(self, now: float) -> None:
        """The broker answered CONNECT: it speaks this version."""
        self._proven = True
        self._since, self._worked = now, False

    def ended(self, now: float) -> int:
        """The far side ended the connection; how many brief ones there have been in a row by now."""
        brief = self._worked and now < self._since + BRIEF
        self._brief = self._brief + 1 if brief else 0
        return self._brief

    def fall_back(self) -> bool:
        """The broker says that it does not speak this version; whether there is another to try."""
        if self._proven or self.protocol == MQTT_311:
            return False
        self.protocol, self._proven = MQTT_311, True
        return True

    def closed(self) -> None:
        """The broker closed the connection in the place of an answer."""
        if not self._proven:
            self.protocol = MQTT_311 if self.protocol == MQTT_5 else MQTT_5

    def wait(self, *, long: bool = False) -> float:
        """Seconds until the next attempt; `long` when time alone is unlikely to help."""
        return self._backoff.longest() if long else self._backoff.next()

    def through(self) -> None:
        """Something got through and was acknowledged: a mere CONNACK says little."""
        self._worked = True
        self._backoff.reset()
