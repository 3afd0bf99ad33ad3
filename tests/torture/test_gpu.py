"""A few polls of the GPU torture, so that it works when it is wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.gpu import TROUBLES, run


@pytest.mark.gcc
def test_every_trouble_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.torture.gpu.ROUND", 200)
    first, last = run(3 * 200 * len(TROUBLES), 2, tmp_path)
    assert last["rss"] - first["rss"] < 1_000_000
    assert last["threads"] <= first["threads"] + 1
    assert last["descriptors"] <= first["descriptors"] + 8
