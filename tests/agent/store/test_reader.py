from __future__ import annotations

import math
import select
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent.ship.records import Key
from agent.stats.window import Gauge
from agent.store.errors import CorruptRow, StoreDenied, StoreError, StoreTooNew
from agent.store.reader import Reader
from tests.agent.store.conftest import MakeDevice
from tests.agent.store.device import LIMITS, SERIES, START, Device, kept

ROOT = Path(__file__).resolve().parents[3]


def values(reader: Reader, since: float = -math.inf, until: float = math.inf) -> list[float]:
    """The totals of every stored window."""
    found = []
    for stored in reader.stored(since, until):
        if stored.row.tombstone is None:
            windows = [frame.windows[SERIES] for frame in stored.content().frames]
            found += [window.total for window in windows if isinstance(window, Gauge)]
    return found


def test_a_row_is_read_beside_the_writer_by_its_key(device: Device) -> None:
    row = device.flush(41.0).added[0]
    reader = Reader.open(device.directory)
    found = reader.read(row.key)
    assert found is not None
    assert found[0] == row.digest
    assert found[1].frames[0].windows[SERIES] == Gauge(1, 41.0, 41.0, 41.0, 41.0)
    assert reader.read(row.key._replace(last=1)) is None
    assert reader.read(Key(5, "windows", 0, 0)) is None
    reader.close()


def test_rows_are_those_that_overlap_the_numbers(device: Device) -> None:
    for n in range(40):
        device.flush(n)
    reader = Reader.open(device.directory)
    spans = device.spans()
    for first, last in [(0, 0), (3, 11), (17, 39), (39, 99), (40, 50)]:
        found = [row.key[2:] for row in reader.rows(1001, "windows", first, last)]
        assert found == [span for span in spans if span[0] <= last and span[1] >= first]
    assert reader.rows(1001, "events", 0, 100) == []
    assert reader.rows(7, "windows", 0, 100) == []
    reader.close()


def test_rows_of_an_earlier_life_are_found_by_its_epoch(device: Device) -> None:
    device.flush(1.0)
    device.reopen()
    device.flush(2.0)
    reader = Reader.open(device.directory)
    assert [row.key.epoch for row in reader.rows(1001, "windows", 0, 9)] == [1001]
    assert [epoch.id for epoch in reader.epochs()] == [1002, 1001]
    reader.close()


def test_a_damaged_content_is_told_by_its_key(device: Device) -> None:
    row = device.flush().added[0]
    device.store._connection.execute("UPDATE records SET content = x'00112233'")
    reader = Reader.open(device.directory)
    with pytest.raises(CorruptRow, match="does not match its digest") as caught:
        reader.read(row.key)
    assert caught.value.key == row.key
    reader.close()
    device.flush(None, quarantine=[caught.value.key])
    assert [row.tombstone.reason for row in device.rows() if row.tombstone] == ["corrupt"]


def test_history_is_every_number_once_with_those_of_the_time_asked_for(device: Device) -> None:
    for n in range(100):
        device.flush(float(n + 1))
    reader = Reader.open(device.directory)
    assert sum(values(reader)) == 5050
    assert values(reader, since=START + 980.0) == [98.0, 99.0, 100.0]
    assert values(reader, until=START - 1.0) == []
    reader.close()


def test_history_read_while_blocks_merge_counts_nothing_twice(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=((2, 500.0), (64, 600.0)), policies=kept(1e9)))
    for n in range(1300):
        device.flush(1.0, aging=0)
        if n == 0:
            device.reopen()
    reader = Reader.open(device.directory)
    total = 0.0
    for stored in reader.stored():
        windows = [window for frame in stored.content().frames for window in frame.windows.values()]
        total += sum(window.total for window in windows if isinstance(window, Gauge))
        if stored.row.key.first % 100 == 0:
            device.flush(None)
    reader.close()
    assert total == 1300


def test_an_absent_store_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"outrider\.db: No such file"):
        Reader.open(tmp_path)


def test_what_is_no_store_is_said(tmp_path: Path) -> None:
    (tmp_path / "outrider.db").write_bytes(b"x" * 5000)
    with pytest.raises(StoreError, match="not a database"):
        Reader.open(tmp_path)


def test_a_newer_store_is_refused(device: Device) -> None:
    device.flush()
    device.store._connection.execute("PRAGMA user_version = 9")
    with pytest.raises(StoreTooNew):
        Reader.open(device.directory)


@pytest.mark.parametrize("side_files", [True, False])
def test_a_store_on_a_read_only_file_system_is_read(
    make_device: MakeDevice, tmp_path: Path, side_files: bool
) -> None:
    device = make_device()
    device.flush(1.0)
    device.flush(2.0)
    device.store.close()
    copy = tmp_path / "copy"
    shutil.copytree(device.directory, copy)
    (copy / "outrider.lock").unlink()
    device.store = device._opened()
    if not side_files:
        database = sqlite3.connect(copy / "outrider.db")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
    assert (copy / "outrider.db-wal").exists() is side_files
    mounted = subprocess.run(["mount", "--bind", "-o", "ro", copy, copy], capture_output=True, check=False)
    subprocess.run(["mount", "-o", "remount,ro,bind", copy], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mount: {mounted.stderr.decode().strip()}")
    try:
        reader = Reader.open(copy)
        assert values(reader) == [1.0, 2.0]
        reader.close()
        assert sorted(path.name for path in copy.iterdir() if path.name.endswith("-journal")) == []
    finally:
        subprocess.run(["umount", "-l", copy], check=True)


LOOKER = """
import sys
from pathlib import Path
from agent.store.audit import audit
from agent.store.reader import Reader
for directory in sys.stdin:
    reader = Reader.open(Path(directory.strip()))
    found = audit(Path(directory.strip()))
    print(reader.epochs()[0].next["windows"], found.numbers, *found.faults, flush=True)
    reader.close()
"""


def test_another_process_reads_a_copy_of_the_moment_and_holds_nobody_up(device: Device) -> None:
    """Many looks while the log is begun anew again and again."""
    looker = subprocess.Popen(
        [sys.executable, "-c", LOOKER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    device.flush()
    assert looker.stdin is not None
    assert looker.stdout is not None
    for _ in range(10):
        before = device.store.epochs()[0].next["windows"]
        looker.stdin.write(f"{device.directory}\n")
        looker.stdin.flush()
        while not select.select([looker.stdout], [], [], 0)[0]:
            device.flush()
        given = device.store.epochs()[0].next["windows"]
        seen, numbers = map(int, looker.stdout.readline().split())
        assert before <= seen <= numbers <= given
    looker.stdin.close()
    assert looker.wait(10) == 0
    looker.stdout.close()


def test_a_reader_writes_nothing(device: Device) -> None:
    device.flush()
    reader = Reader.open(device.directory)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM records")
    reader.close()
    assert StoreDenied.reason == "denied"


def test_states_are_read_by_kind(device: Device) -> None:
    device.flush(1.0, alerts={"hot": b"fires", "cold": b""})
    reader = Reader.open(device.directory)
    assert reader.states("alert") == {"hot": b"fires", "cold": b""}
    assert reader.states("position") == {}
    reader.close()
