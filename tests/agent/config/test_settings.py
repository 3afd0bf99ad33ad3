from __future__ import annotations

import subprocess
import sys

import pytest

from agent.config.settings import (
    Broker,
    Collect,
    Config,
    Field,
    Polling,
    SectionType,
    collector_names,
    fields,
)


def all_settings(section: SectionType = Config) -> list[Field]:
    found = []
    for field in fields(section).values():
        inner = field.section or (field.each.section if field.each else None)
        found += all_settings(inner) if inner else [field]
    return found


def test_every_setting_says_what_it_means() -> None:
    for field in all_settings():
        assert field.doc.endswith("."), field.name
        assert field.form is not None
        assert field.form.allowed()


def test_every_default_is_allowed() -> None:
    from agent.config.document import loads

    for field in all_settings():
        if field.form is not None and field.default is not None:
            assert field.form.read(loads(f"x = {field.form.show(field.default)}")["x"]) == field.default


def test_settings_cannot_be_changed() -> None:
    config = Config()
    with pytest.raises(AttributeError):
        config.broker = Broker()  # type: ignore[misc]
    with pytest.raises(TypeError):
        config.collect.collectors["cpu"] = Polling()  # type: ignore[index]


def test_a_collector_without_settings_is_polled_at_the_common_interval_or_its_own() -> None:
    collect = Collect(interval=2.0, collectors={"memory": Polling(interval=5.0)})
    assert collect.polling("cpu") == Polling(enabled=True, interval=2.0)
    assert collect.polling("memory").interval == 5.0
    assert collect.polling("filesystem").interval == 30.0
    assert {"cpu", "memory", "network", "storage", "own"} <= set(collector_names())


def test_an_address_that_never_went_through_the_loader_is_an_error() -> None:
    assert Config().address == ("127.0.0.1", 1883, False)
    with pytest.raises(ValueError, match=r"broker\.url"):
        _ = Config(broker=Broker(url="nonsense")).address


def test_loading_settings_imports_nothing_that_only_faults_need() -> None:
    program = "import sys, agent.config; agent.config.load(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    heavy = {
        "difflib",
        "argparse",
        "textwrap",
        "json",
        "msgspec",
        "dataclasses",
        "inspect",
        "agent.config.schema",
    }
    assert heavy & set(loaded.split()) == set()
