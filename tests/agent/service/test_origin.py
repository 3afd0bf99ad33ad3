from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.service.origin import NoOrigin, given, noted_as, own

WHEEL, SDIST = "outrider-0.1.0-py3-none-any.whl", "outrider-0.1.0.tar.gz"


def test_a_checkout_of_ours_is_one(repository: Path) -> None:
    origin = given(repository)
    assert origin.requirement == str(repository)
    assert not origin.forced


def test_a_file_is_a_wheel_or_an_sdist_by_its_name(tmp_path: Path) -> None:
    for name in (WHEEL, SDIST):
        (tmp_path / name).touch()
        origin = given(tmp_path / name)
        assert origin.requirement == str(tmp_path / name)
        assert origin.forced == (name == WHEEL)


def test_a_folder_of_wheels_needs_no_index(tmp_path: Path) -> None:
    (tmp_path / WHEEL).touch()
    origin = given(tmp_path)
    assert origin.requirement == "outrider"
    assert origin.options == ("--no-index", "--find-links", str(tmp_path))
    assert origin.forced


def test_a_path_is_made_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / WHEEL).touch()
    monkeypatch.chdir(tmp_path)
    assert given(Path(WHEEL)).requirement == str(tmp_path / WHEEL)


@pytest.mark.parametrize("name", ["", "other-1.0-py3-none-any.whl", "absent", "checkout"])
def test_anything_else_is_refused_by_name(name: str, tmp_path: Path) -> None:
    (tmp_path / "other-1.0-py3-none-any.whl").touch()
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout/pyproject.toml").write_text('[project]\nname = "other"\n')
    with pytest.raises(NoOrigin, match=str(tmp_path / name)):
        given(tmp_path / name)


def test_a_command_of_a_checkout_installs_the_checkout(repository: Path) -> None:
    assert own(Path("/opt/outrider")).requirement == str(repository)


def test_what_nobody_installed_needs_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    with pytest.raises(NoOrigin, match="name one with --from"):
        own(Path("/opt/outrider"), tmp_path / "agent")


@pytest.mark.parametrize("place", ["opt/outrider", "home/venv"])
def test_what_came_from_the_index_is_brought_up_to_date_or_copied_as_it_is(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = installed(tmp_path / place, monkeypatch)
    origin = own(tmp_path / "opt/outrider", site / "agent")
    assert origin.requirement == ("outrider" if place == "opt/outrider" else "outrider==1.2.3")


def test_what_came_from_a_file_is_taken_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = installed(tmp_path / "venv", monkeypatch)
    wheel = tmp_path / "a place" / WHEEL
    (site / "outrider-1.2.3.dist-info/direct_url.json").write_text(f'{{"url": "{wheel.as_uri()}"}}')
    with pytest.raises(NoOrigin, match=r"a place/outrider.*which is gone: name one with --from"):
        own(tmp_path / "opt", site / "agent")
    wheel.parent.mkdir()
    wheel.touch()
    assert own(tmp_path / "opt", site / "agent").requirement == str(wheel)


def test_what_came_from_a_repository_is_taken_from_there() -> None:
    noted = {
        "url": "https://example.com/outrider.git",
        "vcs_info": {"vcs": "git", "commit_id": "0123abc", "requested_revision": "v1"},
    }
    assert noted_as(noted).requirement == "outrider @ git+https://example.com/outrider.git@v1"
    del noted["vcs_info"]["requested_revision"]  # type: ignore[attr-defined]
    assert noted_as(noted).requirement == "outrider @ git+https://example.com/outrider.git@0123abc"
    archive = {"url": "https://example.com/outrider.tar.gz", "archive_info": {}}
    assert noted_as(archive).requirement == "outrider @ https://example.com/outrider.tar.gz"


def installed(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The packages of an environment with Outrider 1.2.3 from an index, in place of ours."""
    site = prefix / "lib/python3.11/site-packages"
    (site / "agent").mkdir(parents=True)
    (site / "outrider-1.2.3.dist-info").mkdir()
    (site / "outrider-1.2.3.dist-info/METADATA").write_text("Name: outrider\nVersion: 1.2.3\n")
    monkeypatch.setattr("sys.path", [str(site)])
    return site


def test_a_folder_that_all_may_write_to_is_no_origin_that_was_noted(tmp_path: Path) -> None:
    wheel = tmp_path / "shared" / WHEEL
    wheel.parent.mkdir()
    wheel.touch()
    wheel.parent.chmod(0o1777)  # as /tmp: what is ours there, others cannot replace
    assert noted_as({"url": wheel.as_uri()}).requirement == str(wheel.resolve())
    wheel.parent.chmod(0o777)
    with pytest.raises(NoOrigin, match=f"others may write to {wheel.parent}: name one with --from"):
        noted_as({"url": wheel.as_uri()})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_that_another_user_put_there_since_is_not_installed_by_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / WHEEL
    wheel.touch()
    os.chown(wheel, 65534, 65534)
    with pytest.raises(NoOrigin, match=f"others may write to {wheel}"):
        noted_as({"url": wheel.as_uri()})
    monkeypatch.setenv("SUDO_UID", "65534")
    assert noted_as({"url": wheel.as_uri()}).requirement == str(wheel.resolve())
