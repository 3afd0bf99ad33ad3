"""What is told of logs is told once, and counted always."""

from __future__ import annotations

import json

import pytest

from agent.config.logs import Logs
from agent.config.settings import Config
from agent.followed import followings
from agent.logs.following import Following
from agent.modelling import Models
from agent.remarks import RETOLD, RETOLD_ON_BUDGET, TEMPLATES, Remarks
from collectors.api import Attributes
from collectors.logs.tail.guard import Hang
from collectors.tally import Tally

NOW = 1_700_000_000.0


class Rig:
    """Remarks, all that they told, and the logs that they are of."""

    def __init__(self, *, on_budget: bool = False) -> None:
        self.tally = Tally()
        self.events: list[tuple[str, str, Attributes]] = []
        self.said: list[tuple[str, str]] = []
        self.remarks = Remarks(
            lambda *event: self.events.append(event),
            lambda *line: self.said.append(line),
            self.tally,
            on_budget=on_budget,
        )
        config = Config(logs=(Logs("api", ("/a",), format="json"), Logs("odd", ("/b",), format="vllm")))
        self.logs = followings(config, Models(config, {}, NOW, print, self.tally))

    def fail(self, text: str, at: float = NOW) -> None:
        line = json.dumps({"time": at, "status": "error", "error": text})
        self.logs["api"].take(line.encode() + b"\n", at)

    def tell(self, now: float = NOW) -> list[str]:
        """The events that are new."""
        for log in self.logs.values():
            flushed(log, now)
        before = len(self.events)
        self.remarks.of(self.logs, lambda _: True, now)
        return [name for name, *_ in self.events[before:]]

    def counted(self) -> dict[str, float]:
        return {each.name: each.value for each in self.tally.snapshot()}


def flushed(log: Following, now: float) -> None:
    assert all(minute.windows for minute in log.flush(now))


def letters(number: int) -> str:
    """A word without digits, which templates would mask."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


@pytest.mark.parametrize(("on_budget", "pause"), [(False, RETOLD), (True, RETOLD_ON_BUDGET)])
def test_an_error_is_told_once_and_again_after_a_time(on_budget: bool, pause: float) -> None:
    rig = Rig(on_budget=on_budget)
    rig.fail("no memory")
    assert rig.tell() == ["logs.format", "model.error"]
    later = NOW + pause - 120
    rig.fail("no memory", later)
    assert rig.tell(later) == []
    later = NOW + pause + 120
    rig.fail("no memory", later)
    assert rig.tell(later) == ["model.error"]


def test_of_many_errors_some_are_told_in_each_window() -> None:
    rig = Rig()
    for number in range(TEMPLATES + 3):
        rig.fail(f"no such thing as {letters(number)}")
    assert rig.tell().count("model.error") == TEMPLATES


def test_lines_are_counted_once_also_when_all_is_begun_anew() -> None:
    rig = Rig()
    rig.fail("no memory")
    rig.tell()
    rig.tell()
    assert rig.counted()["outrider.logs.lines"] == 1
    rig.logs = Rig().logs
    rig.remarks.anew()
    rig.fail("no memory")
    rig.tell()
    assert rig.counted()["outrider.logs.lines"] == 2


def test_lines_that_nobody_understands_are_told_of_once_as_long_as_they_come() -> None:
    rig = Rig()
    rig.logs["odd"].take(b"what is this\n" * 200, NOW)
    for _ in range(2):
        rig.tell()
    assert rig.remarks.misfits == ("logs: nothing of odd is understood, such as: what is this",)
    assert [text for level, text in rig.said if level == "warning"] == list(rig.remarks.misfits)
    assert rig.counted()["outrider.logs.missed"] == 200


def test_a_log_that_hangs_again_and_again_is_told_of_once_and_counted_always() -> None:
    rig = Rig()
    rig.remarks.left(Hang("api", again=False, seconds=10.0))
    rig.remarks.left(Hang("api", again=True, seconds=10.0))
    rig.remarks.well([Hang("api", again=False, seconds=70.0)])
    assert [text for _, text in rig.said] == [
        "log api: no answer for 10 s; the others go on without it",
        "log api: it answers again, after 70 s",
    ]
    assert [(name, given) for name, _, given in rig.events] == [
        ("logs.stale", (("log.name", "api"),)),
        ("logs.ok", (("log.name", "api"),)),
    ]
    assert rig.counted()["outrider.logs.stale"] == 2
