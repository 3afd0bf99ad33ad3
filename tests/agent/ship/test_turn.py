from __future__ import annotations

from agent.ship import protocol as p
from agent.ship.alert import Alert
from agent.ship.budget import Allowance
from agent.ship.freight import Freight
from agent.ship.outbox import Outbox
from agent.ship.purse import Purse
from agent.ship.records import Epoch, Row
from agent.ship.retained import Retained, Voice
from agent.ship.turn import Turn
from tests.agent.ship.bench import EPOCH, content, key

VOICE = Voice((EPOCH, 1), 10.0, 1_700_000_010.0)
HOT = Alert("d", "hot", "critical", "", "", "", 1.0, 1.0, ())


class Table:
    """A turn with its outbox, freight and purse."""

    def __init__(self, allowance: Allowance | None = None) -> None:
        settings = p.Settings("f", "d", budget=allowance)
        self.outbox = Outbox()
        self.purse = Purse(allowance)
        self.said: list[tuple[str, ...]] = []
        self.retained = Retained(settings, self.purse)
        self.freight = Freight(settings, self.outbox, lambda *_: None)
        say = lambda *words: self.said.append(words)  # noqa: E731
        self.turn = Turn(settings, self.outbox, self.freight, self.retained, self.purse, say)
        self.freight.begin(100_000)
        self.turn.begin(None)
        self.turn.now = VOICE.now
        self.purse.advance(VOICE.now)

    def flush(self) -> None:
        row = Row(key(0), b"digest00", confirmed=False, size=100, tombstone=None)
        self.outbox.flushed((Epoch(EPOCH, None, {}, {"windows": 1}),), [row], ())
        self.freight.flushed({row.key: content()})
        self.turn.flushed()

    def topics(self, *, ending: bool = False) -> list[str]:
        taken = self.turn.take(VOICE, ending=ending)
        return [each.topic.removeprefix(self.turn.root) for each in taken if isinstance(each, p.Publish)]


def test_an_alert_goes_before_the_status_and_that_before_the_windows() -> None:
    table = Table()
    table.flush()
    table.retained.told({"hot": HOT})
    assert table.topics() == ["alert/hot", "status", "data"]


def test_when_the_daemon_ends_only_what_is_new_goes() -> None:
    table = Table()
    table.flush()
    assert table.topics(ending=True) == ["data"]


def test_it_is_quiet_when_all_is_answered() -> None:
    table = Table()
    table.flush()
    table.topics()
    assert not table.turn.quiet()
    for token in (1, 2):
        table.turn.unanswered.answered(token, 11.0)
    assert table.turn.quiet()


def test_what_the_purse_does_not_bear_waits_and_it_is_known_until_when() -> None:
    table = Table(Allowance(2_000_000, 86_400.0))
    table.flush()
    table.purse.spend(100_000)
    assert table.topics() == ["status"]
    assert VOICE.now < table.turn.wants_at < VOICE.now + 600.0


def test_a_connection_is_worth_it_for_what_can_be_paid_for() -> None:
    table = Table(Allowance(200_000, 86_400.0))
    table.flush()
    assert table.turn.calls()
    table.purse.spend(10_000)
    assert not table.turn.calls()
    assert table.turn.wants_at > VOICE.now
