"""Small file systems in memory, to be filled to the last byte."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BLOCK = 4096


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A file system of that size, mounted at `place`, which is made."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(BLOCK)) == BLOCK:
                pass
        except OSError:
            return ballast
    return ballast


def copy_with_holes(source: Path, target: Path) -> None:
    """Copy a file as `cp --sparse=always` does: where it is all zeros nothing is allocated."""
    with source.open("rb") as old, target.open("wb") as new:
        while block := old.read(BLOCK):
            new.seek(len(block), os.SEEK_CUR) if not any(block) else new.write(block)
        new.truncate()


def taken(directory: Path) -> int:
    """Bytes on the disk below a directory, as `du` counts them."""
    return sum(file.stat().st_blocks * 512 for file in directory.rglob("*") if file.is_file())
