"""What is loaded where logs are followed: nothing that only a model or a journal needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.source import ROOT

CODE = "import agent.daemon, agent.tailing, sys; print('\\n'.join(sys.modules))"


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


@pytest.mark.parametrize(
    "name",
    ["numpy.random", "agent.logs.models.model", "agent.planned", "collectors.logs.formats.fastjson"],
)
def test_a_log_alone_does_not_load(name: str, loaded: frozenset[str]) -> None:
    """Each is a megabyte or more, of the 45 that the daemon may take with logs."""
    assert "collectors.logs.formats.lines" in loaded
    assert name not in loaded
