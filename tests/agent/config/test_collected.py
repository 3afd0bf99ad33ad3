from __future__ import annotations

from agent.config.collected import Collect, Polling, attribute_names, collector_names, collector_section
from agent.config.settings import Config
from collectors.options import OPTIONS, Filesystem


def test_a_collector_without_settings_is_polled_at_the_common_interval_or_its_own() -> None:
    config = Config(collect=Collect(interval=2.0), collectors={"memory": Polling(interval=5.0)})
    assert config.polling("cpu") == Polling(enabled=True, interval=2.0)
    assert config.polling("memory").interval == 5.0
    assert config.polling("filesystem").interval == 30.0
    assert {"cpu", "memory", "network", "storage", "own"} <= set(collector_names())


def test_a_collector_has_its_default_options_or_those_given() -> None:
    given = Config(collectors={"filesystem": Polling(options=Filesystem(remote=True))})
    assert Config().polling("filesystem").options == Filesystem()
    assert given.polling("filesystem").options == Filesystem(remote=True)
    assert Config().polling("cpu").options is None


def test_a_section_makes_and_gives_back_polling_and_options() -> None:
    of = collector_section("filesystem")
    made = of.make(enabled=False, interval=1.0, remote=True)
    assert made == Polling(enabled=False, interval=1.0, options=Filesystem(remote=True))
    assert [of.get(made, key) for key in ("enabled", "interval", "remote")] == [False, 1.0, True]


def test_no_option_hides_how_a_collector_is_polled() -> None:
    assert [name for name, own in OPTIONS.items() if {"enabled", "interval"} & set(own._fields)] == []


def test_attributes_are_those_that_collectors_and_the_runner_declare() -> None:
    names = attribute_names()
    assert {"network.interface.name", "cpu.mode", "outrider.collector"} <= set(names)
    assert list(names) == sorted(set(names))
