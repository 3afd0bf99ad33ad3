"""Whose turn it is: what a connection publishes next, the most urgent first, as far as the purse bears it.

alert that changed > status > the newest windows > alerts said again > backlog > samples
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent.ship import protocol as p
from agent.ship.budget import Lane
from agent.ship.freight import Freight, Stamp
from agent.ship.lanes import Cargo
from agent.ship.limits import ROOT
from agent.ship.outbox import Outbox
from agent.ship.purse import Purse
from agent.ship.retained import Due, Retained, Voice
from agent.ship.unanswered import Sent, Unanswered

# Bytes of an alert or a status, before one is made.
ALERT = 600

Say = Callable[[p.Level, p.Happening, str, str], None]


class Turn:
    """`now` is told before each call, on the boot clock. `root` is what our topics begin with, `unanswered`
    are the publishes on their way, and `wants_at` is when something that the purse did not bear may go,
    infinity if nothing waits for that."""

    def __init__(
        self,
        settings: p.Settings,
        outbox: Outbox,
        freight: Freight,
        retained: Retained,
        purse: Purse,
        say: Say,
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._freight = freight
        self._retained = retained
        self._purse = purse
        self._say = say
        self.root = f"{ROOT}/{settings.fleet}/{settings.device}/"
        self._seq = self._token = 0
        self._epoch = 0
        self._flush_due = False
        self.unanswered = Unanswered(settings.in_flight)
        self.now = self.quiet_until = 0.0
        self.wants_at = float("inf")

    def flushed(self) -> None:
        """A flush wants its message, even without records where no byte is counted."""
        self._flush_due = True

    def cut(self) -> None:
        """The connection is gone."""
        self.unanswered = Unanswered(self._settings.in_flight)
        self._purse.cut()

    def begin(self, receive_maximum: int | None) -> None:
        """A new connection is up."""
        self.unanswered = Unanswered(self._settings.in_flight, receive_maximum or 65_535)
        self._flush_due = True

    def take(self, voice: Voice, *, ending: bool) -> Iterator[p.Command]:
        """All that may go now. When the daemon is `ending`, only what is new."""
        self.wants_at = float("inf")
        while (command := self._next(voice, ending=ending)) is not None:
            yield command

    def quiet(self) -> bool:
        """Whether nothing is on its way, and nothing more can go for now."""
        return not len(self.unanswered) and not self._freight.loading

    def calls(self) -> bool:
        """Whether there is something that is worth a connection and can be paid for; `wants_at` says when
        it can, if not yet."""
        self.wants_at = float("inf")
        if self._retained.pressing(self.now) and self._bears("alert", ALERT, connect=True):
            return True
        lane = self._outbox.next_lane()
        return lane is not None and self._bears(lane, connect=True)

    def publish_retained(self, due: Due) -> p.Publish:
        """Publish what the broker retains."""
        return self._publish(due.what, due.payload, None, "alert")

    def _next(self, voice: Voice, *, ending: bool) -> p.Command | None:
        if self.unanswered.room(urgent=True) and (alert := self._alert(voice, changed=True)):
            return alert
        if not self.unanswered.room():
            return None
        if not ending and self._status_due():
            return self.publish_retained(self._retained.status(voice))
        if self.now < self.quiet_until:
            return None
        return (
            self._fresh(voice)
            or self._alert(voice, changed=False)
            or self._rest(voice, only_live=ending or self._retained.unheard)
        )

    def _status_due(self) -> bool:
        due = self._retained.status_due(self.now, flushed=self._flush_due)
        return due and not self._purse.rests and self._bears("alert", ALERT)

    def _alert(self, voice: Voice, *, changed: bool) -> p.Publish | None:
        if not self._retained.alert_due(self.now, changed=changed) or not self._bears("alert", ALERT):
            return None
        try:
            due = self._retained.alert(voice, changed=changed)
        except OverflowError as error:
            self._say("error", "failed", "packet_too_small", str(error))
            return None
        return self.publish_retained(due) if due is not None else None

    def _fresh(self, voice: Voice) -> p.Publish | None:
        """The message of a flush."""
        if not self._flush_due:
            return None
        self._flush_due = False
        if self._purse.allowance is None or self._bears("live"):
            self._freight.take_live(probe=self._retained.unheard)
        if self._purse.allowance is None or self._freight.waiting(live=True) or self._outbox.must_speak:
            return self._data(voice, "live")
        return None

    def _rest(self, voice: Voice, *, only_live: bool) -> p.Command | None:
        """What is queued, and then what waits in the store."""
        if self._freight.waiting(live=True) and (only_live or self._purse.allowance is not None):
            return self._data(voice, "live")
        if only_live:
            return None
        lane = self._outbox.next_lane()
        if not self._freight.waiting() and not self._freight.stale and lane and self._bears(lane):
            load = self._freight.take(lane)
            if load is not None:
                return load
        return self._data(voice, self._freight.lane) if self._freight.waiting() else None

    def _data(self, voice: Voice, lane: Lane) -> p.Publish | None:
        size = self._freight.weight(live=lane == "live")
        if not self._bears(lane, size):
            return None
        if voice.session[0] != self._epoch:
            self._epoch, self._seq = voice.session[0], 0
        try:
            stamp = Stamp(voice.session, self._seq, voice.wall)
            packed = self._freight.message(stamp, live=lane == "live")
        except OverflowError as error:
            self._say("error", "failed", "packet_too_small", str(error))
            return None
        if packed is None:
            return None
        self._seq += 1
        return self._publish("data", *packed, lane)

    def _publish(self, what: str, payload: bytes, cargo: Cargo | None, lane: Lane) -> p.Publish:
        self._token += 1
        self._purse.sent(len(payload))
        sent = Sent(what, len(payload), cargo, lane)
        self.unanswered.add(self._token, sent, self.now)
        return p.Publish(self._token, self.root + what, payload, retain=cargo is None)

    def _bears(self, lane: Lane, size: int | None = None, *, connect: bool = False) -> bool:
        """Whether the purse bears it; when not, remember when it will."""
        if self._purse.affords(lane, size, connect=connect):
            return True
        self.wants_at = min(self.wants_at, self._purse.when(lane, self.now, size, connect=connect))
        return False
