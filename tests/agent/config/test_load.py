"""Each case folder holds a file and every fault that loading it must tell, in this order."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config.fault import Faults, Place
from agent.config.load import load, load_with_origins

CASES = Path(__file__).parents[2] / "cases/config"


def faults_of(file: Path, **overrides: object) -> str:
    with pytest.raises(Faults) as raised:
        load([file], overrides)
    return str(raised.value).replace(str(file), file.name)


def written(folder: Path, text: str, name: str = "outrider.toml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.name != "right"))
def test_every_fault_is_told_with_its_line(case: str) -> None:
    assert faults_of(CASES / case / "outrider.toml") == (CASES / case / "expected.txt").read_text().rstrip(
        "\n"
    )


def test_a_right_file_sets_what_it_says() -> None:
    config = load([CASES / "right/outrider.toml"])
    assert config.device == ("line-3", "plant", "Halle 3, Süd")
    assert config.address == ("::1", 8884, True)
    assert config.broker.keepalive == 30.0
    assert config.store.tiers == ((2, 3600.0),)
    assert config.ship.digits == 0
    assert config.collect.polling("cpu") == (True, 0.5)
    assert config.collect.polling("paging").enabled is False


def test_no_fault_repeats_a_secret() -> None:
    assert "hunter2" not in faults_of(CASES / "secrets_in_the_file/outrider.toml")
    assert "not to be printed" not in faults_of(CASES / "unknown_keys/outrider.toml")


def test_a_later_file_wins_and_flags_win_over_both(tmp_path: Path) -> None:
    first = written(tmp_path, '[window]\nspan = "10s"\n[broker]\nuser = "a"\nin_flight = 2\n', "1.toml")
    second = written(tmp_path, '[broker]\nuser = "b"\nin_flight = 3\n', "2.toml")
    config, origins = load_with_origins([first, second], {"broker.in_flight": 5})
    assert (config.window.span, config.broker.user, config.broker.in_flight) == (10.0, "b", 5)
    assert origins["window.span"] == Place(str(first), 2)
    assert origins["broker.user"] == Place(str(second), 2)
    assert str(origins["broker.in_flight"]) == "command line"
    assert "ring.keep" not in origins


def test_flags_are_checked_like_the_file(tmp_path: Path) -> None:
    with pytest.raises(Faults) as raised:
        load([], {"window.span": "1d", "device.name": "a/b", "broker.url": "mqtt://me:hunter2@b"})
    told = str(raised.value).splitlines()
    assert told[0].startswith('command line: device.name: "a/b" cannot stand in a topic, allowed: ')
    assert told[1].startswith("command line: broker.url: holds a login")
    assert told[2] == 'command line: window.span: "1d" is too large, allowed: 1s to 1h'
    assert "hunter2" not in told[1]


def test_faults_of_several_files_come_together(tmp_path: Path) -> None:
    bad = written(tmp_path, "nonsense = 1\n")
    with pytest.raises(Faults) as raised:
        load([tmp_path / "absent.toml", bad], {"window.span": "no"})
    assert [fault.place for fault in raised.value.faults] == [
        Place(str(tmp_path / "absent.toml")),
        Place(str(bad), 1),
        Place("command line"),
    ]


def test_settings_of_one_collector_may_come_from_two_files(tmp_path: Path) -> None:
    first = written(tmp_path, "collect.collectors.cpu.enabled = false\n", "1.toml")
    second = written(tmp_path, '[collect.collectors.cpu]\ninterval = "5s"\n', "2.toml")
    assert load([first, second]).collect.polling("cpu") == (False, 5.0)


def test_a_table_of_tiers_is_replaced_as_a_whole(tmp_path: Path) -> None:
    assert load([written(tmp_path, "[store.tiers]\n")]).store.tiers == ()


def test_an_unknown_key_that_belongs_elsewhere_is_sent_there(tmp_path: Path) -> None:
    told = faults_of(written(tmp_path, '[ship]\nack_timeout = "5s"\n'))
    assert told.endswith('did you mean "broker.ack_timeout"?')
