"""The files that ship with Outrider: the sample configuration and the systemd unit.

An installed wheel carries them under `agent/_data`; in a checkout, and so in an editable install,
they are the repository's own folders.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Folder = Literal["config", "systemd"]

PACKAGE = Path(__file__).resolve().parent.parent


def folder(name: Folder, package: Path = PACKAGE) -> Path:
    """Where the shipped files of this kind lie.

    Raises:
        FileNotFoundError: the installation is not whole.
    """
    for place in (package / "_data" / name, package.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(
        f"{package / '_data' / name}: missing; install Outrider again (pip install --force-reinstall)"
    )


def read(kind: Folder, name: str, package: Path = PACKAGE) -> str:
    """The text of a shipped file, such as ("systemd", "outrider.service").

    Raises:
        FileNotFoundError: there is no such file.
    """
    return (folder(kind, package) / name).read_text(encoding="utf-8")


def names(kind: Folder, package: Path = PACKAGE) -> list[str]:
    """The names of the shipped files of this kind, sorted."""
    return sorted(entry.name for entry in folder(kind, package).iterdir() if entry.is_file())
