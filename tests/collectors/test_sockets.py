from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import NoData, Reading
from collectors.host import Host
from collectors.sockets import FILES, Sockets, Wanted, number, paired, tabled
from tests.collectors.conftest import Make

CASE = Path(__file__).parent.parent / "cases/sockets/ipv4_and_6/first"
SOCKSTAT = (CASE / "proc/net/sockstat").read_text()
SNMP = (CASE / "proc/net/snmp").read_text()
USED = FILES["sockstat"][0]


def read(opened: Sockets) -> dict[tuple[str, ...], object]:
    """The values by metric and attribute values."""
    reading = opened.collect(0.0)
    return {
        (series.name, *(text for _, text in series.attributes)): value
        for series, value in zip(reading.series, reading.values, strict=True)
    }


def whats(reading: Reading) -> list[str]:
    return [each.what for each in reading.absences]


def test_a_connection_of_this_process_is_counted() -> None:
    opened = Sockets(Host())
    before = read(opened)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            during = read(opened)
    opened.close()
    inside = ("system.network.connection.count", "tcp", "established")
    in_use = ("linux.sockets.count", "tcp", "ipv4")
    # Other programs come and go meanwhile: ours are two ends and a listener.
    assert int(str(during[inside])) >= 2
    assert int(str(during[in_use])) >= 3
    sent = ("linux.network.tcp.segments", "transmit")
    assert int(str(during[sent])) >= int(str(before[sent])) + 2


def test_a_host_without_ipv6_reports_the_rest(make: Make) -> None:
    opened = Sockets(make({"proc/net/sockstat": SOCKSTAT, "proc/net/snmp": SNMP}))
    reading = opened.collect(0.0)
    opened.close()
    assert reading.absences == ()
    assert {text for each in reading.series for key, text in each.attributes if key == "network.type"} == {
        "ipv4"
    }


def test_memory_is_in_bytes_whatever_the_page(make: Make, tmp_path: Path) -> None:
    make({"proc/net/sockstat": SOCKSTAT})
    opened = Sockets(Host(tmp_path, page=16384))
    values = read(opened)
    opened.close()
    assert values["linux.sockets.memory", "tcp"] == 16384 * int(paired(SOCKSTAT.encode())[b"TCP:"][b"mem"])


def test_a_container_reads_the_network_of_the_hosts_first_process(make: Make, tmp_path: Path) -> None:
    make({"proc/net/sockstat": "sockets: used 1\n", "proc/1/net/sockstat": SOCKSTAT})
    opened = Sockets(Host(tmp_path, other=True))
    values = read(opened)
    opened.close()
    assert values[("linux.sockets.used",)] == 229


def test_a_kernel_without_tcp_has_no_data(make: Make) -> None:
    with pytest.raises(NoData, match="without TCP/IP"):
        Sockets(make({"proc/stat": ""}))


def test_a_number_that_is_missing_costs_itself_alone(make: Make) -> None:
    opened = Sockets(
        make({"proc/net/sockstat": SOCKSTAT.replace("orphan", "orphans"), "proc/net/snmp": SNMP})
    )
    reading = opened.collect(0.0)
    opened.close()
    assert whats(reading) == ["linux.sockets.orphaned"]
    assert list(reading.values).count(None) == 1
    assert reading.absences[0].reason.endswith("/proc/net/sockstat has no TCP: orphan")


def test_columns_are_found_by_name(make: Make) -> None:
    names, numbers = b"TcpExt: ListenDrops New ListenOverflows", b"TcpExt: 7 1 3"
    found = tabled(names + b"\n" + numbers + b"\nIpExt: A\nIpExt: 1\n")
    assert [number("netstat", each, found) for each in FILES["netstat"]] == [3, 7]


@pytest.mark.parametrize("text", [b"Tcp: A B\nTcp: 1\n", b"Tcp: A B\n", b"\n\n", b"Tcp: A\nUdp: 1\n"])
def test_a_line_of_keys_without_its_numbers_says_nothing(text: bytes) -> None:
    assert b"Tcp:" not in tabled(text)


@pytest.mark.parametrize("word", ["-1", "x", str(1 << 64), "nan"])
def test_nonsense_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="sockstat: malformed line 'sockets: used "):
        number("sockstat", USED, paired(f"sockets: used {word}\n".encode()))


@given(st.binary(max_size=300))
def test_any_bytes_give_a_count_or_a_value_error(text: bytes) -> None:
    for parse in (paired, tabled):
        sections = parse(b"Tcp: A\nTcp: " + text)
        try:
            assert 0 <= number("snmp", Wanted(USED.series, b"Tcp:", b"A"), sections) < 1 << 64
        except ValueError:
            continue
