from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from agent.judge.thrift import FREELY
from agent.store import files
from agent.store.errors import CorruptRow, StoreCorrupt, StoreError, StoreTooNew
from agent.store.layout import FORMAT
from agent.store.reader import Reader
from agent.store.store import Store
from tests.agent.store.conftest import MakeDevice
from tests.agent.store.device import LIMITS, START, Device


def snapshot(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.name != "outrider.lock"}


def opened(directory: Path, now: float = START) -> Store:
    return Store.open(directory, LIMITS, now=now, new_epoch=lambda: random.getrandbits(62) + 1)


def corrupted(directory: Path) -> list[str]:
    """The databases set aside, oldest first."""
    found = [path.name for path in directory.iterdir() if ".corrupt-" in path.name]
    return sorted(name for name in found if not name.endswith(("-wal", "-shm")))


def test_a_newer_format_is_refused_and_not_a_byte_of_it_changes(device: Device) -> None:
    device.flush()
    device.store._connection.execute("PRAGMA user_version = 7")
    device.store.close()
    before = snapshot(device.directory)
    for _ in range(2):
        with pytest.raises(StoreTooNew, match=r"outrider\.db: its format is 7, .* up to 2; .* install"):
            opened(device.directory)
    after = snapshot(device.directory)
    assert {name: after[name] for name in ("outrider.db", "outrider.db-wal")} == {
        name: before[name] for name in ("outrider.db", "outrider.db-wal")
    }
    database = sqlite3.connect(device.store.path)
    database.execute("PRAGMA user_version = 1")
    database.close()
    device.store = opened(device.directory)


def test_an_older_format_is_brought_to_this_one_with_all_that_it_holds(device: Device) -> None:
    device.flush()
    device.store._connection.execute("PRAGMA user_version = 1")
    device.reopen()
    assert device.store.set_aside is None
    assert device.store._connection.execute("PRAGMA user_version").fetchone()[0] == FORMAT
    assert device.covered() == [(0, 0)]


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 400, bytes(5000)])
def test_what_is_no_database_is_set_aside_and_a_new_store_begun(device: Device, damage: bytes) -> None:
    device.store.close()
    device.store.path.write_bytes(damage)
    device.store = opened(device.directory)
    assert device.store.set_aside == device.directory / "outrider.db.corrupt-20231114T221320Z"
    assert device.store.set_aside.read_bytes() == damage
    assert device.flush().added[0].key.first == 0


def test_a_database_of_another_program_is_set_aside(device: Device) -> None:
    device.store.close()
    shutil.rmtree(device.directory)
    device.directory.mkdir()
    other = sqlite3.connect(device.store.path)
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    device.store = opened(device.directory)
    assert corrupted(device.directory) == ["outrider.db.corrupt-20231114T221320Z"]


def test_at_most_two_are_kept_aside_the_newest(device: Device) -> None:
    for day in range(4):
        device.store.close()
        device.store.path.write_bytes(b"damage" * 1000)
        device.store = opened(device.directory, START + day * 86_400)
    assert corrupted(device.directory) == [
        "outrider.db.corrupt-20231116T221320Z",
        "outrider.db.corrupt-20231117T221320Z",
    ]


def test_two_in_one_second_do_not_hide_each_other(device: Device) -> None:
    for damage in (b"a" * 2000, b"b" * 2000):
        device.store.close()
        device.store.path.write_bytes(damage)
        device.store = opened(device.directory)
    assert len(corrupted(device.directory)) == 2


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE records SET last = last + 2 WHERE place = (SELECT min(place) FROM records)",
        "UPDATE records SET last = -5",
        "UPDATE records SET digest = 'text'",
        "UPDATE records SET digest = x'00'",
        "UPDATE records SET content = NULL",
        "UPDATE records SET reason = 5, records = 'x'",
        "UPDATE records SET place = place + (4 << 60)",
        "UPDATE records SET start = 'soon'",
        "DELETE FROM epochs",
    ],
)
def test_rows_that_no_store_holds_are_damage_too(device: Device, damage: str) -> None:
    for _ in range(4):
        device.flush(aging=0)
    device.store._connection.execute(damage)
    device.reopen()
    assert device.store.set_aside is not None


