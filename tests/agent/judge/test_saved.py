from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.rules.grammar import parse
from agent.judge.saved import LARGEST, ROOM, ROWS, Row, dump, load, mark
from collectors.api import Series

RULE = parse("hw.temperature{hw.name='cpu'} > 85 Cel for 2m", "80")
SERIES = Series("hw.temperature", "Cel", "gauge", (("hw.name", "cpu \N{SNOWMAN}"),))
FIRES = Row(SERIES, fires=True, held=120.0, since=1.7e9, value=90.5)
WAITS = Row(SERIES, fires=False, held=60.0, since=0.0, value=None)


def test_a_state_reads_as_it_was_written() -> None:
    assert load(dump(RULE, "boot-1", [FIRES, WAITS]), "boot-1") == (mark(RULE), [FIRES, WAITS])


def test_what_was_on_its_way_belongs_to_its_boot() -> None:
    assert load(dump(RULE, "boot-1", [FIRES, WAITS]), "boot-2") == (mark(RULE), [FIRES])


@pytest.mark.parametrize("other", ["hw.temperature > 85 Cel for 2m", "no hw.temperature for 5m"])
def test_another_rule_has_another_mark(other: str) -> None:
    assert mark(parse(other)) != mark(RULE)


def test_the_rows_are_bounded() -> None:
    assert len(load(dump(RULE, "boot-1", [FIRES] * (ROWS + 5)), "boot-1")[1]) == ROWS


def test_a_host_with_long_words_does_not_fill_the_store_with_states() -> None:
    """In a store of 1 MiB the states of all rules stand beside the records, and none of them ever goes."""
    long = FIRES._replace(series=Series("m", "1", "gauge", (("path", "x" * 700),)))
    state = dump(RULE, "boot-1", [long] * ROWS)
    assert len(state) < ROOM + 500
    assert load(state, "boot-1")[1] == [long] * 2
    longer = FIRES._replace(series=Series("m", "1", "gauge", (("path", "x" * ROOM),)))
    assert load(dump(RULE, "boot-1", [longer]), "boot-1") == (mark(RULE), [])


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\xff",
        b"[]",
        b"1",
        b"{}",
        b'{"rule":1,"boot":"b","rows":1}',
        b'{"rule":1,"boot":"b","rows":[1]}',
        b'{"rule":1,"boot":"b","rows":[[1,true,0,0,0]]}',
        b'{"rule":1,"boot":"b","rows":[[["m","1","gauge",[["a"]]],true,0,0,0]]}',
        b'{"rule":1,"boot":"b","rows":[[["m","1","gauge",[["a",1]]],true,0,0,0]]}',
        b'{"rule":1,"boot":"b","rows":[[["m","1","gauge",[]],true,"0",0,0]]}',
        b'{"rule":1,"boot":"b","rows":[[["m","1","gauge",[]],true,0,NaN,0]]}',
        b'{"rule":1,"boot":"b","rows":[[["m","1","gauge",[]],true,0,0,1e999]]}',
        b'{"rule":1,"boot":"b","rows":[[["m","1","gauge",[]],true,0,0,%s]]}' % (b"9" * 400),
        b"[" * 100_000,
        b'{"rule":1,"boot":"b","rows":[]}' + b" " * LARGEST,
    ],
)
def test_what_cannot_be_read_is_forgotten(blob: bytes) -> None:
    assert load(blob, "boot-1") == (None, [])


@given(st.binary(max_size=64), st.integers(0, 400))
def test_any_damage_is_survived(noise: bytes, at: int) -> None:
    blob = dump(RULE, "boot-1", [FIRES])
    _, rows = load(blob[:at] + noise + blob[at + len(noise) :], "boot-1")
    assert len(rows) <= 1
