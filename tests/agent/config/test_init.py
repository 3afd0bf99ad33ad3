from __future__ import annotations

from agent.config import Config, Tier, load


def test_without_a_file_all_is_at_its_default() -> None:
    assert load() == Config()


def test_flags_win_over_nothing() -> None:
    config = load([], {"broker.url": "mqtts://broker.example", "window.span": "5s"})
    assert config.broker.url == "mqtts://broker.example"
    assert config.window.span == 5.0


def test_tiers_are_told_as_windows_and_seconds() -> None:
    assert Config().store.tiers == (Tier(8, 21600.0), Tier(64, 172800.0), Tier(1024, 2592000.0))
