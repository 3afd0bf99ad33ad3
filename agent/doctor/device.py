"""The device: who we are here, what we may write and read, room on the disk, limits."""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.config.quantity import show_size
from agent.config.settings import Config
from agent.doctor.finding import Finding
from agent.store import files
from agent.store.layout import FILE, LOCK
from collectors.host import Host

DESCRIPTORS = 1024
MEMORY = 64 * 1024 * 1024
GIB = 1024**3
READERS = {"adm": "logs below /var/log", "systemd-journal": "the journal"}
# What forgets its files with the power.
VOLATILE = frozenset(("tmpfs", "ramfs", "overlay"))


def examine(config: Config, host: Host) -> Iterator[Finding]:
    """Look at rights, room and limits, as the user that this process is."""
    yield from identity()
    yield from directory("store.directory", Path(config.store.directory))
    if config.ring.enabled:
        yield from directory("runtime.directory", Path(config.runtime.directory))
    yield from room(config, host)
    yield from damaged(Path(config.store.directory))
    yield from limits()


def identity() -> Iterator[Finding]:
    """The user and the groups that open logs and journal."""
    user = named(os.geteuid(), lambda number: pwd.getpwuid(number).pw_name)
    held = {
        named(each, lambda number: grp.getgrgid(number).gr_name) for each in (*os.getgroups(), os.getegid())
    }
    yield Finding("user", "ok", f"looking as {user}, groups {', '.join(sorted(held)) or 'none'}")
    for group, what in READERS.items():
        if group not in held and os.geteuid() != 0:
            advice = "to follow such logs: `outrider service allow logs`"
            yield Finding("groups", "note", f"{user} is not in {group} and cannot read {what}", advice)


def named(number: int, look: Callable[[int], str]) -> str:
    """What a user or group is called; in a container many have no name, and the number must do."""
    try:
        return look(number)
    except KeyError:
        return str(number)


def directory(key: str, path: Path) -> Iterator[Finding]:
    """Whether a directory of ours is there, ours alone, and can be written to."""
    advice = f"`install -d -m 0700 -o outrider {path}`, or let the service make it"
    try:
        mode = path.stat().st_mode
    except OSError as error:
        parent = nearest(path.parent)
        if isinstance(error, FileNotFoundError) and os.access(parent, os.W_OK):
            yield Finding("permissions", "ok", f"{key} {path} does not exist yet and can be made")
        else:
            yield Finding("permissions", "problem", f"{key} {path}: {error.strerror}", advice)
        return
    if not path.is_dir():
        yield Finding("permissions", "problem", f"{key} {path} is no directory", "name another, or move it")
    elif not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("permissions", "problem", f"{key} {path} cannot be written to", advice)
    elif mode & 0o022:
        text = f"{key} {path} can be written to by others (mode {mode & 0o7777:04o})"
        yield Finding("permissions", "warning", text, f"`chmod 0700 {path}`")
    else:
        yield Finding("permissions", "ok", f"{key} {path} can be written to")


def nearest(path: Path) -> Path:
    """The path or the folder above it that this user can see to be there."""
    return next((each for each in (path, *path.parents) if os.path.exists(each)), Path("/"))  # noqa: PTH110 - a Path's raises where a folder is closed


def room(config: Config, host: Host) -> Iterator[Finding]:
    """Whether the store fits, and on what it lies."""
    path = Path(config.store.directory)
    there = nearest(path)
    found = os.statvfs(there)
    free, most = found.f_bavail * found.f_frsize, config.store.max_size
    held = sum(file.stat().st_size for file in path.glob("outrider.db*")) if there == path else 0
    text = f"{free / GIB:.1f} GiB free at {there}, store.max_size is {show_size(most)}"
    if free + held < most:
        advice = "make room, or lower store.max_size; a full disk makes the history coarser"
        yield Finding("disk", "problem", text, advice)
    elif free + held < 4 * most:
        yield Finding("disk", "warning", text, "little room is left beside the store")
    else:
        yield Finding("disk", "ok", text)
    if found.f_flag & os.ST_RDONLY:
        yield Finding("disk", "problem", f"{there} is mounted read-only", "look at `dmesg` for disk errors")
    kind = _type(host, there)
    if kind in VOLATILE:
        text = f"{path} lies on {kind}: what is kept there is gone after a restart"
        yield Finding("disk", "warning", text, "put store.directory on a disk or a volume")


def _type(host: Host, path: Path) -> str:
    """The type of the file system that `path` lies on; "" if the mounts cannot be read."""
    try:
        text = host.read(Path("/proc/self/mounts"))
    except (OSError, ValueError):
        return ""
    best, kind = "", ""
    for line in text.decode("utf-8", "replace").splitlines():
        words = line.split()
        if len(words) > 2 and path.resolve().is_relative_to(words[1]) and len(words[1]) >= len(best):
            best, kind = words[1], words[2]
    return kind


def limits() -> Iterator[Finding]:
    """Descriptors and memory that a process started here gets."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors < DESCRIPTORS:
        text = f"a process may open {descriptors} files"
        yield Finding("limits", "warning", text, f"`ulimit -n {DESCRIPTORS}`; the unit has LimitNOFILE=4096")
    else:
        yield Finding("limits", "ok", f"a process may open {descriptors} files")
    memory, _ = resource.getrlimit(resource.RLIMIT_AS)
    if memory not in (resource.RLIM_INFINITY, -1) and memory < 4 * MEMORY:
        text = f"a process may have {show_size(memory)} of address space"
        yield Finding("limits", "warning", text, "raise `ulimit -v`; the unit bounds memory by MemoryMax")


def damaged(directory: Path) -> Iterator[Finding]:
    """The stores that were damaged and lie beside the one in use: nobody sends what is in them."""
    for path in files.asides(directory / FILE):
        advice = f"`outrider spool repair {path} DIRECTORY` saves what it still holds; or delete it"
        yield Finding("store", "note", f"a damaged store was set aside as {path.name}", advice)


def running(config: Config) -> Iterator[Finding]:
    """Whether a daemon keeps its store here now: whether its lock is held."""
    directory = Path(config.store.directory)
    try:
        descriptor = os.open(directory / LOCK, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            yield Finding("daemon", "note", f"whether a daemon runs is not to be seen: {error.strerror}")
            return
        descriptor = -1
    if descriptor >= 0 and _locked(descriptor):
        yield Finding("daemon", "ok", f"a daemon runs as process {files.holder(directory) or 'unknown'}")
        return
    advice = "`systemctl start outrider`, or `outrider run`"
    yield Finding("daemon", "note", f"no daemon keeps its store in {directory}", advice)


def _locked(descriptor: int) -> bool:
    """Whether another process holds the lock; closes the descriptor."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
