from __future__ import annotations

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.host import COUNT_LIMIT, Host
from collectors.network import Network, parse
from tests.collectors.conftest import HOSTS, Make

DEV = (HOSTS / "virtual_x86/proc/net/dev").read_text()
FULL = "8000 1000 1 2 0 0 0 0 4000 500 3 4 0 0 0 0\n"
FIELDS = {
    "system.network.io": ("bytes_recv", "bytes_sent"),
    "system.network.packet.count": ("packets_recv", "packets_sent"),
    "system.network.errors": ("errin", "errout"),
    "system.network.packet.dropped": ("dropin", "dropout"),
}


def test_it_agrees_with_psutil() -> None:
    opened = Network(Host())
    before = psutil.net_io_counters(pernic=True)
    reading = opened.collect(0.0)
    after = psutil.net_io_counters(pernic=True)
    opened.close()
    for series, value in zip(reading.series, reading.values, strict=True):
        name, direction = (text for _, text in series.attributes)
        field = FIELDS[series.name][direction == "transmit"]
        assert getattr(before[name], field) <= value <= getattr(after[name], field)


def test_an_interface_that_replaces_a_left_out_one_is_seen(make: Make) -> None:
    opened = Network(make({"proc/net/dev": DEV}))
    before = opened.collect(0.0)
    make({"proc/net/dev": DEV.replace("  ifb0:", "   eth9:")})
    after = opened.collect(1.0)
    opened.close()
    assert len(after.series) == len(before.series) + 8
    assert after.series[0].attributes[0][1] == "eth9"


def test_no_interface_is_an_empty_reading(make: Make) -> None:
    opened = Network(make({"proc/net/dev": "".join(DEV.splitlines(keepends=True)[:3])}))
    assert opened.collect(0.0) == ((), [], ())
    opened.close()


@pytest.mark.parametrize("text", ["", "eth0: 1 2 3\n", "\n\n\n"])
def test_a_file_without_its_heading_is_refused(make: Make, text: str) -> None:
    opened = Network(make({"proc/net/dev": text}))
    with pytest.raises(ValueError, match="/proc/net/dev: does not begin with its heading"):
        opened.collect(0.0)
    opened.close()


def test_a_name_full_of_escapes_is_made_harmless(make: Make) -> None:
    opened = Network(make({"proc/net/dev": f"{DEV}\x1b[2Jx: {FULL}"}))
    assert opened.collect(0.0).series[-1].attributes[0][1] == "?[2Jx"
    opened.close()


@pytest.mark.parametrize("rest", [b"", b"1 2 3", b"-1 " * 16, b"x " * 16])
def test_a_malformed_line_is_refused_with_its_excerpt(rest: bytes) -> None:
    with pytest.raises(ValueError, match="/proc/net/dev: malformed line 'eth0: "):
        parse(b"eth0: " + rest)


WORDS = st.lists(st.integers(-1, 1 << 65), min_size=12, max_size=17)


@given(st.binary(max_size=200) | WORDS.map(lambda words: b"eth0: " + b" ".join(map(b"%d".__mod__, words))))
def test_any_bytes_give_eight_counts_or_a_value_error(line: bytes) -> None:
    try:
        found = parse(line)
    except ValueError:
        return
    assert len(found) == 8
    assert all(0 <= each < COUNT_LIMIT for each in found)
