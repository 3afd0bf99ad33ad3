from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collectors.logs.tail import places
from collectors.logs.tail.places import Places, root_of


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


STILL = Clock()


def untold(folder: str, error: OSError) -> None:
    """Every folder of these tests can be listed, if it is there."""
    assert isinstance(error, FileNotFoundError), folder


def made(*patterns: str, most: int = 100, clock: Callable[[], float] = STILL) -> Places:
    """The wall clock is far ahead, so that no folder counts as changed just now."""
    return Places(patterns, most, clock, lambda: 4e9, untold)


def tree(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.log", ["a.log", "b.log"]),
        ("[!a].log", ["b.log"]),
        ("?.txt", ["c.txt"]),
        ("none.log", ["none.log"]),
        ("*/x.log", ["one/x.log", "two/x.log"]),
        ("**/x.log", ["one/deep/x.log", "one/x.log", "two/x.log"]),
        ("one/**", ["one/deep/x.log", "one/x.log"]),
        ("o*/deep/*.log", ["one/deep/x.log"]),
        (".*.log", [".hidden.log"]),
        ("missing/*.log", []),
    ],
)
def test_patterns(pattern: str, expected: list[str], tmp_path: Path) -> None:
    tree(tmp_path, "a.log", "b.log", "c.txt", ".hidden.log", "one/x.log", "one/deep/x.log", "two/x.log")
    asked = made(f"{tmp_path}/{pattern}")
    assert asked.paths() == [f"{tmp_path}/{name}" for name in expected]
    files = [str(path) for path in tmp_path.rglob("*") if path.is_file()]
    assert {path for path in (*files, *asked.paths()) if asked.names(path)} == set(asked.paths())


def test_a_folder_is_listed_again_only_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "a.log")
    listed: list[str] = []
    scandir = os.scandir

    def counted(folder: str) -> Any:
        listed.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", counted)
    clock = Clock()
    found = made(f"{tmp_path}/*.log", clock=clock)
    assert [len(found.paths()) for _ in range(3)] == [1, 1, 1]
    assert len(listed) == 1
    assert found.changed == set()
    tree(tmp_path, "b.log")
    os.utime(tmp_path, (1e9, 1e9))
    assert len(found.paths()) == 2
    assert found.changed == {str(tmp_path)}
    clock.now += places.RELIST
    found.paths()
    assert len(listed) == 3


def test_a_folder_that_changed_just_now_is_not_believed(tmp_path: Path) -> None:
    tree(tmp_path, "a.log")
    just_now = tmp_path.stat().st_mtime + 0.001
    found = Places([f"{tmp_path}/*.log"], 10, Clock(), lambda: just_now, untold)
    before = tmp_path.stat()
    assert len(found.paths()) == 1
    tree(tmp_path, "b.log")
    os.utime(tmp_path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert len(found.paths()) == 2


def test_what_is_beyond_the_limit_is_counted(tmp_path: Path) -> None:
    tree(tmp_path, *(f"{number}.log" for number in range(10)))
    found = made(f"{tmp_path}/*.log", most=4)
    assert len(found.paths()) == 4
    assert found.beyond == 6


def test_a_circle_of_links_ends(tmp_path: Path) -> None:
    tree(tmp_path, "one/a.log")
    (tmp_path / "one/again").symlink_to(tmp_path)
    assert made(f"{tmp_path}/**/*.log").paths() == [f"{tmp_path}/one/a.log"]


@pytest.mark.parametrize(
    ("pattern", "root"),
    [("/var/log/*.log", "/var/log"), ("/var/*/a.log", "/var"), ("/a.log", "/"), ("/v/l/a.log", "/v/l")],
)
def test_the_root_of_a_pattern(pattern: str, root: str) -> None:
    assert root_of(pattern) == root


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(folder: str) -> None:
        raise PermissionError(13, "Permission denied", folder)

    told: list[str] = []
    monkeypatch.setattr(os, "scandir", denied)
    found = Places([f"{tmp_path}/*.log"], 10, Clock(), lambda: 4e9, lambda folder, _: told.append(folder))
    assert found.paths() == []
    assert told == [str(tmp_path)]
