from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from agent.ship.records import Key, is_block
from agent.stats.frame import Event
from agent.store.coarsen import AT_ONCE, MERGES, Budget, Coarsener, Room, halves
from agent.store.flush import Flush
from agent.store.layout import Head, place
from agent.store.sizing import Limits
from tests.agent.store.conftest import MakeDevice
from tests.agent.store.device import LIMITS, START, Device, content


def data(first: int, last: int, reason: str | None = None) -> Head:
    """A row of these numbers."""
    return Head(place("windows", 1, first), last, 0, b"", 0.0, 0.0, reason, None, None, 100)


def spans(groups: list[list[Head]]) -> list[tuple[int, int]]:
    """The numbers of each group."""
    return [(group[0].first, group[-1].last) for group in groups]


def all_affordable(group: list[Head]) -> bool:
    return True


def test_only_halves_of_one_aligned_block_are_merged() -> None:
    rows = [data(n, n) for n in range(1, 7)]
    assert spans(halves(rows, 8, all_affordable)) == [(1, 1), (2, 3), (4, 5), (6, 6)]


def test_a_tombstone_is_never_merged_with_data() -> None:
    rows = [data(0, 0), data(1, 1, "full"), data(2, 2), data(3, 3)]
    assert spans(halves(rows, 8, all_affordable)) == [(0, 0), (1, 1), (2, 3)]


def test_rows_of_other_lengths_find_their_halves() -> None:
    rows = [data(0, 3), data(4, 5), data(6, 6), data(7, 7)]
    assert spans(halves(rows, 8, all_affordable)) == [(0, 7)]
    assert spans(halves(rows, 4, all_affordable)) == [(0, 3), (4, 7)]


@given(st.sets(st.integers(0, 63)), st.sampled_from([2, 8, 64]))
def test_groups_are_aligned_blocks_and_lose_nothing(numbers: set[int], length: int) -> None:
    rows = [data(n, n) for n in sorted(numbers)]
    groups = halves(rows, length, all_affordable)
    assert [head for group in groups for head in group] == rows
    assert all(is_block(*span) and span[1] - span[0] < length for span in spans(groups))
    assert all(len(group) <= AT_ONCE for group in groups)


def test_what_is_not_affordable_is_merged_in_smaller_steps() -> None:
    rows = [data(n, n) for n in range(8)]
    assert spans(halves(rows, 8, lambda group: len(group) <= 2)) == [(0, 1), (2, 3), (4, 5), (6, 7)]


def test_a_block_waits_until_it_is_complete_and_old(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=((4, 35.0),)))
    seen = []
    for n in range(9):
        device.flush(n)
        seen.append(device.spans()[0])
    assert seen == [(0, 0)] * 7 + [(0, 3)] * 2


def test_an_incomplete_block_of_an_earlier_life_is_merged_as_far_as_it_goes(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=((4, 15.0),)))
    for n in range(3):
        device.flush(n, aging=0)
    device.reopen()
    for n in range(4):
        device.flush(n)
    assert [row.key[2:] for row in device.rows() if row.key.epoch == 1001] == [(0, 1), (2, 2)]


def test_windows_stay_apart_across_a_step_of_the_clock(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=((2, 0.0),)))
    for n in range(2):
        device.now += 10
        device.apply(Flush(device.now, {"windows": content(device.now - 10.0, n, offset=1000.0 + 60 * n)}))
    device.flush(None)
    [head] = device.heads()
    assert len(device.store._rows.read(head).frames) == 2
    assert (head.start, head.end) == (START, START + 20.0)


def test_a_merge_that_would_be_too_large_is_left(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=((2, 0.0),)))
    for n in range(2):
        noise = tuple(Event("boot-1", n + i / 1000, START, "e", (), os.urandom(300).hex()) for i in range(80))
        device.now += 10.0
        device.apply(Flush(device.now, {"windows": content(device.now)._replace(events=noise)}))
    device.flush(None)
    assert device.spans() == [(0, 0), (1, 1)]
    assert sum(head.size or 0 for head in device.heads()) > device.store.share.largest


