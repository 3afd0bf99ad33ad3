from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import NoData
from collectors.filesystem import Filesystem, Mount, parse, room, unescaped
from collectors.host import Host
from tests.collectors.conftest import Make

ROOT = "/dev/mmcblk0p2 / ext4 rw 0 0\n"


def points(text: str) -> list[bytes]:
    return [mount.point for mount in parse(text.encode())[0]]


def test_it_agrees_with_psutil(make: Make, tmp_path: Path) -> None:
    opened = Filesystem(make({"proc/self/mounts": ROOT}))
    reading, seen = opened.collect(0.0), psutil.disk_usage(str(tmp_path))
    opened.close()
    used, free, reserved, utilization, *_ = (float(str(value)) for value in reading.values)
    near = 64 << 20  # other processes write meanwhile
    assert used == pytest.approx(seen.used, abs=near)
    assert free == pytest.approx(seen.free, abs=near)
    assert used + free + reserved == pytest.approx(seen.total, abs=near)
    assert utilization * 100 == pytest.approx(seen.percent, abs=0.5)


def test_local_file_systems_are_asked_and_no_others() -> None:
    text = (
        f"{ROOT}proc /proc proc rw 0 0\ntmpfs /run tmpfs rw 0 0\n/dev/loop0 /snap/core squashfs ro 0 0\n"
        "server:/x /mnt/nfs nfs4 rw 0 0\nsshfs /mnt/ssh fuse.sshfs rw 0 0\n/dev/sda1 /boot vfat rw 0 0\n"
        "ubi0:data /data ubifs rw 0 0\n"
    )
    assert points(text) == [b"/", b"/boot", b"/data"]


def test_the_root_is_asked_whatever_it_is_but_over_the_network() -> None:
    assert points("overlay / overlay rw 0 0\n") == [b"/"]
    assert points("server:/root / nfs rw 0 0\n") == []


def test_a_bind_mount_is_the_file_system_that_was_there_before() -> None:
    assert points(f"{ROOT}/dev/mmcblk0p2 /var/lib/docker ext4 rw 0 0\n") == [b"/"]


def test_a_mount_hidden_by_a_later_one_is_not_asked() -> None:
    hidden = "/dev/sda1 /data ext4 rw 0 0\nserver:/x /data nfs rw 0 0\n"
    assert points(ROOT + hidden) == [b"/"]
    assert points("autofs /data autofs rw 0 0\n/dev/sda1 /data ext4 rw 0 0\n") == [b"/data"]


def test_thousands_of_mounts_are_bounded() -> None:
    assert len(points("".join(f"/dev/sd{n} /m{n} ext4 rw 0 0\n" for n in range(5000)))) == 64


def test_escapes_of_the_kernel_are_undone() -> None:
    assert unescaped(rb"/mnt/my\040disk\011\012\043\134040") == b"/mnt/my disk\t\n#\\040"


def test_a_malformed_line_has_a_reason() -> None:
    mounts, absences = parse(f"{ROOT}garbage\n".encode())
    assert mounts == [Mount(b"/dev/mmcblk0p2", b"/", b"ext4")]
    assert [each.reason for each in absences] == ["/proc/self/mounts: malformed line 'garbage'"]


def test_a_mount_that_cannot_be_asked_costs_its_own_values_only(make: Make, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    opened = Filesystem(make({"proc/self/mounts": f"{ROOT}/dev/sda1 /data ext4 rw 0 0\n"}))
    before = opened.collect(0.0)
    (tmp_path / "data").rmdir()
    after = opened.collect(10.0)
    opened.close()
    assert after.series is before.series
    assert list(after.values[6:]) == [None] * 6
    assert [each.what for each in after.absences] == ["/data"]
    assert None not in after.values[:6]


def test_a_mount_that_comes_joins_and_one_that_goes_leaves(make: Make, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    opened = Filesystem(make({"proc/self/mounts": ROOT}))
    first = opened.collect(0.0)
    make({"proc/self/mounts": f"{ROOT}/dev/sda1 /data ext4 rw 0 0\n"})
    second = opened.collect(10.0)
    make({"proc/self/mounts": ROOT})
    third = opened.collect(20.0)
    opened.close()
    assert [len(each.series) for each in (first, second, third)] == [6, 12, 6]
    assert third.series == first.series


def test_a_host_without_local_file_systems_has_no_data(make: Make) -> None:
    opened = Filesystem(make({"proc/self/mounts": "proc /proc proc rw 0 0\n"}))
    with pytest.raises(NoData, match="no local file system"):
        opened.collect(0.0)
    opened.close()


def test_an_empty_file_system_without_inodes_has_unknown_shares() -> None:
    empty = os.statvfs_result((4096, 4096, 0, 0, 0, 0, 0, 0, os.ST_RDONLY, 255))
    assert room(empty) == [0, 0, 0, None, 1, None]


def test_every_local_mount_of_this_machine_is_answered_or_said() -> None:
    opened = Filesystem(Host())
    try:
        reading = opened.collect(0.0)
    except NoData:
        return
    finally:
        opened.close()
    assert len(reading.series) == len(reading.values)


@given(st.binary(max_size=300))
def test_any_bytes_give_mounts_and_reasons(text: bytes) -> None:
    mounts, absences = parse(text)
    assert len(mounts) + len(absences) <= len(text)
