"""Where an installation has its files, and how much of each is ours to write and to remove.

`Places(Path("/mnt"))` is the same below another root, for the tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

UNIT = "outrider.service"
USER = "outrider"


class Places(NamedTuple):
    """The paths of an installation below `root`."""

    root: Path = Path("/")

    @property
    def prefix(self) -> Path:
        """The virtual environment; ours whole."""
        return self.root / "opt/outrider"

    @property
    def program(self) -> Path:
        """The command in it."""
        return self.prefix / "bin/outrider"

    @property
    def python(self) -> Path:
        """The interpreter in it."""
        return self.prefix / "bin/python"

    @property
    def package(self) -> Path:
        """The installed `agent` package, which brings the unit and the sample configuration.

        Raises:
            FileNotFoundError: nothing is installed.
        """
        return self.site / "agent"

    @property
    def site(self) -> Path:
        """The folder of packages in the virtual environment.

        Raises:
            FileNotFoundError: nothing is installed.
        """
        found = sorted(self.prefix.glob("lib/python3*/site-packages/agent"))
        if not found:
            raise FileNotFoundError(f"{self.prefix}: Outrider is not installed there")
        return found[-1].parent

    @property
    def link(self) -> Path:
        """The command on everybody's PATH."""
        return self.root / "usr/local/bin/outrider"

    @property
    def configuration(self) -> Path:
        """The directory of what people write; never overwritten."""
        return self.root / "etc/outrider"

    @property
    def settings(self) -> Path:
        """The configuration that the unit names."""
        return self.configuration / "outrider.toml"

    @property
    def state(self) -> Path:
        """The store."""
        return self.root / "var/lib/outrider"

    @property
    def runtime(self) -> Path:
        """The ring; in memory."""
        return self.root / "run/outrider"

    @property
    def unit(self) -> Path:
        """The unit file."""
        return self.root / "etc/systemd/system" / UNIT

    @property
    def drop_ins(self) -> Path:
        """The directory of what changes the unit: the allowances, and what people wrote themselves."""
        return self.root / "etc/systemd/system" / f"{UNIT}.d"

    @property
    def systemd(self) -> Path:
        """A directory that is there where systemd runs as the first process (sd_booted(3))."""
        return self.root / "run/systemd/system"
