from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from errno import EIO, EPERM
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import wear
from collectors.api import NoData, Reading
from collectors.aside import Lanes
from collectors.host import Host
from collectors.wear import Wear, disks, lived, reserve, state
from tests.collectors.conftest import Make
from tests.collectors.test_smartlog import log

CARD = "sys/block/mmcblk0/device"
EMMC = {
    f"{CARD}/type": "MMC\n",
    f"{CARD}/name": "DG4016\n",
    f"{CARD}/cid": "45010044473430313601a1b2c3d4e500\n",
    f"{CARD}/life_time": "0x02 0x01\n",
    f"{CARD}/pre_eol_info": "0x01\n",
}
CONTROLLER = "sys/class/nvme/nvme0"
NVME = {f"{CONTROLLER}/model": "Samsung SSD 970 PRO 512GB \n", f"{CONTROLLER}/serial": "S680HF8N190894I \n"}


def read(host: Host) -> Reading:
    opened = Wear(host)
    reading = opened.collect(0.0)
    opened.close()
    return reading


def shown(reading: Reading) -> dict[tuple[str, ...], object]:
    """The values by metric and what stands behind id and name."""
    pairs = zip(reading.series, reading.values, strict=True)
    return {(series.name, *(text for _, text in series.attributes[2:])): value for series, value in pairs}


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> Lanes[bytes]:
    """Lanes of the test's own."""
    made: Lanes[bytes] = Lanes("the disk of a test", 0.05, 4, time.monotonic)
    monkeypatch.setattr(wear, "LANES", made)
    return made


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


def test_an_emmc_chip_tells_the_life_that_remains_and_its_state(make: Make) -> None:
    reading = read(make(EMMC))
    assert shown(reading) == {
        ("hw.physical_disk.endurance_utilization", "remaining"): 0.8,
        ("hw.status", "ok"): 1,
        ("hw.status", "degraded"): 0,
        ("hw.status", "predicted_failure"): 0,
        ("hw.status", "failed"): 0,
    }
    assert reading.series[0].attributes[:2] == (("hw.id", EMMC[f"{CARD}/cid"].strip()), ("hw.name", "DG4016"))
    assert reading.absences == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0x01 0x01", 0.9), ("0x0a 0x03", 0.0), ("0x0b 0x0b", 0.0), ("0x00 0x04", 0.6), ("0x03", 0.7)],
)
def test_the_worse_area_of_a_chip_counts(text: str, expected: float) -> None:
    assert lived(Path("life_time"), text.encode()) == expected


@pytest.mark.parametrize("text", ["0x00 0x00", "0x0c 0xff"])
def test_a_chip_that_does_not_tell_is_absent_and_not_new(text: str) -> None:
    with pytest.raises(ValueError, match="life_time: the chip does not tell"):
        lived(Path("life_time"), text.encode())


@pytest.mark.parametrize("text", ["", "x", "0x01 0x01 0x01", "nan 0x01"])
def test_a_malformed_life_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="life_time: malformed line"):
        lived(Path("life_time"), text.encode())


def test_the_reserve_of_a_chip_has_three_states() -> None:
    path = Path("pre_eol_info")
    assert [reserve(path, text) for text in (b"0x01", b"0x02", b"0x03")] == [
        "ok", "degraded", "predicted_failure"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="pre_eol_info: malformed line '0x00'"):
        reserve(path, b"0x00")


def test_an_old_chip_says_why_it_does_not_tell(make: Make) -> None:
    reading = read(make({f"{CARD}/type": "MMC\n"}))
    assert reading.series == ()
    assert [what for what, _ in reading.absences] == ["mmcblk0", "mmcblk0"]
    assert "eMMC before 5.0" in reading.absences[0].reason


def test_an_sd_card_is_an_absence(make: Make) -> None:
    reading = read(
        make({f"{CARD}/type": "SD\n", "sys/block/mmcblk0boot0/size": "1\n", "sys/block/sda/size": "1\n"})
    )
    assert reading == ((), [], (("mmcblk0", "an SD card does not tell how worn it is"),))


