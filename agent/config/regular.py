"""Reading a small file that someone else wrote: bounded, and without waiting for a pipe."""

from __future__ import annotations

import os
import stat


class Unreadable(ValueError):  # noqa: N818 - the file is at fault, not the program
    """A file cannot be read; the message says why, without the name."""


def read_regular(path: str, limit: int) -> tuple[bytes, int]:
    """The content of a regular file and its permissions (as 0o600).

    Raises:
        Unreadable: it is missing, not permitted, no regular file, or longer than `limit` bytes.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            return _read(descriptor, limit)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None


def _read(descriptor: int, limit: int) -> tuple[bytes, int]:
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        raise Unreadable("is no regular file")
    with os.fdopen(descriptor, "rb", closefd=False) as opened:
        data = opened.read(limit + 1)
    if len(data) > limit:
        raise Unreadable(f"is larger than {limit} bytes")
    return data, stat.S_IMODE(mode)
