"""The service on a real systemd: a Debian booted in a container, from installation to removal.

One machine serves all tests; each finds the service installed and ready, and leaves it so. Its broker is
outside, behind TLS.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.service.child import Child
from agent.view.broker import mosquitto_settings
from collectors import catalog
from tests.certificates import Authority
from tests.machines import DISK, INSIDE, OUTSIDE, Machine, visible, wheels
from tests.sinks import Sink
from tests.waiting import until

# One machine is enough for all workers; two of them would only be slower.
pytestmark = [pytest.mark.nspawn, pytest.mark.mosquitto, pytest.mark.xdist_group("nspawn")]

ROOT = Path(__file__).resolve().parents[2]
UNIT = "outrider.service"
AGENT = [sys.executable, "-m", "agent"]
DROP_INS = f"/etc/systemd/system/{UNIT}.d"
SETTINGS = "/etc/outrider/outrider.toml"
TLS_PORT, PLAIN_PORT = 8883, 1883

CONFIGURATION = f"""
[window]
span = "1s"
[device]
name = "dut"
[broker]
url = "mqtts://{OUTSIDE}:{TLS_PORT}"
ca_file = "/etc/outrider/ca.crt"
[store]
write_budget = "1 TB/day"
[limits]
cpu = "100 %"
"""
# Those that read what changes slowly would take a minute to show what they can read.
CONFIGURATION += "".join(f'[collectors.{name}]\ninterval = "1s"\n' for name in catalog.NAMES)

FOLLOWED = """
[[logs]]
name = "file"
paths = ["/var/log/served.log"]
format = "json"
from = "start"
[[logs]]
name = "journal"
units = ["model.service"]
format = "json"
from = "start"
"""
SERVE = """
for each in $(seq 20); do echo '{"status": 200, "duration_ms": 12.5}'; done | tee -a /var/log/served.log
"""

# What the unit grants in half minutes the tests cannot wait for; all else is as shipped.
SOONER = """
[Service]
RestartSec=200ms
WatchdogSec=3s
TimeoutAbortSec=500ms
"""


PYTHON = "/opt/outrider/bin/python -c"
ADJTIMEX = "import ctypes; print(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(256)))"
READS = {
    "logs": "cat /var/log/model.log",
    "journal": "journalctl --quiet --lines 1 --unit dbus.service",
    "home": "cat /home/model/model.log",
    "change": "touch /home/model/new",
    "gpu": "cat /dev/nvidia0",
    "clock": f"{PYTHON} '{ADJTIMEX}'",
    "processes": "cat /proc/1/io; grep ^Pss: /proc/1/smaps_rollup",
    "secrets": "cat /etc/shadow",
}
# systemd knows the nodes of GPUs by their driver's name, which no driver here has.
PROBE = """
[Service]
DeviceAllow=/dev/nvidia0 rw
ExecStartPost=-/bin/sh -c 'sh /etc/outrider/probe > /var/lib/outrider/probe'
"""
CLOSED = {
    "logs": "cat: /var/log/model.log: Permission denied",
    "home": "cat: /home/model/model.log: Permission denied",
    "gpu": "cat: /dev/nvidia0: No such file or directory",
    "clock": "-1",
    "secrets": "cat: /etc/shadow: Permission denied",
}


# What the tools that add and remove users leave of the files before.
BACKUPS = tuple(f"/etc/{name}" for name in ("passwd-", "group-", "shadow-", "gshadow-", ".pwd.lock"))
BACKUPS += ("/etc/subuid-", "/etc/subgid-")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the machine sees of us: a folder of wheels, and the certificate of the broker's authority."""
    directory = tmp_path_factory.mktemp("shared")
    wheels(directory / "wheels", ROOT)
    authority = Authority(directory / "authority")
    authority.sign("broker", hosts=(f"IP:{OUTSIDE}",))
    return directory


