from __future__ import annotations

from agent.store.retain import Retention, make_room
from agent.store.store import Flush
from tests.agent.store.conftest import MakeDevice
from tests.agent.store.device import LIMITS, Device, content


def fill(device: Device, count: int, stream: str = "windows") -> None:
    for n in range(count):
        device.now += 10.0
        device.apply(Flush(device.now, {stream: content(device.now - 10.0, n)}, aging=False))


def confirm(device: Device, numbers: range) -> None:
    rows = [row for row in device.index.values() if row.key.first in numbers]
    device.flush(None, after=0.0, confirmed=[(row.key, row.digest) for row in rows], aging=False)


def kinds(device: Device) -> list[tuple[int, int, str | None]]:
    return [(head.first, head.last, head.reason) for head in device.heads()]


def test_age_ends_confirmed_rows_silently_and_others_with_a_tombstone(device: Device) -> None:
    fill(device, 6)
    confirm(device, range(2))
    rows = device.store._rows
    rows.begin()
    Retention(15.0).age(rows, device.now, until=1000)
    assert kinds(device) == [(2, 3, "expired"), (4, 4, None), (5, 5, None)]
    assert dict(rows.counts) == {"deleted": 2, "expired": 2}
    assert [row.key[2:] for row in rows.added.values()] == [(2, 3)]


def test_a_row_from_the_future_is_passed_over(device: Device) -> None:
    device.now += 1e6
    fill(device, 1)
    device.now -= 1e6
    fill(device, 4)
    rows = device.store._rows
    rows.begin()
    Retention(5.0).age(rows, device.now, until=1000)
    assert kinds(device) == [(0, 0, None), (1, 3, "expired"), (4, 4, None)]


def test_a_bounded_search_goes_on_in_the_next_flush(device: Device) -> None:
    fill(device, 20)
    rows = device.store._rows
    retention = Retention(5.0)
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
        make_room(rows, enough, until=1000)
        seen.append(kinds(device))
    assert seen[-1] == [(9, 9, None), (1, 1, None)]
    assert any(reason == "full" for _, _, reason in [row for state in seen for row in state])
    first_loss = next(state for state in seen if state != seen[0])
    assert not [row for row in first_loss if row[0] in (6, 7)]


def test_no_more_is_dropped_than_the_log_can_take(device: Device) -> None:
    fill(device, 20)
    rows = device.store._rows
    rows.begin()
    assert not make_room(rows, 0, until=10)
    assert rows.spent < 25
    assert len(rows.added) == 1
