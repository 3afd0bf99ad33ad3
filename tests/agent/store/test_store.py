from __future__ import annotations

import contextlib
import math
import os
import resource
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ship.records import Key, is_block
from agent.stats.frame import Content, Event
from agent.store.errors import StoreBusy, StoreCorrupt, StoreDenied, StoreError, StoreFull, StoreLocked
from agent.store.flush import Flush
from agent.store.reader import Reader
from agent.store.sizing import MIB, Limits
from agent.store.store import Store
from tests.agent.store.conftest import MakeDevice
from tests.agent.store.device import LIMITS, START, Device, content, kept


def test_each_flush_gives_the_next_number_of_its_stream(device: Device) -> None:
    keys = [device.flush(n).added[0].key for n in range(3)]
    assert keys == [Key(1001, "windows", n, n) for n in range(3)]


def test_an_empty_content_gets_no_number(device: Device) -> None:
    flushed = device.apply(Flush(START, {"windows": Content(), "events": Content()}))
    assert flushed.added == ()
    assert flushed.epochs[0].next == {}


def test_streams_are_numbered_apart(device: Device) -> None:
    event = Content(events=(Event("boot-1", 5.0, START, "reboot", (), ""),))
    device.flush()
    flushed = device.flush(None, contents={"events": event, "windows": content(START)})
    assert flushed.epochs[0].next == {"windows": 2, "events": 1}


def test_nothing_is_written_before_the_first_flush(device: Device) -> None:
    assert device.store.epochs() == ()
    assert device.heads() == []


def test_the_first_flush_after_an_open_begins_an_epoch_that_says_where_the_last_one_ended(
    device: Device,
) -> None:
    device.flush()
    device.flush()
    device.reopen()
    assert [epoch.id for epoch in device.store.epochs()] == [1001]
    own, before = device.flush().epochs
    assert (own.id, own.prev, own.prev_next, own.next) == (1002, 1001, {"windows": 2}, {"windows": 1})
    assert (before.id, before.prev, before.next) == (1001, None, {"windows": 2})


def test_a_fresh_epoch_can_be_asked_for(device: Device) -> None:
    device.flush()
    flushed = device.flush(fresh_epoch=True)
    assert flushed.added[0].key == Key(1002, "windows", 0, 0)
    assert flushed.epochs[0].prev_next == {"windows": 1}


def test_an_epoch_used_before_is_refused_and_changes_nothing(device: Device) -> None:
    device.flush()
    device.store._new_epoch = lambda: 1001
    with pytest.raises(ValueError, match="epoch 1001"):
        device.flush(fresh_epoch=True)
    assert device.flush().added[0].key == Key(1001, "windows", 1, 1)


def test_only_the_very_row_that_was_sent_is_confirmed(device: Device) -> None:
    row = device.flush().added[0]
    device.flush(confirmed=[(row.key, b"other..."), (row.key._replace(last=1), row.digest)])
    assert row.key in device.index
    flushed = device.flush(confirmed=[(row.key, row.digest)])
    assert row.key in flushed.removed
    assert row.key not in {row.key for row in device.store.unconfirmed()}


def test_a_block_is_confirmed_only_if_both_halves_were(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=((2, 0.0),)))
    rows = [device.flush(aging=0).added[0] for _ in range(4)]
    device.flush(confirmed=[(row.key, row.digest) for row in rows[:3]])
    blocks = {row.key[2:]: row.confirmed for row in device.rows()}
    assert blocks[0, 1] is True
    assert blocks[2, 3] is False


def test_confirmations_beyond_one_flush_can_be_offered_again(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=()))
    for n in range(300):
        device.flush(n)
    for _ in range(60):
        device.flush(None, confirmed=[(key, row.digest) for key, row in device.index.items()])
    assert device.index == {}


def test_positions_and_alerts_are_in_the_same_transaction(device: Device) -> None:
    device.flush(positions={"a.log": b"12", "b.log": b"7"}, alerts={"hot": b"firing"})
    device.flush(positions={"a.log": b"40", "b.log": None})
    device.reopen()
    assert device.store.positions() == {"a.log": b"40"}
    assert device.store.alerts() == {"hot": b"firing"}


