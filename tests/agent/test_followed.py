"""Logs of a configuration become what is followed, with their own zones and formats."""

from __future__ import annotations

from agent.config.logs import Logs
from agent.config.settings import Config
from agent.followed import followings, sources
from agent.modelling import Models
from collectors.logs.tail.journal import JournalSource
from collectors.logs.tail.source import Source
from collectors.tally import Tally

FILES = Logs("files", ("/var/log/a.log",), start="start", format="json", zone="Europe/Berlin")
UNIT = Logs("unit", units=("model.service",), attributes={"site": "a"})
BOTH = Logs("both", ("/var/log/b.log",), units=("b.service",), pipes=("/run/b",))


def test_files_and_fifos_are_one_source_and_the_journal_another() -> None:
    found = list(sources(Config(logs=(FILES, UNIT, BOTH)), lambda: 0.0))
    assert [(type(each), each.name) for each in found] == [
        (Source, "files"),
        (JournalSource, "unit"),
        (Source, "both"),
        (JournalSource, "both"),
    ]
    files = found[0]
    assert isinstance(files, Source)
    assert (files.patterns, files.start) == (FILES.paths, "start")


def test_a_line_is_dated_in_the_zone_of_its_log() -> None:
    [files] = sources(Config(logs=(FILES,)), lambda: 1_700_000_000.0)
    assert isinstance(files, Source)
    assert files.time_of(b'{"time": "2023-11-14T23:13:20", "status": "ok"}') == 1_700_000_000.0
    assert files.time_of(b"nothing") is None


def test_each_log_has_who_makes_windows_of_it_with_its_attributes() -> None:
    config = Config(logs=(FILES, UNIT))
    found = followings(config, Models(config, {}, 0.0, print, Tally()))
    assert list(found) == ["files", "unit"]
    found["unit"].take(b'{"status": "ok"}\n' * 200, 1_700_000_000.0)
    [minute] = found["unit"].flush(1_700_000_000.0)
    series = next(each for each in minute.windows if each.name == "model.requests")
    assert dict(series.attributes)["log.name"] == "unit"
    assert dict(series.attributes)["site"] == "a"