@pytest.fixture(scope="session")
def machine(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A booted machine without Outrider, and a broker outside."""
    seen = visible(ROOT, Path(sys.prefix), Path(sys.base_prefix))
    made = Machine(tmp_path_factory.mktemp("machine"), [shared, *seen])
    try:
        made.boot()
        with closing_broker(made, shared):
            yield made
    finally:
        made.close()


def closing_broker(machine: Machine, shared: Path) -> closing:
    """Mosquitto outside the machine: with TLS at the cable, plain on the loopback there."""
    certificate, key = shared / "authority/broker.crt", shared / "authority/broker.key"
    extra = [f"listener {TLS_PORT} {OUTSIDE}", f"certfile {certificate}", f"keyfile {key}"]
    settings = shared / "mosquitto.conf"
    settings.write_text(mosquitto_settings(PLAIN_PORT, extra))
    broker = Child("broker", [*machine.beside(), "mosquitto", "-c", str(settings)], shared / "broker.log")
    broker.start()
    until(lambda: "running" in broker.tail(), broker.tail)
    return closing(Stopping(broker))


class Stopping:
    """A child that `closing` ends."""

    def __init__(self, child: Child) -> None:
        self._child = child

    def close(self) -> None:
        """End it."""
        self._child.stop()


@pytest.fixture(scope="session")
def before(machine: Machine) -> set[str]:
    """Every file of the machine before the first installation, where an installation may put any."""
    return files(machine)


@pytest.fixture
def service(machine: Machine, shared: Path, before: set[str]) -> Machine:
    """The machine with the service installed as people would, from a checkout's own environment."""
    if not before_installed(machine):
        machine.write("/etc/outrider/ca.crt", (shared / "authority/ca.crt").read_text())
        machine.write(SETTINGS, CONFIGURATION)
        install(machine, shared)
        machine.write(f"{DROP_INS}/sooner.conf", SOONER)
        restart(machine)
    return machine


def before_installed(machine: Machine) -> bool:
    """Whether the service is there already."""
    return machine.run("test", "-e", f"/etc/systemd/system/{UNIT}", check=False).returncode == 0


def install(machine: Machine, shared: Path, *words: str) -> str:
    """What `service install` says, run from the checkout that these tests lie in."""
    program = [*AGENT, "service", "install", "--from", str(shared / "wheels"), *words]
    return machine.run(*program, environ={"PYTHONPATH": str(ROOT)}).stdout


def outrider(machine: Machine, *words: str) -> str:
    """What a verb of the installed command says."""
    return machine.run("outrider", *words).stdout


def restart(machine: Machine) -> None:
    """Take changed files of the unit over."""
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", UNIT)


def shown(machine: Machine, name: str) -> str:
    """A property of the unit."""
    return machine.run("systemctl", "show", UNIT, "--property", name, "--value").stdout.strip()


def main_pid(machine: Machine) -> str:
    """The number of the daemon, as the machine counts."""
    pid = shown(machine, "MainPID")
    assert pid not in ("", "0"), journal(machine)
    return pid


def ready_again(machine: Machine, pid: str) -> None:
    """Return when another process than this one is ready."""
    until(lambda: shown(machine, "MainPID") not in ("0", pid) and shown(machine, "SubState") == "running")


def journal(machine: Machine) -> str:
    """All that the unit and systemd said of it."""
    return machine.run("journalctl", "--unit", UNIT, "--no-pager", "--output", "cat").stdout


def files(machine: Machine) -> set[str]:
    """Every path below the directories that an installation may write to."""
    places = ("/etc", "/opt", "/usr", "/var/lib", "/run/outrider", "/root", "/home")
    found = machine.run("find", *places, "-xdev", "-not", "-path", f"{ROOT}/*", check=False)
    return set(found.stdout.splitlines())


@pytest.fixture
def sections(service: Machine) -> Iterator[Callable[[], dict[str, str]]]:
    """What each of `READS` says inside the sandbox, as the service's user, at the latest start."""
    lines = [f"echo =={name}; {command} 2>&1" for name, command in READS.items()]
    service.write("/etc/outrider/probe", "\n".join([*lines, ""]))
    service.write(f"{DROP_INS}/probe.conf", PROBE)

    def read() -> dict[str, str]:
        said = service.read("/var/lib/outrider/probe")
        return dict(part.split("\n", 1) for part in said.split("==")[1:])

    yield read
    service.run("rm", f"{DROP_INS}/probe.conf", "/etc/outrider/probe", "/var/lib/outrider/probe")
    restart(service)


def test_it_is_installed_ready_and_says_how_it_is(service: Machine) -> None:
    said = outrider(service, "service", "status")
    lines = {line.split()[0]: line for line in said.splitlines()}
    assert "active (running)" in lines["service"]
    assert "dut of fleet default" in lines["says"]
    assert "0.1.0 installed, 0.1.0 running" in " ".join(lines["version"].split())
    assert "of at most 128 MiB" in lines["memory"]
    assert float(lines["exposure"].split()[1]) <= 1.3
    assert shown(service, "UnitFileState") == "enabled"
    modes = service.run(
        "stat", "-c", "%a %U %n", "/etc/outrider", "/var/lib/outrider", "/run/outrider"
    ).stdout
    assert modes.splitlines() == [
        "755 root /etc/outrider",
        "700 outrider /var/lib/outrider",
        "700 outrider /run/outrider",
    ]


def test_in_the_sandbox_it_reads_what_root_reads_outside(service: Machine) -> None:
    """Every collector that has readings for root has them in the service, but what `allow clock` opens:
    nothing in this machine keeps the clock, and the kernel is not asked in the sandbox.
    """
    outside = [json.loads(line) for line in outrider(service, "test", "--json").splitlines()]
    expected = {each["metric"] for each in outside if each["value"] is not None}
    expected -= {metric for metric in expected if metric.startswith("linux.clock.")}

    def read() -> set[str]:
        told = service.run("outrider", "history", "--last", "10m", "--json", check=False).stdout
        return {json.loads(line)["metric"] for line in told.splitlines()}

    until(lambda: not expected - read(), lambda: f"not read in the sandbox: {sorted(expected - read())}")


def test_its_windows_arrive_at_a_broker_outside_by_tls(service: Machine, tmp_path: Path) -> None:
    sink = Sink(tmp_path, f"mqtt://127.0.0.1:{PLAIN_PORT}")
    sink.start(service.beside())
    try:
        sink.subscribed()
        with closing(sink.fleet()) as fleet:
            until(lambda: list(fleet.contents("dut", since=0.0)) != [], sink.said)
    finally:
        sink.close()
    peers = service.run("ss", "-tnH", "state", "established", f"( dport = :{TLS_PORT} )").stdout
    assert f"{INSIDE}:" in peers


def test_again_it_upgrades_and_keeps_the_configuration(service: Machine, shared: Path) -> None:
    service.write(SETTINGS, f"{CONFIGURATION}# mine\n")
    pid = main_pid(service)
    said = install(service, shared)
    assert "0.1.0 before, 0.1.0 now" in said
    assert "kept: it is yours" in said
    assert said.count("as it was") >= 4
    assert service.read(SETTINGS).endswith("# mine\n")
    assert main_pid(service) != pid
    assert shown(service, "SubState") == "running"


def test_each_allowance_opens_what_it_says_and_no_more(
    service: Machine, sections: Callable[[], dict[str, str]]
) -> None:
    service.write("/var/log/model.log", "a line of a model\n", "0640", "root:adm")
    service.write("/home/model/model.log", "a line at home\n")
    for minor, name in ((255, "nvidiactl"), (0, "nvidia0")):  # without a driver, they say so when opened
        service.run("mknod", "-m", "666", f"/dev/{name}", "c", "195", str(minor))
    restart(service)
    closed = sections()
    assert {name: told.strip() for name, told in closed.items() if name in CLOSED} == CLOSED

    outrider(service, "service", "allow", "logs", "home", "gpu", "clock")
    opened = sections()
    assert opened["logs"] == "a line of a model\n"
    assert "dbus" in opened["journal"].replace("-", "").lower()
    assert opened["home"] == "a line at home\n"
    assert "Read-only file system" in opened["change"]
    assert "No such device or address" in opened["gpu"]
    assert int(opened["clock"]) >= 0
    assert opened["processes"] == closed["processes"]
    assert "allowed     clock, gpu, home, logs" in outrider(service, "service", "status")

    outrider(service, "service", "deny", "logs", "home", "gpu", "clock")
    outrider(service, "service", "allow", "processes")
    seen = sections()
    assert "read_bytes: " in seen["processes"]
    assert "Pss: " in seen["processes"]
    assert seen["secrets"] == ""
    assert "No such file" in seen["home"]  # no right opens what is hidden
    assert (seen["gpu"], seen["clock"]) == (closed["gpu"], closed["clock"])
    outrider(service, "service", "deny", "processes")
    service.run("rm", "-r", "/home/model", "/dev/nvidiactl", "/dev/nvidia0")


def test_allowed_it_counts_each_line_of_a_log_and_of_a_unit_s_journal(service: Machine) -> None:
    """By the daemon itself, in its sandbox, and across a crash."""

    def serve() -> None:
        service.run("systemd-run", "--quiet", "--wait", "--collect", "--unit", "model", "sh", "-c", SERVE)

    def requests() -> dict[str, float]:
        told = service.run("outrider", "history", "model.requests", "--json", check=False).stdout
        counted: dict[str, float] = {}
        for window in map(json.loads, told.splitlines()):
            log = window["attributes"]["log.name"]
            counted[log] = counted.get(log, 0.0) + window["delta"]
        return counted

    def counted(lines: float) -> bool:
        return requests() == {"file": lines, "journal": lines}

    service.write("/var/log/served.log", "", "0640", "root:adm")
    serve()
    service.write(SETTINGS, CONFIGURATION + FOLLOWED)
    outrider(service, "service", "allow", "logs")
    until(lambda: counted(20.0), requests)
    serve()
    service.run("kill", "-KILL", main_pid(service))
    serve()
    until(lambda: counted(60.0), requests)

    service.write(SETTINGS, CONFIGURATION)
    service.run("rm", "/var/log/served.log")
    outrider(service, "service", "deny", "logs")


def test_killed_it_is_restarted(service: Machine) -> None:
    pid, restarts = main_pid(service), int(shown(service, "NRestarts"))
    service.run("kill", "-KILL", pid)
    ready_again(service, pid)
    assert int(shown(service, "NRestarts")) == restarts + 1


def test_frozen_it_is_restarted_by_the_watchdog(service: Machine) -> None:
    pid = main_pid(service)
    service.run("kill", "-STOP", pid)
    ready_again(service, pid)
    assert "Watchdog timeout" in journal(service)


def test_a_reload_takes_a_good_file_over_and_refuses_a_bad_one(service: Machine) -> None:
    pid = main_pid(service)
    service.write(SETTINGS, CONFIGURATION.replace('"1s"', '"2s"'))
    service.run("systemctl", "reload", UNIT)
    until(lambda: "windows of 2 s" in shown(service, "StatusText"), lambda: journal(service))
    service.write(SETTINGS, CONFIGURATION.replace("span", "spam"))
    service.run("systemctl", "reload", UNIT)
    until(lambda: f"{SETTINGS}:3: window.spam: " in journal(service), lambda: journal(service))
    assert "windows of 2 s" in shown(service, "StatusText")
    service.write(SETTINGS, CONFIGURATION)
    service.run("systemctl", "reload", UNIT)
    until(lambda: "windows of 1 s" in shown(service, "StatusText"), lambda: journal(service))
    assert main_pid(service) == pid


def test_a_bad_configuration_stops_an_upgrade_before_the_running_service(
    service: Machine, shared: Path
) -> None:
    pid = main_pid(service)
    service.write(SETTINGS, "[broker]\nurll = 1\n")
    program = [*AGENT, "service", "install", "--from", str(shared / "wheels")]
    done = service.run(*program, check=False, environ={"PYTHONPATH": str(ROOT)})
    service.write(SETTINGS, CONFIGURATION)
    assert done.returncode == 1
    assert "failed: check the configuration" in done.stderr
    assert f"{SETTINGS}:2: broker.urll: " in done.stderr
    assert main_pid(service) == pid


def test_the_limit_of_memory_holds(service: Machine) -> None:
    """What eats in the unit's control group ends; the machine and the service live on."""
    group = f"/sys/fs/cgroup/memory{shown(service, 'ControlGroup')}"
    limit = int(service.read(f"{group}/memory.limit_in_bytes"))
    assert limit == int(shown(service, "MemoryMax")) == 128 << 20
    pid = main_pid(service)
    # It volunteers to be the one that is killed: the daemon itself is no glutton.
    eat = f"echo $$ > {group}/cgroup.procs; echo 1000 > /proc/$$/oom_score_adj; "
    eat += f"exec {PYTHON} 'held = bytearray(b\"x\") * (256 << 20)'"
    assert service.run("sh", "-c", eat, check=False).returncode in (-9, 137)
    assert int(service.read(f"{group}/memory.max_usage_in_bytes")) <= limit
    assert service.run("systemctl", "is-system-running", check=False).stdout.strip() == "running"
    until(lambda: shown(service, "SubState") == "running")
    assert main_pid(service) == pid


def test_root_and_the_service_s_user_get_captures_out_of_the_sandbox(service: Machine) -> None:
    """Beyond a user namespace of its own the daemon sees root as root, and itself as itself."""
    before = outrider(service, "record", "ls").splitlines() if captures(service) else []
    said = outrider(service, "record", "--before", "5s", "--after", "2s", "--note", "the fan rattled")
    begun, captured = said.splitlines()
    name = begun.partition(":")[0]
    assert begun.endswith(" s to go")
    assert captured.startswith(f"{name}: ")
    found = re.search(r": (\d+) ticks of \d+ series, from ([\d.]+) s before to ([\d.]+) s after$", captured)
    assert found is not None
    # Collectors that are late on a busy machine make ticks of their own.
    assert int(found[1]) >= 3
    assert float(found[2]) <= 6.0
    assert 1.0 <= float(found[3]) <= 5.0
    own = service.run("runuser", "-u", "outrider", "--", "outrider", "record", "--after", "1s").stdout
    listed = outrider(service, "record", "ls").splitlines()
    assert len(listed) == len(before) + 2
    assert "the fan rattled" in next(line for line in listed if name in line)
    assert own.partition(":")[0] in listed[-1]
    shown_series = outrider(service, "record", "show", name, "system.cpu.utilization", "--json").splitlines()
    assert len(json.loads(shown_series[-1])["samples"]) >= 2


def captures(machine: Machine) -> bool:
    """Whether any is kept."""
    return machine.run("outrider", "record", "ls", check=False).returncode == 0


def test_another_user_gets_no_capture_and_hears_why(service: Machine) -> None:
    """First by the modes of directory and socket; where somebody opens these, by the kernel's word."""
    program = ["runuser", "-u", "nobody", "--", "outrider", "record", "--after", "0s"]
    shut = service.run(*program, check=False)
    assert (shut.returncode, shut.stdout) == (1, "")
    assert shut.stderr == "outrider record: /run/outrider: ask as the daemon's user or as root\n"
    modes = service.run("stat", "-c", "%a %U %F", "/run/outrider", "/run/outrider/control").stdout
    assert modes.splitlines() == ["700 outrider directory", "600 outrider socket"]
    service.run("chmod", "755", "/run/outrider")
    try:
        barred = service.run(*program, check=False)
        assert barred.stderr == shut.stderr
        service.run("chmod", "666", "/run/outrider/control")
        denied = service.run(*program, check=False)
    finally:
        service.run("chmod", "600", "/run/outrider/control")
        service.run("chmod", "700", "/run/outrider")
    assert (denied.returncode, denied.stdout) == (1, "")
    assert "nothing is captured: only the daemon's user and root may ask" in denied.stderr


# Nothing but what finds the broker, a store on a disk, and two windows sooner than in two minutes.
AS_SHIPPED = f"""
[window]
span = "40s"
[device]
name = "dut"
[broker]
url = "mqtts://{OUTSIDE}:{TLS_PORT}"
ca_file = "/etc/outrider/ca.crt"
[store]
directory = "{DISK}/state"
"""
ON_DISK = f"""
[Service]
ReadWritePaths={DISK}
"""


@pytest.fixture
def as_shipped(service: Machine) -> Iterator[Machine]:
    """The service with the shipped limits and intervals, just started."""
    service.run("chown", "outrider", DISK)
    service.write(SETTINGS, AS_SHIPPED)
    service.write(f"{DROP_INS}/disk.conf", ON_DISK)
    restart(service)
    yield service
    service.write(SETTINGS, CONFIGURATION)
    service.run("rm", f"{DROP_INS}/disk.conf")
    restart(service)


def test_the_daemon_s_own_limits_are_not_felt_in_a_healthy_service(as_shipped: Machine) -> None:
    """CPU time is known after a minute. The unit is as closed as ever."""

    def told() -> list[dict[str, Any]]:
        return [json.loads(line) for line in outrider(as_shipped, "spool", "export", "-").splitlines()]

    def of(metric: str) -> list[dict[str, Any]]:
        return [each for each in told() if each.get("metric") == metric]

    until(lambda: len(of("outrider.disk.budget.left")) >= 2, lambda: journal(as_shipped), 110.0)
    steps = of("outrider.governor.step")
    limits = {each["attributes"]["outrider.governor.limit"] for each in steps}
    assert limits == {"cpu", "memory", "descriptors"}
    assert {each["max"] for each in steps} == {0}
    left = [each["last"] for each in of("outrider.disk.budget.left")]
    assert min(left) > 0.9 * max(left)
    device = as_shipped.disk.stat().st_dev
    counts = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").exists()
    assert (min(left) < max(left)) == counts, "what is written is counted where it goes to a disk"
    events = {each["event"] for each in told() if "event" in each}
    assert "agent.start" in events
    assert [name for name in events if name.startswith(("governor.", "flash.", "collector.governed"))] == []
    offline = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"/etc/systemd/system/{UNIT}"]
    verdict = re.search(r"exposure level for [^:]+: ([0-9.]+)", as_shipped.run(*offline).stdout)
    assert verdict is not None
    assert float(verdict[1]) <= 1.3


def test_removed_it_leaves_configuration_and_store_and_purged_nothing(
    service: Machine, before: set[str]
) -> None:
    service.run("rm", "-f", f"{DROP_INS}/sooner.conf")
    outrider(service, "service", "allow", "logs")
    said = service.run("outrider", "service", "uninstall").stdout
    assert "the user outrider stays: it owns /var/lib/outrider" in said
    kept = ("/etc/outrider", "/var/lib/outrider")
    left = files(service) - before
    assert [path for path in sorted(left) if not path.startswith((*kept, *BACKUPS))] == []
    assert set(kept) <= left
    assert service.run("systemctl", "status", UNIT, check=False).returncode == 4
    purge = [*AGENT, "service", "uninstall", "--purge"]
    service.run(*purge, environ={"PYTHONPATH": str(ROOT)})
    assert [path for path in sorted(files(service) - before) if not path.startswith(BACKUPS)] == []
    assert service.run("id", "outrider", check=False).returncode == 1
