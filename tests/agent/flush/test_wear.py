from __future__ import annotations

from pathlib import Path

from agent.flash import Flash
from agent.flush.wear import DEVICE, LEFT, Wear
from agent.judge.thrift import Counted, Thrift
from collectors.host import Host
from collectors.tally import Tally

MB = 1_000_000


class Counts(Flash):
    """A card whose counts the test sets."""

    def __init__(self) -> None:
        super().__init__(Host(), Path("/no/such/place"))
        self.now = Counted(0, 0)

    def counted(self) -> Counted:
        return self.now


def test_it_tells_when_the_budget_begins_to_run_short_and_when_it_does_not_any_more() -> None:
    card, tally = Counts(), Tally()
    wear = Wear(Thrift(80 * MB), lambda: card, tally)
    wear.begin(b"", 0.0, 1e9, 0)
    card.now = Counted(2 * MB, 3 * MB)
    assert wear.look(60.0, 0) == (2 * MB, None)
    card.now = Counted(8 * MB, 12 * MB)
    written, turn = wear.look(120.0, 0)
    assert written == 6 * MB
    assert turn is not None
    assert turn.name == "flash.thrifty"
    assert turn.text.startswith("the disk is written faster than store.write_budget (80 MB a day; 8.0 MB in ")
    assert turn.attributes == (("spent", "8000000"), ("device", "12000000"), ("budget", "80000000"))
    assert wear.thrifty
    _, turn = wear.look(120.0 + 6 * 3600, 0)
    assert turn is not None
    assert turn.name == "flash.eased"
    counted = {count.name: (count.value, count.kind) for count in tally.snapshot()}
    assert counted[DEVICE] == (12 * MB, "counter")
    assert counted[LEFT] == (10 * MB, "gauge")
    assert tally.unit(DEVICE) == tally.unit(LEFT) == "By"


def test_what_was_written_before_it_began_is_none_of_the_budget() -> None:
    card = Counts()
    card.now = Counted(700 * MB, None)
    wear = Wear(Thrift(8 * MB), lambda: card, Tally())
    wear.begin(b"", 0.0, 1e9, 0)
    assert wear.look(1.0, 0) == (0, None)
    assert wear.look(2.0, 5000) == (5000, None), "what the log holds is owed"
    assert not wear.thrifty


def test_it_goes_on_from_what_the_store_kept() -> None:
    card = Counts()
    first = Wear(Thrift(8 * MB), lambda: card, Tally())
    first.begin(b"", 0.0, 1e9, 0)
    card.now = Counted(900_000, None)
    first.look(1.0, 0)
    saved = first.thrift.state(1e9)
    assert saved is not None
    second = Wear(Thrift(8 * MB), lambda: card, Tally())
    second.begin(saved, 0.0, 1e9 + 1, 0)
    assert second.look(1.0, 0)[0] == 0
    assert second.thrift.spent == 900_000
    assert second.thrifty