def test_a_row_that_cannot_be_read_is_buried_and_the_rest_goes_on(make_device: MakeDevice) -> None:
    """vector#17644: a bad record made an endless loop; here it is passed over, and counted."""
    device = make_device(LIMITS._replace(tiers=((4, 15.0),)))
    for n in range(4):
        device.flush(n, aging=0)
    device.store._connection.execute("UPDATE records SET content = x'aa' WHERE place & 0xffff = 1")
    flushed = [device.flush(None) for _ in range(3)]
    assert sum(done.counts.get("corrupt", 0) for done in flushed) == 1
    assert device.spans() == [(0, 0), (1, 1), (2, 3)]


def test_rows_from_the_future_wait(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=((2, 0.0),)))
    device.now += 1e6
    for n in range(4):
        device.flush(n, aging=0)
    device.now -= 2e6
    device.flush(None)
    assert device.spans() == [(0, 0), (1, 1), (2, 2), (3, 3)]


def test_work_a_flush_is_bounded(make_device: MakeDevice) -> None:
    device = make_device(Limits(tiers=((8, 0.0),), settle=0))
    for n in range(700):
        device.flush(n, aging=0)
    done = [device.flush(None).counts.get("merged", 0) for _ in range(5)]
    assert max(done) <= MERGES * 8
    assert (sum(done), done[-1]) == (696, 0)


def test_pressure_rises_with_need_and_falls_again(device: Device) -> None:
    for n in range(64):
        device.flush(n, aging=0)
    device.now += 1.0
    rows = device.store._rows
    coarsener = Coarsener(((8, 1e6),), 100_000)
    rows.begin()
    device.store._connection.execute("BEGIN")
    assert not coarsener.squeeze(rows, device.now, Budget(rows, 10_000), Room(2))
    assert coarsener.pressure == 25
    assert [(head.first, head.last) for head in device.heads()] == [(0, 63)]
    assert coarsener.squeeze(rows, device.now, Budget(rows, 10_000), Room(100_000))
    assert coarsener.pressure == 24
    device.store._connection.execute("ROLLBACK")


def test_blocks_that_the_link_asks_for_become_one_with_the_flush_that_completes_them(
    make_device: MakeDevice,
) -> None:
    device = make_device(LIMITS)
    for n in range(3):
        device.flush(n)
    epoch = device.store.epochs()[0].id
    block = Key(epoch, "windows", 0, 3)
    device.now += 10
    flushed = device.apply(Flush(device.now, {"windows": content(device.now, 3)}, join=[block]))
    assert device.spans() == [(0, 3)]
    assert [row.key for row in flushed.added] == [block]
    assert [(change.what, change.reason, change.records) for change in flushed.changes] == [
        ("merged", "budget", 4)
    ]


def test_what_is_confirmed_lost_or_of_no_known_life_is_not_joined(make_device: MakeDevice) -> None:
    device = make_device(LIMITS)
    for n in range(4):
        device.flush(n)
    epoch = device.store.epochs()[0].id
    first = device.store.unconfirmed()[0]
    device.now += 10
    join = [Key(epoch, "windows", 0, 3), Key(epoch + 1, "windows", 0, 3)]
    device.apply(Flush(device.now, confirmed=[(first.key, first.digest)], join=join))
    assert device.spans() == [(0, 0), (1, 1), (2, 3)]


def test_a_long_outage_is_joined_in_bounded_steps(make_device: MakeDevice) -> None:
    device = make_device(LIMITS)
    for n in range(256):
        device.flush(n, aging=0)
    epoch = device.store.epochs()[0].id
    join = [Key(epoch, "windows", n, n + 63) for n in range(0, 256, 64)]
    merged = []
    while len(device.spans()) > 4:
        before = len(device.spans())
        device.now += 10
        device.apply(Flush(device.now, join=join, aging=0))
        merged.append(before - len(device.spans()))
    assert device.spans() == [(0, 63), (64, 127), (128, 191), (192, 255)]
    assert max(merged) <= MERGES * (AT_ONCE - 1)
