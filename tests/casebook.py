"""The case folders of the collectors: what was recorded, with which options, as a host to be read."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from collectors import catalog
from collectors.host import Host
from collectors.options import OPTIONS
from tests.collecting import from_plain

TESTS = Path(__file__).parent


class Recorded(Host):
    """A tree whose file systems have the room that was recorded by mount point: it lies in no file.

    What was not recorded is asked in the tree itself.
    """

    __slots__ = ("_rooms",)

    def __init__(self, root: Path, rooms: Path) -> None:
        super().__init__(root, ticks=100, page=4096)
        self._rooms: dict[str, list[int]] = json.loads(rooms.read_text())

    def statvfs(self, mountpoint: str) -> os.statvfs_result:
        """See `Host.statvfs`."""
        if mountpoint in self._rooms:
            return os.statvfs_result(self._rooms[mountpoint])
        return super().statvfs(mountpoint)


class Case(NamedTuple):
    """A folder of `cases/<collector>/<name>`."""

    folder: Path

    @property
    def collector(self) -> str:
        """Whose case it is."""
        return self.folder.parent.name

    @property
    def name(self) -> str:
        """What the case is about, in a word or two."""
        return self.folder.name

    @property
    def source(self) -> Path:
        """The tree: its own `first`, or one of the recorded hosts."""
        whole = self.folder / "host"
        return TESTS / "hosts" / whole.read_text().strip() if whole.exists() else self.folder / "first"

    @property
    def options(self) -> Any:
        """The collector's options: the defaults, or those of `options.json`."""
        defaults, file = OPTIONS.get(self.collector), self.folder / "options.json"
        return from_plain(type(defaults), json.loads(file.read_text())) if file.exists() else defaults

    def laid(self, folder: Path) -> Host:
        """A host of a fresh copy of the tree, in place of what lay in `folder`."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.source, folder, symlinks=True)
        rooms = self.folder / "statvfs.json"
        return Recorded(folder, rooms) if rooms.exists() else Host(folder, ticks=100, page=4096)

    def go_on(self, folder: Path) -> bool:
        """Lay the tree of the second poll over the first; False if the case has none."""
        then = self.folder / "then"
        if then.exists():
            shutil.copytree(then, folder, symlinks=True, dirs_exist_ok=True)
        return then.exists()


def cases(name: str) -> list[Case]:
    """The cases of one collector, in order."""
    return [Case(path.parent) for path in sorted(TESTS.glob(f"cases/{name}/*/expected.json"))]


def every_case() -> list[Case]:
    """The cases of all collectors."""
    return [case for name in catalog.NAMES for case in cases(name)]
