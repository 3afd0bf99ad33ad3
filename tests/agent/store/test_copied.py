from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from agent.store.copied import copy_of
from agent.store.errors import StoreBusy, StoreFull
from tests.agent.store.device import Device


def count(path: Path) -> int:
    connection = sqlite3.connect(path)
    numbers: int = connection.execute("SELECT count(*) FROM records").fetchone()[0]
    connection.close()
    return numbers


def test_a_copy_has_what_only_the_log_holds(device: Device, tmp_path: Path) -> None:
    for n in range(5):
        device.flush(n)
    made = copy_of(device.store.path, (tmp_path,))
    assert made.parent.parent == tmp_path
    assert made.read_bytes() == device.store.path.read_bytes()
    assert count(made) == 5


def test_a_log_begun_anew_meanwhile_is_copied_again(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.flush()
    real, copies = shutil.copyfile, []

    def slow(source: Path, target: Path) -> None:
        real(source, target)
        copies.append(source.name)
        if len(copies) <= 4:
            device.store._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
            device.flush()

    monkeypatch.setattr(shutil, "copyfile", slow)
    made = copy_of(device.store.path, (tmp_path,))
    assert copies == ["outrider.db", "outrider.db-wal"] * 3
    assert count(made) == 5


def test_a_log_that_never_rests_is_told_and_nothing_left(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.flush()
    real = shutil.copyfile

    def slow(source: Path, target: Path) -> None:
        real(source, target)
        device.store._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        device.flush()

    monkeypatch.setattr(shutil, "copyfile", slow)
    with pytest.raises(StoreBusy, match="try again"):
        copy_of(device.store.path, (tmp_path,))
    assert not list(tmp_path.glob("outrider-*"))


def test_without_room_for_a_copy_the_places_are_named(device: Device, tmp_path: Path) -> None:
    with pytest.raises(StoreFull, match=f"neither {tmp_path}/absent has"):
        copy_of(device.store.path, (tmp_path / "absent",))
