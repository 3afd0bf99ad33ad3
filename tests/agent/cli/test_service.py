from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.cli import main
from agent.service.allow import shipped
from agent.service.places import Places

UNTOUCHED = ("/opt/outrider", "/etc/systemd/system/outrider.service", "/etc/outrider", "/var/lib/outrider")


def test_a_dry_run_shows_every_step_and_does_none(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [os.path.lexists(path) for path in UNTOUCHED]
    assert main(["service", "install", "--dry-run"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1].endswith(f"pip install --quiet --upgrade {repository}")
    assert said[-1].startswith(f"[{len(said):2}/{len(said)}] start it")
    assert main(["service", "uninstall", "--purge", "--dry-run"]) == 0
    assert "userdel outrider" in capsys.readouterr().out
    assert main(["service", "allow", "logs", "gpu", "--dry-run"]) == 0
    assert "allow-gpu.conf" in capsys.readouterr().out
    assert main(["service", "deny", "logs", "--dry-run"]) == 0
    assert "allow-logs.conf" in capsys.readouterr().out
    assert [os.path.lexists(path) for path in UNTOUCHED] == before


@pytest.mark.parametrize("words", [["install"], ["uninstall"], ["allow", "logs"], ["deny", "logs"]])
def test_without_the_means_it_says_so_and_does_nothing(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if os.geteuid() == 0 and Places().systemd.is_dir():
        pytest.skip("this is root on a systemd: it would be done")
    assert main(["service", *words]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    if os.geteuid() == 0:
        assert "systemd does not run here" in told.err
    else:
        assert f"this takes root: sudo outrider service {words[0]}" in told.err


def test_the_list_says_of_each_what_it_opens_and_costs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["service", "allow", "--list"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for each in shipped():
        assert f"{each.name} " in said
        assert f"exposure with it alone: {each.exposure} for {each.purpose} opens {each.opens}" in said


def test_wrong_words_are_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["service", "allow", "gpus"]) == 2
    assert main(["service", "deny", "gpus"]) == 2
    assert capsys.readouterr().err.count('did you mean "gpu"?') == 2
    with pytest.raises(SystemExit) as ended:
        main(["service"])
    assert ended.value.code == 2
    assert main(["service", "install", "--from", str(tmp_path), "--dry-run"]) == 1
    assert f"{tmp_path} has neither" in capsys.readouterr().err


def test_the_state_of_what_is_not_there_is_4(capsys: pytest.CaptureFixture[str]) -> None:
    if Places().unit.exists():
        pytest.skip("it is installed on this machine")
    assert main(["service", "status"]) == 4
    assert "sudo outrider service install" in capsys.readouterr().out