def test_a_failed_flush_changes_nothing_and_the_next_one_works(device: Device) -> None:
    device.flush(positions={"a.log": b"1"})
    device.store._connection.set_progress_handler(lambda: 1, 5)
    with pytest.raises(StoreError):
        device.flush(positions={"a.log": b"2"})
    device.store._connection.set_progress_handler(None, 0)
    assert device.store.positions() == {"a.log": b"1"}
    assert device.flush().added[0].key == Key(1001, "windows", 1, 1)


def test_a_flush_is_one_transaction_however_much_it_holds(device: Device) -> None:
    """telegraf#18085: a sync for each metric made collection time out."""
    said: list[str] = []
    device.flush()
    device.store._connection.set_trace_callback(said.append)
    many = tuple(Event("boot", float(n), START, "e", (), str(n)) for n in range(500))
    contents = {stream: Content(events=many) for stream in ("windows", "events", "samples", "alerts")}
    states = {f"rule{n}": b"x" for n in range(32)}
    rows = [(row.key, row.digest) for row in device.index.values()]
    device.apply(Flush(device.now, contents, rows, states, states))
    device.store._connection.set_trace_callback(None)
    assert [text for text in said if text.split()[0] in ("BEGIN", "COMMIT")] == ["BEGIN IMMEDIATE", "COMMIT"]
    assert sum(text.startswith("INSERT") for text in said) >= 4 + 2 * 32


def test_an_unknown_stream_is_refused(device: Device) -> None:
    with pytest.raises(ValueError, match="noise"):
        device.apply(Flush(START, {"noise": content(START)}))
    assert device.heads() == []


def test_a_content_that_cannot_be_kept_leaves_a_tombstone_at_its_number(device: Device) -> None:
    many = tuple(Event("boot-1", float(n), START, os.urandom(40).hex(), (), "") for n in range(1000))
    device.flush()
    flushed = device.flush(None, contents={"windows": Content(events=many)})
    grave = flushed.added[0].tombstone
    assert grave is not None
    assert (grave.key, grave.reason, grave.records) == (Key(1001, "windows", 1, 1), "too_large", 1)
    assert grave.size > device.store.share.largest
    assert device.flush().added[0].key.first == 2


def test_a_number_that_cannot_be_encoded_does_not_stop_the_flush(device: Device) -> None:
    flushed = device.flush(math.nan)
    assert flushed.added[0].tombstone is not None
    assert flushed.epochs[0].next == {"windows": 1}


def test_tiers_merge_aligned_blocks_as_they_age(device: Device) -> None:
    for n in range(120):
        device.flush(n)
    spans = device.spans()
    lengths = [last - first + 1 for first, last in spans]
    assert all(is_block(*span) for span in spans)
    assert device.covered() == [(0, 119)]
    assert lengths == sorted(lengths, reverse=True)
    assert set(lengths) == {8, 2, 1}


def test_a_run_fully_merged_is_at_most_2_log2_n_rows(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=tuple((2**k, 0.0) for k in range(1, 12)), policies=kept(1e9)))
    for n in range(500):
        device.flush(n)
    device.flush(None)
    assert len(device.heads()) <= 2 * math.log2(500)
    assert device.covered() == [(0, 499)]


def test_index_follows_every_flush(device: Device) -> None:
    for n in range(100):
        rows = list(device.index.values())
        device.flush(n, confirmed=[(row.key, row.digest) for row in rows[::3]])
        assert device.index == {row.key: row for row in device.store.unconfirmed()}


def test_what_is_too_old_goes_and_is_said_unless_it_was_confirmed(device: Device) -> None:
    first = device.flush().added[0]
    for _ in range(40):
        device.flush()
    device.flush(confirmed=[(row.key, row.digest) for row in device.index.values() if row.key.first < 8])
    assert first.key.first == 0
    device.flush(after=20_000.0)
    rows = device.rows()
    assert [row.tombstone.reason for row in rows if row.tombstone] == ["expired"]
    assert rows[0].key.first == 8
    assert device.covered() == [(8, 42)]


def test_the_newest_row_of_each_stream_stays_so_that_no_number_is_given_twice(device: Device) -> None:
    row = device.flush().added[0]
    device.flush(None, after=1e6, confirmed=[(row.key, row.digest)])
    assert device.spans() == [(0, 0)]
    assert device.flush().added[0].key.first == 1


def test_epochs_are_forgotten_when_no_row_is_of_them_or_older(device: Device) -> None:
    for _ in range(5):
        row = device.flush().added[0]
        device.flush(None, confirmed=[(row.key, row.digest)])
        device.reopen()
    device.flush()
    assert len(device.store.epochs()) == 6
    flushed = device.flush(after=1e6)
    assert [epoch.id for epoch in flushed.epochs] == [1006, 1005]
    assert flushed.epochs[1].prev == 1004


