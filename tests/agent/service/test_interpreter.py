from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.service import interpreter
from agent.service.interpreter import NoInterpreter, base, choose, unfit


def test_ours_is_the_one_behind_our_virtual_environment() -> None:
    asked = [base(), "-c", "import sys; print(sys.version_info[:2], sys.prefix == sys.base_prefix)"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert told == f"{sys.version_info[:2]} True\n"


def test_one_that_the_service_cannot_see_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "python"
    link.symlink_to(base())
    hidden = str(Path(base()).resolve().parents[1])
    assert unfit(link, hidden=(hidden,)) == f"it lies under {hidden}, which the service cannot see"


def test_one_behind_a_closed_door_is_refused(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    program = tmp_path / "closed/python3"
    program.write_text("#!/bin/sh\n")
    assert "is closed to other users than its owner" in unfit(program)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 1", "it is older than that"),
        ("echo 'ModuleNotFoundError: No module named ensurepip' >&2; exit 1", "No module named ensurepip"),
    ],
)
def test_one_that_is_old_or_not_whole_is_refused(script: str, why: str) -> None:
    """The folders of a test are closed to others, so this one lies in the open."""
    program = Path("/var/tmp") / f"outrider-test-python-{why[-9:]}".replace(" ", "-")
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    try:
        assert why in unfit(program)
    finally:
        program.unlink()


def test_when_none_will_do_each_is_named_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(NoInterpreter) as refused:
        choose(str(tmp_path / "python9"))
    assert f"  {tmp_path}/python9: there is no such program" in str(refused.value).splitlines()
    with pytest.raises(NoInterpreter, match="--python"):
        choose(hidden=("/",))


def test_the_systems_python_does_where_ours_is_hidden(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Somebody's own Python, kept in his home, gives way to the system's."""
    if unfit(Path("/usr/bin/python3")):
        pytest.skip("this system's own Python has no venv or is older than 3.10")
    monkeypatch.setattr(interpreter, "base", lambda: str(tmp_path / "home/python3"))
    assert choose() == Path("/usr/bin/python3")
