"""When things are due: an answer, at most one a topic in an interval; a chore, every so often."""

from __future__ import annotations

import heapq


class Pace:
    """At most one payload a topic in `interval` seconds; of those that came meanwhile, the last.

    A topic takes memory until it has been silent for an interval.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._latest: dict[str, bytes] = {}
        self._due: list[tuple[float, str]] = []
        self._known: set[str] = set()

    def offer(self, topic: str, payload: bytes, now: float) -> None:
        """Send this as soon as the topic's turn has come, instead of what waits for it."""
        self._latest[topic] = payload
        if topic not in self._known:
            self._known.add(topic)
            heapq.heappush(self._due, (now, topic))

    def take(self, now: float) -> list[tuple[str, bytes]]:
        """What may go at `now`, in monotonic s."""
        ready = []
        while self._due and self._due[0][0] <= now:
            topic = heapq.heappop(self._due)[1]
            if topic in self._latest:
                ready.append((topic, self._latest.pop(topic)))
                heapq.heappush(self._due, (now + self._interval, topic))
            else:
                self._known.remove(topic)
        return ready

    def wait(self, now: float) -> float:
        """Seconds until `take` has something to look at; infinite if nothing is known."""
        return max(0.0, self._due[0][0] - now) if self._due else float("inf")


class Every:
    """A chore that is due every `period` seconds of a wall clock; at first at once, or after `begun`."""

    def __init__(self, period: float, begun: float = float("-inf")) -> None:
        self._period = period
        self._last = begun

    def due(self, now: float) -> bool:
        """Whether it is due at `now`, and so is done; it is, too, when the clock went back."""
        if 0 <= now - self._last < self._period:
            return False
        self._last = now
        return True
