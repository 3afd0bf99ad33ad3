"""The fast paths give exactly what the exact path gives, whatever the lines are."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timezone
from random import Random

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from collectors.logs.formats.columns import Batch
from collectors.logs.formats.format import Field, Format, field_of
from collectors.logs.formats.lines import Lines
from collectors.logs.formats.presets import PRESETS
from collectors.logs.formats.times import Near
from tests.source import ROOT

# Shrinking chunks of hundreds of lines takes minutes, and one that fails tells enough.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
NEAR = Near(timezone.utc, 1_795_435_200.0)
JSON = Format(
    "x",
    "json",
    tuple(
        field_of(role, key)
        for role, key in {
            "time": "ts",
            "model": "model",
            "status": "status",
            "latency": "latency_ms",
            "confidence": "c",
            "feature.t": "f.t",
            "cache": "hit",
            "message": "msg",
        }.items()
    ),
    attributes=("route",),
)
LOGFMT = JSON._replace(kind="logfmt", name="y")


def told(lines: Lines, batch: Batch) -> object:
    labels = [lines.labels.texts[label] for label in batch.labels]
    numbers = [["-" if np.isnan(value) else value for value in column] for column in batch.numbers]
    return (
        batch.lines,
        batch.minutes.tolist(),
        labels,
        numbers,
        batch.messages,
        batch.missed,
        len(batch.samples),
        [["-" if np.isnan(value) else value for value in column] for column in batch.outcomes],
        [None if states is None or not states.any() else states.tolist() for states in batch.states],
        [
            [names.names[number] for number in column]
            for names, column in zip(lines.classes, batch.classes, strict=True)
        ],
        None if batch.requests is None else batch.requests.tolist(),
        [] if batch.raw is None else [batch.raw.line(row) for row in range(len(batch.labels))],
    )


def agree(form: Format, chunks: Sequence[bytes]) -> Lines:
    fast, exact = Lines(form), Lines(form, fast=False)
    for chunk in chunks:
        assert told(fast, fast.read(chunk, NEAR)) == told(exact, exact.read(chunk, NEAR))
    return fast


NUMBERS = (
    st.integers(-5, 10**12)
    | st.integers(-(10**25), 10**25)
    | st.decimals(0, 10**9, places=3, allow_nan=False).map(float)
    | st.floats(0, 1e6)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES: st.SearchStrategy[object] = NUMBERS | st.sampled_from(
    [
        "36ms",
        "1.2s",
        "3m2s",
        "0.5 %",
        "7",
        "",
        "hit",
        "x" * 40,
        'q"q',
        "a\\",
        "ü",
        "😀",
        "tab\t",
        None,
        True,
        [],
        {},
    ]
)
TIMES = st.sampled_from(
    [
        "2026-11-23T12:00:01.5Z",
        "2026-11-23T12:00:60Z",
        "2026-11-23T12:01:01.123Z",
        "2026-11-23 12:00:01",
        "no",
        1.79e9,
        1,
    ]
)
ROWS = st.fixed_dictionaries(
    {"latency_ms": NUMBERS, "status": st.sampled_from(["ok", "error", "200", 500, "", "a\\/b"])},
    optional={
        "ts": TIMES,
        "model": VALUES,
        "c": VALUES,
        "f": st.fixed_dictionaries({"t": VALUES}) | VALUES,
        "hit": VALUES,
        "msg": st.text(max_size=20),
        "route": st.sampled_from(["/a", "/b7"]),
        "other": VALUES,
    },
)
BROKEN = st.sampled_from(
    [
        b"",
        b" ",
        b"plain",
        b"{",
        b'{"status":"ok"',
        b'{"status":"ok"}}',
        b"\xff\xfe",
        b'{"status":01}',
        b'{"status":"a\\qb","latency_ms":1}',
        b'{"status":"\\ud800","latency_ms":1}',
        b'{"status":"ok","latency_ms":1e999}',
        b'{"st\\u0061tus":"ok","latency_ms":4}',
        b'{"ts":"2026\\/11-23T12:00:44","latency_ms":"4\\u006ds"}',
        b'{"status":"ok","msg":"\xff","latency_ms":4}',
        b"\x1b[31mred",
        b"[1]",
    ]
)


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    """Chunks of lines: many of a few shapes, some broken ones among them."""
    kinds = [
        json.dumps(row, separators=(",", ":"), ensure_ascii=plain).encode("utf-8", "surrogatepass")
        for row, plain in draw(st.lists(st.tuples(ROWS, st.booleans()), min_size=1, max_size=4))
    ]
    kinds += draw(st.lists(BROKEN | st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")), max_size=2))
    digits = Random(draw(st.integers(0, 10**6)))
    lines = [digits.choice(kinds) for _ in range(digits.randint(64, 200))]
    turned = [
        b"".join(bytes([digits.choice(b"0123456789")]) if byte in b"456" else bytes([byte]) for byte in line)
        for line in lines
    ]
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    half = len(turned) // 2
    return [end.join(turned[:half]) + end, end.join(turned[half:])]


@settings(max_examples=80, deadline=None, phases=PHASES)
@given(logs())
def test_json_lines(chunks: list[bytes]) -> None:
    agree(JSON, chunks)


def as_logfmt(line: bytes) -> bytes:
    return (
        line.translate(bytes.maketrans(b":,{}", b"=   "))
        .replace(b'"latency_ms"', b"latency_ms")
        .replace(b'"status"', b"status")
    )


@settings(max_examples=40, deadline=None, phases=PHASES)
@given(logs())
def test_logfmt_lines(chunks: list[bytes]) -> None:
    agree(LOGFMT, [as_logfmt(chunk) for chunk in chunks])


@settings(max_examples=6, deadline=None, phases=PHASES)
@given(st.data())
@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets(name: str, data: st.DataObject) -> None:
    kinds = (ROOT / "tests" / "cases" / "logs" / name / "lines.log").read_bytes().splitlines()
    kinds += data.draw(st.lists(BROKEN, max_size=2))
    digits = Random(data.draw(st.integers(0, 10**6)))
    lines = [digits.choice(kinds) for _ in range(150)]
    turned = [
        b"".join(
            bytes([digits.choice(b"0123456789")]) if byte in b"3456789" else bytes([byte]) for byte in line
        )
        for line in lines
    ]
    agree(PRESETS[name], [b"\n".join(turned) + b"\n", b"\n".join(lines) + b"\n"])


def test_each_fast_path_does_read_most_lines_of_a_plain_log() -> None:
    rows = [
        f'{{"ts":"2026-11-23T12:00:{at % 60:02}Z","model":"m{at % 3}","latency_ms":{at}.25,"status":"ok"}}\n'
        for at in range(500)
    ]
    texts = [f'INFO:     10.0.0.{at % 9}:{at} - "GET /p HTTP/1.1" 200 OK {at}.5ms\n' for at in range(500)]
    for form, lines in ((JSON, rows), (PRESETS["uvicorn"], texts)):
        reader = agree(form, ["".join(lines).encode()])
        assert read_singly(reader, "".join(lines).encode()) < 50


KINDS: dict[str, Callable[[Random], dict[str, object]]] = {
    "17 digits": lambda rnd: {"c": rnd.random(), "latency_ms": rnd.lognormvariate(2.5, 0.6)},
    "exponents": lambda rnd: {"c": rnd.random() * 1e-7},
    "escapes": lambda rnd: {"msg": f'he said "{rnd.randrange(1000)}"\n', "status": "error"},
    "escaped labels": lambda rnd: {"route": rnd.choice(['/"a"', "/ü", "/\\b"]), "status": "error"},
    "letters": lambda rnd: {"msg": f"für {rnd.randrange(1000)}", "status": "error"},
    "durations": lambda rnd: {"latency_ms": f"{rnd.random():.3f}{rnd.choice(['ms', 's', '', 'm'])}"},
}


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_loggers_print_is_read_a_column_at_a_time(kind: str, plain: bool) -> None:
    rnd = Random(7)
    rows = [{"ts": "2026-11-23T12:00:01Z", "status": "ok", **KINDS[kind](rnd)} for _ in range(500)]
    chunk = "".join(f"{json.dumps(row, ensure_ascii=plain)}\n" for row in rows).encode()
    reader = agree(JSON, [chunk])
    assert read_singly(reader, chunk) == 0


def read_singly(reader: Lines, chunk: bytes) -> int:
    """How many lines of a chunk the exact path reads."""
    seen: list[bytes] = []
    exact = reader.record
    reader.record = lambda line, near: (seen.append(line), exact(line, near))[1]  # type: ignore[method-assign, func-returns-value]
    reader.read(chunk, NEAR)
    reader.record = exact  # type: ignore[method-assign]
    return len(seen)


def test_a_field_that_is_read_twice_is_so_on_both_paths() -> None:
    form = Format(
        "x", "json", (Field("latency", "a"), Field("inference", "a"), Field("model", "m")), attributes=("m",)
    )
    agree(form, [b"".join(b'{"a":%d,"m":"x"}\n' % at for at in range(200))])


def test_lines_that_each_have_keys_of_their_own() -> None:
    lines = [f'{{"latency_ms":{at},"status":"ok","k{at}":1}}\n' for at in range(300)]
    agree(JSON, ["".join(lines).encode()] * 2)


def test_numbers_that_may_be_too_large_by_their_digits() -> None:
    lines = [f"latency_ms={at % 3}.79e+30{at % 10}\n" for at in range(200)]
    for rotated in (lines, lines[9:], lines[5:]):
        agree(LOGFMT, ["".join(rotated).encode()])


def test_text_with_floats_as_python_prints_them_is_read_at_once() -> None:
    rnd = Random(7)
    chunk = "".join(f"latency_ms={0.1 + rnd.random()} c={rnd.gauss(0, 1)} status=ok\n" for _ in range(900))
    agree(LOGFMT, [chunk.encode()])
