"""Reading the store for a verb, and what is said where that fails."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import pytest

from agent.cli.reading import duration, fail, print_lines, readable, who
from tests.agent.store.device import Device
from tests.histories import reading


def test_what_ended_before_is_left_out(tmp_path: Path) -> None:
    with Device(tmp_path / "state") as device:
        device.flush(1.0)
        device.flush(2.0, after=500.0)
        with reading(device.directory) as reader:
            since = device.now - 100.0
            assert len(list(readable(reader, float("-inf")))) == 2
            assert [each.wall[1] for each in readable(reader, since)] == [device.now]
            assert list(readable(reader, since, ("events",))) == []
            assert list(readable(reader, float("-inf"), only=())) == []


def test_durations_are_read_and_others_refused() -> None:
    assert duration("2d") == 172_800.0
    with pytest.raises(argparse.ArgumentTypeError, match="'soon' is no duration; write 90s, 12h or 30d"):
        duration("soon")


def test_lines_are_counted() -> None:
    out = io.StringIO()
    assert print_lines(iter(["a", "b"]), out) == 2
    assert out.getvalue() == "a\nb\n"


def test_a_fault_is_said_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert fail("history", "no window") == 1
    assert capsys.readouterr().err == "outrider history: no window\n"
    assert "as root" in who(PermissionError(), "state")
    assert "--state-dir or --config" in who(FileNotFoundError(), "state")
