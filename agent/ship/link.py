"""The link: which message goes when, over a broker that comes and goes. A state machine without I/O.

It is told events and answers commands (`agent.ship.protocol`); it calls no clock and opens nothing.

    ASLEEP --flush--> CONNECTING --Connected--> ONLINE --Stopping--> ENDING --> ENDED
                       ^  ^   |                   |  |
                       |  |   v (Refused, Lost, no answer)
                       |  +- WAITING <------------+  v (all is said, or the budget is used up)
                       +---- RESTING <-----------  LEAVING

Nothing is sent before the first flush: the epoch does not exist until it is committed. One message
goes with each flush, even without records, for what it claims; between flushes the backlog follows
while there is room in the window of unanswered publishes. With a budget nothing goes without records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from agent.ship import protocol as p
from agent.ship.answers import Answers
from agent.ship.attempts import Attempts
from agent.ship.backoff import Backoff
from agent.ship.freight import MESSAGE_LIMIT, Freight
from agent.ship.hearing import Hearing
from agent.ship.limits import ROOT
from agent.ship.outbox import Outbox
from agent.ship.purse import Purse
from agent.ship.records import Key
from agent.ship.retained import STATUS, Retained, Voice
from agent.ship.turn import Turn

# MQTT's fixed header, topic length, packet identifier and property length.
PACKET_OVERHEAD = 16
# Connections in a row that worked and were soon closed, after which somebody else is thought to be there.
BRIEF_ONES = 4
# How long to wait for a sink's word before we leave.
LISTEN = 3.0

ASLEEP, WAITING, CONNECTING, ONLINE, LEAVING, RESTING, ENDING, ENDED = range(8)


class Link:
    """See the head of this module. One thread calls `handle`; the outbox is only touched inside it."""

    def __init__(
        self, settings: p.Settings, outbox: Outbox, random: Callable[[], float], purse: Purse | None = None
    ) -> None:
        """`random` gives numbers in [0, 1) for the jitter of the waits; `purse` is that of
        `settings.budget`."""
        self.state = ASLEEP
        self._settings = settings
        self._outbox = outbox
        outbox.priorities = settings.priorities
        self._purse = purse or Purse(settings.budget)
        self._freight = Freight(settings, outbox, self._refuse)
        self._attempts = Attempts(settings, random)
        self._retained = Retained(settings, self._purse)
        self._turn = Turn(settings, outbox, self._freight, self._retained, self._purse, self._say)
        pause = Backoff(settings.backoff_min, settings.backoff_max, random)
        self._answers = Answers(self._freight, self._retained, self._turn, self._purse, pause, self._say)
        self._root = f"{ROOT}/{settings.fleet}/{settings.device}/"
        self._hearing = Hearing(settings.sink, f"{self._root}ack/{settings.sink}", outbox, self._say)
        self._now = self._wall = 0.0
        self._commands: list[p.Command] = []
        self._wake_at: float | None = None
        self._deadline = self._listen_until = 0.0
        self._said: set[tuple[str, str]] = set()
        self._farewell = self._returning = False

    def handle(self, event: p.Event, now: float, wall: float) -> list[p.Command]:
        """Take one event at `now` on the boot clock, `wall` seconds since 1970; the commands due.

        An event that means nothing in the present state (a PUBACK after the connection was given
        up, say) is ignored.
        """
        self._now = self._turn.now = now
        self._wall, self._commands = wall, []
        self._purse.advance(now)
        step = self.TABLE.get((self.state, type(event)))
        if isinstance(event, p.Spent):
            self._purse.spend(event.size)
        elif step is not None:
            step(self, event)
        self._expire()
        self._speak()
        self._ask_to_be_woken()
        return self._commands

    # --- events: the daemon

    def _flushed(self, event: p.Flushed) -> None:
        self._freight.flushed(event.fresh)
        self._turn.flushed()
        self._choose_grain()

    def _flushed_asleep(self, event: p.Flushed) -> None:
        self._flushed(event)
        if self._outbox.epochs:
            self._connect_if_borne()

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
        self._purse.connected()
        self._turn.begin(event.receive_maximum)
        self._listen_until = self._now + (LISTEN if self._outbox.unconfirmed else 0.0)
        # One that comes and goes is no news.
        self._say(
            "debug" if self._returning else "info",
            "connected",
            f"mqtt{self._attempts.protocol}",
            "connected to the broker",
        )
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
            self._answers.suspect_size(told=event.code == p.PACKET_TOO_LARGE)
        # Two devices of one name throw each other out for ever: slowly, then. Not every broker says why.
        enough = 1 if event.code == p.TAKEN_OVER else BRIEF_ONES
        brief = self._attempts.ended(self._now)
        if brief == enough and event.reason != "protocol":
            text = f"another client seems to use the name {self._settings.device}: each device needs its own"
            self._say("error", "lost", "taken_over", f"{text} device.name")
        self._wait(long=brief >= enough or event.code == p.TAKEN_OVER)

    def _lost_ending(self, _event: p.Lost) -> None:
        self._end()

    def _received(self, event: p.Received) -> None:
        self._listen_until = 0.0
        self._commands += self._hearing.received(event, self._now, self._attempts.session[0])

    def _puback(self, event: p.Puback) -> None:
        sent = self._turn.unanswered.answered(event.token, self._now)
        if sent is None:
            return
        self._purse.answered(sent.size)
        if event.code >= p.FAILURE:
            self._answers.negative(event.code, sent)
        elif sent.cargo is not None:
            if event.code != p.NO_SUBSCRIBERS:
                self._said.clear()
            self._attempts.through()
            self._answers.positive(event.code, sent, sent.cargo)

    # --- what is due

    def _expire(self) -> None:
        """Act on the deadlines that have passed, and on an epoch that began."""
        late = self._now >= self._deadline
        connected = self.state in (ONLINE, LEAVING, ENDING)
        if connected and self._outbox.epochs[0].id != self._attempts.session[0]:
            self._change_epoch()
        elif self.state == WAITING and late and self._purse.affords("alert", connect=True):
            self._connect()
        elif self.state == RESTING and self._outbox.epochs:
            self._perhaps_return(late=late)
        elif self.state in (CONNECTING, LEAVING) and self._purse.overrun:
            self._cut("budget", "the far side sends more than the budget bears")
        elif self.state == CONNECTING and late:
            self._cut("no_connack", f"no CONNACK within {self._settings.connect_timeout:g} s")
        elif self.state == ENDING and late:
            self._finish()
        elif self.state in (ONLINE, LEAVING) and self._now >= self._answer_due():
            self._cut("no_puback", f"no PUBACK within {self._settings.ack_timeout:g} s")

    def _speak(self) -> None:
        """Publish what may go, and see whether all is said."""
        if self.state in (ONLINE, ENDING):
            self._commands += self._turn.take(self._voice(), ending=self.state == ENDING)
        if self.state == ENDING:
            self._say_goodbye()
        elif self.state == ONLINE and (self._purse.exhausted or self._nothing_more()):
            self._leave()
        if self.state == LEAVING and not len(self._turn.unanswered):
            self._commands.append(p.Disconnect(clean=True))
            self._begin()
            self.state = RESTING

    def _voice(self) -> Voice:
        return Voice(self._attempts.session, self._now, self._wall)

    # --- with a budget

    def _choose_grain(self) -> None:
        """How many windows go as one from now on; a change that lasts is told."""
        change = self._purse.choose(self._outbox.backlog())
        self._outbox.grain = self._purse.grain
        if change is not None:
            coarser = change.after > change.before
            text = f"up to {change.after} windows are shipped as one, not {change.before}: a message takes"
            text += f" about {change.cost} bytes, and ship.budget allows {change.rate * 3600:.0f} an hour"
            self._commands.append(p.Notice("info", "grain", "short" if coarser else "enough", text))

    def _nothing_more(self) -> bool:
        """Whether a device that does not stay has said all, and heard what it waits for."""
        return self._purse.rests and self._turn.quiet() and self._now >= self._listen_until

    def _leave(self) -> None:
        """Say when we are heard again, and go when that has arrived."""
        if self._purse.exhausted:
            self._freight.clear()
            self._turn.cut()
            self._outbox.cut()
        self.state = LEAVING
        self._deadline = max(
            self._now + self._purse.silence, self._purse.when("live", self._now, connect=True)
        )
        self._purse.resting = self._deadline
        due = self._retained.resting(self._voice(), self._wall + self._deadline - self._now)
        if self._purse.affords("alert", len(due.payload)):
            self._commands.append(self._turn.publish_retained(due))

    def _perhaps_return(self, *, late: bool) -> None:
        """Connect for what is worth it, or to keep our word."""
        if self._turn.calls() or (late and self._purse.affords("alert", connect=True)):
            self._returning = True
            self._connect()

    # --- the connection

    def _begin(self) -> None:
        """Forget what belongs to one connection: its rows are unsent again."""
        self._outbox.cut()
        self._freight.clear()
        self._turn.cut()

    def _connect(self) -> None:
        self._attempts.begin(self._outbox.epochs[0].id)
        self._purse.connecting()
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
        self._returning = False
        self.state = WAITING
        self._deadline = self._now + self._attempts.wait(long=long)

    def _change_epoch(self) -> None:
        """A session belongs to one epoch: the will tells of the old one's end."""
        if self.state == ENDING:
            self._finish()
            return
        self._commands.append(p.Disconnect(clean=False))
        self._begin()
        self._connect_if_borne()

    def _connect_if_borne(self) -> None:
        """A daemon that is started again and again, or epochs that a sink asks for, break no budget."""
        if self._purse.affords("alert", connect=True):
            self._connect()
        else:
            self.state, self._deadline = WAITING, self._now

    def _say_goodbye(self) -> None:
        """When the daemon ends: the offline status once all is answered, and then the end."""
        if len(self._turn.unanswered):
            return
        offline = self._retained.offline(self._voice())
        bears = self._purse.affords("alert", len(offline.payload))
        if self._farewell or not bears:
            self._commands.append(p.Disconnect(clean=self._farewell))
            self._end()
            return
        self._farewell = True
        self._commands.append(self._turn.publish_retained(offline))

    def _finish(self) -> None:
        """The grace is over. With the window full nothing more may go: the will says offline."""
        room = self._turn.unanswered.room()
        if room and not self._farewell:
            self._commands.append(self._turn.publish_retained(self._retained.offline(self._voice())))
        self._commands.append(p.Disconnect(clean=room))
        self._end()

    def _end(self) -> None:
        self._begin()
        self.state = ENDED
        self._commands.append(p.Ended())

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
        since = self._turn.unanswered.since()
        return float("inf") if since is None else since + self._settings.ack_timeout

    def _ask_to_be_woken(self) -> None:
        at = self._next_moment()
        wake_at = None if at == float("inf") else at
        if wake_at != self._wake_at and self.state != ENDED:
            self._wake_at = wake_at
            self._commands.append(p.Wake(wake_at))

    def _next_moment(self) -> float:
        """When something may have to be done, infinity if nothing."""
        later = (self._turn.quiet_until, self._listen_until, self._turn.wants_at)
        soonest = min((at for at in later if at > self._now), default=float("inf"))
        if self.state == WAITING:
            return max(self._deadline, self._purse.when("alert", self._now, connect=True))
        if self.state in (CONNECTING, ENDING):
            return self._deadline
        if self.state == RESTING:
            due = max(self._deadline, self._purse.when("alert", self._now, connect=True))
            return min(due, soonest, self._retained.wake_at(self._now))
        if self.state in (ONLINE, LEAVING):
            return min(self._answer_due(), soonest, self._retained.wake_at(self._now))
        return float("inf")

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
        (LEAVING, p.Flushed): _flushed,
        (LEAVING, p.Condition): _condition,
        (LEAVING, p.Alerts): _alerted,
        (LEAVING, p.Puback): _puback,
        (LEAVING, p.Received): _received,
        (LEAVING, p.Found): _found,
        (LEAVING, p.Lost): _lost,
        (LEAVING, p.Stopping): _stop_online,
        (RESTING, p.Flushed): _flushed,
        (RESTING, p.Condition): _condition,
        (RESTING, p.Alerts): _alerted,
        (RESTING, p.Found): _found,
        (RESTING, p.Stopping): _stop_offline,
        (ENDING, p.Flushed): _flushed,
        (ENDING, p.Alerts): _alerted,
        (ENDING, p.Puback): _puback,
        (ENDING, p.Received): _received,
        (ENDING, p.Lost): _lost_ending,
    }
