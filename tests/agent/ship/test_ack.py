from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ship import limits
from agent.ship.ack import LIMIT, decode_ack, encode_ack
from agent.ship.limits import WireError
from agent.ship.records import STREAMS, Ack, Held, Key, within
from tests.contents import EPOCH, keys, some
from tests.golden import CASES, plain


@st.composite
def spans(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    found, at = [], 0
    for skipped, more in draw(st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 2**20)), max_size=60)):
        found.append((at + skipped, at + skipped + more))
        at += skipped + more + 1
    return tuple(found)


cuts = st.none() | st.integers(0, 2**40)
groups = st.builds(Held, st.integers(0, 2**48), st.sampled_from(STREAMS), spans(), spans(), cuts)
acks = st.builds(Ack, st.just("main"), some(groups), some(keys, 8))


@given(acks)
def test_an_acknowledgement_comes_back_with_its_holes_lowest_first(ack: Ack) -> None:
    found = decode_ack(encode_ack(ack, 100_000))
    assert found.held == ack.held
    assert found.want == tuple(sorted(ack.want, key=lambda key: (key.first, key.last)))


@given(acks, st.integers(30, 600))
def test_one_too_long_is_cut_and_says_nothing_false(ack: Ack, limit: int) -> None:
    data = encode_ack(ack, limit)
    assert len(data) <= limit
    found = decode_ack(data)
    left = list(ack.held)
    for group in found.held:
        whole = next(held for held in left if held[:2] == group[:2])
        left = left[left.index(whole) + 1 :]
        if group == whole:
            continue
        assert group.cut is not None
        assert whole.cut is None or group.cut < whole.cut
        below = [(0, group.cut - 1)] if group.cut else []
        assert list(group.have) == within(whole.have, below) or adjoining(whole.have)
        assert covers(group.have, within(whole.have, below))
        assert covers(group.done, within(whole.done, below))
    assert set(found.want) <= set(ack.want)


def adjoining(spans: tuple[tuple[int, int], ...]) -> bool:
    return any(b[0] == a[1] + 1 for a, b in pairwise(spans))


def covers(spans: tuple[tuple[int, int], ...], wanted: list[tuple[int, int]]) -> bool:
    return within(spans, wanted) == wanted


def test_four_kilobytes_hold_the_intervals_that_the_design_counts_on() -> None:
    far = tuple((i * 100_000, i * 100_000 + 3_000) for i in range(2_000))
    found = decode_ack(encode_ack(Ack("main", (Held(EPOCH, "windows", far, ((0, 2 * 10**8),), None),), ())))
    assert len(found.held[0].have) >= 360
    assert found.held[0].cut == len(found.held[0].have) * 100_000


def test_holes_that_do_not_fit_are_asked_for_another_time() -> None:
    want = tuple(Key(EPOCH, "windows", n, n) for n in range(900, -1, -1))
    data = encode_ack(Ack("main", (), want))
    found = decode_ack(data).want
    assert len(data) <= 4_096
    assert 200 < len(found) < 900
    assert [key.first for key in found] == list(range(len(found)))


def test_version_1_is_read_for_ever() -> None:
    found = decode_ack((CASES / "v1-ack.bin").read_bytes())
    assert plain(found) == json.loads((CASES / "v1-ack.json").read_text())


@pytest.mark.parametrize(
    ("ack", "reason"),
    [
        (Ack("", (), ()), "name"),
        (Ack("m", (Held(1, "metrics", (), (), None),), ()), "stream"),
        (Ack("m", (Held(1, "windows", ((5, 4),), (), None),), ()), "range"),
        (Ack("m", (Held(1, "windows", ((5, 6), (6, 7)), (), None),), ()), "range"),
        (Ack("m" * 100, (), ()), "too_large"),
    ],
)
def test_what_no_device_would_take_is_not_written(ack: Ack, reason: str) -> None:
    with pytest.raises(WireError) as caught:
        encode_ack(ack, 60)
    assert caught.value.reason == reason


def refused(data: bytes) -> str:
    with pytest.raises(WireError) as caught:
        decode_ack(data)
    assert caught.value.reason in limits.REASONS
    return caught.value.reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"v": [2, 0]}, "version"),
        ({"s": "a/b"}, "name"),
        ({"h": [[1, 0, [0], [], None]]}, "malformed"),
        ({"h": [[1, 0, [0, -1], [], None]]}, "range"),
        ({"h": [[1, 0, [2**52, 0] * 3, [], None]]}, "range"),
        ({"h": [[1, 4, [], [], None]]}, "stream"),
        ({"h": [[2**53, 0, [], [], None]]}, "range"),
        ({"h": [[1, 0, [], [], 1.0]]}, "type"),
        ({"h": [[1, 0, []]]}, "malformed"),
        ({"w": [[1, 0, 2**53 - 1, 1]]}, "range"),
        ({"w": [[1, 0, 0, 0]] * 1025}, "too_large"),
    ],
)
def test_a_field_out_of_bounds_is_refused_with_a_reason(fields: dict[str, Any], reason: str) -> None:
    assert refused(msgpack.packb({"v": [1, 0], "s": "main", "h": [], "w": [], **fields})) == reason


def test_a_payload_longer_than_any_message_is_refused_unread() -> None:
    assert refused(bytes(LIMIT + 1)) == "too_large"


@given(st.binary(max_size=100))
def test_random_bytes_are_refused(data: bytes) -> None:
    assert refused(data)
