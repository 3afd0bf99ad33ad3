from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.host import Host
from collectors.timesync import TIMEX, kernel, marked, parse, services
from tests.collectors.conftest import Make


def timex(*fields: int) -> bytes:
    return TIMEX.pack(*fields) + bytes(200)


def test_a_clock_in_nanoseconds_is_read() -> None:
    kept = parse(timex(0, -123_456, 65536 * 12, 5000, 300, 0x2001))
    assert kept.synchronized
    assert kept[1:] == pytest.approx((-123.456e-6, 12e-6, 0.005, 0.0003))


def test_a_clock_in_microseconds_is_read_and_one_that_nobody_sets_is_told() -> None:
    kept = parse(timex(0, 250, 0, 16_000_000, 16_000_000, 0x40))
    assert not kept.synchronized
    assert kept[1:] == pytest.approx((0.00025, 0.0, 16.0, 16.0))
    assert not kept.bounded


def test_chrony_without_rtcsync_leaves_a_bound_and_the_flag() -> None:
    kept = parse(timex(0, 0, 0, 21_000, 900, 0x2040))
    assert (kept.synchronized, kept.bounded) == (False, True)
    assert kept.max_error == pytest.approx(0.021)


def test_the_offset_of_each_field_is_the_compiler_s() -> None:
    assert TIMEX.size == 5 * struct.calcsize("l") + 4


def test_this_kernel_says_what_it_can_be() -> None:
    kept = kernel()
    assert abs(kept.frequency) <= 512e-6  # the kernel's own bound, MAXFREQ
    assert kept.max_error >= 0
    assert kept.estimated_error >= 0
    assert abs(kept.offset) <= 0.5  # MAXPHASE


def test_asking_changes_nothing() -> None:
    first, second = kernel(), kernel()
    assert (first.synchronized, first.frequency) == (second.synchronized, second.frequency)


def test_a_kernel_that_refuses_is_an_error_that_says_so() -> None:
    """In a process of its own, whose system calls are counted out: a filter is for life."""
    code = (
        "import ctypes, struct\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "number = {'x86_64': 159, 'aarch64': 171}[__import__('os').uname().machine]\n"
        "clock = {'x86_64': 305, 'aarch64': 266}[__import__('os').uname().machine]\n"
        "lines = [(0x20, 0, 0, 0), (0x15, 1, 0, number), (0x15, 0, 1, clock)]\n"
        "lines += [(6, 0, 0, 0x50001), (6, 0, 0, 0x7FFF0000)]  # EPERM, or let through\n"
        "text = b''.join(struct.pack('HBBI', *line) for line in lines)\n"
        "held = ctypes.create_string_buffer(text)\n"
        "program = struct.pack('HxxxxxxQ', len(lines), ctypes.addressof(held))\n"
        "assert libc.prctl(38, 1, 0, 0, 0) == 0\n"
        "assert libc.prctl(22, 2, ctypes.create_string_buffer(program)) == 0\n"
        "from collectors.timesync import kernel\n"
        "try:\n    kernel()\nexcept PermissionError as error:\n    print(error.strerror)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout == "adjtimex: Operation not permitted\n", done.stderr


def test_the_mark_and_the_folders_of_services_are_seen(make: Make, tmp_path: Path) -> None:
    host = make({"proc/stat": ""})
    assert not marked(host)
    assert services(host) == []
    make({"run/systemd/timesync/synchronized": "", "run/chrony/chronyd.pid": "1\n"})
    assert marked(host)
    assert services(host) == ["systemd-timesyncd", "chrony"]


def test_this_machine_can_be_asked_for_its_services() -> None:
    assert set(services(Host())) <= {"systemd-timesyncd", "chrony", "ntpd"}
