"""What `outrider record` says; the daemon is asked for real in tests/e2e/test_recorder.py."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from agent.cli import main
from agent.cli.record import WHY
from agent.control_socket import Asked, ControlSocket
from agent.store.flush import Flush
from agent.store.sizing import MIB, Limits
from tests.agent.cli.test_local import defaults
from tests.agent.store.device import Device
from tests.captures import BYTES, HEAT, NAME, capture
from tests.waiting import until

Answers = list[Mapping[str, object]]
SECOND = "20231114T230000Z-0001"


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    """A store with two captures."""
    with Device(tmp_path / "state", Limits(max_size=MIB, settle=0)) as opened:
        opened.now = time.time()
        opened.apply(Flush(opened.now, {"samples": capture()}))
        opened.apply(Flush(opened.now, {"samples": capture(SECOND, cut="40", joined="2")}))
        yield opened


def run(folder: Path, *words: str) -> int:
    places = ["--state-dir", str(folder / "state"), "--runtime-dir", str(folder / "run"), "--device", "dut"]
    return main(["record", *words, *defaults(folder), *places])


def test_captures_are_listed(device: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "ls") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{NAME}  -120s +60s    181 ticks     2 series")
    assert first.endswith("alert.fired too-hot the board will throttle")
    assert second.endswith("40 ticks cut  2 more triggers")
    assert run(tmp_path, "ls", "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["capture"], row["ticks"], row["confirmed"]) for row in rows] == [
        (NAME, 181, False), (SECOND, 181, False),
    ]  # fmt: skip


def test_the_samples_of_one_are_printed(
    device: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "show", NAME, "hw.*") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 181
    assert lines[0].startswith("2023-11-14T22:11:20Z  hw.temperature{")
    assert run(tmp_path, "show", "-", "--json") == 0
    about, heat, traffic = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (about["device"], about["capture"]) == ("dut", SECOND)
    assert [heat["metric"], traffic["metric"]] == [HEAT.name, BYTES.name]
    assert len(heat["samples"]) == 181


def test_a_capture_that_is_not_there_fails(
    device: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "show", "nothing") == 1
    assert "no capture nothing; `outrider record ls` lists the captures" in capsys.readouterr().err
    assert run(tmp_path, "show", NAME, "no.such.*") == 1
    assert f"no capture {NAME} with a series no.such.*; " in capsys.readouterr().err


def test_flags_hold_before_an_action_as_behind_it(
    device: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = [*defaults(tmp_path), "--state-dir", str(tmp_path / "state"), "--device", "before"]
    assert main(["record", *places, "ls"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["record", *places, "show", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["device"] == "before"
    assert main(["record", *places, "show", "-", "--json", "--device", "behind"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["device"] == "behind"


def test_without_a_store_there_is_nothing_to_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "ls") == 1
    assert "ask as the daemon's user or as root" in capsys.readouterr().err


def test_what_was_lost_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Device(tmp_path / "state", Limits(max_size=MIB, settle=0)) as opened:
        opened.now = time.time()
        flushed = opened.apply(Flush(opened.now, {"samples": capture()}))
        key = next(row.key for row in flushed.added if row.key.stream == "samples")
        opened.apply(Flush(opened.now, quarantine=[key]))
        assert run(tmp_path, "ls") == 1
    assert "1 captures are lost (corrupt)" in capsys.readouterr().err


def answered(folder: Path, answers: Answers, ask: Callable[[], int]) -> int:
    """The exit code of a verb that a made-up daemon answers so."""
    came: list[Asked] = []
    (folder / "run").mkdir()
    desk = ControlSocket(folder / "run", came.append)

    def heard() -> bool:
        desk.hear()
        return bool(came)

    def serve() -> None:
        until(heard)
        for each in answers:
            came[0].answer(each)
        desk.close()

    thread = threading.Thread(target=serve)
    thread.start()
    code = ask()
    thread.join()
    return code


def test_it_waits_and_prints_what_was_captured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"ticks": "181", "series": "2", "before": "120.0", "after": "60.0", "cut": "7"}
    answers: Answers = [
        {"state": "joined", "id": NAME, "seconds": 0.1},
        {"state": "captured", "id": NAME, **figures},
    ]
    assert answered(tmp_path, answers, lambda: run(tmp_path, "--note", "why")) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{NAME}: joins one that is under way; 0.1 s to go",
        f"{NAME}: 181 ticks of 2 series, from 120.0 s before to 60.0 s after; 7 ticks did not fit",
    ]


@pytest.mark.parametrize("reason", [*WHY, "the ring cannot be read: \x1b[2Jbad"])
def test_a_refusal_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str], reason: str) -> None:
    answers: Answers = [{"state": "refused", "reason": reason}]
    assert answered(tmp_path, answers, lambda: run(tmp_path)) == 1
    said = capsys.readouterr().err
    assert said.startswith("outrider record: nothing is captured: ")
    assert WHY.get(reason, "the ring cannot be read") in said
    assert "\x1b" not in said


def test_a_daemon_that_goes_away_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answered(tmp_path, [{"state": "begun", "id": NAME, "seconds": 9}], lambda: run(tmp_path)) == 1
    assert "the daemon went away" in capsys.readouterr().err


def test_without_a_daemon_it_says_where_it_looked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 1
    assert "no daemon runs with this runtime directory" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--before", "long"), ("show",), ("play",)])
def test_wrong_words_are_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, *words)
    assert ended.value.code == 2
