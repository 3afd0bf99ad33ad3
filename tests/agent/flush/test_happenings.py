from __future__ import annotations

import threading

from agent.flush.happenings import EVENTS, Happenings
from agent.ledger import Entry, entry_of
from agent.stats.frame import Event
from collectors.tally import Tally

LOST = Entry("lost", "windows", "full", "store", 2, 500, (100.0, 160.0))


def event(n: int) -> Event:
    return Event("boot", float(n), 0.0, "made.up", (), str(n))


def made() -> Happenings:
    return Happenings(lambda: 10.0, Tally())


def test_what_waits_is_taken_until_it_is_written_and_what_came_since_stays() -> None:
    happenings = made()
    happenings.note("events", [event(1)])
    happenings.note("alerts", [event(2)])
    batch = happenings.take(ending=False)
    happenings.note("events", [event(3)])
    assert {name: [e.text for e in each.events] for name, each in batch.contents.items()} == {
        "events": ["1"],
        "alerts": ["2"],
        "samples": [],
    }
    assert len(happenings.take(ending=False).contents["events"].events) == 2
    happenings.written(batch)
    assert [e.text for e in happenings.take(ending=False).contents["events"].events] == ["3"]


def test_beyond_the_bound_events_are_entered_as_lost() -> None:
    happenings = made()
    happenings.note("events", map(event, range(EVENTS // 2)))
    assert happenings.pressing
    happenings.note("events", map(event, range(EVENTS)))
    (entry,) = happenings.take(ending=True).told
    assert entry[:5] == ("lost", "events", "too_many", "writer", EVENTS // 2)


def test_what_could_not_be_written_is_told_with_the_next_flush() -> None:
    happenings = made()
    happenings.enter(LOST)
    batch = happenings.take(ending=False)
    assert [entry_of(each) for each in batch.entries("boot", 10.0, 0.0)] == [LOST]
    assert happenings.take(ending=False).told == ()
    happenings.give_back(batch)
    assert happenings.take(ending=False).told == (LOST,)


def test_threads_may_tell_at_the_same_time() -> None:
    happenings = made()

    def tell() -> None:
        for _ in range(500):
            happenings.enter(LOST)

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert happenings.take(ending=True).told[0].records == 4 * 500 * (LOST.records or 0)
