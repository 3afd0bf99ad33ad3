from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import filesystem
from collectors.api import NoData, Reading
from collectors.aside import Lanes
from collectors.filesystem import Filesystem, Mount, parse, room, standing, unescaped
from collectors.host import Host
from collectors.options import Filesystem as Options
from tests.collectors.conftest import Make
from tests.deadmount import DeadMount, dead_mount
from tests.waiting import until

ROOT = "/dev/mmcblk0p2 / ext4 rw 0 0\n"


def tables(mounts: str, process: int | str = "self") -> dict[str, str]:
    """Both tables of the mounts of a process; each file system is as its mount is."""
    info = "".join(
        f"{place + 20} 1 8:{place} / {point} {flags} shared:{place} - {kind} {source} {flags}\n"
        for place, (source, point, kind, flags, *_) in enumerate(map(str.split, mounts.splitlines()))
    )
    return {f"proc/{process}/mounts": mounts, f"proc/{process}/mountinfo": info}


def points(text: str, *, remote: bool = False) -> list[bytes]:
    return [mount.point for mount in parse(text.encode(), remote=remote)[0]]


def local(host: Host) -> Filesystem:
    return Filesystem(host, Options())


def shown(reading: Reading, point: Path | str) -> dict[str, object]:
    """The values of one mount; of the three usages the first."""
    found: dict[str, object] = {}
    for series, value in zip(reading.series, reading.values, strict=True):
        if series.attributes[0][1] == str(point):
            found.setdefault(series.name, value)
    return found


def said(reading: Reading, point: Path | str) -> str:
    """Why a mount has no values."""
    return "; ".join(each.reason for each in reading.absences if each.what == str(point))


def test_it_agrees_with_psutil(make: Make, tmp_path: Path) -> None:
    opened = local(make(tables(ROOT)))
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


def test_on_wish_those_of_other_machines_are_asked_too_and_last() -> None:
    text = (
        f"server:/x /mnt/nfs nfs4 rw 0 0\nhost:/ /mnt/ssh fuse.sshfs rw 0 0\n{ROOT}"
        "tag /shared virtiofs rw 0 0\n/dev/loop3 /snap/core fuse.snapfuse ro 0 0\n"
        "fusectl /sys/fs/fuse/connections fusectl rw 0 0\n"
    )
    mounts, _ = parse(text.encode(), remote=True)
    assert [(mount.point, mount.aside) for mount in mounts] == [
        (b"/", False), (b"/mnt/nfs", True), (b"/mnt/ssh", True), (b"/shared", True)
    ]  # fmt: skip
    assert points(text) == [b"/"]
    assert points("server:/root / nfs rw 0 0\n", remote=True) == [b"/"]


def test_a_disk_that_a_process_answers_for_or_below_a_dead_mount_may_hang_too() -> None:
    text = (
        f"{ROOT}server:/x /mnt/nfs nfs rw 0 0\n/dev/sdb1 /mnt/nfs/disk ext4 rw 0 0\n"
        "/dev/sdc1 /usb fuseblk rw 0 0\n/dev/sdd1 /mnt/nfs2 ext4 rw 0 0\n"
    )
    found = {mount.point: mount.aside for mount in parse(text.encode())[0]}
    assert found == {b"/": False, b"/mnt/nfs2": False, b"/mnt/nfs/disk": True, b"/usb": True}


def test_two_fuse_mounts_of_one_word_are_two() -> None:
    text = "rclone /a fuse.rclone rw 0 0\nrclone /b fuse.rclone rw 0 0\n"
    assert points(text, remote=True) == [b"/a", b"/b"]


def test_thousands_of_mounts_are_bounded_and_the_rest_is_said() -> None:
    mounts, absences = parse("".join(f"/dev/sd{n} /m{n} ext4 rw 0 0\n" for n in range(5000)).encode())
    assert len(mounts) == 64
    assert [each.reason for each in absences] == ["4936 mounts are not asked: more than 64, or of one name"]


def test_two_thousand_mounts_of_deep_overlays_are_read(make: Make) -> None:
    layers = ":".join(f"/var/lib/docker/overlay2/l/{n:026}" for n in range(30))
    lines = (
        f"overlay /var/lib/docker/overlay2/{n}/merged overlay lowerdir={layers} 0 0\n" for n in range(2000)
    )
    opened = local(make(tables(ROOT + "".join(lines))))
    reading = opened.collect(0.0)
    opened.close()
    assert len(reading.series) == 6
    assert reading.absences == ()


def test_two_points_that_read_the_same_are_one() -> None:
    mounts, absences = parse(b"/dev/sda1 /a\xfe ext4 rw 0 0\n/dev/sdb1 /a\xff ext4 rw 0 0\n")
    assert [mount.point for mount in mounts] == [b"/a\xfe"]
    assert len(absences) == 1


