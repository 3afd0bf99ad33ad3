from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from agent.identity import boot_id
from agent.judge.thrift import KEPT, Counted, Thrift
from agent.ship.budget import Allowance
from agent.ship.holds import HOLDS, Holds
from agent.ship.purse import LINK, Purse
from agent.store.flush import Flush
from agent.store.sizing import MIB, Limits
from collectors.host import Host
from tests.agent.cli.test_local import run
from tests.agent.store.device import Device
from tests.messages import minute


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    """A daemon's store that stays open, with ten windows."""
    with Device(tmp_path / "state", Limits(max_size=MIB, settle=0)) as opened:
        for step in range(10):
            opened.now += 60.0
            opened.apply(Flush(opened.now, {"windows": minute(opened.now - 60.0, step)}))
        yield opened


def spend(device: Device, size: int) -> None:
    """The daemon has a budget and spent so much of it."""
    purse = Purse(Allowance(2_000_000, 86_400.0), boot="boot")
    purse.advance(1.0)
    purse.spend(size)
    device.apply(Flush(device.now, kept={LINK: purse.save()}))


def test_without_a_budget_it_says_what_waits(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(device, "spool", "status") == 0
    waits, budget, flash = capsys.readouterr().out.splitlines()
    assert waits.startswith("windows: 10 records, ")
    assert budget == "no budget (ship.budget)"
    assert flash == "store.write_budget 50 MB/day: nothing is known yet of what was written"


def test_spent_and_left_are_told_beside_a_running_daemon(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    spend(device, 150_000)
    assert run(device, "spool", "status") == 0
    told = "budget 2 MB/day: 150,000 bytes spent, 1,850,000 left of the last day, as of the last flush"
    assert told in capsys.readouterr().out.splitlines()
    assert run(device, "spool", "status", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["budget"] == {"limit": 2e6, "per": 86_400.0, "spent": 150_000, "left": 1_850_000, "grain": 1}
    assert found["waiting"]["windows"]["records"] == 10


@pytest.mark.parametrize(
    ("written", "left"), [(1_250_000, "5,000,000 left now"), (7_250_000, "1,000,000 owed")]
)
def test_what_was_written_to_the_flash_is_told(
    device: Device, capsys: pytest.CaptureFixture[str], written: int, left: str
) -> None:
    thrift = Thrift(50_000_000)
    thrift.look(0.0, Counted(0, 0))
    thrift.look(0.0, Counted(written, 9_000_000))
    device.apply(Flush(device.now, kept={KEPT: thrift.state(time.time() + 60.0)}))
    assert run(device, "spool", "status") == 0
    told = f"{written:,} bytes written in 24 hours, 9,000,000 to the device by anyone; {left}"
    assert capsys.readouterr().out.splitlines()[-1] == f"store.write_budget 50 MB/day: {told}"
    assert run(device, "spool", "status", "--json") == 0
    found = json.loads(capsys.readouterr().out)["flash"]
    assert found == {
        "process": written,
        "device": 9_000_000,
        "budget": 50_000_000,
        "left": 6_250_000 - written,
    }


@pytest.fixture
def uptime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("clock", "records wait for the wall clock, which is surely wrong (ship.clock_wait)"),
        ("rest", "the device rests between two connections, to stay within ship.budget"),
    ],
)
def test_why_records_wait_and_until_when_is_told(
    device: Device, capsys: pytest.CaptureFixture[str], uptime: float, name: str, why: str
) -> None:
    clock, rest = (uptime + 500.0 if name == each else None for each in ("clock", "rest"))
    holds = Holds(boot_id(Host()), clock, rest)
    device.apply(Flush(device.now, kept={HOLDS: holds.dump()}))
    assert run(device, "spool", "status") == 0
    told = capsys.readouterr().out.splitlines()[1]
    until = datetime.fromisoformat(told.rpartition(" until ")[2].replace("Z", "+00:00")).timestamp()
    assert told.startswith(f"{why}: for ")
    assert until == pytest.approx(time.time() + 500.0, abs=30.0)
    assert run(device, "spool", "status", "--json") == 0
    held = json.loads(capsys.readouterr().out)["held"]
    assert held == {name: pytest.approx(until, abs=30.0)}


def test_nothing_is_said_of_a_wait_that_is_over_or_of_another_boot(
    device: Device, capsys: pytest.CaptureFixture[str], uptime: float
) -> None:
    boot = boot_id(Host())
    for holds in (Holds(boot, uptime - 1.0, uptime - 1.0), Holds("another", uptime + 500.0)):
        device.apply(Flush(device.now, kept={HOLDS: holds.dump()}))
        assert run(device, "spool", "status", "--json") == 0
        assert json.loads(capsys.readouterr().out)["held"] == {}


def test_what_is_confirmed_does_not_wait(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    confirmed = [(row.key, row.digest) for row in device.store.unconfirmed()]
    device.apply(Flush(device.now, confirmed=confirmed))
    assert run(device, "spool", "status") == 0
    assert capsys.readouterr().out.splitlines()[0] == "everything is confirmed"


def test_a_state_that_cannot_be_read_is_said(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    device.apply(Flush(device.now, kept={LINK: b"{}"}))
    assert run(device, "spool", "status") == 0
    assert "no state of a budget" in capsys.readouterr().err


def test_where_there_is_no_store_it_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from agent.cli import main

    file = tmp_path / "empty.toml"
    file.touch(0o600)
    assert main(["spool", "status", "--config", str(file), "--state-dir", str(tmp_path / "none")]) == 1
    assert "is there a daemon" in capsys.readouterr().err
