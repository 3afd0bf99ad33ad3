"""vector#20561, #19154: people want to check and repair their buffers."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from random import Random

import pytest

from agent.ship.records import Key
from agent.stats.frame import Content, Event
from agent.store.audit import audit
from agent.store.errors import StoreDenied, StoreError
from agent.store.flush import Flush
from agent.store.layout import PAGE
from agent.store.reader import Reader
from agent.store.repair import repair
from tests.agent.store.device import LIMITS, Device


def filled(directory: Path) -> tuple[Path, dict[Key, bytes]]:
    """A closed store of two lives with 400 records of some pages, and the digest of each row."""
    chance = Random(1)
    with Device(directory, LIMITS._replace(tiers=())) as device:
        for n in range(400):
            if n == 200:
                device.reopen()
            texts = [chance.randbytes(300).hex() for _ in range(2)]
            events = tuple(Event("boot", device.now, 0.0, "noise", (), text) for text in texts)
            contents, positions = {"events": Content(events=events)}, {"log": b"17"}
            device.now += 1.0
            device.apply(Flush(device.now, contents, positions=positions, aging=0))
        return device.store.path, {row.key: row.digest for row in device.rows()}


def repaired(directory: Path) -> dict[Key, bytes]:
    reader = Reader.copy(directory)
    found = {each.row.key: each.row.digest for each in reader.stored() if each.row.tombstone is None}
    reader.close()
    return found


def test_a_sound_store_is_carried_over_whole(tmp_path: Path) -> None:
    path, digests = filled(tmp_path / "old")
    done = repair(path, tmp_path / "new")
    assert (done.records, done.lives, done.wrong, done.nameless, done.buried) == (400, 2, 0, 0, 0)
    assert repaired(tmp_path / "new") == digests
    assert audit(tmp_path / "new").faults == ()
    with Device(tmp_path / "new", first_epoch=5001) as again:
        assert again.store.positions() == {"log": b"17"}
        assert again.store.set_aside is None


@pytest.mark.parametrize("seed", range(6))
def test_what_a_damaged_store_still_holds_is_carried_over_and_the_rest_is_said(
    seed: int, tmp_path: Path
) -> None:
    path, digests = filled(tmp_path / "old")
    pages = path.stat().st_size // PAGE
    chance = Random(seed)
    with path.open("r+b") as file:
        for _ in range(4):
            file.seek(PAGE * chance.randrange(8, pages // 2))
            file.write(chance.randbytes(PAGE))
    log = Path(f"{path}-wal")
    log.unlink()
    done = repair(path, tmp_path / "new")
    kept = repaired(tmp_path / "new")
    assert kept.items() <= digests.items()
    assert len(kept) == done.records >= 200
    found = audit(tmp_path / "new")
    assert found.faults == ()
    assert found.lost == done.buried
    with Device(tmp_path / "new", first_epoch=5001) as again:
        assert again.store.set_aside is None
        assert again.flush().added


def test_a_file_of_garbage_gives_nothing_and_takes_no_hours(tmp_path: Path) -> None:
    damaged = tmp_path / "outrider.db.corrupt-1"
    damaged.write_bytes(Random(1).randbytes(100_000))
    with pytest.raises(StoreError, match="not a database"):
        repair(damaged, tmp_path / "new")
    assert not (tmp_path / "new" / "outrider.db").exists()


def test_rows_of_lives_that_cannot_be_named_are_counted_and_not_taken(tmp_path: Path) -> None:
    path, digests = filled(tmp_path / "old")
    database = sqlite3.connect(path)
    database.execute("DELETE FROM epochs WHERE life = 1")
    database.execute(
        "UPDATE records SET digest = x'0000000000000000' WHERE place = (SELECT max(place) FROM records)"
    )
    database.commit()
    database.close()
    done = repair(path, tmp_path / "new")
    assert (done.records, done.nameless, done.wrong, done.lives) == (199, 200, 1, 1)
    assert repaired(tmp_path / "new").items() <= digests.items()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    path, _ = filled(tmp_path / "old")
    before = path.read_bytes()
    with pytest.raises(StoreDenied, match="there is a store already"):
        repair(path, tmp_path / "old")
    assert path.read_bytes() == before


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"/none\.db: No such file or directory$"):
        repair(tmp_path / "none.db", tmp_path / "new")
    assert not (tmp_path / "new").exists()
