"""The logs of a configuration as the doctor sees them: real files, a real dead mount."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from agent.config.logs import Logs
from agent.config.settings import Config
from agent.doctor import Finding, followed
from agent.doctor.logfiles import Looked
from collectors.aside import Lanes
from tests.deadmount import dead_mount


def examined(*paths: Path | str, **settings: object) -> list[Finding]:
    logs = Logs("api", tuple(map(str, paths)), **settings)  # type: ignore[arg-type]
    return list(followed.examine(Config(logs=(logs,)), time.time))


def test_a_log_that_is_read_and_understood_is_well(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_text(f'{{"time":{time.time()},"status":"ok","latency_ms":5}}\n' * 20)
    there, fits = examined(tmp_path / "*.log")
    assert (there.level, fits.level) == ("ok", "ok")
    assert there.text == f"log api: {tmp_path}/api.log was written last"
    assert "20 of the last 20 lines are understood as json (found by auto)" in fits.text


def test_no_file_yet_is_a_note_and_a_missing_folder_too(tmp_path: Path) -> None:
    (none,) = examined(tmp_path / "*.log")
    assert (none.level, none.text) == ("note", f"log api: no file matches {tmp_path}/*.log yet")
    (none,) = examined(tmp_path / "none" / "*.log")
    assert (none.level, none.text) == ("note", f"log api: the folder {tmp_path}/none is not there")
    (tmp_path / "new.log").touch()
    (new,) = examined(tmp_path / "*.log")
    assert (new.level, "none has a line yet" in new.text) == ("ok", True)


def test_what_is_refused_is_a_problem_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.log").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "logs/b.log")
    link, kind = examined(tmp_path / "logs/*.log")
    assert (link.level, kind.level) == ("problem", "problem")
    assert "`roots`" in link.advice
    assert "`pipes`" in kind.advice


def test_what_may_not_be_read_is_a_problem_and_few_are_named() -> None:
    closed = tuple(f"/var/log/none/{n}.log" for n in range(5))
    found = list(followed.told(Logs("api"), Looked(closed=closed)))
    assert [each.level for each in found] == ["problem"] * 4
    assert "service allow logs" in found[0].advice
    assert found[-1].text == "log api: nor 2 more"


def test_the_remedy_goes_by_where_a_file_lies_and_whose_it_is(tmp_path: Path) -> None:
    assert "allow home" in followed.remedy("/home/eve/api.log")
    assert "allow logs" in followed.remedy("/var/log/none/api.log")
    (tmp_path / "own.log").touch(0o600)
    assert followed.remedy(f"{tmp_path}/own.log").startswith("`setfacl -m u:outrider:r")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_told_what_it_may_not_read(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_text("line\n")
    (tmp_path / "api.log").chmod(0o600)
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):
            parent.chmod(0o755)
    child = os.fork()
    if not child:
        os.setgroups([])
        os.setuid(65534)
        # A thread does not outlive a fork.
        followed.LANES = Lanes("its file system", 3.0, 4, time.monotonic)
        found = examined(tmp_path / "*.log")
        right = [each.level for each in found] == ["problem"] and "may not read" in found[0].text
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.fuse
def test_a_dead_mount_does_not_hold_the_doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lanes: Lanes[Looked] = Lanes("its file system", 0.3, 4, time.monotonic)
    monkeypatch.setattr(followed, "LANES", lanes)
    with dead_mount(tmp_path / "dead", b"line\n", "fuse.sshfs") as dead:
        (only,) = examined(dead.file)
        assert only.level == "problem"
        assert "its file system has not answered" in only.text
        dead.revive()


def test_a_journal_that_cannot_be_asked_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (only,) = examined(units=("model.service",))
    assert only.level == "problem"
    assert only.text == "log api: the journal cannot be read: journalctl: No such file or directory"
