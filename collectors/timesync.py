"""Who keeps the wall clock, and what the kernel knows of it: the mark of systemd-timesyncd, adjtimex(2)."""

from __future__ import annotations

import os
import struct
from typing import NamedTuple

from collectors.host import Host

MARK = "run/systemd/timesync/synchronized"
SERVICES = {"systemd-timesyncd": "run/systemd/timesync", "chrony": "run/chrony", "ntpd": "run/ntpd.pid"}
# struct timex, in the machine's own longs: modes, offset, freq, maxerror, esterror, status.
TIMEX = struct.Struct("@Illlli")
ROOM = 256  # bytes; the structure has 208 where a long has 8
UNSYNC = 0x40
UNBOUNDED = 16.0
"""Seconds at which the kernel stops counting how wrong the clock may be (NTP_PHASE_LIMIT): from the boot on,
after each step, and whenever no service has been heard for hours."""

# No device that runs this version can have an earlier date: 2026-01-01 UTC. No version lives for ten years.
EARLIEST = 1767225600.0
LATEST = EARLIEST + 10 * 365.25 * 86400.0
NANOSECONDS = 0x2000
FREQUENCY = 1e-6 / 65536


class Kept(NamedTuple):
    """The kernel's account of the wall clock; seconds, and seconds a second (`frequency`).

    Args:
        synchronized: a time service has set it within the last hours. chrony tells the kernel so only with
            `rtcsync` in its configuration, as Debian's has it; how wrong the clock may be, it tells always
            (its sys_timex.c, set_sync_status).
        offset: what is still to be corrected.
        frequency: by how much the crystal's rate is corrected.
        max_error: the most it can be wrong by; grows by 0.5 ms a second until the service is heard again.
        estimated_error: what the service thinks it is wrong by.
    """

    synchronized: bool
    offset: float
    frequency: float
    max_error: float
    estimated_error: float

    @property
    def bounded(self) -> bool:
        """Whether a time service has told how wrong it may be, within the last hours and since a step."""
        return self.max_error < UNBOUNDED


def marked(host: Host) -> bool:
    """Whether systemd-timesyncd has set the clock since boot."""
    return (host.root / MARK).exists()


def services(host: Host) -> list[str]:
    """The time services that seem to run."""
    return [name for name, path in SERVICES.items() if (host.root / path).exists()]


def kernel() -> Kept:
    """Ask the kernel of this machine; nothing is changed.

    Raises:
        OSError: it refuses, as in a sandbox that keeps programs from the clock.
    """
    import ctypes  # 0.3 MB: paid by whoever asks

    libc = ctypes.CDLL(None, use_errno=True)
    room = ctypes.create_string_buffer(ROOM)  # modes = 0: read
    if libc.adjtimex(room) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"adjtimex: {os.strerror(number)}")
    return parse(room.raw)


def parse(timex: bytes) -> Kept:
    """A `struct timex` of this machine's layout."""
    _, offset, frequency, most, estimated, status = TIMEX.unpack_from(timex)
    unit = 1e-9 if status & NANOSECONDS else 1e-6
    synchronized = not status & UNSYNC
    return Kept(synchronized, offset * unit, frequency * FREQUENCY, most * 1e-6, estimated * 1e-6)
