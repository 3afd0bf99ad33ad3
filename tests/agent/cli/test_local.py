from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli import main
from agent.daemon import RING
from agent.stats.frame import Content, Event
from agent.stats.ring import Ring
from agent.store.flush import Flush
from agent.store.sizing import MIB, Limits
from collectors.api import Reading
from tests.agent.store.device import Device
from tests.messages import minute, series

NOBODY = 65_534


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    """A daemon's store that stays open: ten minutes of four series until now."""
    with Device(tmp_path / "state", Limits(max_size=MIB, settle=0)) as opened:
        opened.now = time.time() - 600.0
        for step in range(10):
            opened.now += 60.0
            opened.apply(Flush(opened.now, {"windows": minute(opened.now - 60.0, step)}))
        yield opened


def run(device: Device, *words: str) -> int:
    return main([*words, *defaults(device.directory.parent), "--state-dir", str(device.directory)])


def defaults(folder: Path) -> list[str]:
    """The flag that keeps this machine's own configuration out."""
    file = folder / "empty.toml"
    file.touch(0o600)
    return ["--config", str(file)]


def test_history_of_a_metric_is_a_line_a_window(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(device, "history", "system.cpu.utilization", "--last", "5m") == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 5
    assert all("system.cpu.utilization{mode=user}" in line for line in shown)


def test_history_without_a_metric_lists_every_series(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(device, "history") == 0
    shown = [line.split()[2] for line in capsys.readouterr().out.splitlines()]
    assert shown == [
        "model.errors{source=log}",
        "model.inference.duration",
        "system.cpu.utilization{mode=user}",
        "system.network.io{device=eth0}",
    ]


def test_history_as_json_takes_a_pattern_and_is_what_view_prints(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(device, "history", "system.*", "--json", "--device", "edge-1") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 20
    assert {row["device"] for row in rows} == {"edge-1"}
    assert {row["metric"] for row in rows} == {"system.cpu.utilization", "system.network.io"}
    assert [row["end"] - row["start"] for row in rows] == [60.0] * 20


def test_nothing_found_is_said(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(device, "history", "absent.metric") == 1
    assert "no window of absent.metric since" in capsys.readouterr().err
    assert run(device, "history", "--last", "0s") == 1
    assert "the first is kept when its span (60 s) is over" in capsys.readouterr().err


def test_a_loss_is_said_beside_the_history(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    device.flush(None, quarantine=list(device.index)[:2])
    assert run(device, "history", "system.cpu.utilization") == 0
    told = capsys.readouterr()
    assert "2 records are lost (corrupt)" in told.err
    assert len(told.out.splitlines()) == 8


def test_an_unreadable_record_is_said_and_the_rest_shown(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    device.store._connection.execute("UPDATE records SET content = x'00' WHERE last = 3")
    assert run(device, "history", "system.cpu.utilization") == 0
    told = capsys.readouterr()
    assert "record windows 3-3" in told.err
    assert len(told.out.splitlines()) == 9


@pytest.mark.parametrize(
    "words", [["history"], ["spool", "ls"], ["spool", "verify"], ["spool", "export", "-"]]
)
def test_without_a_store_each_verb_says_where_it_looked(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, *defaults(tmp_path), "--state-dir", str(tmp_path)]) == 1
    assert f"outrider {words[0]}: {tmp_path}/outrider.db: No such file" in capsys.readouterr().err


def test_raw_history_is_each_poll_of_the_ring(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cpu, memory = series("system.cpu.utilization"), series("system.memory.usage", "By")
    boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    ring = Ring.open(tmp_path / RING, "boot-1")
    for second in range(20):
        ring.write(boot - 20.0 + second, [("all", Reading((cpu, memory), (second / 100, 1024.0 * second)))])
    words = ["history", "system.memory.*", "--raw", "--last", "10s", *defaults(tmp_path)]
    assert main([*words, "--runtime-dir", str(tmp_path), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["value"] for row in rows] == [1024.0 * second for second in range(20 - len(rows), 20)]
    assert 8 <= len(rows) <= 10
    assert abs(rows[-1]["time"] - time.time()) < 5.0
    assert main([*words, "--runtime-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[1:] == ["system.memory.usage", "19KiB"]
    assert main(["history", "absent", *words[2:], "--runtime-dir", str(tmp_path)]) == 1
    ring.close()


def test_raw_history_without_a_ring_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--raw", *defaults(tmp_path), "--runtime-dir", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.count(str(tmp_path)) == 1
    assert "is there a daemon with this runtime directory? --runtime-dir" in said


def test_spool_ls_is_a_line_a_record(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    row = next(iter(device.index.values()))
    device.flush(None, confirmed=[(row.key, row.digest)])
    assert run(device, "spool", "ls") == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [words[2] for words in shown] == [f"{n}-{n}" for n in range(10)]
    assert [words[4] for words in shown] == ["confirmed"] + ["unconfirmed"] * 9
    assert run(device, "spool", "ls", "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["confirmed"] is True


def test_what_can_never_be_sent_is_marked_and_exported(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    row = list(device.index.values())[3]
    event = Event("boot-1", 5.0, 1_700_000_000.0, "e", (("k", "v"),), "text")
    device.flush(None, contents={"events": Content(events=(event,))})
    other = list(device.index.values())[-1]
    device.flush(None, refused={row.digest: "packet_too_large", other.digest: "range"})
    assert run(device, "spool", "ls") == 0
    marked = [line for line in capsys.readouterr().out.splitlines() if "refused: packet_too_large" in line]
    assert [line.split()[2] for line in marked] == ["3-3"]
    assert run(device, "spool", "ls", "--json") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["refused"] for each in found if "refused" in each] == ["packet_too_large", "range"]
    assert run(device, "spool", "export", "--refused", "-") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 5
    assert rows[-1] == {
        "device": rows[0]["device"],
        "event": "e",
        "at": 1_700_000_005.0,
        "attributes": {"k": "v"},
        "text": "text",
    }


def test_spool_verify_says_ok_or_what_is_wrong(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(device, "spool", "verify") == 0
    shown = capsys.readouterr().out
    assert shown.endswith("cover 10 numbers; 0 are lost, 0 were deleted after confirmation: ok\n")
    device.store._connection.execute("UPDATE records SET content = x'00' WHERE last = 3")
    assert run(device, "spool", "verify") == 1
    told = capsys.readouterr()
    assert "record windows 3-3" in told.err
    assert told.out.endswith(": damaged\n")


def test_spool_export_writes_every_window(
    device: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(device, "spool", "export", "-") == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) == 40
    assert run(device, "spool", "export", str(tmp_path / "out.json")) == 0
    assert (tmp_path / "out.json").read_text() == shown
    assert run(device, "spool", "export", str(tmp_path)) == 1
    assert "choose another file" in capsys.readouterr().err


def test_spool_export_writes_samples_of_models_and_no_capture(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    about = (("model.name", "iris"), ("weight", "2.5"))
    sample, capture = (
        Event("boot-1", 5.0, 1_700_000_000.0, name, about, "text") for name in ("model.sample", "capture")
    )
    device.flush(None, contents={"samples": Content(minute(1_700_000_000.0, 1).frames, (capture,))})
    device.flush(None, contents={"samples": Content(events=(sample,))})
    assert run(device, "spool", "export", "-") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(found) == 41
    told = [each for each in found if "event" in each]
    assert [(each["event"], each["attributes"]) for each in told] == [("model.sample", dict(about))]


@pytest.mark.parametrize("words", [["history"], ["spool", "ls"], ["spool", "verify"]])
def test_a_directory_without_a_store_asks_for_another(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, *defaults(tmp_path), "--state-dir", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert f"{tmp_path}/outrider.db: No such file or directory; is there a daemon with this state" in said
    assert "--state-dir or --config name another" in said


def test_a_store_of_another_user_says_whom_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        assert main(["spool", "ls", "--state-dir", str(state)]) == 1
    finally:
        os.seteuid(user)
        state.chmod(0o700)
    assert "Permission denied; ask as the daemon's user or as root" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["ls", "verify", "export"])
def test_each_action_of_spool_shows_examples(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["spool", action, "--help"])
    assert f"outrider spool {action}" in capsys.readouterr().out.split("examples:")[1]


def test_spool_repair_carries_over_what_a_damaged_store_holds_and_says_what_not(
    device: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    device.store._connection.execute("UPDATE records SET digest = x'0000000000000000' WHERE place & 7 = 3")
    into = tmp_path / "repaired"
    assert main(["spool", "repair", str(device.store.path), str(into)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("9 records of ")
    assert "left behind: 1 that are damaged, 0 of lives" in said
    assert main(["spool", "verify", "--state-dir", str(into), *defaults(tmp_path)]) == 0
    assert main(["spool", "repair", str(device.store.path), str(into)]) == 1
    assert "there is a store already" in capsys.readouterr().err