@pytest.mark.parametrize(
    "change", ["lost = lost + 1", "reason = 'else'", "start = start - 1", "last = last + 1"]
)
def test_a_tombstone_that_is_not_as_it_was_written_is_damage_and_never_sent(
    device: Device, change: str
) -> None:
    device.flush()
    device.flush(quarantine=[row.key for row in device.rows()])
    device.flush()
    device.store._connection.execute("UPDATE records SET place = place + 5 WHERE reason IS NULL")
    device.store._connection.execute(f"UPDATE records SET {change} WHERE reason IS NOT NULL")
    device.reopen()
    assert device.store.set_aside is not None
    assert device.index == {}


@pytest.mark.parametrize("word", [b"records", b"place INTEGER", b"content BLOB"])
def test_a_damaged_schema_is_damage_whatever_it_makes_of_the_words(device: Device, word: bytes) -> None:
    device.flush()
    device.store.close()
    path = device.store.path
    for side in ("-wal", "-shm"):
        path.with_name(path.name + side).unlink(missing_ok=True)
    page = bytearray(path.read_bytes())
    at = page.index(word)
    page[at : at + 4] = b"\xff\xfe\xfd\xfc"
    path.write_bytes(page)
    device.store = opened(device.directory)
    assert device.store.set_aside is not None


def test_garbage_anywhere_in_the_file_is_survived(make_device: MakeDevice, tmp_path: Path) -> None:
    """fluent-bit#5265, #11847: one corrupt chunk kept the agent from starting."""
    device = make_device()
    for n in range(150):
        device.flush(n, aging=FREELY if n > 50 else 0, positions={"log": b"x"})
    device.store.close()
    chance = random.Random(5)
    aside = 0
    for n in range(120):
        copy = tmp_path / "copy"
        shutil.copytree(device.directory, copy)
        name, end = ("outrider.db", 24_000) if n % 4 else ("outrider.db-wal", 250_000)
        with (copy / name).open("r+b") as file:
            file.seek(chance.randrange(end))
            file.write(chance.randbytes(chance.choice([1, 8, 700, 3000])))
        aside += survives(copy)
        shutil.rmtree(copy)
    assert 10 < aside < 110
    device.store = opened(device.directory)


def survives(directory: Path) -> bool:
    """Use a damaged store as a daemon would; whether it was set aside in the end."""
    for _ in range(3):
        with Device(directory, LIMITS, first_epoch=random.getrandbits(40)) as device:
            try:
                device.flush()
                device.flush(after=3000.0)
                read_all(directory)
            except StoreCorrupt:
                continue
            break
    return bool(corrupted(directory))


def read_all(directory: Path) -> None:
    reader = Reader.open(directory)
    try:
        for stored in reader.stored():
            if stored.row.tombstone is None:
                with contextlib.suppress(CorruptRow):
                    stored.content()
    finally:
        reader.close()


def test_a_draft_that_stands_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "outrider.db.new").mkdir()
    with pytest.raises(StoreError):
        files.create(tmp_path / "outrider.db", 100)
    assert [path.name for path in tmp_path.iterdir()] == ["outrider.db.new"]


def test_growing_leaves_free_pages_only(tmp_path: Path) -> None:
    path = tmp_path / "outrider.db"
    files.create(path, 500)
    connection = files.connect(path, mode="rw")
    count = connection.execute("PRAGMA page_count").fetchone()[0]
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert path.stat().st_size == count * 1024
    assert 490 <= count <= 500
    assert count - free < 12


def test_a_directory_is_given_back_when_opening_fails(tmp_path: Path) -> None:
    (tmp_path / "outrider.db").mkdir()
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        with pytest.raises(StoreError, match=r"outrider\.db"):
            opened(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == len(before)
