"""The link: which message goes when, over a broker that comes and goes. A state machine without I/O.

It is told events and answers commands (`agent.ship.protocol`); it calls no clock and opens nothing.

    ASLEEP --flush--> CONNECTING --Connected--> ONLINE --Stopping--> ENDING --> ENDED
                       ^      |                   |
                       |      v (Refused, Lost, no answer)
                       +--- WAITING <-------------+

Nothing is sent before the first flush: the epoch does not exist until it is committed. One message
goes with each flush, even without records, for what it claims; between flushes the backlog follows
while there is room in the window of unanswered publishes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from agent.ship import protocol as p
from agent.ship.attempts import Attempts
from agent.ship.backoff import Backoff
from agent.ship.freight import MESSAGE_LIMIT, Freight, Stamp
from agent.ship.hearing import Hearing
from agent.ship.lanes import Cargo
from agent.ship.limits import ROOT
from agent.ship.outbox import Outbox
from agent.ship.records import Key
from agent.ship.retained import STATUS, Due, Retained, Voice
from agent.ship.unanswered import Sent, Unanswered

# MQTT's fixed header, topic length, packet identifier and property length.
PACKET_OVERHEAD = 16
# Connections in a row that worked and were soon closed, after which somebody else is thought to be there.
BRIEF_ONES = 4

ASLEEP, WAITING, CONNECTING, ONLINE, ENDING, ENDED = range(6)


class Link:
    """See the head of this module. One thread calls `handle`; the outbox is only touched inside it."""

    def __init__(self, settings: p.Settings, outbox: Outbox, random: Callable[[], float]) -> None:
        """`random` gives numbers in [0, 1) for the jitter of the waits."""
        self.state = ASLEEP
        self._settings = settings
        self._outbox = outbox
        self._freight = Freight(settings, outbox, self._refuse)
        self._attempts = Attempts(settings, random)
        self._pause = Backoff(settings.backoff_min, settings.backoff_max, random)
        self._retained = Retained(settings)
        self._unanswered = Unanswered(settings.in_flight)
        self._root = f"{ROOT}/{settings.fleet}/{settings.device}/"
        self._hearing = Hearing(settings.sink, f"{self._root}ack/{settings.sink}", outbox, self._say)
        self._now = self._wall = 0.0
        self._commands: list[p.Command] = []
        self._wake_at: float | None = None
        self._deadline = 0.0
        self._quiet_until = 0.0
        self._said: set[tuple[str, str]] = set()
        self._seq = self._token = 0
        self._flush_due = self._farewell = False

    def handle(self, event: p.Event, now: float, wall: float) -> list[p.Command]:
        """Take one event at `now` on the boot clock, `wall` seconds since 1970; the commands due.

        An event that means nothing in the present state (a PUBACK after the connection was given
        up, say) is ignored.
        """
        self._now, self._wall, self._commands = now, wall, []
        step = self.TABLE.get((self.state, type(event)))
        if step is not None:
            step(self, event)
        self._expire()
        while self.state in (ONLINE, ENDING) and self._next_publish():
            pass
        self._ask_to_be_woken()
        return self._commands

    # --- events: the daemon

    def _flushed(self, event: p.Flushed) -> None:
        self._freight.flushed(event.fresh)
        self._flush_due = True

    def _flushed_asleep(self, event: p.Flushed) -> None:
        self._flushed(event)
        if self._outbox.epochs:
            self._connect()

    def _condition(self, event: p.Condition) -> None:
        self._retained.degraded = event.degraded

    def _alerted(self, event: p.Alerts) -> None:
        self._retained.told(event.alerts)

    def _loaded(self, event: p.Loaded) -> None:
        self._freight.loaded(event)

    def _found(self, event: p.Found) -> None:
        self._outbox.found(event.wanted, event.rows)

    def _stop_offline(self, _event: p.Stopping) -> None:
        if self.state == CONNECTING:
            self._commands.append(p.Disconnect(clean=False))
        self._end()

    def _stop_online(self, event: p.Stopping) -> None:
        self.state = ENDING
        self._deadline = self._now + event.grace

    # --- events: the connection

    def _connected(self, event: p.Connected) -> None:
        self.state = ONLINE
        self._attempts.accepted(self._now)
        around = PACKET_OVERHEAD + len(self._root) + len(STATUS)
        room = (event.maximum_packet_size or MESSAGE_LIMIT + around) - around
        self._freight.begin(room)
        self._retained.begin(room)
        self._unanswered = Unanswered(self._settings.in_flight, event.receive_maximum or 65_535)
        self._flush_due = True
        self._say("info", "connected", f"mqtt{self._attempts.protocol}", "connected to the broker")
        if self._settings.sink:
            self._commands.append(p.Subscribe(f"{self._root}ack/{self._settings.sink}"))

    def _refused(self, event: p.Refused) -> None:
        self._say("error" if event.final else "warning", "refused", event.reason, event.text)
        if event.unsupported and self._attempts.fall_back():
            self._connect()
        else:
            self._wait(long=event.final)

    def _lost_connecting(self, event: p.Lost) -> None:
        self._say("warning", "lost", event.reason, event.text)
        self._attempts.closed()
        self._wait()

    def _lost(self, event: p.Lost) -> None:
        self._say("warning", "lost", event.reason, event.text)
        if event.reason == "closed":
            self._suspect_size(told=event.code == p.PACKET_TOO_LARGE)
        # Two devices of one name throw each other out for ever: slowly, then. Not every broker says why.
        enough = 1 if event.code == p.TAKEN_OVER else BRIEF_ONES
        brief = self._attempts.ended(self._now)
        if brief == enough:
            text = f"another client seems to use the name {self._settings.device}: each device needs its own"
            self._say("error", "lost", "taken_over", f"{text} device.name")
        self._wait(long=brief >= enough or event.code == p.TAKEN_OVER)

    def _lost_ending(self, _event: p.Lost) -> None:
        self._end()

    def _received(self, event: p.Received) -> None:
        self._commands += self._hearing.received(event, self._now, self._attempts.session[0])

    def _puback(self, event: p.Puback) -> None:
        sent = self._unanswered.answered(event.token, self._now)
        if sent is not None and event.code >= p.FAILURE:
            self._negative(event.code, sent)
        elif sent is not None and sent.cargo is not None:
            self._positive(event.code, sent.cargo)

    def _positive(self, code: int, cargo: Cargo) -> None:
        self._attempts.through()
        self._pause.reset()
        self._retained.unheard = code == p.NO_SUBSCRIBERS
        if self._retained.unheard:
            self._say("warning", "unheard", "no_subscribers", "the broker has no subscriber for our data")
            self._freight.give_back(cargo)
        else:
            self._said.clear()
            self._freight.delivered(cargo)

    def _negative(self, code: int, sent: Sent) -> None:
        """A fault of the row's content, of the broker's rules, or of the moment."""
        reason = p.FAULTS.get(code, "other")
        text = f"the broker refused a publish on {self._root}{sent.what}: {reason} (0x{code:02x})"
        self._say("error", "failed", reason, text)
        if sent.cargo is None:
            if sent.what != STATUS and code not in (*p.ROW_FAULTS, *p.RULE_FAULTS):
                self._retained.failed(sent.what, self._now + self._pause.next())
            return
        if code == p.PACKET_TOO_LARGE and self._shrink(sent.size):
            self._freight.give_back(sent.cargo)
        elif code in p.ROW_FAULTS:
            self._freight.set_aside(sent.cargo, reason)
        else:
            wait = self._pause.longest() if code in p.RULE_FAULTS else self._pause.next()
            self._quiet_until = self._now + wait
            self._freight.give_back(sent.cargo)

    # --- what is due

    def _expire(self) -> None:
        """Act on the deadlines that have passed, and on an epoch that began."""
        late = self._now >= self._deadline
        if self.state in (ONLINE, ENDING) and self._outbox.epochs[0].id != self._attempts.session[0]:
            self._change_epoch()
        elif self.state == WAITING and late:
            self._connect()
        elif self.state == CONNECTING and late:
            self._cut("no_connack", f"no CONNACK within {self._settings.connect_timeout:g} s")
        elif self.state == ENDING and late:
            self._finish()
        elif self.state == ONLINE and self._now >= self._answer_due():
            self._cut("no_puback", f"no PUBACK within {self._settings.ack_timeout:g} s")

    def _next_publish(self) -> bool:
        """Publish the most urgent thing, if any: an alert, the status, the flush's message, backlog, the
        last word."""
        if self._unanswered.room(urgent=True) and self._publish_alert(changed=True):
            return True
        if not self._unanswered.room():
            return False
        if self.state == ONLINE and self._retained.status_due(self._now, flushed=self._flush_due):
            self._publish_retained(self._retained.status(self._voice()))
            return True
        if self._now < self._quiet_until:
            return self._say_goodbye()
        if self._flush_due:
            self._flush_due = False
            self._freight.take_live(probe=self._retained.unheard)
            if self._publish_data(live=True):
                return True
        if self._publish_alert(changed=False):
            return True
        if self.state == ENDING or self._retained.unheard:
            return (self._freight.waiting(live=True) and self._publish_data(live=True)) or self._say_goodbye()
        return self._publish_backlog()

    def _publish_alert(self, *, changed: bool) -> bool:
        try:
            due = self._retained.alert(self._voice(), changed=changed)
        except OverflowError as error:
            self._say("error", "failed", "packet_too_small", str(error))
            return False
        if due is not None:
            self._publish_retained(due)
        return due is not None

    def _publish_backlog(self) -> bool:
        if not self._freight.waiting() and not self._freight.stale:
            load = self._freight.take_backlog()
            if load is not None:
                self._commands.append(load)
        return self._freight.waiting() and self._publish_data(live=False)

    def _publish_data(self, *, live: bool) -> bool:
        try:
            stamp = Stamp(self._attempts.session, self._seq, self._wall)
            packed = self._freight.message(stamp, live=live)
        except OverflowError as error:
            self._say("error", "failed", "packet_too_small", str(error))
            return False
        if packed is None:
            return False
        self._seq += 1
        self._publish("data", *packed)
        return True

    def _publish(self, what: str, payload: bytes, cargo: Cargo | None) -> None:
        self._token += 1
        self._unanswered.add(self._token, Sent(what, len(payload), cargo), self._now)
        self._commands.append(p.Publish(self._token, self._root + what, payload, retain=cargo is None))

    def _publish_retained(self, due: Due) -> None:
        self._publish(due.what, due.payload, None)

    def _voice(self) -> Voice:
        return Voice(self._attempts.session, self._now, self._wall)

    # --- the connection

    def _begin(self) -> None:
        """Forget what belongs to one connection: its rows are unsent again."""
        self._outbox.cut()
        self._freight.clear()
        self._unanswered = Unanswered(self._settings.in_flight)

    def _connect(self) -> None:
        epoch = self._outbox.epochs[0].id
        if epoch != self._attempts.session[0]:
            self._seq = 0
        self._attempts.begin(epoch)
        self.state = CONNECTING
        self._deadline = self._now + self._settings.connect_timeout
        what, will = self._retained.offline(self._voice())
        self._commands.append(p.Connect(self._attempts.protocol, self._root + what, will))

    def _cut(self, reason: str, text: str) -> None:
        """Give the connection up: the far side does not answer."""
        self._say("warning", "lost", reason, f"gave the connection to the broker up: {text}")
        self._commands.append(p.Disconnect(clean=False))
        self._wait()

    def _wait(self, *, long: bool = False) -> None:
        self._begin()
        self.state = WAITING
        self._deadline = self._now + self._attempts.wait(long=long)

    def _change_epoch(self) -> None:
        """A session belongs to one epoch: the will tells of the old one's end."""
        if self.state == ENDING:
            self._finish()
            return
        self._commands.append(p.Disconnect(clean=False))
        self._begin()
        self._connect()

    def _say_goodbye(self) -> bool:
        """When the daemon ends: the offline status once all is answered, and then the end."""
        if self.state != ENDING or len(self._unanswered):
            return False
        if self._farewell:
            self._commands.append(p.Disconnect(clean=True))
            self._end()
            return False
        self._farewell = True
        self._publish_retained(self._retained.offline(self._voice()))
        return True

    def _finish(self) -> None:
        """The grace is over. With the window full nothing more may go: the will says offline."""
        room = self._unanswered.room()
        if room and not self._farewell:
            self._publish_retained(self._retained.offline(self._voice()))
        self._commands.append(p.Disconnect(clean=room))
        self._end()

    def _end(self) -> None:
        self._begin()
        self.state = ENDED
        self._commands.append(p.Ended())

    def _suspect_size(self, *, told: bool) -> None:
        """Learn the broker's limit from what it closes on: it says so, or does it again and again."""
        messages = self._unanswered.data()
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

    # --- small words

    def _refuse(self, key: Key, digest: bytes, reason: str) -> None:
        self._outbox.refused(key, digest, reason)
        text = f"{key.stream} {key.first}..{key.last} cannot be sent and stays on the device: {reason}"
        self._say("error", "set_aside", reason, text, key)

    def _say(self, level: p.Level, name: p.Happening, reason: str, text: str, key: Key | None = None) -> None:
        """Say it once until something gets through; then only count."""
        if (name, reason) in self._said:
            level = "debug"
        self._said.add((name, reason))
        self._commands.append(p.Notice(level, name, reason, text, key))

    def _answer_due(self) -> float:
        since = self._unanswered.since()
        return float("inf") if since is None else since + self._settings.ack_timeout

    def _ask_to_be_woken(self) -> None:
        at = float("inf")
        if self.state in (WAITING, CONNECTING, ENDING):
            at = self._deadline
        elif self.state == ONLINE:
            quiet = self._quiet_until if self._quiet_until > self._now else at
            at = min(self._answer_due(), quiet, self._retained.wake_at(self._now))
        wake_at = None if at == float("inf") else at
        if wake_at != self._wake_at and self.state != ENDED:
            self._wake_at = wake_at
            self._commands.append(p.Wake(wake_at))

    TABLE: ClassVar[Mapping[tuple[int, type[p.Event]], Callable[..., None]]] = {
        (ASLEEP, p.Flushed): _flushed_asleep,
        (ASLEEP, p.Condition): _condition,
        (ASLEEP, p.Alerts): _alerted,
        (ASLEEP, p.Stopping): _stop_offline,
        (WAITING, p.Flushed): _flushed,
        (WAITING, p.Condition): _condition,
        (WAITING, p.Alerts): _alerted,
        (WAITING, p.Stopping): _stop_offline,
        (CONNECTING, p.Flushed): _flushed,
        (CONNECTING, p.Condition): _condition,
        (CONNECTING, p.Alerts): _alerted,
        (CONNECTING, p.Connected): _connected,
        (CONNECTING, p.Refused): _refused,
        (CONNECTING, p.Lost): _lost_connecting,
        (CONNECTING, p.Stopping): _stop_offline,
        (ONLINE, p.Flushed): _flushed,
        (ONLINE, p.Condition): _condition,
        (ONLINE, p.Alerts): _alerted,
        (ONLINE, p.Puback): _puback,
        (ONLINE, p.Received): _received,
        (ONLINE, p.Loaded): _loaded,
        (ONLINE, p.Found): _found,
        (ONLINE, p.Lost): _lost,
        (ONLINE, p.Stopping): _stop_online,
        (ENDING, p.Flushed): _flushed,
        (ENDING, p.Alerts): _alerted,
        (ENDING, p.Puback): _puback,
        (ENDING, p.Received): _received,
        (ENDING, p.Lost): _lost_ending,
    }
