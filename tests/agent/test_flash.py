from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.flash import SECTOR, Flash, mounted
from agent.judge.thrift import Counted
from collectors.host import Host

MIB = 1024 * 1024
TABLE = rb"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 0:25 / / rw,relatime shared:1 - btrfs /dev/mmcblk0p2 rw
31 27 0:26 / /var/lib\040here rw - tmpfs tmpfs rw
33 27 0:27 / /var rw - overlay overlay rw,lowerdir=/a
garbage
"""


def on_disk(folder: Path) -> bool:
    """Whether a folder lies on a block device that counts."""
    number = folder.stat().st_dev
    return Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/stat").exists()


def tree(folder: Path, number: int, sectors: int) -> Host:
    """A host whose /sys knows the block device of this number."""
    device = folder / "sys/devices/mmc0/block/mmcblk0/mmcblk0p2"
    device.mkdir(parents=True)
    (device / "stat").write_text(f"  9 1 72 3 11 2 {sectors} 5 0 8 8 0 0 0 0\n")
    for link in (f"dev/block/{os.major(number)}:{os.minor(number)}", "class/block/mmcblk0p2"):
        (folder / "sys" / link).parent.mkdir(parents=True, exist_ok=True)
        (folder / "sys" / link).symlink_to(device)
    return Host(folder)


def test_both_counts_follow_what_is_really_written(tmp_path: Path) -> None:
    if not on_disk(tmp_path):
        pytest.skip("the tests' directory lies on no block device")
    flash = Flash(Host(), tmp_path)
    assert flash.device
    before = flash.counted()
    with (tmp_path / "file").open("wb") as file:
        file.write(os.urandom(4 * MIB))
        file.flush()
        os.fsync(file.fileno())
    after = flash.counted()
    assert None not in (before.process, before.device, after.process, after.device)
    assert (after.process or 0) - (before.process or 0) >= 4 * MIB
    assert (after.device or 0) - (before.device or 0) >= 4 * MIB


def test_memory_has_no_device_and_says_so() -> None:
    flash = Flash(Host(), Path("/dev/shm"))
    assert flash.device == ""
    assert flash.why == "it lies on tmpfs, which is no block device"
    assert flash.counted().device is None


def test_a_partition_is_counted_by_itself(tmp_path: Path) -> None:
    flash = Flash(tree(tmp_path, os.makedev(179, 2), 1000), tmp_path)
    assert flash.device == "" or os.major(tmp_path.stat().st_dev) == 179
    number = tmp_path.stat().st_dev
    host = tree(tmp_path / "other", number, 1000)
    found = Flash(host, tmp_path)
    assert (found.device, found.counted()) == ("mmcblk0p2", Counted(None, 1000 * SECTOR))


def test_a_directory_that_is_not_there_is_the_reason() -> None:
    flash = Flash(Host(), Path("/no/such/place"))
    assert "No such file" in flash.why
    assert flash.counted().device is None


def test_a_count_that_vanishes_or_is_garbage_is_absent(tmp_path: Path) -> None:
    flash = Flash(tree(tmp_path, tmp_path.stat().st_dev, 7), tmp_path)
    stat = tmp_path / "sys/class/block/mmcblk0p2/stat"
    assert flash.counted().device == 7 * SECTOR
    stat.write_text("1 2 3\n")
    assert flash.counted().device is None
    stat.write_text("1 2 3 4 5 6 x\n")
    assert flash.counted().device is None
    stat.unlink()
    assert flash.counted().device is None


@pytest.mark.parametrize(
    ("path", "kind", "source"),
    [
        ("/home/x", "btrfs", "/dev/mmcblk0p2"),
        ("/var/lib here/state", "tmpfs", "tmpfs"),
        ("/var/lib", "overlay", "overlay"),
        ("/various", "btrfs", "/dev/mmcblk0p2"),
    ],
)
def test_the_mount_is_the_longest_that_the_path_lies_on(path: str, kind: str, source: str) -> None:
    assert mounted(TABLE, Path(path)) == (kind, source)
    assert mounted(b"", Path(path)) == ("", "")
