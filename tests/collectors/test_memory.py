from __future__ import annotations

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.host import Host
from collectors.memory import KEYS, MEMORY, SWAP, Memory, less, parse, part
from tests.collectors.conftest import HOSTS, Make

MEMINFO = (HOSTS / "virtual_x86/proc/meminfo").read_text()


def test_it_agrees_with_psutil() -> None:
    opened = Memory(Host())
    reading, seen = opened.collect(0.0), psutil.virtual_memory()
    opened.close()
    values = dict(zip((dict(each.attributes).get("system.memory.state", each.name) for each in MEMORY[:5]),
                      reading.values, strict=False))  # fmt: skip
    near = 200 << 20  # other processes live meanwhile
    assert values["system.memory.limit"] == seen.total
    assert values["used"] == pytest.approx(seen.total - seen.available, abs=near)
    assert values["free"] == pytest.approx(seen.free, abs=near)
    assert values["buffers"] == pytest.approx(seen.buffers, abs=near)
    assert values["cached"] == pytest.approx(seen.cached, abs=near)


def test_swap_that_is_switched_on_joins_the_layout(make: Make) -> None:
    opened = Memory(make({"proc/meminfo": MEMINFO}))
    assert opened.collect(0.0).series is MEMORY
    make({"proc/meminfo": MEMINFO.replace("SwapTotal:             0", "SwapTotal:       1000")})
    reading = opened.collect(1.0)
    opened.close()
    assert reading.series is SWAP
    assert list(reading.values[-3:]) == [1000 * 1024, 0, 1.0]


def test_a_line_more_in_the_file_moves_nothing(make: Make) -> None:
    opened = Memory(make({"proc/meminfo": MEMINFO}))
    before = opened.collect(0.0)
    make({"proc/meminfo": MEMINFO.replace("Cached:  ", "NewThing: 7 kB\nCached:  ", 1)})
    after = opened.collect(1.0)
    opened.close()
    assert after.values == before.values
    assert after.absences == ()


@pytest.mark.parametrize("text", ["", "\n", "MemTotal\n" * 3])
def test_a_file_without_memory_is_refused(make: Make, text: str) -> None:
    opened = Memory(make({"proc/meminfo": text}))
    with pytest.raises(ValueError, match="/proc/meminfo: malformed"):
        opened.collect(0.0)
    opened.close()


def test_what_cannot_be_said_is_none() -> None:
    assert less(3, 5) is None
    assert less(None, 5) is None
    assert less(5, 3) == 2
    assert part(1, 0) is None
    assert part(None, 4) is None
    assert part(1, 4) == 0.25


@given(st.one_of(st.binary(), st.lists(st.tuples(st.sampled_from(KEYS), st.binary(max_size=24))).map(
    lambda lines: b"\n".join(key + b" " + rest for key, rest in lines)
)))  # fmt: skip
def test_any_bytes_give_values_or_a_value_error(text: bytes) -> None:
    try:
        values, _ = parse(text)
    except ValueError:
        return
    assert len(values) == len(KEYS)
    assert all(each is None or each >= 0 for each in values)
