"""Hosts for collectors: recorded ones, and ones made of a few files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.host import Host

HOSTS = Path(__file__).parent.parent / "hosts"
TICKS = 100
PAGE = 4096

Make = Callable[[dict[str, str]], Host]


@pytest.fixture
def board() -> Host:
    """The recorded virtual machine."""
    return Host(HOSTS / "virtual_x86", ticks=TICKS, page=PAGE)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes files below a root of their own; called again, it changes them in place."""

    def write(files: dict[str, str]) -> Host:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Host(tmp_path, ticks=TICKS, page=PAGE)

    return write
