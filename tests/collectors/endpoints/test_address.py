"""Where an endpoint is, and whether that is this host."""

from __future__ import annotations

import pytest

from collectors.endpoints.address import Address, address_of, is_loopback, is_numeric, known, resolve


@pytest.mark.parametrize(
    ("url", "address", "authority"),
    [
        ("http://127.0.0.1:8000/metrics", Address(False, "127.0.0.1", 8000, "/metrics"), "127.0.0.1:8000"),
        ("http://localhost", Address(False, "localhost", 80, "/"), "localhost"),
        ("https://gpu-1.lan/m?a=b&c", Address(True, "gpu-1.lan", 443, "/m?a=b&c"), "gpu-1.lan"),
        ("http://[::1]:9/", Address(False, "::1", 9, "/"), "[::1]:9"),
        ("https://a:80/", Address(True, "a", 80, "/"), "a:80"),
    ],
)
def test_urls(url: str, address: Address, authority: str) -> None:
    found = address_of(url)
    assert found == address
    assert found.authority == authority


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "ftp://a/", "http://", "http://u:p@a/", "http://a:0/", "http://a:65536/", "http://a/#x",
     "http://a/ b", "http://a/\r\nX: y", "http://[::g]/", "http://[1.2.3.4]x/", "http://a/é", "http:///metrics"],
)  # fmt: skip
def test_what_is_no_url(url: str) -> None:
    assert address_of(url) is None


def test_loopback_by_any_of_its_names() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]))
    assert not any(
        map(is_loopback, ["10.0.0.1", "0.0.0.0", "::", "fe80::1%eth0", "::ffff:10.0.0.1", "169.254.1.1"])
    )


def test_what_needs_no_look_up() -> None:
    assert known("10.1.2.3") == ("10.1.2.3",)
    assert known("LocalHost.") == ("127.0.0.1", "::1")
    assert known("localhost.example") == ()
    assert (is_numeric("::1"), is_numeric("a.b")) == (True, False)


def test_names_are_resolved_by_the_host() -> None:
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]
    with pytest.raises(OSError, match=r"label|encod|idna"):
        resolve("a" * 64 + ".b", 80)
