"""What is loaded where logs are followed: nothing that only a model or a journal needs, and no part of numpy
that is as large as all that reads a log. The daemon may take 45 MB with logs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.source import ROOT

CODE = """
import sys
from datetime import timezone
import agent.daemon, agent.tailing
from agent.logs.log import Log
from collectors.logs.formats.format import Format, field_of
from collectors.logs.formats.presets import PRESETS

fields = ("time", "status", "latency", "message")
told = {
    Format("plain", "json", tuple(field_of(role, role) for role in fields)):
        '{"time":"2026-11-23T00:%02d:00Z","status":"error","latency":0.5,"message":"cannot read %d"}',
    PRESETS["nginx"]:
        '10.0.0.1 - - [23/Nov/2026:00:%02d:00 +0000] "POST /infer HTTP/1.1" 200 %d "-" "curl" 0.5',
}
for form, line in told.items():
    log = Log(form, (), timezone.utc)
    log.take("".join(line % (at % 60, at) + "\\n" for at in range(2000)).encode(), 1795435200.0)
    assert log.flush() and not log.tally.missed and not log.tally.untimed
print("\\n".join(sys.modules))
"""

NEVER = ("numpy.random", "numpy.ma", "statistics", "subprocess", "agent.logs.models.model", "agent.planned")


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


@pytest.mark.parametrize(
    "name",
    ["numpy.random", "numpy.ma", "statistics", "subprocess", "agent.logs.models.model", "agent.planned"],
)
def test_a_log_alone_does_not_load(name: str, loaded: frozenset[str]) -> None:
    assert {"collectors.logs.formats.fastjson", "collectors.logs.formats.fasttext"} <= loaded
    assert name not in loaded