def test_an_nvme_disk_that_answers_tells_all(
    make: Make, lanes: Lanes[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    answer = log(used=7, spare=99, written=2, read=1, unsafe=5, errors=3)

    def answers(device: Path) -> bytes:
        asked.append(device)
        return answer

    monkeypatch.setattr(wear, "smart_log", answers)
    host = make(NVME)
    reading = read(host)
    assert asked == [host.dev / "nvme0"]
    assert shown(reading) == {
        ("hw.physical_disk.endurance_utilization", "remaining"): pytest.approx(0.93),
        ("hw.status", "ok"): 1,
        ("hw.status", "degraded"): 0,
        ("hw.status", "predicted_failure"): 0,
        ("hw.status", "failed"): 0,
        ("hw.physical_disk.spare_utilization", "remaining"): 0.99,
        ("hw.physical_disk.io", "read"): 512_000,
        ("hw.physical_disk.io", "write"): 1_024_000,
        ("hw.physical_disk.unsafe_shutdowns",): 5,
        ("hw.errors", "media"): 3,
    }
    assert reading.series[0].attributes[:2] == (
        ("hw.id", "S680HF8N190894I"),
        ("hw.name", "Samsung SSD 970 PRO 512GB"),
    )


@pytest.mark.parametrize(
    ("warning", "expected"),
    [
        (0, "ok"),
        (2, "ok"),
        (1, "predicted_failure"),
        (4, "predicted_failure"),
        (8 | 1, "failed"),
        (16, "degraded"),
    ],
)
def test_a_warning_is_a_state(warning: int, expected: str) -> None:
    assert state(warning) == expected


def test_a_disk_without_its_device_says_what_to_do(make: Make, lanes: Lanes[bytes]) -> None:
    """As in the sandbox, whose /dev holds no disk; the kernel's refusal reads the same."""
    reading = read(make(NVME))
    assert reading.series == ()
    assert reading.absences[0].what == "nvme0"
    assert "CAP_SYS_ADMIN" in reading.absences[0].reason
    assert "`nvme smart-log /dev/nvme0`" in reading.absences[0].reason


@pytest.mark.parametrize(("number", "words"), [(EPERM, "CAP_SYS_ADMIN"), (EIO, "Input/output error")])
def test_a_refusal_is_told_from_a_fault(
    make: Make, lanes: Lanes[bytes], monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def fails(device: Path) -> bytes:
        raise OSError(number, "Input/output error", str(device))

    monkeypatch.setattr(wear, "smart_log", fails)
    reading = read(make({**NVME, **EMMC}))
    assert [what for what, _ in reading.absences] == ["nvme0"]
    assert words in reading.absences[0].reason
    assert len(reading.series) == 5


def test_a_controller_that_hangs_costs_its_own_values(
    make: Make, lanes: Lanes[bytes], monkeypatch: pytest.MonkeyPatch, gate: threading.Event
) -> None:
    def hangs(device: Path) -> bytes:
        gate.wait()
        raise OSError(EIO, "too late", str(device))

    monkeypatch.setattr(wear, "smart_log", hangs)
    reading = read(make({**NVME, **EMMC}))
    assert reading.absences == (("nvme0", "the disk of a test has not answered for 0.1 s"),)
    assert len(reading.series) == 5


def test_two_disks_of_one_serial_number_are_two(make: Make) -> None:
    second = {path.replace("nvme0", "nvme1"): text for path, text in NVME.items()}
    found = disks(make({**NVME, **second}))
    assert [disk.id for disk in found] == ["S680HF8N190894I nvme0", "S680HF8N190894I nvme1"]


def test_many_disks_are_bounded_and_the_rest_is_said(make: Make) -> None:
    reading = read(make({f"sys/block/mmcblk{n}/device/type": "SD\n" for n in range(40)}))
    assert len(reading.absences) == 33
    assert reading.absences[-1].reason == "8 disks more than 32 are not read"


def test_a_host_without_flash_has_no_data(make: Make) -> None:
    with pytest.raises(NoData, match="no eMMC, SD card or NVMe disk"):
        read(make({"sys/block/sda/size": "1\n"}))


def test_the_layout_stays_while_nothing_changes(make: Make) -> None:
    opened = Wear(make(EMMC))
    assert opened.collect(0.0).series is opened.collect(3600.0).series
    opened.close()


@given(st.binary(max_size=40))
def test_any_bytes_give_a_share_or_a_value_error(text: bytes) -> None:
    try:
        assert 0 <= lived(Path("x"), text) <= 1
    except ValueError:
        return
