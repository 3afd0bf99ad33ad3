"""Every reading of this machine agrees with somebody else's: between what they say before and after."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.api import Reading
from collectors.host import Host
from tests import oracles
from tests.collecting import opened

pytestmark = pytest.mark.oracles


def numbers(reading: Reading) -> dict[oracles.Key, float]:
    """The values that are numbers, by metric and attributes."""
    return dict(oracles.numbers(reading))


def test_every_reading_lies_between_what_others_say_before_and_after(repository: Path) -> None:
    command = [sys.executable, str(repository / "tests/oracles.py")]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["compared"] >= 60
    assert found["wrong"] == []
    assert found["alone"] == [], "nobody else says these: give tests/oracles.py a source"


def test_shares_of_the_cpu_are_those_of_vmstat_and_mpstat_over_the_same_second() -> None:
    collector = opened("cpu", Host())
    collector.collect(0.0)
    beside = subprocess.Popen(["mpstat", "-o", "JSON", "-P", "ALL", "2", "1"], stdout=subprocess.PIPE)
    output = subprocess.run(["vmstat", "-n", "2", "2"], capture_output=True, text=True, check=True).stdout
    reading = collector.collect(2.0)
    collector.close()
    shares = numbers(reading)
    user, system, idle, wait, stolen = (float(word) / 100 for word in output.splitlines()[-1].split()[12:17])
    mode = {key[1]: value for key, value in shares.items() if key[0] == "system.cpu.utilization"}
    for theirs, ours in (
        (user, mode["user"] + mode["nice"]),
        (system, mode["system"] + mode["interrupt"]),
        (idle, mode["idle"]),
        (wait, mode["iowait"]),
        (stolen, mode["steal"]),
    ):
        assert ours == pytest.approx(theirs, abs=0.12)
    told, _ = beside.communicate()
    loads = json.loads(told)["sysstat"]["hosts"][0]["statistics"][0]["cpu-load"]
    for each in loads[1:]:
        busy = shares["system.cpu.logical.utilization", each["cpu"]]
        assert busy == pytest.approx(1 - (each["idle"] + each["iowait"]) / 100, abs=0.15)


def test_a_disk_that_is_written_to_grows_by_what_was_written(tmp_path: Path) -> None:
    collector = opened("storage", Host())
    first = numbers(collector.collect(0.0))
    with (tmp_path / "file").open("wb") as file:
        file.write(b"\xa5" * (32 * oracles.MIB))
        file.flush()
        subprocess.run(["sync", "-d", str(tmp_path / "file")], check=True)
    last = numbers(collector.collect(1.0))
    collector.close()
    written = [last[key] - first[key] for key in first if key[0] == "system.disk.io" and key[-1] == "write"]
    assert max(written) >= 32 * oracles.MIB
