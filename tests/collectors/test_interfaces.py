from __future__ import annotations

import os
from pathlib import Path

import pytest

from collectors.host import Host
from collectors.interfaces import interfaces, skipped
from tests.collectors.conftest import Make

REPEATING = "lo veth12ab docker0 br-1f virbr0 ifb1 dummy0 tunl0 sit0 ip6tnl0 gre0"
CARRYING = "eth0 enp3s0 wlan0 wwan0 usb0 ppp0 can0 wg0 tun0 bond0 br0 eth0.7 lora0 gre1 sit1"


@pytest.mark.parametrize("name", REPEATING.split())
def test_what_only_repeats_another_interface_is_left_out(name: str) -> None:
    assert skipped(name.encode())


@pytest.mark.parametrize("name", CARRYING.split())
def test_what_has_a_wire_or_a_tunnel_of_its_own_stays(name: str) -> None:
    assert not skipped(name.encode())


def test_the_folders_of_an_interface_are_those_of_sys(make: Make, tmp_path: Path) -> None:
    host = make({f"sys/class/net/{name}/mtu": "1500\n" for name in ("wlan0", "lo", "eth0", "veth1")})
    make({"sys/class/net/bonding_masters": "bond0\n"})
    assert interfaces(host) == {name: tmp_path / "sys/class/net" / name for name in ("eth0", "wlan0")}
    assert list(interfaces(host)) == ["eth0", "wlan0"]


def test_a_host_without_a_network_has_none(make: Make) -> None:
    assert interfaces(make({"proc/stat": ""})) == {}


def test_two_names_that_read_the_same_are_one(make: Make, tmp_path: Path) -> None:
    host = make({"sys/class/net/eth0/mtu": "1500\n"})
    for name in (b"e\xfe", b"e\xff"):
        (tmp_path / "sys/class/net" / os.fsdecode(name)).mkdir()
    assert [os.fsencode(path.name) for path in interfaces(host).values()] == [b"eth0", b"e\xfe"]


def test_this_machine_has_those_of_its_own_sys() -> None:
    found = interfaces(Host())
    assert set(found) <= set(os.listdir("/sys/class/net"))
    assert all((path / "operstate").exists() for path in found.values())
