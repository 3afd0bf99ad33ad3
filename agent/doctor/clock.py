"""The wall clock: whether it can be right, who keeps it, and whether it survives a power cut."""

from __future__ import annotations

import time
from collections.abc import Iterator

from agent.doctor.finding import Finding
from collectors.host import Host
from collectors.timesync import EARLIEST, LATEST

FARTHEST = 2**37


def examine(host: Host, wall: float, quality: str) -> Iterator[Finding]:
    """Look at the clock, which says `wall` seconds since 1970; `quality` as a window is marked."""
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(max(0.0, min(wall, FARTHEST))))
    if not EARLIEST <= wall <= LATEST:
        yield Finding(
            "clock",
            "problem",
            f"the wall clock says {shown}, which cannot be",
            "set the time or let systemd-timesyncd or chrony do it; until then windows are marked "
            "unsynchronised and TLS may refuse the broker's certificate",
        )
    if quality == "synchronised":
        yield Finding("clock", "ok", f"a time service keeps the wall clock ({shown})")
    else:
        yield Finding(
            "clock",
            "warning",
            f"no time service says that the wall clock is right ({shown})",
            "enable one: `timedatectl set-ntp true`, or install systemd-timesyncd or chrony",
        )
    if not (host.sys / "class/rtc/rtc0").exists():
        yield Finding(
            "clock",
            "note",
            "there is no real-time clock: after a power cut the time is wrong until a time service sets it",
            "windows of that while are kept by the boot clock and dated when the time is known",
        )
