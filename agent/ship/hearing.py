"""What a sink says to us, heard no more often than it may cost.

Whoever may publish an acknowledgement spends our CPU and our bytes: one each `HEAR_EVERY` s is read, what
it wants is heeded once each `WANTS_EVERY`, and a new epoch begun at most each `EPOCH_EVERY`.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.ship import protocol as p
from agent.ship.ack import decode_ack
from agent.ship.limits import WireError
from agent.ship.outbox import Outbox
from agent.ship.records import Ack

HEAR_EVERY, WANTS_EVERY, EPOCH_EVERY = 0.2, 60.0, 600.0
LOOKUPS = 32

Say = Callable[[p.Level, p.Happening, str, str], None]


class Hearing:
    """Takes messages on `topic`, the acknowledgements of the sink `sink`, and tells the outbox."""

    def __init__(self, sink: str, topic: str, outbox: Outbox, say: Say) -> None:
        self._sink = sink
        self._topic = topic
        self._outbox = outbox
        self._say = say
        self._heard_at = self._wants_at = self._epoch_at = float("-inf")
        self._asked_epoch: int | None = None

    def received(self, event: p.Received, now: float, epoch: int) -> list[p.Command]:
        """What is to be done about a message; `epoch` is the connection's."""
        ack = self._ack(event, now)
        if ack is None:
            return []
        if ack.want and now - self._wants_at < WANTS_EVERY:
            ack = ack._replace(want=())
        elif ack.want:
            self._wants_at = now
        heard = self._outbox.heard(ack)
        commands: list[p.Command] = [p.Lookup(key) for key in heard.lookup[:LOOKUPS]]
        # Asked once an epoch: what was asked for comes with the next flush.
        if heard.fresh_epoch and epoch != self._asked_epoch and now - self._epoch_at >= EPOCH_EVERY:
            self._asked_epoch, self._epoch_at = epoch, now
            commands.append(p.FreshEpoch())
        return commands

    def _ack(self, event: p.Received, now: float) -> Ack | None:
        """The acknowledgement, if it is one of ours and not too soon."""
        if event.topic != self._topic:
            self._say("debug", "strange", "topic", f"ignored a message on {event.topic!r}")
            return None
        if 0 <= now - self._heard_at < HEAR_EVERY:
            self._say("debug", "strange", "too_often", "ignored an acknowledgement right after another")
            return None
        self._heard_at = now
        try:
            ack = decode_ack(event.payload)
        except WireError as error:
            self._say("warning", "strange", error.reason, f"ignored an acknowledgement: {error}")
            return None
        if ack.sink != self._sink:
            self._say("warning", "strange", "sink", f"ignored an acknowledgement of sink {ack.sink!r}")
            return None
        return ack
