"""A link on a bench: a real outbox, a pretended store and broker, and a clock that is turned by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from agent.ship import protocol as p
from agent.ship.link import Link
from agent.ship.outbox import Outbox
from agent.ship.records import Ack, Epoch, Held, Key, Message, Row, Tombstone
from agent.ship.wire import decode_message
from agent.stats.frame import Content, Event

EPOCH = 77
WALL = 1_700_000_000.0
AnyCommand = TypeVar("AnyCommand", bound=p.Command)


def content(size: int = 10, *, seed: int = 0) -> Content:
    """Content of about `size` bytes that no compression makes much smaller."""
    words = [format((seed * 7919 + i) * 2654435761 % 2**32, "08x") for i in range(max(1, size // 8))]
    texts = ["".join(words[i : i + 100]) for i in range(0, len(words), 100)]
    return Content(events=tuple(Event("0" * 32, float(i), WALL, "e", (), t) for i, t in enumerate(texts)))


def key(n: int, *, epoch: int = EPOCH, stream: str = "windows") -> Key:
    """The name of a fresh record."""
    return Key(epoch, stream, n, n)


def stone(n: int) -> Row:
    """A row that says that record `n` is lost."""
    grave = Tombstone(key(n), "full", 1, 9, 0.0, 1.0)
    return Row(grave.key, b"stone%03d" % n, confirmed=False, size=60, tombstone=grave)


class Bench:
    """Feeds the link; keeps what the store holds and which publishes are unanswered."""

    def __init__(self, sink: str = "", **settings: Any) -> None:
        self.outbox = Outbox(sink)
        chosen = p.Settings(fleet="f", device="d", sink=sink)._replace(**settings)
        self.link = Link(chosen, self.outbox, lambda: 0.5)
        self.now = 1000.0
        self.epoch = EPOCH
        self.stored: dict[Key, tuple[Row, Content]] = {}
        self.next = 0
        self.commands: list[p.Command] = []
        self.unanswered: list[p.Publish] = []
        self.online = False
        self.loaded: set[int] = set()

    def tell(self, event: p.Event, after: float = 0.0) -> list[p.Command]:
        """Hand one event over, `after` seconds later; check what must hold at every step."""
        self.now += after
        if isinstance(event, p.Puback):
            self.unanswered = [sent for sent in self.unanswered if sent.token != event.token]
        if isinstance(event, (p.Lost, p.Refused)):
            self.online, self.unanswered = False, []
        if isinstance(event, p.Connected):
            self.online = True
        commands = self.link.handle(event, self.now, WALL + self.now)
        for command in commands:
            self._watch(command)
        self.commands += commands
        return commands

    def _watch(self, command: p.Command) -> None:
        if isinstance(command, p.Publish):
            assert self.online, "published without a connection"
            self.unanswered.append(command)
        elif isinstance(command, p.Disconnect):
            self.online, self.unanswered = False, []

    def add(self, *contents: Content, size: int | None = None) -> list[Row]:
        """Rows as a flush makes them, one number each; the outbox knows them after `commit`."""
        rows = []
        for each in contents:
            name = key(self.next, epoch=self.epoch)
            length = size or 40 + sum(len(event.text) for event in each.events)
            row = Row(name, b"digest%02d" % (self.next % 100), confirmed=False, size=length, tombstone=None)
            self.stored[name] = (row, each)
            self.next += 1
            rows.append(row)
        return rows

    def commit(self, added: Sequence[Row] = (), removed: Sequence[Key] = ()) -> None:
        """What the daemon does after a commit, before it tells the link."""
        own = Epoch(self.epoch, None, {}, {"windows": self.next})
        self.outbox.flushed((own,), added, removed)

    def backlog(self, *contents: Content, size: int | None = None) -> list[Row]:
        """Rows of earlier flushes, of which the link was told nothing."""
        rows = self.add(*contents, size=size)
        self.commit(rows)
        return rows

    def flush(self, *contents: Content, after: float = 0.0) -> list[p.Command]:
        """A flush with these records."""
        rows = self.add(*contents)
        self.commit(rows)
        return self.tell(p.Flushed({row.key: each for row, each in zip(rows, contents, strict=True)}), after)

    def connect(self, **limits: int | None) -> list[p.Command]:
        """The broker accepts."""
        return self.tell(p.Connected(**limits))

    def begin(self, *contents: Content) -> list[p.Command]:
        """A first flush, a connection and a PUBACK for all that came of it."""
        self.flush(*contents)
        commands = self.connect()
        self.answer_all()
        return commands

    def answer(self, code: int = 0) -> list[p.Command]:
        """PUBACK for the oldest unanswered publish."""
        return self.tell(p.Puback(self.unanswered[0].token, code))

    def answer_all(self) -> None:
        """PUBACK for everything, and for what follows; loads are answered too."""
        while self.unanswered or self.load_asked():
            if self.load_asked():
                self.load()
            else:
                self.answer()

    def load_asked(self) -> p.Load | None:
        """The load that waits for an answer."""
        for command in reversed(self.commands):
            if isinstance(command, (p.Connect, p.Disconnect)):
                return None
            if isinstance(command, p.Load):
                return None if command.token in self.loaded else command
        return None

    def load(self, instead: Mapping[Key, p.Record] | None = None) -> list[p.Command]:
        """Answer the load from the store, or with this."""
        asked = self.load_asked()
        assert asked is not None, "no load was asked for"
        self.loaded.add(asked.token)
        found: dict[Key, p.Record] = {
            row.key: (row.digest, self.stored[row.key][1]) for row in asked.rows if row.key in self.stored
        }
        return self.tell(p.Loaded(asked.token, found if instead is None else instead))

    def sent(self) -> list[Key]:
        """The keys of the rows that wait for a sink's word or are settled."""
        states = self.outbox._entries.values()
        return [entry.row.key for entry in states if entry.state in ("open", "settled")]


def only(kind: type[AnyCommand], commands: Sequence[p.Command]) -> list[AnyCommand]:
    """The commands of one kind."""
    return [command for command in commands if isinstance(command, kind)]


def messages(commands: Sequence[p.Command]) -> list[Message]:
    """The messages on `data` among these commands, decoded."""
    data = [sent for sent in only(p.Publish, commands) if sent.topic.endswith("/data")]
    return [decode_message(sent.payload) for sent in data]


def statuses(commands: Sequence[p.Command]) -> list[p.Publish]:
    """The status messages among these commands."""
    return [sent for sent in only(p.Publish, commands) if sent.topic.endswith("/status")]


def keys(message: Message) -> list[Key]:
    """The records that a message carries whole or in part."""
    return [part.key for part in message.parts]


def notices(commands: Sequence[p.Command]) -> list[tuple[str, str, str]]:
    """Level, name and reason of what was said."""
    return [(each.level, each.name, each.reason) for each in only(p.Notice, commands)]


def ack(have: Sequence[tuple[int, int]] = (), want: Sequence[Key] = (), *, sink: str = "s") -> Ack:
    """A sink's word about our epoch's windows."""
    spans = tuple(have)
    held = (Held(EPOCH, "windows", spans, spans, None),) if spans else ()
    return Ack(sink, held, tuple(want))
