from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.ship import limits, wire
from agent.ship.ack import encode_ack
from agent.ship.body import decode_body, encode_body
from agent.ship.limits import WireError, compress, decompress, packed, unpacked
from agent.ship.records import Ack, Held, Key, Message, Part
from agent.ship.wire import _read_counts, _write_counts, decode_message, encode_message
from agent.stats.frame import Frame, Span
from agent.stats.window import Gauge
from collectors.api import Series
from tests.benchmarks import bench_wire
from tests.contents import EPOCH, example, example_message, messages
from tests.golden import CASES, plain

README = Path(wire.__file__).with_name("README.md")
KEY = Key(EPOCH, "windows", 4, 7)
DIGEST = b"12345678"


def sample() -> Message:
    return example_message(encode_body(example(), 3))


def utf8(message: Message) -> Message:
    stones = [
        stone._replace(reason=stone.reason.encode("utf-8", "backslashreplace").decode())
        for stone in message.tombstones
    ]
    return message._replace(tombstones=tuple(stones))


def refused(data: bytes) -> str:
    with pytest.raises(WireError) as caught:
        decode_message(data)
    assert caught.value.reason in limits.REASONS
    return caught.value.reason


def changed(**fields: Any) -> bytes:
    found = unpacked(decompress(encode_message(sample()), limits.UNPACKED))
    found.update(fields)
    return compress(packed(found))


@given(messages)
def test_a_message_comes_back(message: Message) -> None:
    assert decode_message(encode_message(message)) == utf8(message)


def test_version_1_is_read_for_ever() -> None:
    found = decode_message((CASES / "v1-message.bin").read_bytes())
    assert plain(found) == json.loads((CASES / "v1-message.json").read_text())


def test_a_newer_minor_version_is_read_past_what_it_added() -> None:
    found = unpacked(decompress(encode_message(sample()), limits.UNPACKED))
    found |= {"v": [1, 9], "new": [{"a": 1}]}
    for name in ("h", "p", "o", "x"):
        found[name] = [[*row, "more"] for row in found[name]]
    found["s"].append("more")
    found["r"][1].append("more")
    assert decode_message(compress(packed(found))) == sample()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"v": [2, 0]}, "version"),
        ({"v": None}, "version"),
        ({"d": ""}, "name"),
        ({"d": "a/b"}, "name"),
        ({"d": "x" * 129}, "name"),
        ({"d": "é" * 300}, "too_large"),
        ({"d": 5}, "type"),
        ({"i": b"123"}, "malformed"),
        ({"i": b"\xff" * 14}, "range"),
        ({"i": b""}, "range"),
        ({"s": [0, -1]}, "range"),
        ({"s": [9, 1]}, "range"),
        ({"s": [0]}, "malformed"),
        ({"q": 2**53}, "range"),
        ({"q": True}, "type"),
        ({"t": float("nan")}, "range"),
        ({"t": "now"}, "type"),
        ({"m": 1}, "type"),
        ({"p": [[0, 4, 0, 0]]}, "stream"),
        ({"p": [[0, 0, 2**53 - 1, 1]]}, "range"),
        ({"p": [[0, 0, -1, 1]]}, "range"),
        ({"p": [[0, 0, 1]]}, "malformed"),
        ({"p": [[0, 0, 0, 0]] * 1025}, "too_large"),
        ({"h": [[0, None, [1, 2, 3, 4, 5], []]]}, "stream"),
        ({"h": [[0, None, [1.5], []]]}, "type"),
        ({"x": [[0, 0, 0, 0, "full", 1, 1, 0.0, float("inf")]]}, "range"),
        ({"x": [[0, 0, 0, 0, "x" * 1025, 1, 1, 0.0, 0.0]]}, "too_large"),
        ({"r": [[0, 0, 0, 0, b"1234567", b""]]}, "malformed"),
        ({"r": [[0, 0, 0, 0, DIGEST, "text"]]}, "type"),
        ({"r": [[0, 0, 0, 0, DIGEST, b"data", 1, 5, 2]]}, "parts"),
        ({"r": [[0, 0, 0, 0, DIGEST, b"data", 2**32, 5, 0]]}, "range"),
        ({"r": [[0, 0, 0, 0, DIGEST, b"data", 1, 2**20 + 1, 0]]}, "range"),
        ({"r": [[0, 0, 0, 0, DIGEST, b""]] * 1025}, "too_large"),
    ],
)
def test_a_field_out_of_bounds_is_refused_with_a_reason(fields: dict[str, Any], reason: str) -> None:
    assert refused(changed(**fields)) == reason


