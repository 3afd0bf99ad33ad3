"""A Debian of one's own, booted in a container over an overlay of this one: for tests of the service.

    machine = Machine(directory)            its systemd is real, its changes lie in memory
    machine.boot()
    machine.run("systemctl", "is-system-running")
    machine.close()

It lives in a mount and a network namespace of its own, which hold the overlay and both ends of its only
cable, and below a process of ours: however we end, the kernel takes all of it away. Outside it, on that
cable, is `outside`: a command that runs there, such as a broker at `OUTSIDE`, is `machine.outside(...)`.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from agent.service.child import Child
from tests.waiting import until

OUTSIDE, INSIDE = "10.231.7.1", "10.231.7.2"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CGROUPS = Path("/sys/fs/cgroup")
CONTROLLERS = ("systemd", "unified", "memory", "cpu", "cpuacct", "blkio", "pids", "devices")
PREFIX = "outrider-machine-"
HOSTNAME = "dut"
DISK = "/mnt/disk"
"""A directory of the disk that the tests lie on: all else in it is memory, to which nothing is written."""

REBOOTS = 133  # nspawn's exit status

# What this Debian starts at boot is not wanted there, and neither is an Outrider that it may have. The
# overlay lies in a memory of its own, and is gone with it.
PREPARE = """
for group in {groups}; do echo $$ > $group/cgroup.procs; done
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
mount -t tmpfs -o size=2g,mode=0755 tmpfs {home}
mkdir {home}/upper {home}/work {home}/root
mount -t overlay -o lowerdir=/,upperdir={home}/upper,workdir={home}/work overlay {home}/root
cd {home}/root
rm -rf etc/systemd/system/*.target.wants var/lib/dbus/machine-id var/log/journal
rm -rf opt/outrider etc/outrider var/lib/outrider usr/local/bin/outrider etc/systemd/system/outrider.*
sed -i /^outrider:/d etc/passwd etc/group etc/shadow etc/gshadow
: > etc/machine-id
ip link set lo up
cd /
trap 'kill -KILL $machine; exit' TERM
code={reboots}
while [ $code = {reboots} ]; do
    unshare --pid --fork --kill-child --mount-proc \\
        systemd-nspawn --quiet --register=no --keep-unit --boot --directory={home}/root --machine={name} \\
        --hostname={hostname} --network-veth --system-call-filter='adjtimex clock_adjtime' {binds} \\
        --bind={disk}:{seen} &
    machine=$!; code=0; wait $machine || code=$?
done
"""


def can_boot() -> bool:
    """Whether this process may boot one, and the tools are there.

    Control groups have to be of version 1, where this process may make some without asking the systemd
    of this Debian, if one runs.
    """
    tools = ("systemd-nspawn", "nsenter", "unshare", "ip", "systemctl")
    overlays = "overlay" in Path("/proc/filesystems").read_text()
    free = (CGROUPS / "memory").is_dir() and (CGROUPS / "systemd").is_dir()
    return os.geteuid() == 0 and overlays and free and all(shutil.which(tool) for tool in tools)


class Machine:
    """One container with a systemd of its own.

    Args:
        directory: its output lies there, and its overlay while it lives; and its `disk`, which it sees at
            `DISK`.
        shared: directories that it sees, read-only, at the same place.
    """

    def __init__(self, directory: Path, shared: Sequence[Path] = ()) -> None:
        self.name = f"t{os.getpid()}"
        self.home = directory / "machine"
        self.home.mkdir(parents=True)
        self.log = directory / "machine.log"
        self._groups = [CGROUPS / name / f"{PREFIX}{os.getpid()}" for name in CONTROLLERS]
        self._groups = [group for group in self._groups if group.parent.is_dir()]
        binds = " ".join(f"--bind-ro={shlex.quote(str(path))}" for path in shared)
        self.disk = directory / "disk"
        self.disk.mkdir()
        script = PREPARE.format(
            home=self.home,
            name=self.name,
            hostname=HOSTNAME,
            reboots=REBOOTS,
            binds=binds,
            disk=shlex.quote(str(self.disk)),
            seen=DISK,
            groups=" ".join(map(str, self._groups)),
        )
        alone = ["unshare", "--mount", "--net", "--propagation", "private"]
        self.child = Child("machine", [*alone, "sh", "-euc", script], self.log)
        self.leader = 0

    def boot(self) -> Machine:
        """Start it; return when its systemd runs, the cable is plugged in and its limits are in force."""
        for group in self._groups:
            for left in group.parent.glob(f"{PREFIX}*"):  # by a run that was killed
                _swept(left)
            group.mkdir(exist_ok=True)
        self.child.start()
        self.awake()
        # A container gets its control groups read-only; with them writable, limits hold as on a host.
        writable = "for c in memory cpu cpuacct blkio pids devices; do"
        writable += " [ ! -d /sys/fs/cgroup/$c ] || mount -o remount,bind,rw /sys/fs/cgroup/$c; done"
        self.run("sh", "-c", writable)
        self.run("systemctl", "daemon-reexec")
        until(lambda: self._state() in ("running", "degraded"), self._state)
        return self

    def awake(self, after: int = 0) -> None:
        """Return when it has a first process other than `after`, its systemd answers, and its cable is in.

        Raises:
            AssertionError: it did not come up; its last lines are in the message.
        """
        awake = ("running", "degraded", "starting")
        # Found again each time: nspawn's first child makes the mounts, and is gone before any systemd runs.
        until(lambda: self._find(after) and self._state() in awake, lambda: self.child.tail(20))
        outer = f"ve-{self.name}"
        self.outside("ip", "address", "replace", f"{OUTSIDE}/24", "dev", outer)
        self.outside("ip", "link", "set", outer, "up")
        self.run("ip", "address", "replace", f"{INSIDE}/24", "dev", "host0")
        self.run("ip", "link", "set", "host0", "up")

    def _find(self, after: int) -> bool:
        """Whether its first process is there: sh, unshare and nspawn are the ancestors."""
        assert self.child.ended() is None, self.child.tail(20)
        above = [self.child.pid]
        for _ in range(3):
            above = [below for pid in above for below in children(pid)]
        found = [pid for pid in above if pid != after]
        if found:
            self.leader = found[0]
        return bool(found)

    def _state(self) -> str:
        return self.run("systemctl", "is-system-running", check=False).stdout.strip()

    def run(
        self, *argv: str | Path, check: bool = True, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as root.

        Raises:
            AssertionError: with `check`, that it ended with a fault.
        """
        inside = ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "--"]
        words = [f"{key}={value}" for key, value in {"PATH": PATH, **(environ or {})}.items()]
        return _run([*inside, "env", "-i", "-C", "/", *words, *map(str, argv)], check=check)

    def beside(self) -> list[str]:
        """The words that run a command outside, at the other end of the cable."""
        return ["nsenter", "-t", str(self.child.pid), "-n", "--"]

    def outside(self, *argv: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command there, as root."""
        return _run([*self.beside(), *map(str, argv)], check=True)

    def read(self, path: str) -> str:
        """The text of a file in it."""
        return self.run("cat", path).stdout

    def write(self, path: str, text: str, mode: str = "0644", owner: str = "root:root") -> None:
        """Put a file into it, with its directories."""
        make = 'mkdir -p "$(dirname "$1")"; printf %s "$2" > "$1"; chmod "$3" "$1"; chown "$4" "$1"'
        self.run("sh", "-ec", make, "sh", path, text, mode, owner)

    def close(self) -> None:
        """End it and all that runs in it; nothing of it stays."""
        if self.child.started:
            self.child.stop()
        gone = [partial(_swept, group) for group in self._groups]
        until(lambda: all(each() for each in gone), lambda: f"cgroups of {self.name} are still in use")


def children(pid: int) -> list[int]:
    """The processes that a process has started, and none if it is gone."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _swept(group: Path) -> bool:
    """Whether a control group and all below it could be removed."""
    for folder, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
    return not group.exists()


def _run(argv: Sequence[str], *, check: bool) -> subprocess.CompletedProcess[str]:
    # In a session of its own: a `kill 0` in there would reach our process group too.
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        start_new_session=True,
        check=False,
    )
    assert done.returncode == 0 or not check, f"{shlex.join(argv)}: {done.stdout}{done.stderr}"
    return done


def wheels(directory: Path, source: Path) -> Path:
    """A folder with a wheel of `source` and of all it needs, for the interpreter the service will have."""
    from agent.service.interpreter import choose

    pip = [sys.executable, "-m", "pip", "--python", str(choose()), "wheel", "--quiet"]
    _run([*pip, "--wheel-dir", str(directory), str(source)], check=True)
    return directory


def visible(*paths: Path) -> list[Path]:
    """Those paths that have to be shared to be seen: wherever they lie, but for the system's own."""
    return [path for path in dict.fromkeys(paths) if not path.is_relative_to("/usr")]
