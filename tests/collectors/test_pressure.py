from __future__ import annotations

from errno import EOPNOTSUPP
from pathlib import Path

import pytest

from collectors.api import NoData
from collectors.host import Host, Kept
from collectors.pressure import Pressure
from tests.collectors.conftest import Make

SOME = "some avg10=0.10 avg60=0.40 avg300=0.21 total=11041796\n"
FULL = "full avg10=0.08 avg60=0.31 avg300=0.15 total=8577297\n"


def test_a_kernel_without_the_accounting_has_no_data_and_says_what_it_wants(make: Make) -> None:
    with pytest.raises(NoData, match="psi=1 on its command line"):
        Pressure(make({"proc/stat": ""}))


def test_accounting_that_is_switched_off_is_no_data(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Pressure(make({"proc/pressure/cpu": SOME}))

    def refuse(kept: Kept) -> bytes:
        raise OSError(EOPNOTSUPP, "Operation not supported", kept.path)

    monkeypatch.setattr(Kept, "read", refuse)  # no file of ours can be made to answer so
    with pytest.raises(NoData, match="psi=1"):
        opened.collect(0.0)
    opened.close()


def test_a_kernel_before_irq_accounting_reports_the_three_others(make: Make) -> None:
    files = {"proc/pressure/cpu": SOME, "proc/pressure/memory": SOME + FULL, "proc/pressure/io": SOME + FULL}
    opened = Pressure(make(files))
    reading = opened.collect(0.0)
    opened.close()
    assert [each.attributes[0][1] for each in reading.series] == ["cpu", "memory", "memory", "io", "io"]
    assert reading.absences == ()


def test_one_that_breaks_costs_its_own_values(make: Make, tmp_path: Path) -> None:
    opened = Pressure(make({"proc/pressure/cpu": SOME, "proc/pressure/io": SOME + FULL}))
    before = opened.collect(0.0)
    make({"proc/pressure/io": FULL})
    after = opened.collect(10.0)
    opened.close()
    assert after.series is before.series
    assert after.values == [11.041796, None, None]
    assert [each.what for each in after.absences] == ["io"]
    assert after.absences[0].reason == f"{tmp_path}/proc/pressure/io: no line 'some'"


def test_this_machine_agrees_with_its_own_files() -> None:
    try:
        opened = Pressure(Host())
    except NoData:
        pytest.skip("this kernel keeps no pressure information")
    before = totals()
    reading = opened.collect(0.0)
    after = totals()
    opened.close()
    assert reading.values
    for series, value in zip(reading.series, reading.values, strict=True):
        key = tuple(text for _, text in series.attributes)
        assert before[key] <= float(str(value)) <= after[key]


def totals() -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for path in Path("/proc/pressure").iterdir():
        for line in path.read_text().splitlines():
            found[(path.name, line.split()[0])] = int(line.rpartition("=")[2]) / 1e6
    return found
