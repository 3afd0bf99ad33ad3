from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.logs.tail.depths import Depths
from collectors.logs.tail.listing import Listings
from collectors.logs.tail.medium import medium_of, open_safely
from collectors.logs.tail.proof import HEAD, WINDOW, Proof, digest, ladder
from collectors.logs.tail.siblings import MOST, Search, bases, is_beginning, root

TEXT = b"".join(b"line %06d\n" % number for number in range(1000))


def proof(data: bytes) -> tuple[int, Proof]:
    return len(data), Proof(ladder(data[:HEAD]), digest(data[-WINDOW:]))


def search(log: Path, taken: Callable[[tuple[int, int]], bool] = lambda _: False) -> Search:
    return Search(str(log), (), [str(log.parent)], taken, Listings())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("app.log", set()),
        ("app.log.1", {"app.log"}),
        ("app.log.2.gz", {"app.log.2", "app.log"}),
        ("app.log-20261126", {"app.log"}),
        ("app.log.2026-11-26_10", {"app.log", "app.log.2026", "app.log.2026-11", "app.log.2026-11-26"}),
        ("app-20261126.log", {"app.log"}),
        ("app-20261126.log.zst", {"app-20261126.log", "app.log"}),
        ("app.log.old", {"app.log"}),
        ("app.log.bak", {"app.log"}),
        ("app.log-analysis.txt", set()),
        ("0.log.20261126-101112", {"0.log", "0.log.20261126"}),
        ("model-1.log", {"model.log"}),
        ("apple.log.1", {"apple.log"}),
    ],
)
def test_of_which_log_a_name_may_be_a_rotated_one(name: str, expected: set[str]) -> None:
    assert bases(name) == expected


def test_rotated_names_have_the_log_as_their_root() -> None:
    names = ("app.log", "app.log.1", "app.log.2.gz", "app-20261126.log", "app.log.2026-11-26")
    assert {root(f"/l/{name}") for name in names} == {"/l/app.log"}


