"""The time zone of this device, with its daylight saving."""

from __future__ import annotations

import os
from datetime import timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LOCALTIME = Path("/etc/localtime")


def zone_of(name: str = "") -> tzinfo:
    """The zone of a name in the IANA's database; without one the device's: what TZ names, then what
    /etc/localtime is, then UTC.

    Raises:
        ValueError, KeyError: there is no zone of that name.
    """
    if name:
        return ZoneInfo(name)
    named = os.environ.get("TZ", "").lstrip(":")
    if named:
        try:
            return ZoneInfo(named)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            # A rule in POSIX's form, which zoneinfo does not read: the C library does, in /etc/localtime too.
            return _local()
    return _local()


def _local() -> tzinfo:
    try:
        with LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file, key=str(LOCALTIME.resolve()))
    except (OSError, ValueError):
        return timezone.utc
