from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from agent.service import allow, files
from agent.service.allow import Allowance, NoAllowance, parse, shipped
from agent.service.places import UNIT, Places
from agent.service.steps import perform

HEAD = "# For: a\n#   b.\n# Opens: c.\n# Exposure: 1.5\n"
NAMES = [each.name for each in shipped()]


def exposure(*drop_ins: str, directory: Path) -> float:
    """What systemd-analyze says of the unit with these drop-ins."""
    unit = directory / UNIT
    unit.write_text("\n".join([files.read("systemd", UNIT), *drop_ins]))
    command = ["systemd-analyze", "security", "--offline=true", str(unit)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Overall exposure level for outrider\.service: ([0-9.]+)", told)
    assert found, told
    return float(found[1])


def test_the_head_says_what_it_is_for_what_it_opens_and_what_that_costs() -> None:
    assert parse("x", HEAD + "\n[Service]\n") == Allowance("x", "a b.", "c.", 1.5, HEAD + "\n[Service]\n")
    with pytest.raises(ValueError, match="its head says nothing of Exposure, Opens"):
        parse("x", "# For: a\n")


@pytest.mark.systemd
@pytest.mark.parametrize("name", NAMES)
def test_the_exposure_is_as_its_head_and_the_page_say(name: str, tmp_path: Path, repository: Path) -> None:
    """Within a tenth: systemd weighs some things anew from version to version."""
    each = allow.named([name])[0]
    measured = exposure(each.unit, directory=tmp_path)
    assert abs(measured - each.exposure) < 0.11
    page = (repository / "systemd/README.md").read_text()
    assert re.search(rf"^\| `{name}` \| .* \| {each.exposure} \|$", page, re.MULTILINE)


@pytest.mark.systemd
def test_systemd_knows_every_word_of_them(tmp_path: Path) -> None:
    unit = tmp_path / UNIT
    shipped_unit = files.read("systemd", UNIT).replace("/opt/outrider/bin/outrider", "/bin/true")
    unit.write_text("\n".join([shipped_unit, *(each.unit for each in shipped())]))
    command = ["systemd-analyze", "verify", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_wrong_name_is_told_the_right_ones() -> None:
    with pytest.raises(NoAllowance, match=r"no allowance 'log'; did you mean \"logs\"\? there are: clock, "):
        allow.named(["gpu", "log"])


def test_groups_that_this_host_lacks_are_left_out_and_that_is_said() -> None:
    content = "[Service]\nSupplementaryGroups=adm render\nSupplementaryGroups=video\nX=y\n"
    assert allow.for_host(content, lambda name: name == "adm") == (
        "[Service]\n"
        "# Not on this host: the group render.\nSupplementaryGroups=adm\n"
        "# Not on this host: the group video.\nX=y\n"
    )
    assert allow.for_host(content, lambda _: True) == content
    assert allow.group_exists("root")
    assert not allow.group_exists("no-such-group")


def test_what_is_on_lies_beside_the_unit_under_a_name_of_its_own(tmp_path: Path) -> None:
    places = Places(tmp_path)
    assert allow.allowed(places) == []
    perform([allow.write_step(places, each) for each in allow.named(["logs", "clock"])], lambda _: None)
    (places.drop_ins / "override.conf").touch()
    assert allow.allowed(places) == ["clock", "logs"]
    assert allow.drop_in(places, "clock").read_text() == allow.named(["clock"])[0].unit
    [away, *_] = allow.deny_steps(places, ["clock"])
    perform([away], lambda _: None)
    assert allow.allowed(places) == ["logs"]


def test_each_change_is_taken_over_by_a_service_that_runs() -> None:
    for steps in (allow.allow_steps(Places(), shipped()), allow.deny_steps(Places(), NAMES)):
        assert [step.words.partition(": ")[2] for step in steps[-2:]] == [
            "systemctl daemon-reload",
            "systemctl try-restart outrider.service",
        ]
