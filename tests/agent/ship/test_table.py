from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ship.bits import BitWriter, Room
from agent.ship.limits import WireError
from agent.ship.table import lines, read_table, unlined, write_table
from collectors.api import Series
from tests.contents import attributes

names = st.text(st.characters(codec="utf-8"), max_size=6)
series = st.builds(
    Series, names, names, st.sampled_from(["gauge", "counter", "histogram", "top"]),
    st.dictionaries(names, names, max_size=3).map(lambda found: tuple(found.items())),
)  # fmt: skip

KEYS = ("network.interface.name", "network.io.direction")
NETWORK = [
    Series(name, unit, "counter", tuple(zip(KEYS, (device, direction), strict=True)))
    for name, unit in (("system.network.io", "By"), ("system.network.packets", "{packet}"))
    for device in ("eth0", "wlan0")
    for direction in ("receive", "transmit")
]


@given(st.lists(series, max_size=12))
def test_a_table_comes_back_in_the_order_that_was_said(found: list[Series]) -> None:
    fields, table = write_table(found, Room())
    assert read_table(fields, Room()) == table
    assert {one for kind in table.values() for one in kind} == set(found)


@given(st.lists(series, max_size=12), st.randoms())
def test_the_same_set_of_series_gives_the_same_table(found: list[Series], random: Any) -> None:
    fields, _ = write_table(found, Room())
    random.shuffle(found)
    assert write_table([*found, *found], Room())[0] == fields


def test_every_text_is_said_once() -> None:
    fields, table = write_table(NETWORK, Room())
    assert fields["k"] == [["c", 2]]
    assert fields["n"] == "system.network.io\nsystem.network.packets"
    assert fields["s"].split("\n") == ["By", "{packet}", *KEYS, "eth0", "wlan0", "receive", "transmit"]
    assert len(fields["b"]) <= 16
    assert table == {"c": NETWORK}


@pytest.mark.parametrize("texts", [[], [""], ["a"], ["a", ""], ["a\nb", "c"], ["\n"]])
def test_lines_come_apart_again(texts: list[str]) -> None:
    assert unlined(lines(texts), "texts") == texts


@given(attributes(), attributes())
def test_series_of_one_metric_may_have_different_attributes(one: Any, two: Any) -> None:
    both = {Series("m", "1", "gauge", one), Series("m", "1", "gauge", two)}
    fields, table = write_table(both, Room())
    assert set(table["g"]) == both
    if not any("\udc80" in text for pairs in (one, two) for pair in pairs for text in pair):
        assert read_table(fields, Room()) == table


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"k": [["c", 3]]}, "malformed"),
        ({"k": [["c", 20_000]]}, "range"),
        ({"k": [["c"]]}, "malformed"),
        ({"n": 5}, "type"),
        ({"n": "x" * 1025 + "\ny"}, "too_large"),
        ({"n": "\n" * 300_000}, "too_large"),
        ({"s": "By"}, "malformed"),
        ({"s": ["By", 5]}, "type"),
        ({"b": b""}, "malformed"),
        ({"b": b"\xff" * 40}, "range"),
        ({"b": "text"}, "type"),
    ],
)
def test_a_broken_table_is_refused_with_a_reason(change: dict[str, Any], reason: str) -> None:
    fields, _ = write_table(NETWORK, Room())
    with pytest.raises(WireError) as caught:
        read_table({**fields, **change}, Room())
    assert caught.value.reason == reason


def test_more_series_than_allowed_are_not_written() -> None:
    many = [Series("m", "1", "gauge", (("i", str(i)),)) for i in range(10_001)]
    with pytest.raises(WireError, match="10001 series in a body, at most 10000"):
        write_table(many, Room())


def test_a_small_table_that_multiplies_to_many_series_is_refused() -> None:
    out = BitWriter(Room())
    for column in ([0] + [1] * 200, [0] + [1] * 200, [1], [100], [0], [0] * 100):
        out.column(column)
    texts = "\n".join(["1", "i", *map(str, range(100))])
    bomb = {"k": [["g", 201]], "n": "\n".join(["m"] * 201), "s": texts, "b": out.done()[0]}
    with pytest.raises(WireError, match="more than 10000 series"):
        read_table(bomb, Room())
