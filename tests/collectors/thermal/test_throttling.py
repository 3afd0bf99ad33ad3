from __future__ import annotations

from collectors.api import Absence
from collectors.thermal.throttling import Throttles
from tests.collectors.conftest import Make


def cpu(number: int, package: int, core: int, cores: int, packages: int) -> dict[str, str]:
    folder = f"sys/devices/system/cpu/cpu{number}"
    files = {
        "topology/physical_package_id": package,
        "topology/core_id": core,
        "thermal_throttle/core_throttle_count": cores,
        "thermal_throttle/package_throttle_count": packages,
    }
    return {f"{folder}/{name}": f"{value}\n" for name, value in files.items()}


def totals(throttles: Throttles) -> dict[str, float | None]:
    values, _ = throttles.read()
    return {series.attributes[0][1]: value for series, value in zip(throttles.series, values, strict=True)}


TWO = {**cpu(0, 0, 0, 5, 30), **cpu(1, 0, 0, 5, 30), **cpu(2, 0, 1, 2, 30), **cpu(3, 1, 0, 1, 6)}


def test_threads_of_a_core_and_cores_of_a_package_count_once(make: Make) -> None:
    throttles = Throttles(make(TWO))
    throttles.renew([])
    assert totals(throttles) == {"core": 8, "package": 36}


def test_a_cpu_that_goes_and_comes_moves_no_total(make: Make) -> None:
    host = make(TWO)
    throttles = Throttles(host)
    throttles.renew([])
    series = throttles.series
    folder = host.sys / "devices/system/cpu"
    (folder / "cpu3").rename(folder / "off")
    throttles.renew([])
    assert totals(throttles) == {"core": 8, "package": 36}
    (folder / "off").rename(folder / "cpu3")
    make(cpu(3, 1, 0, 4, 9))
    throttles.renew([])
    assert totals(throttles) == {"core": 11, "package": 39}
    assert throttles.series is series


def test_a_count_of_another_thread_that_is_a_little_lower_adds_nothing(make: Make) -> None:
    host = make(TWO)
    throttles = Throttles(host)
    throttles.renew([])
    folder = host.sys / "devices/system/cpu"
    (folder / "cpu0").rename(folder / "off")
    make(cpu(1, 0, 0, 4, 29))
    throttles.renew([])
    assert totals(throttles) == {"core": 8, "package": 36}


def test_a_count_that_cannot_be_read_makes_its_total_unknown(make: Make) -> None:
    host = make({**TWO, **cpu(2, 0, 1, -1, 30)})
    throttles = Throttles(host)
    throttles.renew([])
    assert totals(throttles) == {"core": None, "package": 36}
    assert [each.what for each in throttles.read()[1]] == ["linux.cpu.throttles"]
    make(cpu(2, 0, 1, 2, 30))
    throttles.renew([])
    assert totals(throttles) == {"core": 8, "package": 36}
    assert throttles.read()[1] == ()


def test_a_cpu_of_which_nobody_says_whose_it_is_is_left_out(make: Make) -> None:
    host = make({**TWO, "sys/devices/system/cpu/cpu3/topology/core_id": ""})
    said: list[Absence] = []
    throttles = Throttles(host)
    throttles.renew(said)
    assert totals(throttles) == {"core": 7, "package": 30}
    assert [each.what for each in said] == ["core_id"]


def test_cpus_that_count_nothing_have_no_totals(make: Make) -> None:
    throttles = Throttles(make({"sys/devices/system/cpu/cpu0/topology/core_id": "0\n"}))
    throttles.renew([])
    assert throttles.series == ()
