from __future__ import annotations

import pytest

from agent.ship.records import Key
from agent.store.errors import CorruptRow
from agent.store.layout import Head
from agent.store.rows import SEVERAL, Rows
from tests.agent.store.conftest import MakeDevice
from tests.agent.store.device import LIMITS, Device, kept


@pytest.fixture
def rows(make_device: MakeDevice) -> Rows:
    """Ten windows of one life, with the account of a new transaction."""
    device = make_device(LIMITS._replace(tiers=()))
    for n in range(10):
        device.flush(n)
    device.store._rows.begin()
    return device.store._rows


def all_heads(rows: Rows) -> list[tuple[int, int, str | None]]:
    return [(head.first, head.last, head.reason) for head in rows.heads(0, 1 << 62)]


def found(rows: Rows, first: int, last: int | None = None) -> Head:
    head = rows.find(Key(1001, "windows", first, first if last is None else last))
    assert head is not None
    return head


def test_adjoining_tombstones_join_and_add_up(rows: Rows) -> None:
    size = found(rows, 3).size or 0
    for first in (3, 5, 4):
        rows.bury(found(rows, first), "full")
    [grave] = [row.tombstone for row in rows.added.values()]
    assert grave is not None
    assert (grave.key[2:], grave.reason, grave.records, grave.size) == ((3, 5), "full", 3, 3 * size)
    assert grave.end - grave.start == 30.0
    assert [key[2:] for key in rows.removed] == [(3, 3), (5, 5), (4, 4)]


def test_tombstones_of_different_reasons_join_as_several(rows: Rows) -> None:
    rows.bury(found(rows, 3), "full")
    rows.bury(found(rows, 4), "corrupt")
    assert (3, 4, SEVERAL) in all_heads(rows)


def test_tombstones_of_different_streams_and_lives_do_not_join(device: Device) -> None:
    device.flush()
    device.reopen()
    device.flush()
    device.flush()
    rows = device.store._rows
    rows.begin()
    for head in rows.heads(0, 1 << 62)[:2]:
        rows.bury(head, "full")
    assert [(head.life, head.first, head.last) for head in rows.heads(0, 1 << 62)] == [
        (1, 0, 0), (2, 0, 0), (2, 1, 1),
    ]  # fmt: skip


def test_a_row_that_came_and_went_in_one_transaction_is_not_told(rows: Rows) -> None:
    rows.bury(found(rows, 2), "full")
    rows.remove(found(rows, 2))
    assert rows.added == {}
    assert [key[2:] for key in rows.removed] == [(2, 2)]


def test_a_confirmed_tombstone_that_grows_is_not_confirmed_any_more(rows: Rows) -> None:
    rows.bury(found(rows, 2), "full")
    head = found(rows, 2)
    rows.confirm(rows.key(head), head.digest)
    assert found(rows, 2).confirmed
    rows.bury(found(rows, 3), "full")
    assert not found(rows, 2, 3).confirmed


def test_content_is_read_only_if_it_is_what_the_digest_says(rows: Rows) -> None:
    assert rows.read(found(rows, 4)).frames
    head = found(rows, 4)
    for wrong in (head._replace(digest=b"00000000"), head._replace(last=5)):
        with pytest.raises(CorruptRow, match="windows 4-"):
            rows.read(wrong)
    rows._connection.execute("UPDATE records SET start = start + 1.0 WHERE place = ?", (head.place,))
    with pytest.raises(CorruptRow, match="windows 4-"):
        rows.read(head)


def test_the_newest_row_is_the_last_of_the_newest_life(rows: Rows) -> None:
    assert rows.newest(found(rows, 9))
    assert not rows.newest(found(rows, 8))


def test_what_is_spent_bounds_the_frames_of_the_log(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=((2, 20.0), (16, 200.0)), policies=kept(900.0)))
    log = device.store._database.log
    for n in range(400):
        used = log.used()
        settled = [(row.key, row.digest) for row in device.index.values() if row.key.first % 3]
        device.flush(n, confirmed=settled, positions={"log": b"x" * 20})
        if log.used() > used:
            assert log.used() - used <= device.store._rows.spent + 4
