"""A full file system of 4 MB: each flush is written, the policy decides what stays, and readers that hold on
do not break the limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.stats.frame import Content, Event
from agent.stats.window import Gauge
from agent.store.errors import StoreBusy
from agent.store.reader import Reader
from agent.store.sizing import MIB, POLICIES, Limits
from collectors.api import Series
from tests.agent.store.device import Device, content
from tests.disks import fill, small_disk, taken

FLUSHES = 700
MANY = [Series("test.value", "1", "gauge", (("n", str(n)),)) for n in range(60)]
HOURS = 3600.0


def limits(at_limit: str) -> Limits:
    """The smallest store there is, whose windows do that at its limit; nothing merges for its age."""
    windows = POLICIES["windows"]._replace(at_limit=at_limit)
    return Limits(MIB, ((2, 1e6 * HOURS),), {**POLICIES, "windows": windows}, settle=0)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 4) as place:
        yield place


def minute(device: Device, n: int) -> dict[str, Content]:
    """A window of many series, and now and then an event; about 1.5 KB that nothing makes smaller."""
    frame = content(device.now).frames[0]
    values = {each: (n * 7919 + at * 104_729) % 9973 / 9973 for at, each in enumerate(MANY)}
    windows = {each: Gauge(60, v, v / 3, v * 2, v * 60) for each, v in values.items()}
    event = Event("boot-1", device.now, 1000.0, "made.up", (), str(n))
    return {
        "windows": Content((frame._replace(windows=windows),)),
        **({"events": Content(events=(event,))} if n % 50 == 0 else {}),
    }


def spans(device: Device, *, lost: bool) -> list[tuple[int, int]]:
    rows = [row for row in device.rows() if row.key.stream == "windows"]
    return [row.key[2:] for row in rows if (row.tombstone is not None) == lost]


@pytest.mark.parametrize("at_limit", ["coarsen", "drop_oldest", "drop_newest"])
def test_on_a_full_disk_every_flush_is_written_and_the_policy_decides_what_stays(
    disk: Path, at_limit: str
) -> None:
    with Device(disk / "state", limits(at_limit)) as device:
        ballast = fill(disk)
        largest = 0
        for n in range(FLUSHES):
            device.flush(contents=minute(device, n))
            largest = max(largest, taken(device.directory))
        assert largest <= MIB + 4096, "the lock's page is beside it"
        data, lost = spans(device, lost=False), spans(device, lost=True)
        assert device.covered() == [(0, FLUSHES - 1)]
        if at_limit == "coarsen":
            assert lost == []
            assert data[0][1] > data[-1][0] - data[-1][1], "the oldest is the coarsest"
        elif at_limit == "drop_oldest":
            assert (lost[0][0], data[-1][1]) == (0, FLUSHES - 1)
            assert lost[-1][1] < data[0][0]
        else:
            # The first few have given way to events, which count more.
            assert (data[0][0] < FLUSHES // 20, lost[-1][1]) == (True, FLUSHES - 1)
            assert data[-1][1] < lost[-1][0]
        assert [row.key.last for row in device.rows() if row.key.stream == "events"][-1] == FLUSHES // 50 - 1
        ballast.unlink()
        device.flush(contents=minute(device, FLUSHES))
        assert device.covered() == [(0, FLUSHES)]


def stored(device: Device, n: int) -> bool:
    """Whether a flush was written, with a reader in the way."""
    try:
        device.flush(contents=minute(device, n))
    except StoreBusy:
        return False
    return True


def test_a_reader_that_holds_on_breaks_no_limit_and_all_goes_on_when_it_has_gone(disk: Path) -> None:
    with Device(disk / "state", limits("coarsen")) as device:
        assert stored(device, 0)
        fill(disk)
        with closing(Reader.open(device.directory)) as reader, reader._snapshot():
            written = 0
            while written < 300 and stored(device, written):
                written += 1
                assert taken(device.directory) <= MIB + 4096
            assert written < 300, "the log has been begun anew under a reader"
        assert stored(device, 300)
        assert device.covered() == [(0, written + 1)]
        assert spans(device, lost=True) == []
