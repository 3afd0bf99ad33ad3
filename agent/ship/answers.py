"""What the broker's answers mean: who got through, who never will, and how large a message may be."""

from __future__ import annotations

from collections.abc import Callable

from agent.ship import protocol as p
from agent.ship.backoff import Backoff
from agent.ship.freight import Freight
from agent.ship.lanes import Cargo
from agent.ship.purse import Purse
from agent.ship.retained import STATUS, Retained
from agent.ship.turn import Turn
from agent.ship.unanswered import Sent

Say = Callable[[p.Level, p.Happening, str, str], None]


class Answers:
    """Tells freight, retained messages and purse; `pause` is how long a refused moment lasts."""

    def __init__(
        self, freight: Freight, retained: Retained, turn: Turn, purse: Purse, pause: Backoff, say: Say
    ) -> None:
        self._freight = freight
        self._retained = retained
        self._turn = turn
        self._purse = purse
        self._pause = pause
        self._say = say

    def positive(self, code: int, sent: Sent, cargo: Cargo) -> None:
        """The broker took a message of records; whether somebody listens, `code` says."""
        self._pause.reset()
        self._retained.unheard = code == p.NO_SUBSCRIBERS
        if self._retained.unheard:
            self._say("warning", "unheard", "no_subscribers", "the broker has no subscriber for our data")
            self._freight.give_back(cargo)
        else:
            self._purse.delivered(sent.lane, sent.size, self._freight.delivered(cargo))

    def negative(self, code: int, sent: Sent) -> None:
        """A fault of the row's content, of the broker's rules, or of the moment."""
        reason = p.FAULTS.get(code, "other")
        text = f"the broker refused a publish on {self._turn.root}{sent.what}: {reason} (0x{code:02x})"
        self._say("error", "failed", reason, text)
        if sent.cargo is None:
            if sent.what != STATUS and code not in (*p.ROW_FAULTS, *p.RULE_FAULTS):
                self._retained.failed(sent.what, self._turn.now + self._pause.next())
            return
        if code == p.PACKET_TOO_LARGE and self._shrink(sent.size):
            self._freight.give_back(sent.cargo)
        elif code in p.ROW_FAULTS:
            self._freight.set_aside(sent.cargo, reason)
        else:
            wait = self._pause.longest() if code in p.RULE_FAULTS else self._pause.next()
            self._turn.quiet_until = self._turn.now + wait
            self._freight.give_back(sent.cargo)

    def suspect_size(self, *, told: bool) -> None:
        """Learn the broker's limit from what it closes on: it says so, or does it again and again."""
        messages = self._turn.unanswered.data()
        if not messages or not (self._freight.strike() or told):
            return
        if not self._shrink(max(size for size, _ in messages)) and told:
            for _, cargo in messages:
                self._freight.set_aside(cargo, p.FAULTS[p.PACKET_TOO_LARGE])

    def _shrink(self, size: int) -> bool:
        smaller = self._freight.shrink(size)
        if smaller:
            text = f"messages are at most {self._freight.limit} bytes from now on"
            self._say("warning", "shrunk", "packet_too_large", text)
        return smaller
