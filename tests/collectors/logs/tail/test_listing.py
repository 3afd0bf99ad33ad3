from __future__ import annotations

import os
from pathlib import Path

from collectors.logs.tail.listing import FOLDERS, TICK, Listing, Listings


def old(folder: Path, ago: int = 10 * TICK) -> None:
    """The folder was changed so many ns earlier than it was."""
    status = folder.stat()
    os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns - ago))


def test_entries_are_found_by_their_name_its_begin_and_their_inode(tmp_path: Path) -> None:
    for name in ("a.log", "a.log.1", "a-1.log", "ab.log", "b"):
        (tmp_path / name).touch()
    os.link(tmp_path / "b", tmp_path / "c")
    listing = Listing(str(tmp_path))
    assert [entry.name for entry in listing.starting("a.")] == ["a.log", "a.log.1"]
    assert [entry.name for entry in listing.starting("c")] == ["c"]
    assert list(listing.starting("d")) == []
    assert [entry.name for entry in listing.of_inode((tmp_path / "b").stat().st_ino)] == ["b", "c"]
    assert listing.named("a.log") is not None
    assert (listing.named("a.lo"), listing.named("z")) == (None, None)


def test_a_folder_is_listed_anew_where_it_changed_or_another_look_began(tmp_path: Path) -> None:
    listings = Listings()
    old(tmp_path)
    first = listings.of(str(tmp_path))
    assert listings.of(str(tmp_path)) is first
    (tmp_path / "a").touch()
    assert listings.of(str(tmp_path)).named("a") is not None
    old(tmp_path)
    second = listings.of(str(tmp_path))
    listings.renew()
    assert listings.of(str(tmp_path)) is not second


def test_what_was_changed_in_this_tick_is_not_trusted(tmp_path: Path) -> None:
    listings = Listings()
    (tmp_path / "a").touch()
    assert listings.of(str(tmp_path)) is not listings.of(str(tmp_path))


def test_a_folder_that_is_not_there_is_empty_and_few_are_kept(tmp_path: Path) -> None:
    listings = Listings()
    assert listings.of(str(tmp_path / "none")).named("a") is None
    for at in range(3 * FOLDERS):
        (tmp_path / str(at)).mkdir()
        old(tmp_path / str(at))
        listings.of(str(tmp_path / str(at)))
    assert len(listings._known) <= FOLDERS