def test_the_rest_is_found_by_inode_under_any_name(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(TEXT)
    status = log.stat()
    log.rename(tmp_path / "put away")
    found = search(log).rest((status.st_dev, status.st_ino), *proof(TEXT[:600]), 0, ())
    assert found is not None
    assert found.real == str(tmp_path / "put away")
    found.medium.close()


def test_an_inode_with_another_content_is_not_the_rest(tmp_path: Path) -> None:
    log = tmp_path / "app.log.1"
    log.write_bytes(TEXT[::-1])
    status = log.stat()
    assert (
        search(tmp_path / "app.log").rest((status.st_dev, status.st_ino), *proof(TEXT[:600]), 0, ()) is None
    )


@pytest.mark.parametrize("name", ["app.log.3", "app.log.3.gz"])
def test_the_rest_is_found_by_content(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(gzip.compress(TEXT) if name.endswith("gz") else TEXT)
    (tmp_path / "app.log.1").write_bytes(TEXT[::-1])
    (tmp_path / "other.log.1").write_bytes(TEXT)
    found = search(tmp_path / "app.log").rest((0, 0), *proof(TEXT[:600]), 0, ())
    assert found is not None
    assert (Path(found.real).name, found.likeness) == (name, "same")
    found.medium.close()


def test_a_copy_that_ends_before_is_found_if_there_is_no_other(tmp_path: Path) -> None:
    (tmp_path / "app.log.1").write_bytes(TEXT[:400])
    found = search(tmp_path / "app.log").rest((0, 0), *proof(TEXT[:600]), 0, ())
    assert found is not None
    assert found.likeness == "shorter"
    found.medium.close()
    (tmp_path / "app.log.2").write_bytes(TEXT)
    found = search(tmp_path / "app.log").rest((0, 0), *proof(TEXT[:600]), 0, ())
    assert found is not None
    assert found.likeness == "same"
    found.medium.close()


@pytest.mark.parametrize("number", [0, 70, 149])
def test_the_rest_is_found_among_very_many_by_when_it_was_written(number: int, tmp_path: Path) -> None:
    for hour in range(150):
        path = tmp_path / f"app.log.{hour:03d}"
        path.write_bytes(TEXT if hour == number else b"%d " % hour + TEXT)
        os.utime(path, ns=(0, hour * 10**9))
    found = search(tmp_path / "app.log").rest((0, 0), *proof(TEXT[:600]), number * 10**9 - 5, ())
    assert found is not None
    assert found.real == str(tmp_path / f"app.log.{number:03d}")
    found.medium.close()


def test_what_was_rejected_or_is_taken_is_not_found(tmp_path: Path) -> None:
    path = tmp_path / "app.log.1"
    path.write_bytes(TEXT)
    file = (path.stat().st_dev, path.stat().st_ino)
    assert search(tmp_path / "app.log").rest((0, 0), *proof(TEXT[:600]), 0, {file}) is None
    assert (
        search(tmp_path / "app.log", lambda each: each == file).rest((0, 0), *proof(TEXT[:600]), 0, ())
        is None
    )


def test_unseen_are_the_newer_ones_that_hold_nothing_known(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"now\n")
    contents = {
        "app.log.1": TEXT[500:],
        "app.log.2.gz": gzip.compress(TEXT[1000:]),
        "app.log.3": TEXT,
        "app.log.4": b"x",
    }
    for age, (name, data) in enumerate(contents.items()):
        (tmp_path / name).write_bytes(data)
        os.utime(tmp_path / name, ns=(0, 10**18 - age * 10**9))
    (tmp_path / "app.log.2").write_bytes(b"")
    (tmp_path / "app.log.2").unlink()
    found = search(log).unseen(10**18 - 3 * 10**9 + 10**8, [proof(TEXT[:300])], str(log), Depths())
    assert [Path(each.real).name for each in found] == ["app.log.2.gz", "app.log.1"]
    for each in found:
        each.medium.close()


def test_of_very_many_unseen_the_oldest_are_found_first(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    for hour in range(MOST + 1):
        (tmp_path / f"app.log.{hour}").write_bytes(b"%d " % hour + TEXT)
        os.utime(tmp_path / f"app.log.{hour}", ns=(0, hour * 10**9))
    looked = search(log)
    found = looked.unseen(0, [], str(log), Depths())
    assert [Path(each.real).name for each in found] == [f"app.log.{hour}" for hour in range(MOST)]
    assert not looked.ended
    for each in found:
        each.medium.close()


def test_a_copy_being_made_is_not_unseen(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(TEXT)
    (tmp_path / "app.log.1").write_bytes(TEXT[:700])
    looked = search(log)
    assert looked.unseen(0, [], str(log), Depths()) == []
    assert not looked.clean


def test_a_compressed_file_beside_the_plain_one_is_not_done(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    (tmp_path / "app.log.1").write_bytes(TEXT)
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(TEXT)[:100])
    found = search(log).unseen(0, [], str(log), Depths())
    assert [Path(each.real).name for each in found] == ["app.log.1"]
    found[0].medium.close()


def test_is_beginning(tmp_path: Path) -> None:
    def medium(name: str, data: bytes) -> object:
        (tmp_path / name).write_bytes(data)
        return medium_of(open_safely(str(tmp_path / name), [str(tmp_path)]).descriptor)

    long = medium("long", TEXT)
    shorter = {b"": False, TEXT[:10]: True, TEXT: True, TEXT + b"x": False, TEXT[:9000] + b"x": False}
    for number, (data, expected) in enumerate(shorter.items()):
        short = medium(str(number), data)
        assert is_beginning(short, long) == expected  # type: ignore[arg-type]
        short.close()  # type: ignore[attr-defined]
    long.close()  # type: ignore[attr-defined]


def test_rotated_files_in_an_archive(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    log = tmp_path / "app.log"
    log.write_bytes(TEXT)
    shutil.move(log, tmp_path / "old/app.log.1")
    found = Search(str(log), (str(tmp_path / "old"),), [str(tmp_path)], lambda _: False, Listings()).rest(
        (0, 0), *proof(TEXT[:600]), 0, ()
    )
    assert found is not None
    found.medium.close()


@pytest.mark.parametrize("begun", [b"", b"\x1f"])
def test_a_compressed_file_without_its_first_bytes_is_looked_at_again(begun: bytes, tmp_path: Path) -> None:
    (tmp_path / "app.log.1.gz").write_bytes(begun)
    looked = search(tmp_path / "app.log")
    assert looked.unseen(0, [], str(tmp_path / "app.log"), Depths()) == []
    assert not looked.clean
