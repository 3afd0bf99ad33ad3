"""Whatever stands in the file, loading it ends in settings or in faults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.config.annotated import annotated
from agent.config.fault import Faults
from agent.config.load import load

GOOD = re.sub(r"(?m)^#(?=\S+ = )", "", annotated()).encode()
PIECES = [
    b'"',
    b"'''",
    b'"""',
    b"[",
    b"]",
    b"[[",
    b"{",
    b"}",
    b"=",
    b".",
    b"\n",
    b"#",
    b"\\",
    b"\x00",
    b"\xff",
]
PIECES += [
    b"-1",
    b"nan",
    b"1e999",
    b"true",
    b"9" * 2000,
    b"1979-05-27",
    b"{}",
    b"[]",
    "ü".encode(),
    b"\x1b[2J",
]
Edit = tuple[float, int, bytes]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "outrider.toml"


def ends_well(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    told = faults_of(file)
    assert all(line.startswith(str(file)) and line.isprintable() for line in told)


def faults_of(file: Path) -> list[str]:
    try:
        load([file])
    except Faults as faults:
        return str(faults).splitlines() or ["no fault is told"]
    return []


edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES) | st.binary(max_size=3)),
    max_size=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits)
def test_a_damaged_file_gives_faults_not_tracebacks(file: Path, damage: list[Edit]) -> None:
    data = GOOD
    for where, cut, piece in damage:
        at = int(where * len(data))
        data = data[:at] + piece + data[at + cut :]
    ends_well(file, data)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(re.findall(rb"(?m)^\w+ = ", GOOD)), st.sampled_from(PIECES) | st.binary(max_size=8))
def test_any_value_of_any_setting_gives_faults_not_tracebacks(file: Path, key: bytes, value: bytes) -> None:
    start = GOOD.index(key) + len(key)
    ends_well(file, GOOD[:start] + value + GOOD[GOOD.index(b"\n", start) :])


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 5000, "a = " + "{a=" * 5000, "a." * 2000 + "b = 1", "[" + "a." * 2000]
)
def test_deep_nesting_is_a_fault(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(Faults):
        load([file])