@pytest.mark.parametrize(
    "change",
    [
        {"device": "a/b"},
        {"session": (-1, 0)},
        {"pending": (Key(EPOCH, "metrics", 0, 0),)},
        {"parts": (Part(KEY, DIGEST, 0, 200_000, 0, Random(1).randbytes(200_000)),)},
    ],
)
def test_what_no_reader_would_take_is_not_written(change: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        encode_message(sample()._replace(**change))


def test_streams_behind_the_last_one_named_take_no_place_in_a_message() -> None:
    counts = {"windows": 3, "events": 1}
    alerts = {**counts, "alerts": 2}
    assert _write_counts(counts) == [3, 1]
    assert _write_counts(alerts) == [3, 1, None, 2]
    assert [_read_counts(_write_counts(each)) for each in (counts, alerts, {})] == [counts, alerts, {}]


def test_plain_json_is_no_message_and_the_reason_says_what_to_do() -> None:
    with pytest.raises(WireError, match=r'ship.payload = "msgpack"') as caught:
        decode_message(b'{"v":[1,0]}')
    assert caught.value.reason == "json"


@settings(max_examples=300)
@given(st.data())
def test_no_change_of_bytes_does_worse_than_a_refusal(data: st.DataObject) -> None:
    outside = data.draw(st.booleans())
    good = encode_message(sample())
    bad = bytearray(good if outside else decompress(good, limits.UNPACKED))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(bad) - 1))
        bad[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(min_size=1, max_size=4))
    try:
        decode_message(bytes(bad) if outside else compress(bytes(bad)))
    except WireError as error:
        reasons = {error.reason}
    else:
        reasons = set()
    assert reasons <= limits.REASONS.keys()


@given(st.binary(max_size=100))
def test_random_bytes_are_refused(data: bytes) -> None:
    assert refused(data) in ("compression", "json")
    assert refused(compress(data))


def keys_of(value: Any) -> set[str]:
    """All map keys in a structure, of those inside its bodies too."""
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"README.md has no section {title}"
    return found[1]


def test_every_key_on_the_wire_is_in_the_readme() -> None:
    message = msgpack.unpackb(decompress(encode_message(sample()), limits.UNPACKED))
    body = msgpack.unpackb(encode_body(example(), 3))
    ack = Ack("main", (Held(EPOCH, "windows", ((0, 1),), ((0, 1),), None),), (KEY,))
    for title, structure in (
        ("Message", message),
        ("Body", body),
        ("Acknowledgement", msgpack.unpackb(encode_ack(ack))),
    ):
        written = set(re.findall(r"^\| `([^`]+)` \|", section(title), re.MULTILINE))
        assert written == keys_of(structure), title


def test_the_example_in_the_readme_decodes_to_what_it_says() -> None:
    text = section("Body").partition("### An example")[2].partition("The 15 bytes")[0]
    pairs = re.findall(r"^ {4,7}((?:[0-9a-f]{2} )*[0-9a-f]{2})(?: |$)", text, re.MULTILINE)
    ((frame,), events, dropped) = decode_body(bytes.fromhex(" ".join(pairs)))
    gauge = Gauge(60, 60 * 1.5e9, 1.41e9, 1.62e9, 1.6e9)
    name = Series("system.memory.usage", "By", "gauge", (("system.memory.state", "used"),))
    assert frame == Frame(Span("boot-1", 3600.0, 3660.0, 60.0, 1.7e9, "synchronised"), {name: gauge})
    assert (events, dropped) == ((), 0)


def test_a_publish_of_120_noisy_series_is_at_most_1300_bytes() -> None:
    for seed in range(3):
        message = bench_wire.message(bench_wire.minute(seed))
        assert sum(len(frame.windows) for frame in bench_wire.minute(seed).frames) == 120
        assert len(encode_message(message)) + bench_wire.HEADER <= 1300


def test_every_limit_and_reason_is_in_the_readme() -> None:
    said = section("Limits")
    names = {name for name, value in vars(limits).items() if name.isupper() and type(value) is int}
    assert {"MESSAGE", "BODY", "ITEMS", "STRING"} <= names
    for name in names - {"LEVEL", "NUMBER", "WINDOW_LOG"}:
        assert f"{getattr(limits, name):,}" in said, name
    for reason in limits.REASONS:
        assert f"`{reason}`" in section("Refusals"), reason
