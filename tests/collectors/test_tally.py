from __future__ import annotations

from threading import Thread

from collectors.tally import OVERFLOW, Count, Tally


def test_counters_add_up_by_name_and_attributes() -> None:
    tally = Tally()
    tally.add("outrider.wire.rejected", reason="too_large")
    tally.add("outrider.wire.rejected", 2, reason="too_large")
    tally.add("outrider.wire.rejected", reason="nested")
    assert tally.snapshot() == [
        Count("outrider.wire.rejected", (("reason", "too_large"),), "counter", 3),
        Count("outrider.wire.rejected", (("reason", "nested"),), "counter", 1),
    ]


def test_a_gauge_has_its_latest_value() -> None:
    tally = Tally()
    tally.set("outrider.spool.size", 5)
    tally.set("outrider.spool.size", 3)
    assert tally.snapshot() == [Count("outrider.spool.size", (), "gauge", 3)]


def test_a_unit_can_be_named() -> None:
    tally = Tally()
    tally.describe("outrider.spool.size", "By")
    assert tally.unit("outrider.spool.size") == "By"
    assert tally.unit("outrider.wire.rejected") == "{count}"


def test_past_the_limit_all_is_counted_under_other() -> None:
    tally = Tally(limit=3)
    for number in range(10):
        tally.add("outrider.x", reason=str(number))
    assert tally.snapshot()[-1] == Count("outrider.x", (("reason", "other"),), "counter", 7)
    assert sum(each.value for each in tally.snapshot()) == 10


def test_names_without_end_are_bounded_too() -> None:
    tally = Tally(limit=3)
    for number in range(100):
        tally.add(f"outrider.x{number}")
        tally.set(f"outrider.y{number}", 1)
    snapshot = tally.snapshot()
    assert len(snapshot) <= 7
    assert any(each.name == OVERFLOW for each in snapshot)


def test_a_later_snapshot_only_adds_at_the_end() -> None:
    tally = Tally()
    tally.add("outrider.a")
    first = tally.snapshot()
    tally.add("outrider.b")
    tally.add("outrider.a")
    assert [each.name for each in tally.snapshot()][: len(first)] == [each.name for each in first]


def test_threads_lose_no_count() -> None:
    tally = Tally()

    def add() -> None:
        for _ in range(5000):
            tally.add("outrider.x", reason="y")

    threads = [Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.snapshot()[0].value == 20_000
