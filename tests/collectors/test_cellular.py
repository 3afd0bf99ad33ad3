"""A program in mmcli's place prints what mmcli is known to print: there is no modem here.

The JSON is laid out as mmcli 1.20 to 1.22 has it (manual page, option -J; output of a Telit LE910C4 and
others in public issues), cut down to a few keys and with numbers of our own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import NoData, Reading
from collectors.cellular import BOUND, COLLECTOR, ELSEWHERE, MISSING, Cellular, parse, present, told
from collectors.host import Host
from tests.collectors.conftest import Make
from tests.waiting import until

GENERIC: dict[str, Any] = {
    "access-technologies": ["lte"],
    "device": "/sys/devices/platform/bus@0/3610000.usb/usb1/1-2",
    "equipment-identifier": "350000000000000",
    "manufacturer": "Telit",
    "model": "LE910C4-WWXD",
    "ports": ["cdc-wdm0 (qmi)", "ttyUSB1 (at)", "wwan0 (net)"],
    "primary-port": "cdc-wdm0",
    "signal-quality": {"recent": "yes", "value": "67"},
    "state": "connected",
}
MODEM = {"sys/class/wwan/wwan0/type": ""}

Install = Callable[[str], Host]


def printed(**changes: Any) -> bytes:
    """What mmcli prints, with changes."""
    modem = {"3gpp": {"operator-name": "--"}, "dbus-path": "/x", "generic": {**GENERIC, **changes}}
    return json.dumps({"modem": modem}).encode()


@pytest.fixture
def install(make: Make, tmp_path: Path) -> Install:
    """A host with a modem and this shell script in mmcli's place."""

    def write(script: str) -> Host:
        host = make({**MODEM, "usr/bin/mmcli": f"#!/bin/sh\n{script}\n", "said": printed().decode()})
        (tmp_path / "usr/bin/mmcli").chmod(0o755)
        return host

    return write


def read(host: Host, patience: float = 30.0) -> Reading:
    opened = Cellular(host, patience)
    reading = opened.collect(0.0)
    opened.close()
    return reading


def test_a_modem_has_its_signal_and_its_connection(install: Install, tmp_path: Path) -> None:
    reading = read(install(f'echo "$@" > {tmp_path}/asked; cat {tmp_path}/said'))
    assert [(series.name, value) for series, value in zip(reading.series, reading.values, strict=True)] == [
        ("linux.cellular.quality", 0.67),
        ("linux.cellular.connected", 1),
    ]
    assert reading.series[0].attributes == (
        ("hw.id", "1-2"), ("hw.name", "Telit LE910C4-WWXD"), ("network.connection.subtype", "lte")
    )  # fmt: skip
    assert (tmp_path / "asked").read_text() == "-m any -J\n"


def test_the_number_of_the_modem_does_not_leave_the_machine() -> None:
    assert "350000000000000" not in str(parse(printed()))


def test_a_signal_that_was_not_measured_lately_is_absent(install: Install, tmp_path: Path) -> None:
    host = install(f"cat {tmp_path}/said")
    (tmp_path / "said").write_bytes(
        printed(state="searching", **{"signal-quality": {"recent": "no", "value": "0"}})
    )
    reading = read(host)
    assert list(reading.values) == [None, 0]
    assert [what for what, _ in reading.absences] == ["linux.cellular.quality"]


def test_what_the_modem_does_not_know_is_called_unknown() -> None:
    modem = parse(printed(manufacturer="--", model="--", device="--", **{"access-technologies": []}))
    assert modem[:4] == ("modem", "modem", True, "unknown")


@pytest.mark.parametrize(
    "files",
    [
        {"sys/class/usbmisc/cdc-wdm0/dev": ""},
        {"sys/class/net/wwan0/uevent": "DEVTYPE=wwan\nINTERFACE=wwan0\n"},
        {"sys/bus/usb-serial/drivers/option/ttyUSB0/uevent": ""},
        MODEM,
    ],
)
def test_each_kind_of_modem_is_seen(make: Make, files: dict[str, str]) -> None:
    assert present(make(files))


def test_a_host_without_a_modem_runs_nothing(make: Make, tmp_path: Path) -> None:
    program = f"#!/bin/sh\ntouch {tmp_path}/ran\n"
    files = {"usr/bin/mmcli": program, "sys/class/net/eth0/uevent": "INTERFACE=eth0\n"}
    files["sys/bus/usb-serial/drivers/option/bind"] = ""
    host = make(files)
    (tmp_path / "usr/bin/mmcli").chmod(0o755)
    with pytest.raises(NoData, match="no modem in"):
        read(host)
    assert not (tmp_path / "ran").exists()


