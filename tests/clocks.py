"""Another wall clock for a process: clock_gettime(2) and its like answered with an offset that a file holds.

Compiled by gcc. Only the wall clock is another: the boot clock and the monotonic one are real, as on a
board whose clock is set by a time service.
"""

from __future__ import annotations

import mmap
import struct
import subprocess
from pathlib import Path

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile double *shift;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CLOCK_SHIFT");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *page = file < 0 ? MAP_FAILED : mmap(0, sizeof(double), PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) shift = page;
    if (file >= 0) close(file);
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int failed = syscall(SYS_clock_gettime, clock, at);
    if (failed || !shift || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return failed;
    double whole = floor(*shift);
    at->tv_sec += (time_t)whole;
    at->tv_nsec += (long)((*shift - whole) * 1e9);
    if (at->tv_nsec >= 1000000000L) at->tv_nsec -= 1000000000L, at->tv_sec += 1;
    return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec, at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
"""


class WallClock:
    """The wall clock of the processes that are run by `before`, which may be set while they run."""

    def __init__(self, directory: Path) -> None:
        source, library, shift = directory / "clock.c", directory / "clock.so", directory / "shift"
        source.write_text(SHIM)
        made = ["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl", "-lm"]
        subprocess.run(made, check=True, timeout=60)
        shift.write_bytes(struct.pack("=d", 0.0))
        with shift.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)
        self.before = ["env", f"LD_PRELOAD={library}", f"CLOCK_SHIFT={shift}"]

    def shift(self, seconds: float) -> None:
        """Let it be so many s ahead of the true one."""
        self._map[:] = struct.pack("=d", seconds)

    def close(self) -> None:
        """Give the page back; the processes keep theirs."""
        self._map.close()
