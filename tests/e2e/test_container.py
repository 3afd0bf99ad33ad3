"""From namespaces of its own (mounts, processes, network), with the host's root mounted as in a container,
Outrider reads what it reads outside of them; without `host.root` it sees an empty network.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.source import ROOT

Key = tuple[str, str, tuple[tuple[str, str], ...]]
INSIDE = """
set -e
mount --make-rprivate /
mount --rbind / "$1"
mount -t proc proc /proc
shift
exec "$@"
"""
COLLECTORS = ("cpu", "memory", "network", "storage", "paging", "filesystem", "own", "processes")
# Of their counters, what is read inside lies between what is read outside before and after.
GROWING = ("cpu", "network", "storage", "paging")
FIXED = ("system.memory.limit", "system.cpu.logical.count")


@pytest.fixture
def alone() -> list[str]:
    """The words that run a command in namespaces of its own."""
    words = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"]
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], check=False).returncode != 0:
        pytest.skip("namespaces cannot be made here: needs util-linux and the right to unshare")
    return words


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the host, which no pid namespace below it shows."""
    shutil.copy("/bin/sleep", tmp_path / "other-model")
    with subprocess.Popen([tmp_path / "other-model", "600"]) as child:
        yield child
        child.kill()


def written(tmp_path: Path, name: str, root: str) -> Path:
    lines = [f'[host]\nroot = "{root}"\n', '[[collectors.processes.watch]]\nname = "other"\n']
    file = tmp_path / name
    file.write_text("".join([*lines, 'match = "other-model"\n']))
    return file


def told(command: list[str], config: Path) -> dict[Key, Any]:
    """What `outrider test` says of these collectors: kind and value by collector, metric and attributes."""
    words = [*command, sys.executable, "-m", "agent", "test", "--json", "--interval", "50ms"]
    done = subprocess.run(
        [*words, "--config", str(config)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    samples = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        (one["collector"], one["metric"], tuple(sorted(one["attributes"].items()))): (
            one["kind"],
            one["value"],
        )
        for one in samples
        if one["collector"] in COLLECTORS
    }


def of(samples: dict[Key, Any], *collectors: str) -> set[Key]:
    return {key for key in samples if key[0] in collectors}


def test_its_readings_are_those_of_the_host(
    alone: list[str], other: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    mount = tmp_path / "host"
    mount.mkdir()
    here, there = written(tmp_path, "here.toml", "/"), written(tmp_path, "there.toml", str(mount))
    inside = [*alone, "sh", "-c", INSIDE, "sh", str(mount)]
    before = told([], here)
    found = told(inside, there)
    after = told([], here)
    lasting = of(before, *COLLECTORS[:-2]) & of(after, *COLLECTORS[:-2])
    assert of(found, *COLLECTORS) >= lasting
    assert of(found, "network", "filesystem") <= of(before, *COLLECTORS) | of(after, *COLLECTORS)
    counted = 0
    for key in lasting:
        kind, value = found[key]
        if kind == "counter" and key[0] in GROWING:
            assert before[key][1] <= value <= after[key][1], key
            counted += 1
        if key[1] in FIXED:
            assert before[key] == found[key]
    assert counted > 20
    assert found["processes", "process.count", (("process.watch", "other"),)] == ("gauge", 1)
    memory = ("own", "outrider.memory.usage", (("outrider.memory.type", "rss"),))
    assert before[memory][1] / 2 < found[memory][1] < before[memory][1] * 2


def test_without_the_root_of_the_host_it_sees_its_own_network(alone: list[str], tmp_path: Path) -> None:
    mount = tmp_path / "host"
    mount.mkdir()
    inside = [*alone, "sh", "-c", INSIDE, "sh", str(mount)]
    found = told(inside, written(tmp_path, "alone.toml", "/"))
    assert [name for _, name, _ in of(found, "network") if name.startswith("system.network")] == []