def test_a_modem_without_mmcli_says_what_to_install(make: Make) -> None:
    assert read(make(MODEM)) == ((), (), (("modem", MISSING),))


def test_a_container_runs_no_program_of_its_host(install: Install, tmp_path: Path) -> None:
    install(f"cat {tmp_path}/said")
    assert read(Host(tmp_path, other=True)).absences == (("modem", ELSEWHERE),)


def test_an_mmcli_that_fails_says_why(install: Install) -> None:
    reading = read(install('echo "error: couldn\'t find modem" >&2; exit 1'))
    assert reading.absences == (("modem", "mmcli: error: couldn't find modem"),)


def test_an_mmcli_that_hangs_is_not_waited_for_and_does_not_stay(install: Install, tmp_path: Path) -> None:
    host = install(f"echo $$ > {tmp_path}/pid; exec sleep 1000")
    opened = Cellular(host, 0.05)
    reading = opened.collect(0.0)
    opened.close()
    assert reading.absences[0].reason == "mmcli has not answered for 0.1 s"
    with pytest.raises(OSError, match="takes too long"):
        told(host.root / "usr/bin/mmcli", 0.5)
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not Path(f"/proc/{pid}").exists())


def test_an_mmcli_that_prints_and_stays_is_ended(install: Install, tmp_path: Path) -> None:
    host = install(f"cat {tmp_path}/said; exec sleep 1000 >/dev/null 2>&1")
    with pytest.raises(OSError, match="takes too long"):
        told(host.root / "usr/bin/mmcli", 0.3)


def test_an_mmcli_that_prints_without_end_is_cut_off(install: Install) -> None:
    reading = read(install("yes"))
    assert reading.absences == (("modem", f"mmcli: more than {BOUND} bytes"),)


def test_a_value_that_is_gone_keeps_its_series(install: Install, tmp_path: Path) -> None:
    opened = Cellular(install(f"cat {tmp_path}/said"), 30.0)
    first = opened.collect(0.0)
    (tmp_path / "said").write_text("{}")
    second = opened.collect(60.0)
    (tmp_path / "said").write_bytes(printed())
    third = opened.collect(120.0)
    opened.close()
    assert first.series is second.series is third.series
    assert list(second.values) == [None, None]
    assert list(third.values) == list(first.values)
    assert second.absences[0].reason.startswith("mmcli -m any -J: not understood: '{}")


def test_it_describes_what_it_reads(install: Install, tmp_path: Path) -> None:
    """As test_catalog.py has it of the others, whose cases need no program."""
    declared = {metric.name: metric for metric in COLLECTOR.metrics}
    series = read(install(f"cat {tmp_path}/said")).series
    assert {each.name for each in series} == set(declared)
    for each in series:
        keys = dict(each.attributes)
        assert declared[each.name].of(**keys) == each


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{}", b"[" * 60_000, b"null", b'{"modem": {"generic": []}}', b"\xff\xfe", b"1e999",
        printed(state=7), printed(device=None), printed(**{"access-technologies": "lte"})[:-9],
        printed(**{"signal-quality": {"recent": "yes", "value": "nan"}}),
        printed(**{"signal-quality": {"recent": "yes", "value": "101"}}),
        printed(**{"signal-quality": {"recent": "yes", "value": "-1"}}),
    ],
)  # fmt: skip
def test_what_no_mmcli_would_say_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="mmcli -m any -J: "):
        parse(text)


def test_a_name_full_of_escapes_is_made_harmless() -> None:
    modem = parse(printed(model="\x1b[2Jx\u202e", manufacturer="y" * 5000))
    assert modem.name.isprintable()
    assert len(modem.name) < 450


@given(st.binary(max_size=200))
def test_any_bytes_give_a_modem_or_a_value_error(text: bytes) -> None:
    try:
        modem = parse(text)
    except ValueError:
        return
    assert modem.quality is None or 0 <= modem.quality <= 1


def test_no_descriptor_stays_open(install: Install, tmp_path: Path) -> None:
    host = install(f"cat {tmp_path}/said")
    read(host)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        assert told(host.root / "usr/bin/mmcli") == printed()
    assert len(os.listdir("/proc/self/fd")) == before
