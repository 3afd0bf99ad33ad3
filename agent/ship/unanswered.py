"""The window: publishes that await their PUBACK, never more than the broker and we agreed on."""

from __future__ import annotations

from typing import NamedTuple

from agent.ship.budget import Lane
from agent.ship.lanes import Cargo


class Sent(NamedTuple):
    """A publish that awaits its PUBACK: its topic below the device's, its payload's bytes, its rows (None
    for what is retained), and in whose turn it went."""

    what: str
    size: int
    cargo: Cargo | None
    lane: Lane


class Unanswered:
    """Publishes by token, in the order they went, at most `window` of them, and `most` with urgent ones.

    Brokers answer in order, so the time-out of each begins when it has become the oldest: a slow
    network with a full window is no mute broker, and one publish that is passed over is noticed.
    """

    __slots__ = ("_oldest_since", "_sent", "most", "window")

    def __init__(self, window: int, receive_maximum: int = 65_535) -> None:
        """One place beside the window is kept for what is urgent, if the broker takes more than one."""
        self.most = min(window + 1, receive_maximum)
        self.window = min(window, max(1, self.most - 1))
        self._sent: dict[int, Sent] = {}
        self._oldest_since = 0.0

    def __len__(self) -> int:
        return len(self._sent)

    def room(self, *, urgent: bool = False) -> bool:
        """Whether one more may go."""
        return len(self._sent) < (self.most if urgent else self.window)

    def add(self, token: int, sent: Sent, now: float) -> None:
        """A publish goes."""
        if not self._sent:
            self._oldest_since = now
        self._sent[token] = sent

    def answered(self, token: int, now: float) -> Sent | None:
        """A PUBACK came; None if it belongs to no publish of this connection."""
        if next(iter(self._sent), None) == token:
            self._oldest_since = now
        return self._sent.pop(token, None)

    def since(self) -> float | None:
        """Since when the broker owes the next answer; None if it owes none."""
        return self._oldest_since if self._sent else None

    def data(self) -> list[tuple[int, Cargo]]:
        """Size and rows of the messages among them; what is retained is left out."""
        return [(sent.size, sent.cargo) for sent in self._sent.values() if sent.cargo is not None]
