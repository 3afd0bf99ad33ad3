"""The model's server, started once for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.demo.load import comes
from agent.demo.stage import Stage
from agent.demo.traffic import Course
from tests.conftest import missing_tools, required_tools

# Without onnxruntime most of these cannot even be imported.
collect_ignore_glob = ["test_*.py"] if "onnxruntime" in set(missing_tools()) - required_tools() else []


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage with the server alone."""
    stage = Stage(tmp_path_factory.mktemp("served"), Course())
    stage.server.start()
    try:
        assert comes(stage.port, 60.0), stage.server.tail()
        yield stage
    finally:
        stage.stop()
