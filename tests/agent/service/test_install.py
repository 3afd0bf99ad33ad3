"""The plans as they are shown, and what can be done without a systemd; tests/e2e/test_nspawn.py does all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agent.service.install import install_steps, kept, uninstall_steps
from agent.service.interpreter import base
from agent.service.origin import Origin
from agent.service.places import Places
from agent.service.steps import Step, StepFailed, perform

WHEELS = Origin("the wheels in /w", "outrider", ("--no-index", "--find-links", "/w"), forced=True)


def step(steps: list[Step], words: str) -> Step:
    """The one step whose words begin like this."""
    [found] = [each for each in steps if each.words.startswith(words)]
    return found


def outcome(one: Step) -> str:
    """What a step says that happened."""
    said: list[str] = []
    perform([one], said.append)
    return said[1].strip() if len(said) > 1 else ""


def words(steps: list[Step]) -> list[str]:
    return [each.words for each in steps]


def test_an_installation_ends_with_a_check_and_a_start_unless_told_not_to() -> None:
    steps = install_steps(Places(), WHEELS, Path("/usr/bin/python3"))
    check = "/opt/outrider/bin/outrider check --config /etc/outrider/outrider.toml"
    assert words(steps)[-2:] == [
        f"check the configuration: runuser -u outrider -- {check}",
        "start it, and wait until it is ready: systemctl restart outrider.service",
    ]
    waiting = install_steps(Places(), WHEELS, Path("/usr/bin/python3"), start=False)
    assert words(waiting) == words(steps)[:-2]
    assert words(waiting)[-1] == "let it start at each boot: systemctl enable --quiet outrider.service"


def test_an_environment_is_made_once_and_anew_when_it_is_broken(tmp_path: Path) -> None:
    places = Places(tmp_path)
    make = step(install_steps(places, WHEELS, Path(base())), "make a virtual environment")
    assert outcome(make) == ""
    (places.prefix / "mark").touch()
    assert outcome(make) == "as it was"
    assert (places.prefix / "mark").exists()
    places.python.unlink()
    places.python.symlink_to("/no/such/python")
    assert outcome(make) == ""
    assert not (places.prefix / "mark").exists()


def test_what_is_no_environment_is_never_cleared(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.prefix.mkdir(parents=True)
    (places.prefix / "precious").touch()
    make = step(install_steps(places, WHEELS, Path(base())), "make a virtual environment")
    with pytest.raises(StepFailed, match="is no virtual environment; move it away"):
        perform([make], lambda _: None)
    away = step(uninstall_steps(places, purge=True), f"remove {places.prefix}")
    assert outcome(away) == "kept: is there, and is no virtual environment"
    assert (places.prefix / "precious").exists()


def test_pip_that_cannot_install_says_what_to_do(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.python.parent.mkdir(parents=True)
    places.python.symlink_to(sys.executable)
    nowhere = Origin("a wheel", str(tmp_path / "outrider-9-py3-none-any.whl"), ("--no-index",))
    install = step(install_steps(places, nowhere, Path(base())), "install a wheel")
    with pytest.raises(StepFailed, match=r"(?s)outrider-9-py3-none-any.whl.*give it a folder of wheels"):
        perform([install], lambda _: None)


def test_the_unit_and_the_sample_come_from_the_release_that_was_installed(tmp_path: Path) -> None:
    places = Places(tmp_path)
    data = places.prefix / "lib/python3.11/site-packages/agent/_data"
    for name, text in (("systemd/outrider.service", "[Unit]\n"), ("config/outrider.toml", "# new\n")):
        (data / name).parent.mkdir(parents=True)
        (data / name).write_text(text)
    (data / "systemd/allow").mkdir()
    allowance = "# For: x.\n# Opens: y.\n# Exposure: 1.3\n[Service]\nNew=1\n"
    (data / "systemd/allow/logs.conf").write_text(allowance)
    places.drop_ins.mkdir(parents=True)
    (places.drop_ins / "allow-logs.conf").write_text("[Service]\nOld=1\n")
    (places.drop_ins / "override.conf").write_text("[Service]\nMine=1\n")
    steps = install_steps(places, WHEELS, Path(base()))
    perform([each for each in steps if each.words.startswith("write ")], lambda _: None)
    assert outcome(step(steps, "bring the allowances")) == "on: logs"
    assert places.unit.read_text() == "[Unit]\n"
    assert places.settings.read_text() == "# new\n"
    assert (places.drop_ins / "allow-logs.conf").read_text() == allowance
    assert (places.drop_ins / "override.conf").read_text() == "[Service]\nMine=1\n"


def test_removal_keeps_what_is_not_ours(tmp_path: Path) -> None:
    places = Places(tmp_path)
    for path in (
        places.drop_ins / "override.conf",
        places.link,
        places.settings,
        places.state / "outrider.db",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine\n")
    steps = [each for each in uninstall_steps(places, purge=False) if each.words.startswith("remove ")]
    perform(steps, lambda _: None)
    assert outcome(step(steps, f"remove {places.drop_ins}")) == "kept: override.conf is not ours"
    assert outcome(step(steps, f"remove {places.link}")).startswith("kept: it does not lead to ")
    assert kept(places) == [
        f"{places.configuration} stays",
        f"{places.state} stays",
        f"the user outrider stays: it owns {places.state}",
        "`outrider service uninstall --purge` would have removed them too",
    ]


def test_a_purge_takes_configuration_store_drop_ins_and_user(tmp_path: Path) -> None:
    places = Places(tmp_path)
    for path in (places.drop_ins / "override.conf", places.settings, places.state / "outrider.db"):
        path.parent.mkdir(parents=True)
        path.write_text("mine\n")
    steps = uninstall_steps(places, purge=True)
    assert words(steps)[-1] == "remove the user outrider: userdel outrider"
    perform([each for each in steps[:-1] if each.words.startswith("remove ")], lambda _: None)
    assert [each for each in (places.drop_ins, places.configuration, places.state) if each.exists()] == []
    assert kept(places) == []
