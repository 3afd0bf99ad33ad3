from __future__ import annotations

import pytest

from agent.ledger import EVERY, KINDS, SEVERAL, Entry, Ledger, entry_of, event_of, joined, utc, words
from agent.stats.frame import Event

LOST = Entry("lost", "windows", "full", "store", 2, 500, (100.0, 160.0))
MERGED = Entry("merged", "windows", "age", "store", 8, 4000, (0.0, 480.0))


def test_a_loss_is_told_at_once_and_then_once_in_ten_minutes() -> None:
    ledger = Ledger()
    told = []
    for minute in range(60):
        ledger.note(LOST, 60.0 * minute)
        told += [(minute, entry.records) for entry in ledger.take(60.0 * minute)]
    assert told == [(0, 2), *((n, 20) for n in range(10, 60, 10))]


def test_what_is_routine_is_told_once_in_six_hours() -> None:
    ledger = Ledger()
    told = []
    for minute in range(0, 1600, 8):
        ledger.note(MERGED, 60.0 * minute)
        told += [(minute, entry.records) for entry in ledger.take(60.0 * minute)]
    assert [minute for minute, _ in told] == [360, 720, 1080, 1440]
    assert sum(records or 0 for _, records in told) == 8 * (1 + 1440 // 8)


def test_nothing_is_forgotten_between_two_tellings() -> None:
    ledger = Ledger()
    total = 0
    for second in range(5000):
        ledger.note(LOST, float(second))
        total += sum(entry.records or 0 for entry in ledger.take(float(second)))
    total += sum(entry.records or 0 for entry in ledger.take(5000.0, ending=True))
    assert total == 2 * 5000
    assert ledger.take(1e9, ending=True) == ()


def test_at_the_end_a_loss_is_told_and_what_is_routine_does_not_ask_for_a_flush_of_its_own() -> None:
    ledger = Ledger()
    ledger.note(MERGED, 0.0)
    assert ledger.take(1.0, ending=True) == ()
    ledger.note(LOST, 1.0)
    assert ledger.take(1.0) == (LOST,)
    ledger.note(LOST, 2.0)
    assert set(ledger.take(3.0, ending=True)) == {LOST, MERGED}


def test_what_could_not_be_written_is_told_later_with_what_came_since() -> None:
    ledger = Ledger()
    ledger.note(LOST, 0.0)
    told = ledger.take(0.0)
    ledger.give_back(told, 60.0)
    ledger.note(LOST._replace(span=(160.0, 220.0)), 60.0)
    assert ledger.take(60.0) == (LOST._replace(records=4, size=1000, span=(100.0, 220.0)),)


def test_it_is_bounded_whatever_it_is_told() -> None:
    ledger = Ledger()
    for n in range(10 * KINDS):
        ledger.note(LOST._replace(reason=str(n)), float(n) / 1e6)
        if n % 7 == 0:
            ledger.take(float(n) / 1e6)
    assert len(ledger._open) <= KINDS + 1
    assert len(ledger._due) <= KINDS + 1
    rest = {entry.reason: entry.records or 0 for entry in ledger.take(1.0, ending=True)}
    assert rest[SEVERAL] > 2


def test_after_a_rest_nothing_is_remembered() -> None:
    ledger = Ledger()
    for what in EVERY:
        ledger.note(LOST._replace(what=what), 0.0)
    ledger.take(3e4)
    ledger.take(6e4)
    assert ledger._due == {}


def test_unknown_amounts_stay_unknown() -> None:
    unknown = LOST._replace(size=None, span=None)
    assert joined(unknown, unknown) == unknown._replace(records=4)
    assert joined(unknown, LOST) == LOST._replace(records=4)


def test_a_number_of_records_that_nobody_knows_is_left_out_and_not_zero() -> None:
    unknown = LOST._replace(records=None, size=None, span=None)
    event = event_of(unknown, "boot", 5.0, 1000.0)
    assert not {"records", "bytes", "start"} & set(dict(event.attributes))
    assert entry_of(event) == unknown
    assert event.text == "an unknown number of records in windows: lost (full)"
    assert joined(unknown, LOST).records is joined(LOST, unknown).records is None


@pytest.mark.parametrize(
    "entry", [LOST, MERGED, Entry("refused", "alerts", "packet_too_large", "link"), LOST._replace(size=0)]
)
def test_an_entry_comes_back_from_its_event(entry: Entry) -> None:
    event = event_of(entry, "boot", 5.0, 1000.0)
    assert (event.name, event.wall) == (f"ledger.{entry.what}", 1005.0)
    assert entry_of(event) == entry
    assert event.text == words(entry)


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("lost", {}),
        ("ledger.found", {}),
        ("ledger.lost", {"stream": "metrics"}),
        ("ledger.lost", {"records": "many"}),
        ("ledger.lost", {"records": "-1"}),
        ("ledger.lost", {"bytes": "-1"}),
        ("ledger.lost", {"start": "nan"}),
        ("ledger.lost", {"end": "inf"}),
        ("ledger.lost", {"end": None}),
    ],
)
def test_what_no_ledger_says_is_none(name: str, attributes: dict[str, str | None]) -> None:
    event = event_of(LOST, "boot", 5.0, 1000.0)
    said: dict[str, str | None] = {**dict(event.attributes), **attributes}
    pairs = tuple((key, value) for key, value in said.items() if value is not None)
    changed = name != "ledger.lost" or pairs != event.attributes
    assert changed
    assert entry_of(Event("boot", 5.0, 0.0, name, pairs, "")) is None


def test_people_read_what_when_how_much_and_why() -> None:
    assert words(LOST) == (
        "2 records of 500 bytes in windows, 1970-01-01T00:01:40Z to 1970-01-01T00:02:40Z: lost (full)"
    )
    assert words(Entry("cut", "windows", "max_series", "fold", 7)) == (
        "7 series in windows: not taken (max_series)"
    )


def test_a_time_no_calendar_has_is_a_number() -> None:
    assert utc(1e20) == "100000000000000000000"


def test_a_window_is_not_shown_a_second_too_early() -> None:
    start = 1_700_000_000.0
    assert utc(start - 0.000_07) == utc(start + 0.002) == "2023-11-14T22:13:20Z"
