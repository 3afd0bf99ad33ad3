from __future__ import annotations

import random

from agent.stats.frame import Content, Event
from agent.store.account import counted
from agent.store.flush import Flush
from agent.store.retain import Retention, keep_limits, make_room
from agent.store.sizing import POLICIES, ROW, Policy
from tests.agent.store.conftest import MakeDevice
from tests.agent.store.device import LIMITS, Device, content, kept


def fill(device: Device, count: int, stream: str = "windows") -> None:
    for n in range(count):
        device.now += 10.0
        device.apply(Flush(device.now, {stream: content(device.now - 10.0, n)}, aging=0))


def confirm(device: Device, numbers: range) -> None:
    rows = [row for row in device.index.values() if row.key.first in numbers]
    device.flush(None, after=0.0, confirmed=[(row.key, row.digest) for row in rows], aging=0)


def kinds(device: Device) -> list[tuple[int, int, str | None]]:
    return [(head.first, head.last, head.reason) for head in device.heads()]


def test_age_ends_confirmed_rows_silently_and_others_with_a_tombstone(device: Device) -> None:
    fill(device, 6)
    confirm(device, range(2))
    rows = device.store._rows
    rows.begin()
    Retention(kept(15.0)).age(rows, device.now, until=1000)
    assert kinds(device) == [(2, 3, "expired"), (4, 4, None), (5, 5, None)]
    assert counted(rows.account.changes()) == {"deleted": 2, "expired": 2}
    assert [row.key[2:] for row in rows.added.values()] == [(2, 3)]


def test_a_row_from_the_future_is_passed_over(device: Device) -> None:
    device.now += 1e6
    fill(device, 1)
    device.now -= 1e6
    fill(device, 4)
    rows = device.store._rows
    rows.begin()
    Retention(kept(5.0)).age(rows, device.now, until=1000)
    assert kinds(device) == [(0, 0, None), (1, 3, "expired"), (4, 4, None)]


def test_a_bounded_search_goes_on_in_the_next_flush(device: Device) -> None:
    fill(device, 20)
    rows = device.store._rows
    retention = Retention(kept(5.0))
    rows.begin()
    retention.age(rows, device.now, until=1)
    assert kinds(device)[0] == (0, 0, "expired")
    for _ in range(20):
        rows.begin()
        retention.age(rows, device.now, until=1)
    assert kinds(device) == [(0, 18, "expired"), (19, 19, None)]


def test_room_is_made_by_confirmed_rows_then_by_the_oldest_then_by_tombstones(
    make_device: MakeDevice,
) -> None:
    device = make_device(LIMITS._replace(tiers=()))
    fill(device, 10)
    fill(device, 2, "samples")
    confirm(device, range(6, 8))
    rows = device.store._rows
    free = rows.used()
    seen = []
    for enough in range(free, 0, -1):
        rows.begin()
        make_room(rows, POLICIES, {}, enough, until=1000)
        seen.append(kinds(device))
    assert seen[-1] == [(9, 9, None), (1, 1, None)]
    assert any(reason == "full" for _, _, reason in [row for state in seen for row in state])
    first_loss = next(state for state in seen if state != seen[0])
    assert not [row for row in first_loss if row[0] in (6, 7)]


def test_no_more_is_dropped_than_the_log_can_take(device: Device) -> None:
    fill(device, 20)
    rows = device.store._rows
    rows.begin()
    assert make_room(rows, POLICIES, {"windows": 1}, 0, until=10) == {"windows"}
    assert rows.spent < 25
    assert len(rows.added) == 1


def fill_pages(device: Device, count: int, stream: str) -> None:
    """Records of some pages each, so that each that goes gives room."""
    chance = random.Random(stream)
    for _ in range(count):
        device.now += 10.0
        texts = [chance.randbytes(400).hex() for _ in range(4)]
        events = tuple(Event("boot-1", device.now, 0.0, "noise", (), text) for text in texts)
        device.apply(Flush(device.now, {stream: Content(events=events)}, aging=0))


def reasons(device: Device, stream: str) -> list[str | None]:
    return [head.reason for head in device.heads() if head.stream == stream]


