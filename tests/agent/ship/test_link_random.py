"""The link under random events: what must hold whatever happens, in whatever order."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.ship import protocol as p
from agent.ship.ack import encode_ack
from agent.ship.budget import Lane
from agent.ship.link import CONNECTING, ENDED, ONLINE, WAITING
from agent.ship.outbox import Heard, Outbox
from agent.ship.records import Ack, Key, Row
from tests.agent.ship.bench import Bench, ack, content, only, stone

CODES = st.sampled_from([0, 0, 0, 0, 0x10, 0x80, 0x83, 0x87, 0x95, 0x97, 0x99])
MOST_COMMANDS = 64


class Ledger(Outbox):
    """An outbox that notes each row taken and how it ended."""

    def __init__(self, sink: str = "") -> None:
        super().__init__(sink)
        self.taken: Counter[tuple[Key, bytes]] = Counter()
        self.surprises = False
        self.again = 0

    def take(self, budget: int, lane: Lane | None = None) -> list[Row]:
        rows = super().take(budget, lane)
        for row in rows:
            # A sink's word can make a row unsent again while it is still on its way.
            assert self.surprises or not self.taken[row.key, row.digest], "taken twice without an end between"
            self.taken[row.key, row.digest] += 1
        return rows

    def sent(self, key: Key, digest: bytes) -> None:
        self._end(key, digest)
        super().sent(key, digest)

    def failed(self, key: Key, digest: bytes) -> None:
        self._end(key, digest)
        super().failed(key, digest)

    def refused(self, key: Key, digest: bytes, reason: str) -> None:
        self._end(key, digest)
        super().refused(key, digest, reason)

    def heard(self, ack: Ack) -> Heard:
        self.surprises = True
        return super().heard(ack)

    def cut(self) -> None:
        self.taken.clear()
        super().cut()

    def under_way(self) -> int:
        return sum(self.taken.values())

    def _end(self, key: Key, digest: bytes) -> None:
        assert self.taken[key, digest] > 0, "ended without being taken, or twice"
        self.taken[key, digest] -= 1


class AnyOrder(RuleBasedStateMachine):
    """Events of all kinds, sensible or not, against a link with a small window."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(sink="s", in_flight=3, status_every=100.0)
        ledger = Ledger("s")
        self.bench.outbox = self.ledger = ledger
        self.bench.link = type(self.bench.link)(self.bench.link._settings, ledger, lambda: 0.5)
        self.window = 3
        self.ended = False

    def tell(self, event: p.Event, after: float = 0.0) -> None:
        commands = self.bench.tell(event, after)
        assert len(commands) <= MOST_COMMANDS
        assert len(only(p.Load, commands)) <= 1
        assert not (self.ended and commands), "the last word was said"
        self.ended = self.ended or bool(only(p.Ended, commands))

    @initialize(backlog=st.integers(0, 5), window=st.sampled_from([None, 1, 2]))
    def begin(self, backlog: int, window: int | None) -> None:
        self.bench.backlog(*[content(20_000, seed=100 + n) for n in range(backlog)])
        self.flush([10], 0.0)
        self.connected(None, window)

    @rule(sizes=st.lists(st.sampled_from([10, 500, 30_000, 150_000]), max_size=3), after=st.floats(0, 70))
    def flush(self, sizes: list[int], after: float) -> None:
        contents = [content(size, seed=self.bench.next) for size in sizes]
        rows = self.bench.add(*contents)
        self.bench.commit(rows)
        self.tell(p.Flushed({row.key: each for row, each in zip(rows, contents, strict=True)}), after)

    @rule()
    def flush_a_tombstone(self) -> None:
        row = stone(self.bench.next)
        self.bench.next += 1
        self.bench.commit([row])
        self.tell(p.Flushed({}))

    @precondition(lambda self: self.ledger.settled())
    @rule()
    def forget(self) -> None:
        """Retention: what is confirmed leaves the outbox, and later the store."""
        self.bench.commit(removed=[key for key, _ in self.ledger.settled()])

    @precondition(lambda self: self.bench.next > 12)
    @rule()
    def new_epoch(self) -> None:
        self.bench.epoch += 1
        self.bench.next = 0
        self.bench.commit()

    @precondition(lambda self: self.bench.link.state == CONNECTING)
    @rule(largest=st.sampled_from([None, 1_200, 20_000]), window=st.sampled_from([None, 1, 2]))
    def connected(self, largest: int | None, window: int | None) -> None:
        self.window = window or 3
        self.tell(p.Connected(largest, window))

    @precondition(lambda self: self.bench.unanswered)
    @rule(code=CODES, which=st.integers(0, 2), after=st.floats(0, 10))
    def puback(self, code: int, which: int, after: float) -> None:
        waiting = self.bench.unanswered
        self.tell(p.Puback(waiting[which % len(waiting)].token, code), after)

    @precondition(lambda self: self.bench.unanswered)
    @rule()
    def pubacks(self) -> None:
        while self.bench.unanswered:
            self.bench.answer()

    @rule(token=st.integers(0, 10**6))
    def strange_puback(self, token: int) -> None:
        if token not in {sent.token for sent in self.bench.unanswered}:
            self.tell(p.Puback(token, 0))

    @precondition(lambda self: self.bench.load_asked())
    @rule(gone=st.booleans(), corrupt=st.booleans())
    def loaded(self, gone: bool, corrupt: bool) -> None:
        asked = self.bench.load_asked()
        assert asked is not None
        self.bench.loaded.add(asked.token)
        found: dict[Key, p.Record] = {
            row.key: (row.digest, self.bench.stored[row.key][1])
            for row in asked.rows
            if row.key in self.bench.stored
        }
        first = asked.rows[0].key
        if corrupt:
            found[first] = p.Corrupt("digest")
        elif gone:
            found.pop(first, None)
        self.tell(p.Loaded(asked.token, found))

    @rule(token=st.integers(0, 5))
    def strange_load(self, token: int) -> None:
        if token not in {load.token for load in only(p.Load, self.bench.commands)}:
            self.tell(p.Loaded(token, {}))

    @rule(reason=st.sampled_from(["closed", "keepalive"]), code=st.sampled_from([None, 0x8E, 0x95]))
    def lost(self, reason: str, code: int | None) -> None:
        self.tell(p.Lost(reason, reason, code))

    @precondition(lambda self: self.bench.link.state == CONNECTING)
    @rule(final=st.booleans(), unsupported=st.booleans())
    def refused(self, final: bool, unsupported: bool) -> None:
        self.tell(p.Refused("why", "why", final, unsupported))

    @rule(have=st.integers(0, 20), first=st.integers(0, 20), length=st.integers(0, 10))
    def acknowledged(self, have: int, first: int, length: int) -> None:
        wanted = Key(self.bench.epoch, "windows", first, first + length - 1)
        word = ack([(0, have)], [wanted] if length else [])
        self.tell(p.Received("outrider/v1/f/d/ack/s", encode_ack(word)))

    @precondition(lambda self: bool(only(p.Lookup, self.bench.commands)))
    @rule(count=st.integers(0, 3))
    def found(self, count: int) -> None:
        wanted = only(p.Lookup, self.bench.commands)[-1].wanted
        stored = [row for row, _ in self.bench.stored.values() if row.key.epoch == wanted.epoch]
        self.tell(p.Found(wanted, [row._replace(confirmed=True) for row in stored[:count]]))

    @rule(condition=st.sampled_from([(), ("disk_full",)]))
    def condition(self, condition: tuple[str, ...]) -> None:
        self.tell(p.Condition(condition))

    @precondition(lambda self: self.bench.link.state == WAITING)
    @rule()
    def sleep(self) -> None:
        self.tick(120.0)

    @rule(after=st.floats(0, 200))
    def tick(self, after: float) -> None:
        self.tell(p.Tick(), after)

    @invariant()
    def the_window_holds(self) -> None:
        assert len(self.bench.unanswered) <= self.window

    @invariant()
    def what_is_taken_belongs_to_a_connection(self) -> None:
        assert not self.ledger.under_way() or self.bench.link.state == ONLINE

    def teardown(self) -> None:
        """Every row taken comes to an end when the daemon does."""
        self.tell(p.Stopping(1.0))
        self.tell(p.Tick(), after=1.0)
        assert self.bench.link.state == ENDED
        assert not self.ledger.under_way()


AnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
