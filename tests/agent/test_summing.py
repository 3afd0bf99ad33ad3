"""Lines are summed up by minute, each once, and for alert rules as they come."""

from __future__ import annotations

import json
import time

import pytest

from agent import summing
from agent.config.logs import Logs
from agent.config.models import Model
from agent.config.settings import Config
from agent.flush.feed import Dated
from agent.followed import followings
from agent.logs.admission import Admission
from agent.logs.log import WIDE
from agent.modelling import Models
from agent.stats.window import Counter
from agent.summing import Summing
from collectors.logs.tail.source import Chunk
from collectors.selection import Selection
from collectors.tally import Tally

MINUTE = 60.0
KNOWN = 200
"""Lines by which a format is known."""
NOW = time.time() // MINUTE * MINUTE + 30.0


class Rig:
    """One log of one model."""

    def __init__(self) -> None:
        self.config = Config(
            logs=(Logs("api", ("/var/log/api.log",), format="json"),), model=(Model("iris", ("api",)),)
        )
        self.summing = Summing(Admission(Selection(), lambda: 1000), judged=True, tally=Tally())
        self.begin()

    def begin(self) -> None:
        models = Models(self.config, {}, NOW, print, Tally())
        self.summing.begin(followings(self.config, models), models)

    def take(self, count: int, at: float = NOW, **fields: str) -> None:
        told = {"time": at, "status": "ok", "features": {"temp": 1.0}, **fields}
        line = json.dumps(told).encode() + b"\n"
        self.summing.take(Chunk("api", "/var/log/api.log", line * count, None, count * len(line)), NOW)

    def summed(self) -> list[tuple[float, bool, int]]:
        """Minutes of lines: their start, whether they are the first of it, and how many requests."""
        return [
            (each.start, each.first, requests(each))
            for each in self.summing.summed_up(NOW).dated
            if requests(each)
        ]


def requests(dated: Dated) -> int:
    return sum(
        summary.count
        for series, summary in dated.windows.items()
        if series.name == "model.requests" and isinstance(summary, Counter)
    )


def test_lines_count_once_in_their_own_minute_and_only_the_first_covers_it() -> None:
    rig = Rig()
    minute = NOW - 30.0
    rig.take(3)
    rig.take(2, NOW - MINUTE)
    assert rig.summed() == [(minute - MINUTE, True, 2), (minute, True, 3)]
    assert rig.summed() == []
    rig.take(1)
    assert rig.summed() == [(minute, False, 1)]


def test_what_was_not_handed_over_is_forgotten_when_all_is_begun_anew() -> None:
    rig = Rig()
    rig.take(3)
    rig.begin()
    rig.take(1)
    assert [count for *_, count in rig.summed()] == [1]


def test_alert_rules_hear_of_lines_before_they_are_handed_over_and_of_the_model_after() -> None:
    rig = Rig()
    rig.take(KNOWN)
    rig.summing.reading(NOW)
    rig.take(3)
    names = {series.name for series in rig.summing.reading(NOW).series}
    assert "model.requests" in names
    rig.summed()
    later = {series.name for series in rig.summing.reading(NOW).series}
    assert later - names


def test_no_more_is_taken_of_a_log_where_as_many_minutes_wait_as_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summing, "MINUTES", 3)
    rig = Rig()
    for number in range(3):
        assert rig.summing.takes("api")
        # So much that it does not wait for more before it is read.
        rig.take(KNOWN, NOW - number * MINUTE, padding="x" * (WIDE.behind // KNOWN))
    assert not rig.summing.takes("api")
    rig.summed()
    assert rig.summing.takes("api")
