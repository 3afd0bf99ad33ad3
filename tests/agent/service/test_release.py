from __future__ import annotations

from pathlib import Path

from agent.service.release import UNKNOWN, release


def test_the_folders_name_tells(tmp_path: Path) -> None:
    (tmp_path / "outrider-1.2.3.dist-info").mkdir()
    (tmp_path / "outrider_extras-9.dist-info").mkdir()
    assert release(tmp_path) == "1.2.3"


def test_a_checkout_has_none(tmp_path: Path) -> None:
    assert release(tmp_path) == UNKNOWN
    assert release() == UNKNOWN
