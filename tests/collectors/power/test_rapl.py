from __future__ import annotations

import os

import pytest

from collectors.api import Absence
from collectors.power.rapl import MOST, STRONGEST, Energies, Meter, domains
from tests.broken import let_in, with_nobody
from tests.collectors.conftest import Make

RANGE = 262_143.0


def domain(folder: str, name: str, energy: str = "1000000\n") -> dict[str, str]:
    files = {"name": f"{name}\n", "energy_uj": energy, "max_energy_range_uj": "262143000000\n"}
    return {f"sys/class/powercap/{folder}/{key}": text for key, text in files.items()}


def test_a_count_that_begins_again_at_its_end_goes_on() -> None:
    meter = Meter(RANGE - 5, 0.0)
    assert meter.read(RANGE - 5, 0.0, RANGE) == RANGE - 5
    assert meter.read(15.0, 1.0, RANGE) == RANGE + 15
    assert meter.read(30.0, 2.0, RANGE) == RANGE + 30


def test_a_count_that_was_reset_adds_nothing() -> None:
    meter = Meter(100_000.0, 0.0)
    assert meter.read(10.0, 1.0, RANGE) == 100_000.0
    assert meter.read(20.0, 2.0, RANGE) == 100_010.0
    assert meter.read(20.0 + 2 * STRONGEST, 3.0, RANGE) == 100_010.0


def test_a_count_that_falls_and_does_not_say_where_it_begins_adds_nothing() -> None:
    meter = Meter(100.0, 0.0)
    assert meter.read(10.0, 1.0, 0.0) == 100.0
    assert meter.read(12.0, 2.0, 0.0) == 102.0


def test_parts_are_called_by_their_package_and_other_ways_to_it_left_out(make: Make) -> None:
    files = {
        **domain("intel-rapl:1", "package-0"),
        **domain("intel-rapl:1:0", "core"),
        **domain("intel-rapl:0", "psys"),
    }
    host = make({**files, **domain("intel-rapl-mmio:0", "package-0"), **domain("intel-rapl:a", "package-1")})
    names = [each.series.attributes[1][1] for each in domains(host, [])]
    assert names == ["psys", "package-0", "package-0/core"]


def test_packages_are_bounded(make: Make) -> None:
    files: dict[str, str] = {}
    for number in range(MOST + 5):
        files |= domain(f"intel-rapl:{number}", f"package-{number}")
    assert len(domains(make(files), [])) == MOST


def test_energy_is_in_joules_and_absent_alone(make: Make) -> None:
    host = make({**domain("intel-rapl:0", "package-0"), **domain("intel-rapl:1", "package-1", "soon\n")})
    energies = Energies(host)
    said: list[Absence] = []
    energies.renew(said)
    series = energies.series
    values, (absence,) = energies.read(0.0)
    assert values == [1.0, None]
    assert absence.what == "hw.energy"
    energies.renew(said)
    assert energies.series is series
    energies.close()
    assert said == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_what_only_root_may_read_is_told_with_the_reason(make: Make) -> None:
    host = make(domain("intel-rapl:0", "package-0"))
    (host.sys / "class/powercap/intel-rapl:0/energy_uj").chmod(0o400)
    let_in(host.root)
    energies = Energies(host)
    said: list[Absence] = []
    with_nobody(wanted=True)
    try:
        energies.renew(said)
    finally:
        with_nobody(wanted=False)
    assert energies.series == ()
    assert [each.reason.endswith("the kernel lets only root read it") for each in said] == [True]
