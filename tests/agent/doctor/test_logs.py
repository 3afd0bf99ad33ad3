"""Log files and journals that may be read, or not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.doctor import logs
from collectors.host import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    tmp_path.chmod(0o755)
    folder = tmp_path / "var/log"
    (folder / "journal").mkdir(parents=True)
    for name in ("syslog", "auth.log"):
        (folder / name).write_text("line\n")
    return Host(tmp_path)


def test_what_can_be_read_is_counted(host: Host) -> None:
    first, second = logs.examine(host)
    assert (first.level, first.text) == ("ok", "2 log files in /var/log can be read")
    assert (second.level, "journal" in second.text) == ("ok", True)


def test_no_logs_at_all_are_no_fault(tmp_path: Path) -> None:
    (only,) = logs.examine(Host(tmp_path))
    assert only.text == "0 log files in /var/log can be read"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_what_this_user_may_not_read_is_named_with_what_to_do(host: Host) -> None:
    (host.root / "var/log/auth.log").chmod(0o600)
    (host.root / "var/log/journal").chmod(0o700)
    for parent in host.root.parents:
        if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):
            parent.chmod(0o755)
    child = os.fork()
    if not child:
        os.setgroups([])
        os.setuid(65534)
        found = list(logs.examine(host))
        right = [each.level for each in found] == ["note", "ok", "note"] and "auth.log" in found[0].text
        os._exit(0 if right and "allow logs" in found[0].advice else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
