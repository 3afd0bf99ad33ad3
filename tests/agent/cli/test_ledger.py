from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli import main
from agent.ledger import Entry, event_of
from agent.stats.frame import Content
from agent.store.flush import Flush
from agent.store.sizing import MIB, Limits
from tests.agent.store.device import Device, content


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    """A daemon's store that stays open: merged by eights, with two losses, of which one was told."""
    limits = Limits(MIB, ((8, 100.0),), settle=0)
    with Device(tmp_path / "state", limits) as opened:
        opened.now = time.time() - 4000.0
        for n in range(40):
            opened.flush(float(n))
        lost = opened.index[next(key for key in opened.index if key.first == 39)]
        early = opened.index[next(key for key in opened.index if key.first == 0)]
        opened.flush(None, quarantine=[lost.key], after=0.0)
        opened.flush(None, quarantine=[early.key], after=0.0)
        start, end = next((head.start, head.end) for head in opened.heads() if head.first == 0)
        entry = Entry("lost", "windows", "corrupt", "store", 1, 77, (start, end))
        cut = Entry("cut", "windows", "max_series", "fold", 9)
        events = tuple(
            event_of(each, "boot", at, opened.now) for each, at in ((entry, 1.0), (cut, -10_000.0))
        )
        opened.apply(Flush(opened.now, {"events": Content(events=events)}))
        yield opened


def run(device: Device, *words: str) -> int:
    file = device.directory.parent / "empty.toml"
    file.touch(0o600)
    return main(["ledger", *words, "--config", str(file), "--state-dir", str(device.directory)])


def test_it_tells_when_what_how_much_why_and_by_whom(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(device) == 0
    lines = capsys.readouterr().out.splitlines()
    words = [line.split()[1:] for line in lines if not line.startswith("in the store")]
    assert words[0][:7] == ["cut", "windows", "9", "-", "max_series", "by", "fold"]
    assert [each[:3] for each in words[1:]] == [["lost", "windows", "1"]] * 2
    assert {each[6] + " " + each[7] for each in words[1:]} == {"by store", "by tombstone"}
    assert any(line.startswith("in the store: windows") and "blocks of 8" in line for line in lines)


def test_one_loss_is_not_told_twice(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(device, "--json") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    lost = [each for each in found if each.get("what") == "lost"]
    assert sorted(each["by"] for each in lost) == ["store", "tombstone"]
    assert {each["reason"] for each in lost} == {"corrupt"}
    (grave,) = [each for each in lost if each["by"] == "tombstone"]
    assert grave["end"] - grave["start"] == pytest.approx(10.0)
    blocks = {each["length"]: each["rows"] for each in found if each["kind"] == "blocks"}
    assert blocks[8] >= 2


def test_what_is_older_is_left_out(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(device, "--json", "--last", "2h") == 0
    assert '"cut"' not in capsys.readouterr().out


def test_a_store_without_losses_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Device(tmp_path / "state") as opened:
        opened.apply(Flush(opened.now, {"windows": content(opened.now)}))
        assert run(opened) == 0
    size = next(iter(opened.index.values())).size
    assert capsys.readouterr().out.splitlines() == [
        "nothing became coarser, was let go of, lost, cut or refused",
        f"in the store: windows      1 records, {size} B",
    ]


def test_without_a_store_it_says_what_to_ask_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "empty.toml"
    file.touch(0o600)
    assert main(["ledger", "--config", str(file), "--state-dir", str(tmp_path / "none")]) == 1
    assert "is there a daemon with this state directory?" in capsys.readouterr().err


def test_what_nobody_knows_the_number_of_is_told_without_one(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = event_of(Entry("lost", "samples", "corrupt", "store", None), "boot", 1.0, device.now)
    device.apply(Flush(device.now, {"events": Content(events=(gone,))}))
    assert run(device) == 0
    words = [line.split()[1:] for line in capsys.readouterr().out.splitlines() if " samples " in line]
    assert words == [["lost", "samples", "-", "-", "corrupt", "by", "store", "-"]]