def test_streams_are_dropped_by_priority_and_alerts_last(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=()))
    streams = ("alerts", "events", "windows", "samples")
    for stream in streams:
        fill_pages(device, 6, stream)
    rows = device.store._rows
    lost: list[str] = []
    for enough in range(rows.used(), 0, -1):
        rows.begin()
        make_room(rows, POLICIES, {}, enough, until=10_000)
        lost += [s for s in streams if s not in lost and "full" in reasons(device, s)]
        if reasons(device, "alerts").count(None) < 6:
            break
    assert lost == ["samples", "windows", "events", "alerts"]
    assert [reasons(device, stream) for stream in streams[1:]] == [["full", None]] * 3


def test_streams_of_one_priority_go_together_the_oldest_first(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=()))
    policies = {name: policy._replace(priority=3) for name, policy in POLICIES.items()}
    for _ in range(4):
        fill_pages(device, 2, "alerts")
        fill_pages(device, 2, "samples")
    rows = device.store._rows
    enough = rows.used()
    while reasons(device, "samples").count(None) > 4:
        enough -= 1
        rows.begin()
        make_room(rows, policies, {}, enough, until=10_000)
    assert reasons(device, "alerts").count(None) in (4, 5)


def test_a_stream_over_its_own_size_loses_its_oldest_or_takes_nothing_new(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=()))
    fill(device, 8)
    fill(device, 8, "samples")
    rows = device.store._rows
    size = rows.sizes["samples"]
    assert size == sum(ROW + (head.size or 0) for head in device.heads() if head.stream == "samples")
    policies = {**POLICIES, "samples": Policy(max_size=size // 2)}
    rows.begin()
    assert keep_limits(rows, policies, {"samples": 100}, until=1000) == frozenset()
    assert rows.sizes["samples"] + ROW + 100 <= size // 2
    assert reasons(device, "samples")[0] == "limit"
    assert reasons(device, "windows") == [None] * 8
    before = device.heads()
    policies["samples"] = Policy(max_size=size // 4, at_limit="drop_newest")
    assert keep_limits(rows, policies, {"samples": 100, "windows": 9}, until=1000) == {"samples"}
    assert device.heads() == before


def test_what_the_far_side_holds_goes_before_what_it_does_not_whatever_the_priority(
    make_device: MakeDevice,
) -> None:
    device = make_device(LIMITS._replace(tiers=()))
    fill_pages(device, 6, "alerts")
    fill_pages(device, 6, "samples")
    rows = [row for row in device.index.values() if row.key.stream == "alerts"]
    device.flush(None, after=0.0, confirmed=[(row.key, row.digest) for row in rows], aging=0)
    account = device.store._rows
    account.begin()
    make_room(account, POLICIES, {}, account.used() - 1, until=1000)
    assert counted(account.account.changes()).keys() == {"deleted"}
    assert reasons(device, "samples") == [None] * 6


def test_policy_per_stream_oldest_newest_or_coarser(make_device: MakeDevice) -> None:
    """vector#8209, fluent-bit#7402: some want to drop the oldest, some the newest. And each limit holds after
    each flush, though nothing was ever uploaded (greengrass log-manager PR#257)."""
    small = 12 * (ROW + 200)
    policies = {
        "windows": Policy(1e9, small, 5, "coarsen"),
        "events": Policy(1e9, small, 5, "drop_oldest"),
        "samples": Policy(1e9, small, 5, "drop_newest"),
        "alerts": Policy(1e9),
    }
    device = make_device(LIMITS._replace(tiers=((2, 1e3), (8, 1e4), (64, 1e5)), policies=policies))
    for n in range(100):
        device.now += 10.0
        each = content(device.now - 10.0, n)
        device.apply(Flush(device.now, {"windows": each, "events": each, "samples": each}))
        assert max(device.store._rows.sizes[stream] for stream in policies) <= small, n
    assert {None} == set(reasons(device, "windows"))
    assert device.covered() == [(0, 99)]
    assert max(last - first for first, last in device.spans()) > 4
    assert reasons(device, "events")[0] == "limit"
    assert reasons(device, "events")[-1] is None
    assert reasons(device, "samples")[0] is None
    assert reasons(device, "samples")[-1] == "limit"
    for stream in ("windows", "events", "samples"):
        assert device.covered(stream) == [(0, 99)]


def test_what_is_new_and_of_high_priority_displaces_what_is_old_and_of_low(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=()))
    fill_pages(device, 10, "samples")
    rows = device.store._rows
    rows.begin()
    full = make_room(rows, POLICIES, {"alerts": 2, "samples": 2}, rows.used() - 1, until=10_000)
    assert full <= {"samples"}
    assert reasons(device, "samples")[0] == "full"
