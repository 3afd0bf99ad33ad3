"""Directories, disks, limits and locks as they are."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from agent.config import Config
from agent.config.settings import Store
from agent.doctor import Finding, device, worst
from agent.store import files
from collectors.host import Host


def config(directory: Path, **more: object) -> Config:
    return Config(store=Store(directory=str(directory), **more))  # type: ignore[arg-type]


def only(findings: list[Finding]) -> Finding:
    (one,) = findings
    return one


def test_a_directory_of_our_own_is_well(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert only(list(device.directory("store.directory", tmp_path))).level == "ok"


def test_one_that_can_be_made_is_well(tmp_path: Path) -> None:
    found = only(list(device.directory("store.directory", tmp_path / "new/deep")))
    assert (found.level, "can be made" in found.text) == ("ok", True)


def test_one_that_others_may_write_to_is_a_warning(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    found = only(list(device.directory("store.directory", tmp_path)))
    assert (found.level, found.advice) == ("warning", f"`chmod 0700 {tmp_path}`")


def test_a_file_in_its_place_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert only(list(device.directory("store.directory", tmp_path / "file"))).level == "problem"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_one_that_this_user_may_not_write_to_is_a_problem(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    child = os.fork()
    if not child:
        os.setuid(65534)
        found = list(device.directory("store.directory", Path("/etc")))
        os._exit(0 if worst(found) == "problem" and "cannot be written" in found[0].text else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_user_without_a_name_before_a_closed_folder_is_told_so(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for each in (tmp_path, *tmp_path.parents[:-2]):
        each.chmod(0o755)
    deep = closed / "not/seen"
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([54322])
            os.setgid(54321)
            os.setuid(54320)
            found = [*device.identity(), *device.directory("key", deep), *device.room(config(deep), Host())]
            os.write(theirs, "\n".join(each.text for each in found).encode())
        finally:
            os._exit(0)  # what it raised is missed in what it says
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as told:
        lines = told.read().splitlines()
    os.waitpid(child, 0)
    assert lines[:1] == ["looking as 54320, groups 54321, 54322"]
    assert f"key {closed}/not/seen: Permission denied" in lines
    assert any(f"GiB free at {closed}" in line for line in lines)


def test_a_store_that_cannot_fit_is_a_problem(tmp_path: Path) -> None:
    found = list(device.room(config(tmp_path, max_size=1 << 50), Host()))
    assert worst(found) == "problem"
    assert "max_size" in found[0].advice


def test_a_store_that_fits_is_well(tmp_path: Path) -> None:
    assert [each.level for each in device.room(config(tmp_path), Host())] == ["ok"]


def test_a_store_in_memory_is_a_warning() -> None:
    found = list(device.room(config(Path("/dev/shm/outrider")), Host()))
    assert any("tmpfs" in each.text and each.level == "warning" for each in found)


def test_a_store_that_was_set_aside_is_named_with_what_to_do(tmp_path: Path) -> None:
    assert list(device.damaged(tmp_path)) == list(device.damaged(tmp_path / "none")) == []
    store = tmp_path / "outrider.db"
    store.write_bytes(b"no database")
    aside = files.set_aside(store, 1_700_000_000.0)
    (found,) = device.damaged(tmp_path)
    assert (found.check, found.level) == ("store", "note")
    assert aside.name in found.text
    assert f"outrider spool repair {aside} " in found.advice


def test_few_descriptors_are_a_warning() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        found = only(list(device.limits()))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert (found.level, "256" in found.text) == ("warning", True)


def test_who_we_are_is_said_first() -> None:
    first = next(iter(device.identity()))
    assert "looking as" in first.text


def test_no_daemon_is_a_note_and_a_running_one_has_its_number(tmp_path: Path) -> None:
    assert only(list(device.running(config(tmp_path)))).level == "note"
    descriptor = files.lock(tmp_path)
    files.sign(descriptor)
    try:
        found = only(list(device.running(config(tmp_path))))
    finally:
        os.close(descriptor)
    assert (found.level, str(os.getpid()) in found.text) == ("ok", True)
    assert only(list(device.running(config(tmp_path)))).level == "note"


def test_the_whole_examination_goes_through_on_this_machine(tmp_path: Path) -> None:
    checks = {each.check for each in device.examine(config(tmp_path), Host())}
    assert checks == {"user", "permissions", "disk", "limits"}
