from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.cli import main
from agent.cli.flags import BAD_CONFIGURATION
from agent.config import Config, load
from agent.config.annotated import annotated
from agent.config.profiles import PROFILES
from collectors.catalog import NAMES
from tests.source import ROOT

CASES = Path(__file__).parents[2] / "cases/config"


def test_a_right_file_is_ok_with_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    file = CASES / "right/outrider.toml"
    assert main(["check", "--config", str(file)]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert told.out.splitlines()[0] == f"{file}: ok"
    assert "line-3, fleet plant" in told.out


@pytest.mark.parametrize("words", [["check"], ["config", "show"]])
def test_every_fault_goes_to_stderr_with_exit_code_78(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = CASES / "unknown_keys/outrider.toml"
    with pytest.raises(SystemExit) as ended:
        main([*words, "--config", str(file)])
    assert ended.value.code == BAD_CONFIGURATION == 78
    told = capsys.readouterr()
    assert told.out == ""
    expected = (CASES / "unknown_keys/expected.txt").read_text().replace("COLLECTORS", ", ".join(NAMES))
    assert told.err.replace(str(file), file.name) == expected


def test_a_file_that_is_named_must_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--config", str(tmp_path / "absent")])
    assert ended.value.code == BAD_CONFIGURATION
    assert capsys.readouterr().err == f"{tmp_path / 'absent'}: cannot be read: No such file or directory\n"


def test_flags_are_checked_with_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "--config", str(CASES / "right/outrider.toml"), "--span", "0.1s"])
    assert capsys.readouterr().err == 'command line: window.span: "0.1s" is too small, allowed: 1s to 1h\n'


def test_default_prints_a_file_that_can_be_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "default"]) == 0
    told = capsys.readouterr().out
    assert told == annotated()
    (tmp_path / "a.toml").write_text(told)
    assert load([tmp_path / "a.toml"]) == Config()


def test_show_tells_what_wins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[window]\nspan = "10s"\n[broker]\nuser = "me"\n')
    assert main(["config", "show", "--config", str(file), "--span", "5s"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert 'span = "5s" # command line' in lines
    assert f'user = "me" # {file}:4' in lines
    assert "in_flight = 4 # default" in lines


def test_schema_is_json_for_the_whole_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["properties"]["broker"]["properties"]["in_flight"]["anyOf"][0]["maximum"] == 20


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_the_shipped_file(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "default", "--profile", name]) == 0
    shipped = ROOT / "config/profiles" / f"{name}.toml"
    assert capsys.readouterr().out == shipped.read_text()
    assert main(["check", "--config", str(shipped)]) == 0


def test_files_of_conf_d_are_laid_over_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main_file, over = tmp_path / "a.toml", tmp_path / "conf.d/site.toml"
    over.parent.mkdir()
    main_file.write_text('[window]\nspan = "10s"\n[broker]\nuser = "me"\n')
    over.write_text('\n[window]\nspan = "20s"\n')
    assert main(["config", "show", "--config", str(main_file)]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert f'span = "20s" # {over}:3' in lines
    assert f'user = "me" # {main_file}:4' in lines
    assert main(["check", "--config", str(main_file)]) == 0
    assert capsys.readouterr().out.startswith(f"{main_file} {over}: ok\n")
    over.write_text("[windw]\n")
    with pytest.raises(SystemExit):
        main(["check", "--config", str(main_file)])
    assert capsys.readouterr().err.startswith(f"{over}:1: windw: is no section")


def test_variables_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[device]\nsite = "${OUTRIDER_TEST_SITE:?say where}"\n')
    with pytest.raises(SystemExit):
        main(["check", "--config", str(file)])
    told = capsys.readouterr().err
    assert told.startswith(f"{file}:2: device.site: the variable OUTRIDER_TEST_SITE is not set: say where")
    monkeypatch.setenv("OUTRIDER_TEST_SITE", "hall 3")
    assert main(["config", "show", "--config", str(file)]) == main(["check", "--config", str(file)]) == 0
    told = capsys.readouterr().out
    assert 'site = "${OUTRIDER_TEST_SITE:?say where}"' in told
    assert "hall 3" not in told


@pytest.mark.parametrize("words", [["config"], ["config", "set"], ["check", "outrider.toml"]])
def test_other_words_are_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
