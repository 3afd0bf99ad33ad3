from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.service import files


def test_a_checkout_reads_the_repositorys_own_folders(repository: Path) -> None:
    assert files.folder("systemd") == repository / "systemd"
    assert files.folder("config") == repository / "config"
    assert "outrider.service" in files.names("systemd")


def test_an_installation_reads_what_the_wheel_brought(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "agent"
    (package / "_data" / "systemd").mkdir(parents=True)
    (package / "_data" / "systemd" / "outrider.service").write_text("[Unit]\n")
    # A folder that happens to lie beside the package is not ours.
    (package.parent / "systemd").mkdir()
    assert files.read("systemd", "outrider.service", package) == "[Unit]\n"
    assert files.names("systemd", package) == ["outrider.service"]


def test_an_installation_that_is_not_whole_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"_data/config: missing; install Outrider again"):
        files.folder("config", tmp_path / "agent")


@pytest.mark.systemd
def test_the_units_exposure_is_at_most_1_3(repository: Path) -> None:
    unit = repository / "systemd" / "outrider.service"
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(unit)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"Overall exposure level for outrider\.service: ([0-9.]+)", told)
    assert found, told
    assert float(found[1]) <= 1.3


@pytest.mark.systemd
def test_systemd_knows_every_word_of_the_unit(repository: Path, tmp_path: Path) -> None:
    shipped = (repository / "systemd" / "outrider.service").read_text()
    program = shutil.which("true")
    unit = tmp_path / "outrider.service"
    unit.write_text(shipped.replace("/opt/outrider/bin/outrider", str(program)))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
