"""The house: imports go down only, collectors do not know each other, there is no circle."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.source import ROOT, Import, imports, modules

# Rooms from the roof to the ground. The longest prefix that fits decides; within a room all is free.
FLOORS = {
    "agent.__main__": 7,
    "agent.cli": 6,
    "agent.daemon": 5,
    "agent.demo": 5,
    "agent.doctor": 5,
    "agent.view": 4,
    "agent.flush": 4,
    "agent.store": 3,
    "agent.control_socket": 3,
    "agent.flash": 3,
    "agent.given": 3,
    "agent.ledger": 3,
    "agent.poller": 3,
    "agent.service": 3,
    "agent.ship.mqtt": 3,
    "agent.trust": 3,
    "agent.config": 2,
    "agent.ship": 2,
    "agent.judge": 2,
    "agent.logs": 2,
    "agent.scrape": 2,
    "agent.tables": 2,
    "agent.judge.rules": 1,
    "agent.stats": 1,
    "collectors": 1,
    "collectors.api": 0,
    "collectors.tally": 0,
    "collectors.host": 0,
    "collectors.aside": 0,
    "collectors.cgroups": 0,
    "collectors.drm": 0,
    "collectors.fields": 0,
    "collectors.holders": 0,
    "collectors.hwmon": 0,
    "collectors.interfaces": 0,
    "collectors.numbers": 0,
    "collectors.options": 0,
    "collectors.smartlog": 0,
    "collectors.timesync": 0,
    "agent": 0,
}
WHY = {
    "agent.__main__": "it is the way in for `python -m agent`; nothing below may call it",
    "agent.cli": "verbs are words for arguments and exit codes; what others need belongs below them",
    "agent.daemon": "only a verb starts the daemon; it wires everything and nobody wires it",
    "agent.doctor": "the doctor looks at all parts from outside; none of them needs it to run",
    "agent.demo": "a model to look at; the daemon reads what its server prints, and knows nothing else of it",
    "agent.view": "the subscriber's side runs on a workstation; on a device it would cost memory for nothing",
    "agent.flush": "it is fed by the daemon; what it stores and sends knows nothing of it",
    "agent.control_socket": "people ask through it; what is done about that is for the daemon",
    "agent.store": "what is pure (ship, stats, config) is tested without files, so it may not know the store",
    "agent.flash": "counting what is written needs neither the daemon nor the doctor, who both look at it",
    "agent.given": "daemon and doctor read a file that settings name; statistics have no files",
    "agent.poller": "it hands over windows that ended; who stores them is not its business",
    "agent.trust": "how good the clock is needs no word of what is dated by it",
    "agent.ledger": "it is fed by the daemon and read by the views; what it is about needs no word of it",
    "agent.service": "what is pure is tested without systemd and processes, so it may not know them",
    "agent.ship.mqtt": "the link is a state machine without I/O; only the daemon and the view have a socket",
    "agent.config": "rooms of one floor stand apart: take the value as an argument, not the configuration",
    "agent.ship": "rooms of one floor stand apart: statistics and settings do not know how they travel",
    "agent.judge": "judging is one of several readers of windows; none of them needs another",
    "agent.logs": "what is made of a log's records needs statistics and formats, nobody's settings or files",
    "agent.scrape": "what is made of pages needs statistics and their reader, nobody's settings or sockets",
    "agent.tables": "the daemon reads no tables; a verb does, and hands over what becomes of them",
    "agent.judge.rules": "settings read rules and judges apply them; a rule itself knows series only",
    "agent.stats": "a collector hands over samples; what is made of them is not its business",
    "collectors": "statistics are told about series (collectors.api); who reads them is not their business",
}
# What every collector may use: its contract, the host, the counters, the reading of common kinds of file,
# the trees of control groups, network interfaces, sensors' chips, graphics cards, who has memory there, its
# options, time services, disks' health, and calls that may hang.
INFRASTRUCTURE = {
    "collectors.api",
    "collectors.aside",
    "collectors.cgroups",
    "collectors.drm",
    "collectors.fields",
    "collectors.holders",
    "collectors.host",
    "collectors.hwmon",
    "collectors.interfaces",
    "collectors.numbers",
    "collectors.options",
    "collectors.smartlog",
    "collectors.tally",
    "collectors.timesync",
}
SCHEDULING = {"collectors", "collectors.catalog", "collectors.runner", "collectors.schedule"}

PART_OF_DAEMON = re.compile(r"agent\.\w+")
PACKAGE_NAMES = {module.name for module in modules() if module.path.name == "__init__.py"}

# What the daemon must never load, and who may.
NEVER = {
    "agent.view": "the subscriber's side",
    "agent.cli": "the daemon is wired by agent.daemon alone",
    "agent.doctor": "runs by itself, beside the daemon",
    "agent.tables": "only a verb reads tables",
    "pyarrow": "60 MB; only a verb that reads Parquet may ask for it",
    "agent.demo": "a model to look at, of which the daemon knows nothing",
    "numpy": "16 MB; only a model log or histogram may ask for it, when there is one",
    "msgspec": "2 MB; only a log of JSON lines may ask for it, when there is one",
    "argparse": "belongs to the verbs",
    "asyncio": "2 MB; the daemon has a loop of its own",
    "textual": "the terminal belongs to the view",
    "rich": "the terminal belongs to the view",
    "duckdb": "the fleet store belongs to the view",
    "onnxruntime": "models run in servers of their own",
    "uvicorn": "models run in servers of their own",
    "iotcore": "the embedded broker belongs to the demo",
    "hypothesis": "belongs to the tests",
    "psutil": "direct reading costs a quarter; whoever needs it imports it when it runs",
}


def room(name: str) -> str:
    """The longest prefix of a module's name that the table knows.

    A plain file in agent/ is a part of the daemon, split off so that it can be read.
    """
    if PART_OF_DAEMON.fullmatch(name) and name not in FLOORS and name not in PACKAGE_NAMES:
        return "agent.daemon"
    while name not in FLOORS:
        name = name.rpartition(".")[0]
    return name


def goes_down(found: Import) -> bool:
    """Whether an import stays in its room or goes to a lower floor."""
    mine, theirs = room(found.importer.name), room(found.target)
    if mine == theirs or {mine, theirs} <= INFRASTRUCTURE:
        return True
    return FLOORS[theirs] < FLOORS[mine]


def test_every_module_has_a_room() -> None:
    homeless = [m.where for m in modules() if room(m.name) == "agent" and m.name != "agent"]
    assert not homeless, f"give them a floor in {__file__}, or a place in a room: {homeless}"


def test_imports_go_down_only() -> None:
    wrong = [
        f"{found.where}: {found.importer.name} (floor {FLOORS[room(found.importer.name)]}) may not import "
        f"{found.target} (floor {FLOORS[room(found.target)]}): {WHY.get(room(found.target), 'wrong way')}"
        for found in imports()
        if not goes_down(found)
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_collectors_do_not_know_each_other() -> None:
    wrong = [
        f"{found.where}: {found.importer.name} may import its contract, host and counters only, not "
        f"{found.target}: a collector is one file, and taking one away must break no other"
        for found in imports()
        if found.importer.name.startswith("collectors.")
        and found.importer.name not in SCHEDULING | INFRASTRUCTURE
        and not same_folder(found)
        and found.target not in INFRASTRUCTURE
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def same_folder(found: Import) -> bool:
    """Whether both are parts of one collector that is a folder, such as collectors.logs."""
    mine, theirs = found.importer.name.split("."), found.target.split(".")
    return len(theirs) > 2 and mine[:2] == theirs[:2]


def test_there_is_no_circle() -> None:
    below: dict[str, set[str]] = {module.name: set() for module in modules()}
    for found in imports():
        if found.target != found.importer.name:
            below[found.importer.name].add(found.target)
    while leaves := [name for name, targets in below.items() if not targets & below.keys()]:
        for name in leaves:
            del below[name]
    circle = {name: sorted(targets & below.keys()) for name, targets in below.items()}
    assert not circle, f"these import each other, or what does: {circle}"


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """What is in memory after the daemon's module and every collector were imported."""
    code = (
        "import agent.daemon, json, sys\n"
        "from collectors import catalog\n"
        "for name in catalog.NAMES: catalog.load(name)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("name", NEVER)
def test_the_daemon_never_loads(name: str, loaded: set[str]) -> None:
    found = sorted(other for other in loaded if other == name or other.startswith(f"{name}."))
    assert not found, f"the daemon loads {found}: {NEVER[name]}"
