"""When an answer may go: at most one a topic in an interval, and of several the latest."""

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
