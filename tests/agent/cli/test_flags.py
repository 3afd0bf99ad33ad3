from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from agent.cli.flags import add_flags, files, overrides, settings


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return parser.parse_args(words)


def test_every_flag_stands_for_a_setting() -> None:
    words = [
        "--broker",
        "mqtt://b",
        "--state-dir",
        "/s",
        "--runtime-dir",
        "/r",
        "--device",
        "d",
        "--span",
        "5s",
    ]
    config = settings(parsed(*words))
    assert config.broker.url == "mqtt://b"
    assert (config.store.directory, config.runtime.directory) == ("/s", "/r")
    assert (config.device.name, config.window.span) == ("d", 5.0)


def test_a_flag_not_given_stands_for_nothing() -> None:
    assert overrides(parsed()) == {}


def test_a_directory_is_meant_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert overrides(parsed("--state-dir", "here")) == {"store.directory": str(tmp_path / "here")}


def test_an_empty_directory_is_no_directory(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        settings(parsed("--state-dir", ""))
    assert capsys.readouterr().err.startswith("command line: store.directory: ")


def test_the_file_that_is_named_is_the_one_to_load() -> None:
    assert files(parsed("--config", "x.toml")) == ["x.toml"]


def test_credentials_come_from_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[broker]\nuser = "me"\npassword_file = "credential:mqtt"\n')
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(SystemExit):
        settings(parsed("--config", str(file)))
    (tmp_path / "mqtt").write_text("hunter2")
    (tmp_path / "mqtt").chmod(0o400)
    assert settings(parsed("--config", str(file))).broker.password_file == "credential:mqtt"
