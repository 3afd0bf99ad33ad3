"""A file system that hangs: mounted, looked up, opened, and then it never answers. Needs root and /dev/fuse.

A FUSE server of a few requests, without a library. `statvfs` on it, and reading its one file, wait until
`revive`, until the caller is killed (as with a dead NFS server), or until the mount is taken away, which
ends them with an error. With `wholly`, whatever is asked waits.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import stat
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

DEVICE = "/dev/fuse"
NAME = "dead"
ROOT, FILE = 1, 2  # nodes
LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, INIT = 1, 2, 3, 14, 15, 17, 18, 26
OPENDIR, READDIR, RELEASEDIR, INTERRUPT, DESTROY, BATCH_FORGET = 27, 28, 29, 36, 38, 42
HELD = (READ, STATFS)
ALL = (*HELD, LOOKUP, GETATTR, OPEN, OPENDIR, READDIR)
UNANSWERED = (FORGET, BATCH_FORGET)
DONE = (RELEASE, RELEASEDIR, DESTROY)

HEAD_IN = struct.Struct("=IIQQIIII")  # length, opcode, unique, node, uid, gid, pid, extensions
HEAD_OUT = struct.Struct("=IiQ")  # length, error, unique
WELCOME = struct.Struct("=IIIIHHIIHH32x")
ENTRY = struct.Struct("=QQQQII")
ATTRIBUTES = struct.Struct("=6Q10I")
ROOM = struct.Struct("=5Q4I24x")
LISTED = struct.Struct("=QQII")
LONG = 1 << 20  # s for which the kernel need not ask again
DIRECT_IO = 1  # each read comes here; the page cache serves none
WRITES = 4096
BUFFER = 1 << 17
MS_NOSUID_NODEV = 2 | 4
MNT_DETACH = 2

libc = ctypes.CDLL(None, use_errno=True)


class DeadMount:
    """One mount, and the thread that answers for it or does not.

    Args:
        point: an empty folder, where it is mounted.
        content: what `file` holds, should it ever be read; not empty, or nobody would have to ask.
        kind: the type that `/proc/self/mounts` names: "fuse", "fuse.sshfs" and the like.
        wholly: look-ups and attributes are never known without asking, and wait too. It is alive until `die`.

    Raises:
        OSError: this process may not mount.
    """

    def __init__(self, point: Path, content: bytes, kind: str, *, wholly: bool = False) -> None:
        self.point = point
        self.file = point / NAME
        self.asked = Event()  # somebody waits for an answer
        self._content = content
        self._held: list[tuple[int, int, int, bytes]] = []  # unique, opcode, node, what follows the head
        self._waits: tuple[int, ...] = ALL if wholly else HELD
        self._known = 0 if wholly else LONG
        self._dead = not wholly
        self._fuse = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        self._ear, self._mouth = os.pipe2(os.O_CLOEXEC)
        try:
            mount(point, kind, self._fuse)
        except OSError:
            self._give_back()
            raise
        self._thread = Thread(target=self._serve, name="deadmount", daemon=True)
        self._thread.start()

    def revive(self) -> None:
        """Answer those that wait, and from now on everybody."""
        os.write(self._mouth, b"r")

    def die(self) -> None:
        """Answer nobody any more."""
        self._dead = True
        self.asked.clear()

    def write(self, text: bytes) -> None:
        """Let the file grow."""
        self._content += text

    def close(self) -> None:
        """Take it away from under whoever waits; their calls end with an error."""
        libc.umount2(os.fsencode(self.point), MNT_DETACH)
        os.write(self._mouth, b"e")
        self._thread.join()
        self._give_back()

    def _give_back(self) -> None:
        for descriptor in (self._fuse, self._ear, self._mouth):
            os.close(descriptor)

    def _serve(self) -> None:
        waiting = select.poll()
        for descriptor in (self._fuse, self._ear):
            waiting.register(descriptor, select.POLLIN)
        while True:
            waiting.poll()
            if select.select([self._ear], [], [], 0)[0]:
                if os.read(self._ear, 1) == b"e":
                    return
                self._dead = False
                for unique, opcode, node, body in self._held:
                    self._reply(unique, *self._answer(opcode, node, body))
                self._held.clear()
            try:
                self._take(os.read(self._fuse, BUFFER))
            except BlockingIOError:
                continue
            except OSError:  # ENODEV: unmounted, and the last one that used it has gone
                return

    def _take(self, request: bytes) -> None:
        _, opcode, unique, node, *_ = HEAD_IN.unpack_from(request)
        body = request[HEAD_IN.size :]
        if opcode in self._waits and self._dead:
            self._held.append((unique, opcode, node, body))
            self.asked.set()
        elif opcode == INTERRUPT:  # the caller was killed
            (killed,) = struct.unpack_from("=Q", body)
            self._held = [each for each in self._held if each[0] != killed]
            self._reply(killed, errno.EINTR)
        elif opcode not in UNANSWERED:
            self._reply(unique, *self._answer(opcode, node, body))

    def _reply(self, unique: int, error: int, body: bytes = b"") -> None:
        with suppress(FileNotFoundError):  # the caller is gone
            os.write(self._fuse, HEAD_OUT.pack(HEAD_OUT.size + len(body), -error, unique) + body)

    def _answer(self, opcode: int, node: int, body: bytes) -> tuple[int, bytes]:
        """The error number, or 0 and what follows the head."""
        if opcode == INIT:
            return 0, WELCOME.pack(7, 31, 0, 0, 16, 12, WRITES, 1, 0, 0)
        if opcode == LOOKUP and body.rstrip(b"\0") == NAME.encode():
            return 0, ENTRY.pack(FILE, 0, self._known, self._known, 0, 0) + self._attributes(FILE)
        if opcode == GETATTR:
            return 0, struct.pack("=QII", self._known, 0, 0) + self._attributes(node)
        if opcode in (OPEN, OPENDIR):
            return 0, struct.pack("=QII", 0, DIRECT_IO if opcode == OPEN else 0, 0)
        if opcode == STATFS:
            return 0, ROOM.pack(1000, 400, 300, 100, 40, 4096, 255, 4096, 0)
        if opcode == READ:
            _, offset, size = struct.unpack_from("=QQI", body)
            return 0, self._content[offset : offset + size]
        if opcode == READDIR:
            _, offset = struct.unpack_from("=QQ", body)
            listed = LISTED.pack(FILE, 1, len(NAME), stat.S_IFREG >> 12) + NAME.encode()
            return 0, b"" if offset else listed + bytes(-len(listed) % 8)
        return (errno.ENOENT if opcode == LOOKUP else 0 if opcode in DONE else errno.ENOSYS), b""

    def _attributes(self, node: int) -> bytes:
        mode, size = (stat.S_IFREG | 0o644, len(self._content)) if node == FILE else (stat.S_IFDIR | 0o755, 0)
        return ATTRIBUTES.pack(node, size, 1, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def mount(point: Path, kind: str, fuse: int) -> None:
    """Mount what the holder of the descriptor `fuse` serves.

    Raises:
        OSError: this process may not.
    """
    options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    words = (b"deadmount", os.fsencode(point), kind.encode())
    if libc.mount(*words, MS_NOSUID_NODEV, options):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(point))


@contextmanager
def dead_mount(
    point: Path, content: bytes = b"alive\n", kind: str = "fuse", *, wholly: bool = False
) -> Iterator[DeadMount]:
    """A file system that hangs, at `point` (made if it is not there), for the length of the block."""
    point.mkdir(parents=True, exist_ok=True)
    made = DeadMount(point, content, kind, wholly=wholly)
    try:
        yield made
    finally:
        made.close()


def can_hang() -> bool:
    """Whether such a file system can be mounted here."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with dead_mount(Path(folder)):
                return True
        except OSError:
            return False
