"""Units of the journal, asked of programs that answer as journalctl and systemctl do."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agent.config.logs import Logs
from agent.doctor import logunits
from agent.doctor.logfiles import Sample

LOGS = Logs("api", units=("model.service",), matches=("PRIORITY=3",))


def program(folder: Path, body: str) -> tuple[str, ...]:
    path = folder / "program.py"
    path.write_text(f"import sys\n{body}\n")
    return (sys.executable, str(path))


def test_the_last_entries_are_the_sample(tmp_path: Path) -> None:
    entries = [
        json.dumps({"MESSAGE": "one\ntwo"}),
        "no json",
        json.dumps([]),
        json.dumps({"MESSAGE": [255, 66]}),
    ]
    body = "\n".join(
        [*(f"print({entry!r})" for entry in entries), "print(sys.argv[1:], file=open('arguments', 'w'))"]
    )
    command = program(tmp_path, f"import os; os.chdir({str(tmp_path)!r})\n{body}")
    found = logunits.sample(LOGS, command)
    assert found == Sample("model.service PRIORITY=3", (b"one\x1etwo", b"\xffB"), stamped=True)
    arguments = (tmp_path / "arguments").read_text()
    assert "'_SYSTEMD_UNIT=model.service', 'PRIORITY=3'" in arguments
    assert [each.level for each in logunits.examine(LOGS, found)] == ["ok"]


def test_a_unit_that_systemd_does_not_know_is_a_warning(tmp_path: Path) -> None:
    nothing = Sample("model.service", (), stamped=True)
    unknown = program(tmp_path, "print('not-found' if 'model.service' in sys.argv else 'loaded')")
    assert [each.level for each in logunits.examine(LOGS, nothing, unknown)] == ["warning", "note"]
    loaded = program(tmp_path, "print('loaded')")
    (only,) = logunits.examine(LOGS, nothing, loaded)
    assert (only.level, "allow logs" in only.advice) == ("note", True)
    assert logunits.known("model.service", ("/nowhere/systemctl",)) is None


def test_a_journal_that_cannot_be_asked_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="/nowhere/journalctl: No such file"):
        logunits.sample(LOGS, ("/nowhere/journalctl",))
    failing = program(tmp_path, "sys.exit('no journal here')")
    with pytest.raises(OSError, match="ended with 1: no journal here"):
        logunits.sample(LOGS, failing)
    monkeypatch.setattr(logunits, "PATIENCE", 0.2)
    with pytest.raises(TimeoutError, match="has not answered"):
        logunits.sample(LOGS, program(tmp_path, "import time; time.sleep(100)"))
