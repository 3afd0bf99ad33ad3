from __future__ import annotations

from pathlib import Path

import pytest

from agent.config.load import load
from agent.config.profiles import PROFILES
from agent.config.settings import Config
from collectors.catalog import NAMES


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_changes_what_it_says_it_changes(name: str, tmp_path: Path) -> None:
    file = tmp_path / "outrider.toml"
    for change in PROFILES[name].changes:
        file.write_text(f"{change.key} = {change.value}\n")
        config, default = load([file]), Config()
        polled = [(config.polling(each), default.polling(each)) for each in NAMES]
        plain = config._replace(collectors={}) != default._replace(collectors={})
        assert plain or any(given != due for given, due in polled), f"{change.key} is that by default"


@pytest.mark.parametrize("name", PROFILES)
def test_the_changes_of_a_profile_go_together(name: str, tmp_path: Path) -> None:
    file = tmp_path / "outrider.toml"
    file.write_text("".join(f"{change.key} = {change.value}\n" for change in PROFILES[name].changes))
    assert load([file]) != Config()


def test_every_change_has_a_reason_and_is_made_once() -> None:
    for profile in PROFILES.values():
        keys = [change.key for change in profile.changes]
        assert len(keys) == len(set(keys))
        assert all(change.why.endswith(".") for change in profile.changes)
        assert profile.brief.endswith(".")
