"""The SMART log of an NVMe disk: the health that its controller keeps, by an ioctl of its device.

Log page 2 of the NVMe base specification, 512 bytes, asked by `struct nvme_passthru_cmd` of Linux's
nvme_ioctl.h. The kernel wants CAP_SYS_ADMIN for it (drivers/nvme/host/ioctl.c, nvme_cmd_allowed).
"""

from __future__ import annotations

import os
import stat
import struct
from array import array
from collections.abc import Callable
from errno import ENODEV, EPROTO
from fcntl import ioctl
from pathlib import Path
from typing import Any, NamedTuple

ADMIN_CMD = 0xC0484E41  # _IOWR('N', 0x41, 72 bytes)
GET_LOG_PAGE = 0x02
SMART = 0x02
SIZE = 512
ALL_NAMESPACES = 0xFFFFFFFF
PATIENCE = 5000  # ms until the kernel resets the controller; its own word is a minute
# opcode, flags, -, namespace, cdw2-3, metadata, address, metadata's length, length, cdw10-15, time, result
COMMAND = struct.Struct("=BBHI2IQQII6III")
UNIT = 512_000  # bytes that a unit of data stands for: 1,000 blocks of 512
LIMIT = 1 << 64

Control = Callable[[int, int, bytearray], Any]


class Health(NamedTuple):
    """What the log says. `used` may exceed 1; `read` and `written` are bytes of the disk's life.

    Args:
        warning: bits: 0 few spare blocks, 1 too hot or cold, 2 unreliable, 3 read-only, 4 its buffer's
            backup failed.
        spare: share of the spare blocks that is left.
        used: share of the life that the maker gave it.
    """

    warning: int
    spare: float
    used: float
    read: int
    written: int
    unsafe_shutdowns: int
    media_errors: int


def parse(log: bytes) -> Health:
    """The log as numbers.

    Raises:
        ValueError: it is too short, empty, or says what cannot be.
    """
    if len(log) < SIZE or not any(log):
        raise ValueError("the smart log is empty")
    numbers = [int.from_bytes(log[start : start + 16], "little") for start in (32, 48, 144, 160)]
    spare = log[3]
    if spare > 100 or max(numbers) >= LIMIT // UNIT:
        raise ValueError("the smart log says what cannot be")
    read, written, unsafe, errors = numbers
    return Health(log[0], spare / 100, log[5] / 100, read * UNIT, written * UNIT, unsafe, errors)


def smart_log(device: Path, control: Control = ioctl) -> bytes:
    """The log of the controller `device` (`/dev/nvme0`).

    Raises:
        OSError: it is no device, may not be opened or asked, or refuses.
    """
    descriptor = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISCHR(os.fstat(descriptor).st_mode):
            raise OSError(ENODEV, "no device", str(device))
        room = array("B", bytes(SIZE))
        status = control(descriptor, ADMIN_CMD, bytearray(command(room.buffer_info()[0])))
        if status:
            raise OSError(EPROTO, f"the controller answers with status {status:#x}", str(device))
        return room.tobytes()
    finally:
        os.close(descriptor)


def command(address: int) -> bytes:
    """The command that has the log written to memory at `address`."""
    words = SIZE // 4 - 1
    return COMMAND.pack(
        GET_LOG_PAGE, 0, 0, ALL_NAMESPACES, 0, 0, 0, address, 0, SIZE,
        words << 16 | SMART, 0, 0, 0, 0, 0, PATIENCE, 0,
    )  # fmt: skip
