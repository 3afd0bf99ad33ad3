from __future__ import annotations

import subprocess
import sys

import pytest

from agent.config.document import loads
from agent.config.section import Field, Section, section
from agent.config.settings import Broker, Config


def all_settings(of: Section) -> list[Field]:
    found = []
    for field in of.fields.values():
        each = field.each
        inner = [each.section(name) for name in each.names()] if each else []
        inner += [field.section] if field.section else []
        inner += [field.items.section()] if field.items else []
        found += [field, *(one for part in inner for one in all_settings(part))]
    return found


def test_every_setting_says_what_it_means() -> None:
    found = all_settings(section(Config))
    assert len(found) > 60
    for field in found:
        assert field.doc.endswith("."), field.name
        kinds = (field.form, field.section, field.each, field.items, field.pairs)
        assert len([kind for kind in kinds if kind is not None]) == 1, field.name
        for kind in (field.form, field.items, field.pairs):
            assert kind is None or kind.allowed()


def test_every_default_and_every_example_is_allowed() -> None:
    for field in all_settings(section(Config)):
        if field.form is not None and field.default is not None:
            assert field.form.read(loads(f"x = {field.form.show(field.default)}")["x"]) == field.default
        if field.form is not None and (field.required or field.example):
            assert field.form.read(loads(f"x = {field.example}")["x"])


def test_settings_cannot_be_changed() -> None:
    config = Config()
    with pytest.raises(AttributeError):
        config.broker = Broker()  # type: ignore[misc]
    with pytest.raises(TypeError):
        config.collectors["cpu"] = config.polling("cpu")  # type: ignore[index]


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
        "agent.config.profiles",
        "collectors.runner",
    }
    assert heavy & set(loaded.split()) == set()
