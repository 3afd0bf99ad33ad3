from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.flush.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path / "state")
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    yield rig
    rig.writer.stop(20)
