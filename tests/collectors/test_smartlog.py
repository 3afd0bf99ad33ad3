from __future__ import annotations

import ctypes
import os
import stat
import struct
from errno import EACCES, ENODEV, ENOTTY, EPERM, EPROTO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.smartlog import ADMIN_CMD, COMMAND, SIZE, command, parse, smart_log

NULL = Path(os.devnull)


def log(**fields: int) -> bytes:
    """A log of the given fields; laid out by the NVMe base specification, figure `SMART / Health`."""
    data = bytearray(SIZE)
    data[0], data[3], data[5] = fields.get("warning", 0), fields.get("spare", 100), fields.get("used", 3)
    for name, start in {"read": 32, "written": 48, "unsafe": 144, "errors": 160}.items():
        data[start : start + 16] = fields.get(name, 0).to_bytes(16, "little")
    return bytes(data)


class Controller:
    """Answers the ioctl as Linux does: it writes to the memory that the command names."""

    def __init__(self, answer: bytes, status: int = 0) -> None:
        self.answer = answer
        self.status = status
        self.asked: tuple[int, ...] = ()

    def __call__(self, descriptor: int, request: int, argument: bytearray) -> int:
        assert request == ADMIN_CMD
        assert stat.S_ISCHR(os.fstat(descriptor).st_mode)
        self.asked = COMMAND.unpack(argument)
        address, length = self.asked[7], self.asked[9]
        assert length == len(self.answer)
        ctypes.memmove(address, self.answer, length)
        return self.status


def test_the_fields_of_a_log_are_in_their_units() -> None:
    health = parse(log(warning=4, spare=97, used=130, read=7, written=2, unsafe=11, errors=1))
    assert health == (4, 0.97, 1.3, 7 * 512_000, 1_024_000, 11, 1)


@pytest.mark.parametrize(
    "bad", [b"", bytes(SIZE), b"\xff" * SIZE, log(spare=101), log(written=1 << 100), log()[:100]]
)
def test_a_log_that_cannot_be_is_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match="the smart log"):
        parse(bad)


def test_the_command_is_linux_s_structure() -> None:
    assert COMMAND.size == 72
    assert (3 << 30 | 72 << 16 | ord("N") << 8 | 0x41) == ADMIN_CMD
    opcode, flags, _, namespace = struct.unpack_from("=BBHI", command(0x1234))
    address, _, length, words = struct.unpack_from("=QIII", command(0x1234), 24)
    assert (opcode, flags, namespace) == (2, 0, 0xFFFFFFFF)
    assert (address, length, words) == (0x1234, 512, 127 << 16 | 2)


def test_the_log_is_what_the_controller_wrote_to_memory() -> None:
    controller = Controller(log(used=42))
    assert smart_log(NULL, controller) == log(used=42)
    assert controller.asked[0] == 2


def test_a_controller_that_refuses_is_an_error_with_its_status() -> None:
    with pytest.raises(OSError, match="status 0x4002") as caught:
        smart_log(NULL, Controller(log(), 0x4002))
    assert caught.value.errno == EPROTO


def test_a_kernel_that_does_not_know_the_call_is_an_error() -> None:
    with pytest.raises(OSError, match="ioctl") as caught:
        smart_log(NULL)
    assert caught.value.errno == ENOTTY


def test_what_is_no_device_is_not_asked(tmp_path: Path) -> None:
    file = tmp_path / "nvme0"
    file.write_bytes(log())
    with pytest.raises(OSError, match="no device") as caught:
        smart_log(file)
    assert caught.value.errno == ENODEV
    os.mkfifo(tmp_path / "nvme1")
    with pytest.raises(OSError, match="no device"):
        smart_log(tmp_path / "nvme1")


def test_no_descriptor_stays_open_after_a_failure() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        with pytest.raises(OSError, match="ioctl"):
            smart_log(NULL)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.skipif(not Path("/dev/nvme0").exists(), reason="this machine has no NVMe disk")
def test_an_nvme_disk_of_this_machine_answers_or_is_refused() -> None:
    try:
        health = parse(smart_log(Path("/dev/nvme0")))
    except OSError as error:
        assert error.errno in (EACCES, EPERM)  # noqa: PT017 - either is an answer
    else:
        assert health.written > 0


@given(st.binary(min_size=0, max_size=600))
def test_any_bytes_give_sound_numbers_or_a_value_error(data: bytes) -> None:
    try:
        health = parse(data)
    except ValueError:
        return
    assert 0 <= health.spare <= 1
    assert min(health) >= 0
