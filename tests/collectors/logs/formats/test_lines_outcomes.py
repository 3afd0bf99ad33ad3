"""What the exact path tells of predictions, truths, features and requests, the fast paths tell too."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.logs.formats.format import Format, field_of
from tests.collectors.logs.formats.test_lines_paths import NEAR, NUMBERS, PHASES, agree, read_singly

KEYS = {
    "time": "ts",
    "status": "status",
    "request": "id",
    "prediction": "said",
    "label": "truth",
    "predicted_value": "said_value",
    "true_value": "true_value",
    "rank": "rank",
    "correct": "right",
    "feature.a": "features.a",
    "feature.b": "features.b",
    "category.country": "country",
}
JSON = Format("x", "json", tuple(field_of(role, key) for role, key in KEYS.items()), attributes=("truth",))
LOGFMT = JSON._replace(kind="logfmt", name="y")
STRANGE: st.SearchStrategy[object] = st.sampled_from(
    [
        None,
        True,
        False,
        "NaN",
        float("nan"),
        float("inf"),
        float("-inf"),
        "",
        "high",
        "12",
        [],
        {"x": 1},
        "1e999",
    ]
)
NAMES = st.sampled_from(
    ["cat", "dog", "other", "", "ü", 'q"q', "a\\", "x" * 40, "y" * 70, "3", 3, 3.0, 3.5, -0.0]
)
ANY = NUMBERS | STRANGE | NAMES
IDS: st.SearchStrategy[object] = (
    st.uuids().map(str)
    | st.integers(-5, 10**20)
    | NUMBERS
    | st.text(max_size=6)
    | st.sampled_from(["req-004", "0" * 65, "z" * 300, None, True, [], "\n"])
)
FEATURES = st.fixed_dictionaries({}, optional={"a": ANY, "b": ANY})
ROWS = st.fixed_dictionaries(
    {"features": FEATURES | STRANGE},
    optional={
        "ts": st.sampled_from(["2026-11-23T12:00:01Z", 1.79e9, None]),
        "status": NAMES,
        "id": IDS,
        "said": NAMES | STRANGE,
        "truth": NAMES | STRANGE,
        "said_value": ANY,
        "true_value": ANY,
        "rank": st.integers(-1, 12) | ANY,
        "right": st.sampled_from([True, False, 0, 1, 1.0, -0, "yes", "No", "perhaps"]) | ANY,
        "country": NAMES | STRANGE,
        "more": ANY,
    },
)


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    """Chunks of lines of a few shapes, in which digits differ, and values are absent in some."""
    rows = draw(st.lists(st.tuples(ROWS, st.booleans()), min_size=1, max_size=4))
    kinds = [json.dumps(row, separators=(",", ":"), ensure_ascii=plain).encode() for row, plain in rows]
    rnd = Random(draw(st.integers(0, 10**6)))
    nothing = [b"null", b"NaN", b"Infinity", b"-Infinity", b'"NaN"', b"nullx", b"true"]
    lines = []
    for _ in range(rnd.randint(128, 300)):
        line = b"".join(
            bytes([rnd.choice(b"0123456789")]) if byte in b"456" else bytes([byte])
            for byte in rnd.choice(kinds)
        )
        if rnd.random() < 0.2:
            before, found, after = line.partition(b'"a":')
            line = before + found + rnd.choice(nothing) + after[after.find(b",") :] if b"," in after else line
        lines.append(line)
    half = len(lines) // 2
    return [b"\n".join(lines[:half]) + b"\n", b"\n".join(lines[half:])]


@settings(max_examples=100, deadline=None, phases=PHASES)
@given(logs())
def test_json_lines(chunks: list[bytes]) -> None:
    agree(JSON, chunks)


@settings(max_examples=50, deadline=None, phases=PHASES)
@given(logs())
def test_logfmt_lines(chunks: list[bytes]) -> None:
    agree(LOGFMT, [chunk.translate(bytes.maketrans(b":,{}", b"=   ")).replace(b'"', b"") for chunk in chunks])


@settings(max_examples=20, deadline=None, phases=PHASES)
@given(st.integers(0, 10**6))
def test_lines_of_a_pattern(seed: int) -> None:
    rnd = Random(seed)
    form = Format(
        "z", "regex", JSON.fields[:4],
        patterns=(r"(?P<id>\S*) said (?P<said>[a-z0-9]*)(?: f=(?P<f>\S+))?",),
    )  # fmt: skip
    form = form._replace(fields=(*form.fields, field_of("feature.f", "f"), field_of("correct", "f")))
    kinds = [
        "req-{:05d} said cat{:d}",
        "{:d} said  f={:d}",
        "ü{:d} said dog f=NaN{:d}",
        "a{:d} said x f=nan",
        " said {:d}",
    ]
    lines = [rnd.choice(kinds).format(rnd.randrange(10**5), rnd.randrange(20)) for _ in range(400)]
    agree(form, ["\n".join(lines).encode()] * 2)


def rows_of(rnd: Random, count: int) -> list[str]:
    return [
        json.dumps(
            {
                "ts": f"2026-11-23T12:00:{at % 60:02}Z",
                "status": "ok",
                "id": f"{rnd.getrandbits(128):032x}",
                "said": rnd.choice(["cat", "dog", "emu"]),
                "truth": rnd.randrange(10),
                "right": rnd.choice([0, 1]),
                "said_value": rnd.random(),
                "features": {key: None if rnd.random() < 0.2 else rnd.gauss(0, 1) for key in "ab"},
                "country": rnd.choice(["de", "fr"]),
            }
        )
        for at in range(count)
    ]


@pytest.mark.parametrize("name", ["NaN", "Infinity", "null"])
def test_lines_in_which_values_are_absent_are_read_a_column_at_a_time(name: str) -> None:
    chunk = "\n".join(rows_of(Random(7), 600)).replace("null", name).encode()
    reader = agree(JSON, [chunk])
    assert read_singly(reader, chunk) == 0


def test_categories_without_end_are_read_a_column_at_a_time() -> None:
    rnd = Random(7)
    rows = [f'{{"said":"{rnd.getrandbits(60):x}","truth":1,"country":{rnd.random()}}}' for _ in range(5000)]
    chunk = "\n".join(rows).encode()
    reader = agree(JSON._replace(attributes=()), [chunk[: chunk.index(b"\n", 40_000) + 1]])
    assert read_singly(reader, chunk) == 0
    numbers = reader.read(chunk, NEAR).classes[0]
    assert len(set(numbers.tolist())) == len({row.split('"')[3] for row in rows})


def test_ids_of_digits_are_read_at_once_in_text_too() -> None:
    chunk = "\n".join(
        f"id=req-{at:05d} said=c{at % 7} truth=c3 features.a={at}.5" for at in range(900)
    ).encode()
    reader = agree(LOGFMT, [chunk])
    assert read_singly(reader, chunk) == 0