def test_a_leap_of_the_wall_clock_does_not_wipe_the_store(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(settle=60))
    for n in range(20):
        device.flush(n)
    for leap in (10 * 365 * 86400.0, -20 * 365 * 86400.0, 10 * 365 * 86400.0):
        device.now += leap
        for n in range(20):
            device.flush(n)
    assert not [row for row in device.rows() if row.tombstone]
    assert device.covered() == [(0, 79)]


def test_after_a_leap_ages_hold_again_once_it_has_settled(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(settle=5))
    device.flush()
    device.now += 1e6
    reasons = [[row.tombstone for row in device.flush().added if row.tombstone] for _ in range(7)]
    assert [bool(found) for found in reasons] == [False] * 5 + [True, False]


def test_under_pressure_resolution_falls_before_anything_is_dropped(make_device: MakeDevice) -> None:
    device = make_device(Limits(max_size=MIB, tiers=((8, 1e9),), policies=kept(1e9), settle=0))
    noise = tuple(Event("boot-1", float(n), START, "e", (), os.urandom(200).hex()) for n in range(10))
    for n in range(600):
        device.now += 10.0
        device.apply(Flush(device.now, {"windows": content(device.now - 10.0, n)._replace(events=noise)}))
        assert device.size() <= MIB
    assert device.covered() == [(0, 599)]
    graves = sum(last - first + 1 for row in device.rows() if row.tombstone for first, last in [row.key[2:]])
    assert len(device.heads()) < 300
    assert graves < 600


def test_confirmed_history_goes_before_unconfirmed_data(make_device: MakeDevice) -> None:
    device = make_device(Limits(max_size=MIB, tiers=(), policies=kept(1e9), settle=0))
    for n in range(400):
        events = tuple(Event("boot-1", 1e6 * n + i, START, "e", (), os.urandom(400).hex()) for i in range(8))
        device.now += 10.0
        rows = [row for row in device.index.values() if row.key.first % 2]
        device.apply(
            Flush(
                device.now,
                {"events": Content(events=events)},
                [(row.key, row.digest) for row in rows],
                aging=0,
            )
        )
    held = [row for row in device.rows() if row.tombstone is None]
    assert device.size() <= MIB
    assert len([row for row in held if row.confirmed]) <= 1


def test_size_is_bounded_over_very_many_flushes(make_device: MakeDevice) -> None:
    device = make_device(Limits(max_size=MIB, tiers=((8, 500.0), (64, 5000.0)), policies=kept(1e9), settle=0))
    for n in range(1000):
        length = 50 + n * 7919 % 997 * (20 if n % 40 == 0 else 1)
        noise = Content(events=(Event("boot-1", float(n), START, "e", (), os.urandom(512).hex()),) * 1)
        wide = tuple(
            Event("boot-1", n + i / 100, START, "e", (), os.urandom(500).hex()) for i in range(length // 500)
        )
        device.now += 10.0
        device.apply(
            Flush(
                device.now,
                {
                    "windows": content(device.now - 10.0, n)._replace(events=wide),
                    "events": noise if n % 3 else Content(),
                },
                [(row.key, row.digest) for row in device.index.values() if n % 5 == 0],
                positions={f"log{n % 9}": str(n).encode()},
            )
        )
        assert device.size() <= MIB, n
    assert device.covered()[-1][1] == 999


def flush_many(device: Device, times: int) -> None:
    for n in range(times):
        device.flush(n)


def test_a_long_reader_makes_the_store_busy_and_never_larger(make_device: MakeDevice) -> None:
    device = make_device()
    device.flush()
    reader = sqlite3.connect(f"file:{device.store.path}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM records").fetchone()
    device.store._connection.execute("PRAGMA busy_timeout = 0")
    with pytest.raises(StoreBusy, match=r"outrider\.db-wal: .* end the process"):
        flush_many(device, 1000)
    given = device.store.epochs()[0].next["windows"]
    assert device.size() <= MIB
    reader.close()
    assert device.flush().added[-1].key.first == given
    assert device.size() <= MIB


def test_readers_shorter_than_a_second_stop_nothing(device: Device) -> None:
    reader = Reader.open(device.directory)
    for n in range(400):
        device.flush(n)
        assert reader.epochs()[0].next["windows"] == n + 1
    reader.close()


def test_both_files_are_grown_in_advance_and_stay_so(device: Device) -> None:
    sizes = [path.stat().st_size for path in sorted(device.directory.iterdir())]
    for n in range(300):
        device.flush(n)
    device.reopen()
    assert [path.stat().st_size for path in sorted(device.directory.iterdir())] == sizes
    assert sum(sizes) > MIB * 0.95


def test_files_that_cannot_grow_take_flushes_and_a_restart(make_device: MakeDevice) -> None:
    device = make_device()
    largest = max(path.stat().st_size for path in device.directory.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))
    try:
        for n in range(400):
            device.flush(n)
        device.reopen()
        device.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert device.store.epochs()[0].prev_next == {"windows": 400}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB. Files that cannot grow are tested above wherever mounting is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        reason = f"mount: {mounted.stderr.decode().strip()}"
        if "mount" in os.environ.get("OUTRIDER_REQUIRE", "").split(","):
            pytest.fail(reason)
        pytest.skip(reason)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(bytes(4096))


