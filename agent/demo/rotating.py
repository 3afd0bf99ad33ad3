"""JSON lines in a file that is rotated by its size, as Python's own logging does it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timezone
from logging.handlers import RotatingFileHandler
from pathlib import Path

SIZE = 256 * 1024
"""Bytes of a file before it is renamed; at 20 requests a second, half a minute."""
KEPT = 3
"""How many renamed files are kept."""


class Lines:
    """A file that is appended to; its older parts are FILE.1, FILE.2 and so on.

    Args:
        path: the file.
        size: bytes after which it is renamed.
    """

    def __init__(self, path: Path, size: int = SIZE) -> None:
        self._handler = RotatingFileHandler(path, maxBytes=size, backupCount=KEPT, encoding="utf-8")

    def write(self, fields: Mapping[str, object]) -> None:
        """Append one object, with the time before all else."""
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": now, **fields}, separators=(",", ":"), allow_nan=False)
        self._handler.handle(logging.makeLogRecord({"msg": line}))

    def close(self) -> None:
        """Write nothing more."""
        self._handler.close()