def test_escapes_of_the_kernel_are_undone() -> None:
    assert unescaped(rb"/mnt/my\040disk\011\012\043\134040") == b"/mnt/my disk\t\n#\\040"


def test_a_malformed_line_has_a_reason() -> None:
    mounts, absences = parse(f"{ROOT}garbage\n".encode())
    assert mounts == [Mount(b"/dev/mmcblk0p2", b"/", b"ext4")]
    assert [each.reason for each in absences] == ["/proc/self/mounts: malformed line 'garbage'"]


def test_a_mount_that_cannot_be_asked_costs_its_own_values_only(make: Make, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    opened = local(make(tables(f"{ROOT}/dev/sda1 /data ext4 rw 0 0\n")))
    before = opened.collect(0.0)
    (tmp_path / "data").rmdir()
    after = opened.collect(10.0)
    opened.close()
    assert after.series is before.series
    assert list(after.values[6:]) == [None, None, None, None, 0, None]
    assert [each.what for each in after.absences] == ["/data"]
    assert None not in after.values[:6]


def test_a_mount_that_comes_joins_and_one_that_goes_leaves(make: Make, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    opened = local(make(tables(ROOT)))
    first = opened.collect(0.0)
    make(tables(f"{ROOT}/dev/sda1 /data ext4 rw 0 0\n"))
    second = opened.collect(10.0)
    make(tables(ROOT))
    third = opened.collect(20.0)
    opened.close()
    assert [len(each.series) for each in (first, second, third)] == [6, 12, 6]
    assert third.series == first.series


def test_a_host_without_local_file_systems_has_no_data(make: Make) -> None:
    opened = local(make(tables("proc /proc proc rw 0 0\n")))
    with pytest.raises(NoData, match="no local file system"):
        opened.collect(0.0)
    opened.close()


def test_an_empty_file_system_without_inodes_has_unknown_shares() -> None:
    empty = os.statvfs_result((4096, 4096, 0, 0, 0, 0, 0, 0, os.ST_RDONLY, 255))
    assert room(empty) == (0, 0, 0, None, None)


def test_every_local_mount_of_this_machine_is_answered_or_said() -> None:
    opened = local(Host())
    try:
        reading = opened.collect(0.0)
    except NoData:
        return
    finally:
        opened.close()
    assert len(reading.series) == len(reading.values)


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> Lanes[filesystem.Room]:
    """Lanes of the test's own: those of the process remember whoever hung before."""
    made: Lanes[filesystem.Room] = Lanes("statvfs of a test", 0.05, 2, time.monotonic)
    monkeypatch.setattr(filesystem, "LANES", made)
    return made


def listing(folder: Path, *dead: DeadMount) -> Host:
    """This host, with these mounts and the root alone: other tests may have theirs."""
    mounts = folder / "proc/self/mounts"
    mounts.parent.mkdir(parents=True, exist_ok=True)
    mounts.write_text(ROOT + "".join(f"deadmount {each.point} fuse.sshfs rw 0 0\n" for each in dead))
    return Host(proc=folder / "proc")


@pytest.mark.fuse
def test_a_mount_that_hangs_is_marked_and_comes_back(tmp_path: Path, lanes: Lanes[filesystem.Room]) -> None:
    """node_exporter#868: statfs on a dead network mount stops everything."""
    with dead_mount(tmp_path / "dead", kind="fuse.sshfs") as dead:
        opened = Filesystem(listing(tmp_path, dead), Options(remote=True))
        first, second = opened.collect(0.0), opened.collect(30.0)
        assert shown(first, dead.point) == {
            "system.filesystem.usage": None,
            "system.filesystem.utilization": None,
            "linux.filesystem.read_only": None,
            "linux.filesystem.responding": 0,
        }
        assert said(first, dead.point).startswith("statvfs of a test has not answered for 0.1 s")
        assert second.series is first.series
        assert second.values[0] is not None  # the root, which is asked first
        dead.revive()
        until(lambda: shown(opened.collect(60.0), dead.point)["linux.filesystem.responding"] == 1)
        back = shown(opened.collect(90.0), dead.point)
        opened.close()
    assert back["system.filesystem.usage"] == 600 * 4096
    assert back["system.filesystem.utilization"] == 600 / 900
    assert back["linux.filesystem.inodes.utilization"] == 0.6


@pytest.mark.fuse
def test_only_so_many_threads_wait_and_a_reload_adds_none(
    tmp_path: Path, lanes: Lanes[filesystem.Room]
) -> None:
    with dead_mount(tmp_path / "a") as a, dead_mount(tmp_path / "b") as b, dead_mount(tmp_path / "c") as c:
        for _ in range(3):
            opened = Filesystem(listing(tmp_path, a, b, c), Options(remote=True))
            reading = opened.collect(0.0)
            opened.close()
        assert [shown(reading, each.point)["linux.filesystem.responding"] for each in (a, b, c)] == [
            0,
            0,
            None,
        ]
        assert said(reading, c.point) == "not asked: 2 others do not answer"
        assert sorted(lanes._hung) == [str(a.point), str(b.point)]


@pytest.mark.fuse
def test_a_poll_does_not_wait_for_one_after_the_other(
    tmp_path: Path, lanes: Lanes[filesystem.Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filesystem, "LONGEST", 0.0)
    with dead_mount(tmp_path / "a") as a, dead_mount(tmp_path / "b") as b:
        opened = Filesystem(listing(tmp_path, a, b), Options(remote=True))
        reading = opened.collect(0.0)
        opened.close()
    assert {said(reading, each.point) for each in (a, b)} == {"not asked this time: others took too long"}


@pytest.mark.fuse
def test_a_mount_that_is_taken_away_under_a_call_lets_it_go(
    tmp_path: Path, lanes: Lanes[filesystem.Room]
) -> None:
    with dead_mount(tmp_path / "gone") as gone:
        opened = Filesystem(listing(tmp_path, gone), Options(remote=True))
        assert shown(opened.collect(0.0), gone.point)["linux.filesystem.responding"] == 0
    until(lambda: not lanes._hung[str(gone.point)].waiting())
    listing(tmp_path)
    assert shown(opened.collect(30.0), gone.point) == {}
    opened.close()


@pytest.mark.fuse
def test_a_dead_mount_that_nobody_asked_for_costs_nothing(
    tmp_path: Path, lanes: Lanes[filesystem.Room]
) -> None:
    with dead_mount(tmp_path / "dead") as dead:
        opened = local(Host())
        reading = opened.collect(0.0)
        opened.close()
        assert not dead.asked.is_set()
    assert shown(reading, dead.point) == {}
    assert lanes._free is None


def test_a_mount_that_tells_this_user_nothing_is_absent() -> None:
    with pytest.raises(ValueError, match="it says nothing of its room"):
        filesystem.answered(Host(), b"/proc")  # without blocks, as a FUSE mount of another user


def test_in_a_container_the_mounts_are_those_of_the_hosts_first_process(make: Make, tmp_path: Path) -> None:
    make({**tables(ROOT, 1), **tables("/dev/sda1 /elsewhere ext4 rw 0 0\n")})
    opened = local(Host(tmp_path, other=True))
    reading = opened.collect(0.0)
    opened.close()
    assert {each.attributes[0][1] for each in reading.series} == {"/"}


@given(st.binary(max_size=300))
def test_any_bytes_give_mounts_and_reasons(text: bytes) -> None:
    mounts, absences = parse(text)
    assert len(mounts) + len(absences) <= len(text)


SANDBOXED = b"""\
22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw
27 1 254:0 / / ro,nosuid,relatime shared:1 master:3 - ext4 /dev/vda rw,discard
31 27 259:2 / /home ro,relatime - ext4 /dev/nvme0n1p3 rw
60 31 0:41 /systemd/inaccessible/dir /home ro,nosuid - tmpfs tmpfs rw,mode=755
61 27 8:1 / /data\\040disk ro,relatime - ext4 /dev/sda1 ro,errors=remount-ro
half a line
"""


def test_read_only_is_what_the_file_system_says_not_what_a_sandbox_made_of_its_mount() -> None:
    found = standing(SANDBOXED)
    assert (found.read_only[b"/"], found.read_only[b"/data disk"]) == (0, 1)


def test_a_file_system_that_the_sandbox_hides_is_absent_with_what_to_do(make: Make) -> None:
    mounts = "/dev/vda / ext4 ro 0 0\n/dev/nvme0n1p3 /home ext4 ro 0 0\ntmpfs /home tmpfs ro 0 0\n"
    opened = local(make({"proc/self/mounts": mounts, "proc/self/mountinfo": SANDBOXED.decode()}))
    reading = opened.collect(0.0)
    opened.close()
    assert shown(reading, "/")["linux.filesystem.read_only"] == 0
    assert "service allow home" in said(reading, "/home")


def test_without_the_second_table_only_that_is_absent(make: Make) -> None:
    opened = local(make({"proc/self/mounts": ROOT}))
    reading = opened.collect(0.0)
    opened.close()
    assert [
        series.name for series, value in zip(reading.series, reading.values, strict=True) if value is None
    ] == ["linux.filesystem.read_only"]
    assert [each.what for each in reading.absences] == ["linux.filesystem.read_only"]


def test_an_error_that_makes_a_file_system_read_only_is_seen_though_the_mounts_read_the_same(
    make: Make,
) -> None:
    opened = local(make(tables(ROOT)))
    before = opened.collect(0.0)
    make({"proc/self/mountinfo": "27 1 254:0 / / rw,relatime - ext4 /dev/mmcblk0p2 ro,errors=remount-ro\n"})
    after = opened.collect(30.0)
    opened.close()
    assert shown(before, "/")["linux.filesystem.read_only"] == 0
    assert shown(after, "/")["linux.filesystem.read_only"] == 1