def test_a_full_disk_still_commits_after_a_restart_too(small_disk: Path, make_device: MakeDevice) -> None:
    """otel#7198, #5159: on a full disk nothing could be deleted, and space never came back."""
    device = make_device(LIMITS._replace(max_size=2 * MIB), small_disk / "state")
    fill(small_disk)
    for n in range(600):
        device.flush(n)
    device.reopen()
    device.flush()
    assert device.store.epochs()[0].prev_next == {"windows": 600}


def test_a_disk_too_full_for_a_new_store_is_said_and_leaves_nothing(small_disk: Path) -> None:
    fill(small_disk)
    with pytest.raises(StoreError, match="free space"):
        Store.open(small_disk / "state", LIMITS, now=START, new_epoch=lambda: 1)
    (small_disk / "ballast").unlink()
    (small_disk / "ballast").write_bytes(bytes(3 * MIB + MIB // 2))
    with pytest.raises(StoreFull, match="free space"):
        Store.open(small_disk / "state", LIMITS, now=START, new_epoch=lambda: 1)
    assert [path.name for path in (small_disk / "state").iterdir()] == ["outrider.lock"]


def test_a_missing_directory_is_made_for_this_user_alone(make_device: MakeDevice, tmp_path: Path) -> None:
    device = make_device(directory=tmp_path / "var" / "lib")
    assert stat.S_IMODE(device.directory.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in device.directory.iterdir()}
    assert modes == {0o600}


def test_a_directory_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreDenied, match="file"):
        Store.open(tmp_path / "file" / "state", LIMITS, now=START, new_epoch=lambda: 1)


def test_a_second_daemon_is_refused_and_told_of_the_first(device: Device) -> None:
    with pytest.raises(StoreLocked, match=f"process {os.getpid()} "):
        Store.open(device.directory, LIMITS, now=START, new_epoch=lambda: 1)
    assert device.flush().added


def test_a_max_size_below_the_smallest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"store\.max_size: 1000 bytes"):
        Store.open(tmp_path / "state", Limits(max_size=1000), now=START, new_epoch=lambda: 1)
    assert not (tmp_path / "state").exists()


def test_damage_met_by_a_flush_is_said_and_close_sets_the_file_aside(device: Device) -> None:
    device.flush()
    device.store._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    device.store._connection.execute("PRAGMA cache_size = 0")
    device.store._connection.execute("PRAGMA shrink_memory")
    with device.store.path.open("r+b") as file:
        file.seek(1024)
        file.write(b"\xff" * 1024 * 40)
    with pytest.raises(StoreCorrupt, match="open the store again"):
        device.flush()
    device.reopen()
    assert [path.name for path in device.directory.glob("*.corrupt-*")] != []
    assert device.flush().added[0].key.first == 0


def test_a_row_that_cannot_be_read_becomes_a_tombstone_when_asked(device: Device) -> None:
    rows = [device.flush(aging=0).added[0] for _ in range(3)]
    flushed = device.flush(None, quarantine=[rows[1].key, Key(77, "windows", 0, 0)])
    grave = next(row.tombstone for row in flushed.added if row.tombstone)
    assert (grave.key, grave.reason) == (rows[1].key, "corrupt")
    assert flushed.counts["corrupt"] == 1
