"""Forty of the stores that `make torture` takes five hundred of, and the disk that forgets by itself."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.torture.disk import Call, Disk, calls
from tests.torture.lostwrites import run

A, B = "/s/a", "/s/b"


def states(made: list[Call]) -> set[tuple[tuple[str, bytes], ...]]:
    """All that a power cut after these calls was seen to leave."""
    disk = Disk("/s")
    for call in made:
        disk.follow(call)
    return {tuple(sorted(disk.left(Random(seed)).items())) for seed in range(300)}


def test_what_was_synced_is_there_and_of_the_rest_any_part() -> None:
    made = [
        Call("create", A),
        Call("pwrite64", A, b"one"),
        Call("fsync", "/s"),
        Call("fdatasync", A),
        Call("pwrite64", A, b"two", 3),
        Call("pwrite64", A, b"end", 6),
    ]
    assert states(made[:1]) == {(), (("a", b""),)}
    assert states(made[:4]) == {(("a", b"one"),)}
    left = [b"one", b"onetwo", b"one\0\0\0end", b"onetwoend"]
    assert states(made) == {(("a", each),) for each in left}
    assert states([*made, Call("ftruncate", A, at=2), Call("fsync", A)]) == {(("a", b"on"),)}


def test_a_write_is_torn_where_sectors_end() -> None:
    made = [Call("create", A), Call("fsync", "/s"), Call("pwrite64", A, b"x" * 512 + b"y" * 512)]
    assert (("a", b"x" * 512),) in states(made)
    assert (("a", bytes(512) + b"y" * 512),) in states(made)


def test_a_name_is_there_once_its_directory_was_synced_and_names_change_in_order() -> None:
    made = [Call("create", A), Call("rename", A, other=B), Call("unlink", B), Call("create", A)]
    assert states(made[:2]) == {(), (("a", b""),), (("b", b""),)}
    assert states([*made[:2], Call("fsync", "/s")]) == {(("b", b""),)}
    assert states([*made[:2], Call("fsync", "/s"), Call("unlink", B)]) == {(), (("b", b""),)}
    assert states([Call("create", "/elsewhere/a")]) == {()}


def test_calls_are_read_as_strace_writes_them() -> None:
    path = "".join(f"\\x{byte:02x}" for byte in A.encode())
    trace = [
        f'openat(AT_FDCWD</>, "{path}", O_RDWR|O_CREAT|O_EXCL, 0600) = 3<{path}>',
        f'openat(AT_FDCWD</>, "{path}", O_RDONLY) = 4<{path}>',
        f'pwrite64(3<{path}>, "\\x01\\x02", 2, 4096) = 2',
        f'pwrite64(3<{A}>, "\\x01\\x02", 2, 0) = -1 ENOSPC (No space left on device)',
        f"fallocate(3<{path}>, 0, 0, 100) = 0",
        f'rename("{path}", "{path}") = 0',
        f"fdatasync(3<{path}>) = 0",
        "+++ exited with 0 +++",
    ]
    assert list(calls(trace)) == [
        Call("create", A),
        Call("pwrite64", A, b"\x01\x02", 4096),
        Call("extend", A, at=100),
        Call("rename", A, other=A),
        Call("fdatasync", A),
    ]


@pytest.mark.strace
def test_after_lost_writes_and_garbage_a_store_is_as_acknowledged_or_set_aside(tmp_path: Path) -> None:
    outcomes = run(tmp_path, 40)
    assert outcomes["as acknowledged"] + outcomes["as under way"] == 32
    assert outcomes["garbage: opened"] + outcomes["garbage: set aside"] >= 7
