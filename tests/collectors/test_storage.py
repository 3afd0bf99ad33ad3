from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import NoData, Reading
from collectors.host import COUNT_LIMIT, Host
from collectors.storage import LOOK, SECTOR, Storage, parse, wanted
from tests.collectors.conftest import Make

STAT = "1 2 3 4 5 6 7 8 9 10 11\n"


def devices(reading: Reading) -> list[str]:
    return sorted({series.attributes[0][1] for series in reading.series})


def test_it_agrees_with_psutil() -> None:
    opened = Storage(Host())
    before = psutil.disk_io_counters(perdisk=True, nowrap=False)
    reading = opened.collect(0.0)
    after = psutil.disk_io_counters(perdisk=True, nowrap=False)
    opened.close()
    assert reading.series
    for series, value in zip(reading.series, reading.values, strict=True):
        device, way = series.attributes[0][1], series.attributes[-1][1]
        field = {
            "system.disk.io": f"{way}_bytes",
            "system.disk.operations": f"{way}_count",
            "system.disk.operation_time": f"{way}_time",
            "system.disk.io_time": "busy_time",
        }[series.name]
        scale = 1000 if series.unit == "s" else 1
        low, high = getattr(before[device], field), getattr(after[device], field)
        assert low <= round(float(str(value)) * scale) <= high


def test_the_units_are_bytes_and_seconds() -> None:
    assert parse(STAT.encode()) == (3 * 512, 7 * 512, 1, 5, 0.004, 0.008, 0.010)


def test_only_whole_disks_are_wanted() -> None:
    others = [
        "mmcblk0boot0",
        "mmcblk0rpmb",
        "loop0",
        "ram0",
        "zram0",
        "dm-0",
        "md127",
        "sr0",
        "fd0",
        "mtdblock3",
    ]
    assert wanted(["vda", "nvme0n1", "mmcblk0", *others, "sda"]) == ["mmcblk0", "nvme0n1", "sda", "vda"]


def test_a_disk_pulled_out_leaves_and_one_plugged_in_is_found(make: Make, tmp_path: Path) -> None:
    opened = Storage(make({"sys/block/sda/stat": STAT, "sys/block/sdb/stat": STAT}))
    assert devices(opened.collect(0.0)) == ["sda", "sdb"]
    before = len(os.listdir("/proc/self/fd"))
    (tmp_path / "sys/block/sdb/stat").unlink()
    (tmp_path / "sys/block/sdb").rmdir()
    make({"sys/block/sdc/stat": STAT})
    assert devices(opened.collect(LOOK)) == ["sda", "sdc"]
    assert len(os.listdir("/proc/self/fd")) == before
    opened.close()
    assert len(os.listdir("/proc/self/fd")) == before - 2


def test_a_disk_whose_file_is_not_there_leaves_at_once(make: Make, tmp_path: Path) -> None:
    host = make({"sys/block/sda/stat": STAT})
    (tmp_path / "sys/block/sdb").mkdir()
    opened = Storage(host)
    reading = opened.collect(0.0)
    opened.close()
    assert devices(reading) == ["sda"]
    assert len(reading.values) == len(reading.series)


def test_a_kernel_without_block_devices_has_no_data(make: Make) -> None:
    with pytest.raises(NoData, match="no block devices"):
        Storage(make({}))


WORDS = st.lists(st.integers(-1, 1 << 65), min_size=10, max_size=17)


@given(st.binary(max_size=200) | WORDS.map(lambda words: b" ".join(map(b"%d".__mod__, words))))
def test_any_bytes_give_seven_numbers_or_a_value_error(text: bytes) -> None:
    try:
        found = parse(text)
    except ValueError:
        return
    assert len(found) == 7
    assert all(0 <= each < COUNT_LIMIT * SECTOR for each in found)
